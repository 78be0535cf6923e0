"""Who sees what a user shows. Policies in Postgres decide by it (`is_in_audience`)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pam.platform.errors import PROFILE_NEEDED, PamError
from pam.platform.postgres import Connection


class Audience(StrEnum):
    """Who belongs to an audience of a user. Friends belong to the followers."""

    EVERYBODY = "everybody"
    FOLLOWERS = "followers"
    FRIENDS = "friends"
    NOBODY = "nobody"

    @property
    def text(self) -> str:
        """The audience in words, for the user whose it is."""
        return _TEXTS[self]


_TEXTS = {
    Audience.EVERYBODY: "everybody who is signed in to PAM",
    Audience.FOLLOWERS: "your followers and friends",
    Audience.FRIENDS: "your friends",
    Audience.NOBODY: "nobody but you",
}
_FROM_WIDEST = tuple(Audience)


def narrower(one: Audience, other: Audience) -> Audience:
    """Return the audience of those who belong to both."""
    return max(one, other, key=_FROM_WIDEST.index)


@dataclass(frozen=True)
class PublicSettings:
    """What a user shows of themselves: the name, and who sees their activity and the place that they share."""

    name: str
    activity: Audience
    place: Audience


_SELECT_SETTINGS = "select display_name, who_sees_activity, who_sees_place from public_profiles where user_id = %s"


def read_public_settings(connection: Connection, user_id: UUID) -> PublicSettings | None:
    """Read what a user shows of themselves; None if the user has no public profile."""
    row = connection.execute(_SELECT_SETTINGS, (user_id,)).fetchone()
    if row is None:
        return None
    return PublicSettings(row["display_name"], Audience(row["who_sees_activity"]), Audience(row["who_sees_place"]))


def require_public_settings(connection: Connection, user_id: UUID) -> PublicSettings:
    """Read what a user shows of themselves. Raises `PamError` (`profile_needed`) for a user without a name."""
    settings = read_public_settings(connection, user_id)
    if settings is None:
        raise PamError(PROFILE_NEEDED, "You show no name to others in PAM yet. Choose one in your profile first.")
    return settings
