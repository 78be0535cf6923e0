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


def save_public_profile(
    connection: Connection, user_id: UUID, display_name: str, who_may_write: WhoMayWrite = WhoMayWrite.FRIENDS
) -> None:
    """Create or replace the public profile of a user.

    Names are unique: two may not look alike, in any case. Raises `PamError` (`name_taken`, `invalid_text`).
    """
    name = " ".join(parse_display_name(display_name).split())
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
