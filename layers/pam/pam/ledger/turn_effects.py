"""The writes that a turn has made, as the ledger recorded them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.platform.postgres import Connection

# A write under way has no text yet, and one that was undone may be wanted again.
_SELECT_WRITES = """
select key, tool as operation, told -> 'data' as data from effects
 where user_id = %(user)s and turn_id = %(turn)s and told ->> 'text' is not null and undone_at is null
 order by done_at, id
"""


@dataclass(frozen=True)
class TurnWrite:
    """A write by its key: the name of its operation, and its result as JSON values."""

    key: str
    operation: str
    data: Mapping[str, Any]


def read_turn_writes(connection: Connection, user_id: UUID, turn_id: UUID) -> list[TurnWrite]:
    """Return what a turn has written and isn't undone, in the order of the writes."""
    rows = connection.execute(_SELECT_WRITES, {"user": user_id, "turn": turn_id}).fetchall()
    return [TurnWrite(row["key"], row["operation"], row["data"] or {}) for row in rows]
