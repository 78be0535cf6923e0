"""Turns that were declared lost: their workers, which may still run, must not write any more.

A write and the declaration take the same lock of the turn in their transactions. Either the write is committed before
the declaration, which then reports it, or it finds the declaration and isn't done.
"""

from collections.abc import Callable
from uuid import UUID

from pam.platform.postgres import Connection

_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(turn)s, 0))"

_SELECT_LOST = "select 1 from lost_turns where user_id = %(user)s and turn_id = %(turn)s"

_INSERT_LOST = """
insert into lost_turns (user_id, turn_id) values (%(user)s, %(turn)s) on conflict (user_id, turn_id) do nothing
"""


def lock_turn(connection: Connection, user_id: UUID, turn_id: UUID) -> Callable[[], bool]:
    """Lock a turn until the transaction's end; return a function that reads whether it was declared lost."""
    scope = {"user": user_id, "turn": str(turn_id)}
    connection.execute(_LOCK, scope)
    found = connection.execute(_SELECT_LOST, scope)
    return lambda: found.fetchone() is not None


def declare_lost(connection: Connection, user_id: UUID, turn_id: UUID) -> None:
    """Declare a turn lost, once the write that it is committing has ended. It may be repeated."""
    scope = {"user": user_id, "turn": str(turn_id)}
    connection.execute(_LOCK, scope)
    connection.execute(_INSERT_LOST, scope)
