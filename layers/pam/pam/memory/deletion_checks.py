"""What a transaction checks before it stores something that may be deleted at the same time."""

from datetime import datetime, timedelta
from uuid import UUID

from pam.memory.facts import lock_facts
from pam.platform.errors import MODIFIED_SINCE, PamError
from pam.platform.postgres import Connection

_SELECT_DELETION = """
select (select deleted_at from memory_deletions where user_id = %(user)s) > %(since)s as is_deleted,
       exists (select from conversations where user_id = %(user)s and id = %(conversation)s) as is_stored,
       (select count(*) from messages
         where user_id = %(user)s and conversation_id = %(conversation)s and turn_id = %(turn)s) as messages
  from users u where u.id = %(user)s for share of u
"""
_CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far the clocks of a function and of Postgres may differ."""


class TurnDeleted(Exception):
    """The conversation of a turn, or what the turn has stored of it, was deleted: the rest must not be stored."""


def check_deletion(
    connection: Connection, user_id: UUID, conversation_id: UUID, turn_id: UUID, since: datetime, stored: int
) -> bool:
    """Return whether the user has deleted anything since a turn began; no deletion begins until the transaction ends.

    `stored` is the number of messages that the turn has stored. Raises `TurnDeleted`.
    """
    values = {
        "user": user_id,
        "conversation": conversation_id,
        "turn": turn_id,
        "since": since - _CLOCK_TOLERANCE,
    }
    row = connection.execute(_SELECT_DELETION, values).fetchone()
    if row is None or not row["is_deleted"]:
        return False
    if not row["is_stored"] or row["messages"] < stored:
        raise TurnDeleted
    return True


_SELECT_DELETED_SINCE = "select 1 from memory_deletions where user_id = %(user)s and deleted_at > %(since)s"


def check_fact_write(
    connection: Connection, user_id: UUID, conversation_id: UUID, turn_id: UUID, since: datetime, stored: int
) -> None:
    """Check that a turn may write facts, in the transaction of the write: what it has read may be deleted by now.

    The parameters are those of `check_deletion`. Raises `PamError` (`modified_since`).
    """
    lock_facts(connection, user_id)
    try:
        check_deletion(connection, user_id, conversation_id, turn_id, since, stored)
        is_deleted = connection.execute(_SELECT_DELETED_SINCE, {"user": user_id, "since": since}).fetchone() is not None
    except TurnDeleted:
        is_deleted = True
    if is_deleted:
        raise PamError(
            MODIFIED_SINCE, "Memories were deleted in the middle of this, so nothing was changed. Please ask again."
        )


def lock_against_deletion(connection: Connection, user_id: UUID) -> None:
    """Let no deletion begin until the transaction ends. The user's row must exist."""
    connection.execute("select id from users where id = %(user)s for share", {"user": user_id})
