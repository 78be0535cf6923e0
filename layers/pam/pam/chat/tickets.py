"""Tickets: what opens a socket, once, within a minute. A browser can't send a token with a WebSocket, and a token in
a URL would end up in logs; a ticket there is worth nothing any more."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pam.chat.store import ChatTable
from pam.platform.clock import Clock

GOOD_FOR = timedelta(seconds=60)


@dataclass(frozen=True)
class Ticket:
    """`secret` is told to the traveller alone; the table knows its hash."""

    secret: str
    expires_at: datetime


class Tickets:
    """Raises `PamError` (`store_unavailable`)."""

    def __init__(self, table: ChatTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def issue(self, user_id: UUID) -> Ticket:
        """A ticket for this traveller."""
        ticket = Ticket(secrets.token_urlsafe(32), self._clock() + GOOD_FOR)
        fields = {"user": str(user_id), "expires_at": int(ticket.expires_at.timestamp())}
        self._table.put(_key(ticket.secret), "-", fields, ticket.expires_at)
        return ticket

    def redeem(self, secret: str) -> UUID | None:
        """Whose ticket it is, the first time only; None for any that opens nothing."""
        # DynamoDB may delete what has expired days late, so the instant is looked at here.
        found = self._table.delete(_key(secret), "-")
        if found is None or int(found["expires_at"]) <= self._clock().timestamp():
            return None
        return UUID(found["user"])


def _key(secret: str) -> str:
    return "ticket#" + hashlib.sha256(secret.encode()).hexdigest()
