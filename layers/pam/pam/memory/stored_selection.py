"""Selections that wait for their confirmation, without any text."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pam.memory.selection import Selection, memory_not_found
from pam.platform.postgres import Connection

SELECTION_TTL = timedelta(minutes=10)
"""How long a selection may be deleted: as long as a confirmation is valid."""

_KEPT_FOR = timedelta(days=1)
"""A deletion that was repeated is recognised so long."""


@dataclass(frozen=True)
class StoredSelection:
    """A selection that waits for its confirmation."""

    id: UUID
    selection: Selection
    expires_at: datetime


_DELETE_EXPIRED = "delete from memory_selections where user_id = %(user)s and created_at < %(before)s"
_INSERT = """
insert into memory_selections (user_id, created_at, is_everything, fact_ids, episode_ids, turn_ids, value_ids,
                               effect_ids, asked_in)
values (%(user)s, %(now)s, %(everything)s, %(facts)s, %(episodes)s, %(turns)s, %(values)s, %(effects)s,
        %(asked_in)s)
returning id
"""
_SELECT = "select * from memory_selections where user_id = %(user)s and id = %(id)s"


def store_selection(connection: Connection, user_id: UUID, selection: Selection, now: datetime) -> StoredSelection:
    """Store a selection until it is confirmed, in the caller's transaction; the user's row must exist."""
    connection.execute(_DELETE_EXPIRED, {"user": user_id, "before": now - _KEPT_FOR})
    values = {
        "user": user_id,
        "now": now,
        "everything": selection.is_everything,
        "facts": list(selection.facts),
        "episodes": list(selection.episodes),
        "turns": list(selection.turns),
        "values": list(selection.values),
        "effects": list(selection.effects),
        "asked_in": selection.asked_in,
    }
    row = connection.execute(_INSERT, values).fetchone()
    assert row is not None
    return StoredSelection(row["id"], selection, now + SELECTION_TTL)


def read_selection(connection: Connection, user_id: UUID, selection_id: UUID) -> StoredSelection:
    """Return a stored selection. Raises `PamError` (`memory_not_found`), also for another user's."""
    row = connection.execute(_SELECT, {"user": user_id, "id": selection_id}).fetchone()
    if row is None:
        raise memory_not_found()
    selection = Selection(
        facts=tuple(row["fact_ids"]),
        episodes=tuple(row["episode_ids"]),
        turns=tuple(row["turn_ids"]),
        values=tuple(row["value_ids"]),
        effects=tuple(row["effect_ids"]),
        is_everything=row["is_everything"],
        asked_in=row["asked_in"],
    )
    return StoredSelection(row["id"], selection, row["created_at"] + SELECTION_TTL)
