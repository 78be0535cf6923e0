"""A user's own profile: what others see of them, and who does."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.community.audiences import Audience
from pam.community.profiles import WhoMayWrite, save_public_profile
from pam.platform.errors import DATE_IN_FUTURE, INVALID_REQUEST, MODIFIED_SINCE, PROFILE_NEEDED, PamError
from pam.platform.postgres import Connection
from pam.users.field_changes import FieldChanges
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser

parse_bio = TextParser("bio", 500)
parse_rig_type = TextParser("rig_type", 100)
parse_home_base = TextParser("home_base", 200)
parse_rig_year = WholeNumberParser("rig_year", 1900, 2100, INVALID_REQUEST)
"""Bounds whatever the present year is: rigs of the next one are sold."""


@dataclass(frozen=True)
class OwnProfile:
    """What a user shows of themselves. Without a `name` (None), others see nothing of it.

    The name is for everybody; bio, rig and home base are for the audience `who_sees_profile`.
    """

    name: str | None = None
    bio: str = ""
    rig_type: str = ""
    rig_year: int | None = None
    home_base: str = ""
    who_sees_profile: str = Audience.FRIENDS
    who_sees_place: str = Audience.FRIENDS
    who_sees_activity: str = Audience.EVERYBODY
    who_may_write: str = WhoMayWrite.FRIENDS

    @property
    def has_details(self) -> bool:
        """Whether there is anything for the audience of the profile."""
        return bool(self.bio or self.rig_type or self.rig_year or self.home_base)

    @property
    def privacy(self) -> dict[str, str]:
        """Who sees what, and who may write."""
        return {name: value for name, value in asdict(self).items() if name.startswith("who_")}


_SELECT_NAME = """
select display_name as name, who_sees_profile, who_sees_place, who_sees_activity, who_may_write
  from public_profiles
 where user_id = %(user)s
"""
_SELECT_DETAILS = "select bio, rig_type, rig_year, home_base from profile_details where user_id = %(user)s"

# A profile that doesn't exist yet can't be locked, so changes of it lock the row of the user.
_LOCK_USER = "select from users where id = %(user)s for no key update"

_STORE_AUDIENCES = """
update public_profiles
   set who_sees_profile = %(who_sees_profile)s, who_sees_place = %(who_sees_place)s,
       who_sees_activity = %(who_sees_activity)s
 where user_id = %(user)s
"""
_UPSERT_DETAILS = """
insert into profile_details (user_id, bio, rig_type, rig_year, home_base)
values (%(user)s, %(bio)s, %(rig_type)s, %(rig_year)s, %(home_base)s)
on conflict (user_id) do update
   set bio = excluded.bio, rig_type = excluded.rig_type, rig_year = excluded.rig_year, home_base = excluded.home_base
"""
_DELETE_DETAILS = "delete from profile_details where user_id = %(user)s"

# Waits for those who refer to the profile at this moment: their rows would be deleted with it.
_LOCK_PROFILE = "select from public_profiles where user_id = %(user)s for update"
_DELETE_UNUSED_PROFILE = """
delete from public_profiles
 where user_id = %(user)s
   and not exists (select from friendships where %(user)s in (requester, addressee))
   and not exists (select from shared_places where user_id = %(user)s)
   and not exists (select from follows where %(user)s in (follower, followed))
   and not exists (select from direct_messages where %(user)s in (sender_id, recipient_id))
returning user_id
"""


def read_own_profile(connection: Connection, user_id: UUID) -> OwnProfile:
    """Read the user's own profile; an empty one if there is none."""
    name, details = (connection.execute(sql, {"user": user_id}) for sql in (_SELECT_NAME, _SELECT_DETAILS))
    return OwnProfile(**(name.fetchone() or {}), **(details.fetchone() or {}))


def change_own_profile(
    connection: Connection, user_id: UUID, changes: Mapping[str, Any], now: datetime
) -> tuple[OwnProfile, FieldChanges]:
    """Change the fields that are named; return the profile, and what changed. The user's row must exist.

    A rig type that is emptied takes its year with it. Raises `PamError` (`profile_needed` for privacy without a name,
    `name_taken`, `invalid_text`; for a year `invalid_request`, `date_in_future`).
    """
    if changes.get("rig_type") == "":
        changes = {"rig_year": None} | dict(changes)
    _check_rig_year(changes.get("rig_year"), now)
    connection.execute(_LOCK_USER, {"user": user_id})
    old = read_own_profile(connection, user_id)
    if changes.get("name"):
        changes = dict(changes) | {"name": " ".join(changes["name"].split())}
    new = replace(old, **changes)
    if new.name is None and new.privacy.keys() & changes.keys():
        raise PamError(
            PROFILE_NEEDED, "You show no name to others yet, so they see nothing of you. Choose a name first."
        )
    _store(connection, user_id, old, new)
    return new, FieldChanges.between(asdict(old), asdict(new))


def restore_own_profile(connection: Connection, user_id: UUID, changes: FieldChanges) -> OwnProfile:
    """Restore what `change_own_profile` changed, also that there was no profile; return the profile.

    Does nothing if it is restored already. Raises `PamError`: `modified_since` if a field was changed again since, or
    if others refer to a name that was new; `name_taken` if somebody else has taken the previous one.
    """
    connection.execute(_LOCK_USER, {"user": user_id})
    current = read_own_profile(connection, user_id)
    restored = replace(current, **changes.restored(asdict(current)))
    _store(connection, user_id, current, restored)
    return restored


def _store(connection: Connection, user_id: UUID, old: OwnProfile, new: OwnProfile) -> None:
    scope = {"user": user_id, **asdict(new)}
    if new.name is None and old.name is not None:
        connection.execute(_LOCK_PROFILE, scope)
        is_default = new.privacy == OwnProfile().privacy
        if not is_default or connection.execute(_DELETE_UNUSED_PROFILE, scope).fetchone() is None:
            raise PamError(MODIFIED_SINCE, "Others know you by that name already, so it stays.")
    elif new.name is not None and (new.name, new.privacy) != (old.name, old.privacy):
        save_public_profile(connection, user_id, new.name, WhoMayWrite(new.who_may_write))
        connection.execute(_STORE_AUDIENCES, scope)
    if new.has_details:
        connection.execute(_UPSERT_DETAILS, scope)
    elif old.has_details:
        connection.execute(_DELETE_DETAILS, scope)


def _check_rig_year(year: int | None, now: datetime) -> None:
    if year is not None and year > now.year + 1:
        raise PamError(DATE_IN_FUTURE, f"The year of the rig can be {now.year + 1} at most.", field="rig_year")
