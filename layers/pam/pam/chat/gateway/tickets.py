"""Tickets: secrets that open one WebSocket connection each, within a minute.

A browser can't send a token with a WebSocket, and a token in a URL would appear in logs; a used ticket has no value.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Owner

TICKET_TTL = timedelta(seconds=60)


@dataclass(frozen=True)
class Ticket:
    """A ticket. Only the user gets `secret`; the table has its hash."""

    secret: str
    expires_at: datetime


class TicketStore:
    """The tickets of all users. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def issue(self, user_id: UUID) -> Ticket:
        """Create a ticket."""
        ticket = Ticket(secrets.token_urlsafe(32), self._clock() + TICKET_TTL)
        self._table.put(_key(ticket.secret), {"user": str(user_id)}, ticket.expires_at)
        return ticket

    def redeem(self, secret: str) -> UUID | None:
        """Return the user of a valid ticket, the first time only."""
        try:
            item = self._table.update(
                _key(secret),
                "",
                # DynamoDB may delete an expired item days late.
                {"now": int(self._clock().timestamp())},
                condition="attribute_not_exists(#redeemed_by) and #ttl > :now",
                owner=Owner("redeemed_by", uuid4().hex),
            )
        except ConditionFailed:
            return None
        return UUID(item["user"])


def _key(secret: str) -> tuple[str, str]:
    return "ticket#" + hashlib.sha256(secret.encode()).hexdigest(), "-"
