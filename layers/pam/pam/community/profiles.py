"""Public profiles: the name that other users see, and who may write to the user."""

from enum import StrEnum
from uuid import UUID

import psycopg

from pam.platform.errors import INVALID_TEXT, NAME_TAKEN, PamError
from pam.platform.postgres import Connection
from pam.users.profile import ensure_user
from pam.users.text import TextParser

parse_display_name = TextParser("name", 100, required=True)


class WhoMayWrite(StrEnum):
    """Whose direct messages a user accepts."""

    EVERYBODY = "everybody"
    FRIENDS = "friends"
    NOBODY = "nobody"


_UPSERT_PROFILE = """
insert into public_profiles (user_id, display_name, who_may_write) values (%(user)s, %(name)s, %(who)s)
on conflict (user_id) do update set display_name = excluded.display_name, who_may_write = excluded.who_may_write
returning user_id
"""


_RESERVED_WORDS = (
    "pam", "admin", "administrator", "assistant", "help", "moderator", "official", "staff", "support", "system", "team",
)  # fmt: skip
"""A name of nothing but these would be taken for PAM or those who run it."""

# In capital letters others look alike than in small ones.
_ARE_RESERVED = """
with reserved as (select unnest(%(reserved)s::text[]) as word)
select (select bool_and(word in (select caseless_skeleton(reserved.word) from reserved))
          from regexp_split_to_table(caseless_skeleton(%(name)s), '[^[:alnum:]]+') word where word <> '')
    or (select bool_and(word in (select skeleton(upper(reserved.word)) from reserved))
          from regexp_split_to_table(skeleton(%(name)s), '[^[:alnum:]]+') word where word <> '') as are_reserved
"""


def save_public_profile(
    connection: Connection, user_id: UUID, display_name: str, who_may_write: WhoMayWrite = WhoMayWrite.FRIENDS
) -> None:
    """Create or replace the public profile of a user.

    Names are unique: two may not look alike, in any case; and none looks like PAM's own. Raises `PamError`
    (`name_taken`, `invalid_text`).
    """
    name = " ".join(parse_display_name(display_name).split())
    row = connection.execute(_ARE_RESERVED, {"name": name, "reserved": list(_RESERVED_WORDS)}).fetchone()
    if row is not None and row["are_reserved"]:
        raise PamError(NAME_TAKEN, f"“{name}” could be taken for PAM. Please choose another name.", field="name")
    ensure_user(connection, user_id)
    try:
        connection.execute(_UPSERT_PROFILE, {"user": user_id, "name": name, "who": who_may_write}).fetchone()
    except psycopg.errors.UniqueViolation as taken:
        raise PamError(
            NAME_TAKEN,
            f"Somebody else is called “{name}” in PAM, or has a name that looks like it.",
            field="name",
        ) from taken
    except psycopg.errors.CheckViolation as invisible:
        raise PamError(INVALID_TEXT, "The name needs letters that can be seen.", field="name") from invisible


def read_display_name(connection: Connection, user_id: UUID) -> str | None:
    """Read the name that other users see, or None if the user has no public profile."""
    row = connection.execute("select display_name from public_profiles where user_id = %s", (user_id,)).fetchone()
    return None if row is None else str(row["display_name"])
