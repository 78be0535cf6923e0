"""Direct messages as the two who exchange them read them. Postgres shows them to nobody else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.platform.errors import MESSAGE_NOT_FOUND, PamError
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_row_id


@dataclass(frozen=True)
class DirectMessage:
    """A message that a user got, or has sent. `other` is the name of whom it is from or to."""

    id: UUID
    other: str
    is_own: bool
    text: str
    sent_at: datetime


# Not by the row's own time alone: two messages may have the same.
_SELECT = """
select m.id, other.display_name as other, m.sender_id = %(user)s as is_own, m.body as text, m.sent_at
  from direct_messages m
  join public_profiles other
    on other.user_id = case when m.sender_id = %(user)s then m.recipient_id else m.sender_id end
 where %(user)s in (m.sender_id, m.recipient_id)
   and (%(before)s::uuid is null
        or (m.sent_at, m.id) < (select b.sent_at, b.id from direct_messages b where b.id = %(before)s))
 order by m.sent_at desc, m.id desc
 limit %(limit)s
"""
_EXISTS = "select from direct_messages where id = %(before)s and %(user)s in (sender_id, recipient_id)"


def parse_message_id(value: Any) -> UUID:
    """Return the id of a message. Raises `PamError` (`invalid_request`) for what can't be one."""
    return parse_row_id(value, "a message", "before")


def read_messages(connection: Connection, user_id: UUID, limit: int, before: UUID | None = None) -> list[DirectMessage]:
    """Read up to `limit` messages to and from a user, newest first: those older than the message `before`.

    Raises `PamError` (`message_not_found`) where the user has no such message.
    """
    scope = {"user": user_id, "limit": limit, "before": before}
    if before is not None and connection.execute(_EXISTS, scope).fetchone() is None:
        raise PamError(MESSAGE_NOT_FOUND, "PAM finds no such message.", field="before")
    return [DirectMessage(**row) for row in connection.execute(_SELECT, scope).fetchall()]
