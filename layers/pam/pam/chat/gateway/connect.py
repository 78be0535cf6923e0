"""Opening a WebSocket: a ticket over HTTPS, API Gateway's authorizer, and `$connect` and `$disconnect`."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from pam.answers.answer import Instant, instant
from pam.answers.json_values import json_dataclass
from pam.chat.gateway.connections import ConnectionRegistry
from pam.chat.gateway.tickets import TICKET_TTL, TicketStore
from pam.platform.request_metrics import record_refusal, recorded_errors

_TTL_S = int(TICKET_TTL.total_seconds())


@json_dataclass
class IssuedTicket:
    """A ticket that opens a WebSocket once."""

    ticket: Annotated[str, Field(min_length=43, max_length=43)]
    url: Annotated[str, Field(description="The socket opens at this address with `?ticket=` and the ticket.")]
    expires_at: Instant
    expires_in: Annotated[int, WithJsonSchema({"type": "integer", "const": _TTL_S}), Field(description="Seconds.")]


class ConnectionGateway:
    """The handlers of a connection's events. They use the chat table only, so that they start fast."""

    def __init__(self, tickets: TicketStore, connections: ConnectionRegistry, url: str) -> None:
        """`url` is the WebSocket URL that clients connect to."""
        self._tickets = tickets
        self._connections = connections
        self._url = url

    def issue_ticket(self, user_id: UUID) -> IssuedTicket:
        """Issue a ticket for a user. Raises `PamError`."""
        ticket = self._tickets.issue(user_id)
        return IssuedTicket(
            ticket=ticket.secret, url=self._url, expires_at=instant(ticket.expires_at), expires_in=_TTL_S
        )

    def authorize(self, event: Mapping[str, Any], web_origin: str) -> dict[str, Any]:
        """Return the policy and context of a `$connect` request for API Gateway.

        `web_origin` is the origin of the page.
        Raises Exception("Unauthorized") for an invalid ticket, which API Gateway turns exactly into a 401, and for a
        page of another origin: CORS doesn't apply to WebSockets. Clients that are no browsers send no origin.
        """
        headers = (event.get("headers") or {}).items()
        is_foreign = any(name.lower() == "origin" and value != web_origin for name, value in headers)
        ticket = (event.get("queryStringParameters") or {}).get("ticket", "")
        with recorded_errors():
            user_id = None if is_foreign else self._tickets.redeem(ticket)
        if user_id is None:
            record_refusal()
            raise Exception("Unauthorized")
        return {
            "principalId": str(user_id),
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
            },
            "context": {"user_id": str(user_id)},
        }

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Register the connection on `$connect` (429 above the limit), remove it on `$disconnect`."""
        request = event["requestContext"]
        user_id, connection_id = UUID(request["authorizer"]["user_id"]), request["connectionId"]
        with recorded_errors():
            if request["eventType"] == "DISCONNECT":
                self._connections.remove(user_id, connection_id)
                return {"statusCode": 200}
            is_added = self._connections.add(user_id, connection_id)
        if not is_added:
            record_refusal()
        return {"statusCode": 200 if is_added else 429}
