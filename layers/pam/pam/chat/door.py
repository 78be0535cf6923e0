"""Who may come in: a ticket for the signed-in, the authorizer that takes it, and the sockets that are open.

Made of nothing but the table: these functions are asked before anything else, and have to be there at once.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pam.chat.connections import Connections
from pam.chat.store import ChatTable
from pam.chat.tickets import GOOD_FOR, Tickets
from pam.platform.clock import Clock


class Door:
    """Issues and redeems tickets, and registers connections."""

    def __init__(self, table: ChatTable, url: str, clock: Clock) -> None:
        """`url` is the WebSocket URL that clients connect to."""
        self._tickets = Tickets(table, clock)
        self._connections = Connections(table, clock)
        self._url = url

    def issue_ticket(self, user_id: UUID) -> dict[str, Any]:
        """Return `{ticket, url, expires_at, expires_in}` of a single-use ticket. Raises `PamError`."""
        ticket = self._tickets.issue(user_id)
        return {
            "ticket": ticket.secret,
            "url": self._url,
            "expires_at": ticket.expires_at.isoformat(timespec="seconds"),
            "expires_in": int(GOOD_FOR.total_seconds()),
        }

    def authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the authorizer's policy and context for a `$connect` request.

        Raises Exception("Unauthorized") for an invalid ticket: API Gateway turns exactly this message into a 401.
        """
        user_id = self._tickets.redeem((event.get("queryStringParameters") or {}).get("ticket", ""))
        if user_id is None:
            raise Exception("Unauthorized")
        return {
            "principalId": str(user_id),
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
            },
            "context": {"user_id": str(user_id)},
        }

    def connection_changed(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Handle `$connect` and `$disconnect`: register the connection or remove it. Returns 429 above the limit."""
        request = event["requestContext"]
        user_id, connection_id = UUID(request["authorizer"]["user_id"]), request["connectionId"]
        if request["eventType"] == "DISCONNECT":
            self._connections.remove(user_id, connection_id)
            return {"statusCode": 200}
        return {"statusCode": 200 if self._connections.add(user_id, connection_id) else 429}
