"""The user's last write: what a correction means that names nothing, such as "make that $54"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.platform.postgres import Connection

# The row of a write that is under way has no text yet. What follows in the conversation, an answer of Claude's or
# another fast answer, may be what the correction is about; the note of the write itself has its text.
_SELECT_LAST = """
select e.tool as operation, e.undo, e.undone_at is not null as is_undone,
       exists (select from messages m
                where m.user_id = e.user_id and m.conversation_id = %(conversation)s and m.created_at > e.done_at)
    or exists (select from notes n
                where n.user_id = e.user_id and n.conversation_id = %(conversation)s and n.created_at > e.done_at
                  and strpos(n.note, e.told ->> 'text') = 0) as is_followed
  from effects e
 where e.user_id = %(user)s and e.done_at >= %(since)s and e.told ->> 'text' is not null
 order by e.done_at desc
 limit 1
"""


@dataclass(frozen=True)
class LastEffect:
    """A write: its operation, what its undo needs, and whether something else followed it in the conversation."""

    operation: str
    undo: Mapping[str, Any]
    is_followed: bool


def read_last_effect(
    connection: Connection, user_id: UUID, since: datetime, conversation_id: UUID | None
) -> LastEffect | None:
    """Return the user's last write since an instant; None if there is none, or it is undone or can't be undone."""
    scope = {"user": user_id, "since": since, "conversation": conversation_id}
    row = connection.execute(_SELECT_LAST, scope).fetchone()
    if row is None or row["is_undone"] or row["undo"] is None:
        return None
    return LastEffect(row["operation"], row["undo"], row["is_followed"])
