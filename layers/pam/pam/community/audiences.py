"""Who sees what a user shows. Policies in Postgres decide by it (`is_in_audience`)."""

from enum import StrEnum


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
