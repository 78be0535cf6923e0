"""Who may come in: a ticket for the signed-in, the authorizer that takes it, and the sockets that are open.

Made of nothing but the table: these functions are asked before anything else, and have to be there at once.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from snapshot_restore_py import register_before_snapshot

from pam.chat.connections import Connections
from pam.chat.store import ChatTable
from pam.chat.tickets import GOOD_FOR, Tickets
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.settings import read_environment


class DoorSettings(BaseModel):
    """Where the conversation is kept, and where clients open sockets."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table: str = Field(alias="CHAT_TABLE")
    url: str = Field(alias="WEBSOCKET_URL")


@cache
def settings() -> DoorSettings:
    """Those of this environment."""
    return read_environment(DoorSettings)


@cache
def table() -> ChatTable:
    """The table of this environment."""
    return ChatTable(aws.client("dynamodb"), settings().table)


register_before_snapshot(table)


def issue_ticket(user_id: UUID) -> dict[str, Any]:
    """`{ticket, url, expires_at, expires_in}`: a socket opens at `url?ticket=…`, once. Raises `PamError`."""
    ticket = Tickets(table(), utc_now).issue(user_id)
    return {
        "ticket": ticket.secret,
        "url": settings().url,
        "expires_at": ticket.expires_at.isoformat(timespec="seconds"),
        "expires_in": int(GOOD_FOR.total_seconds()),
    }


def authorize(event: Mapping[str, Any]) -> dict[str, Any]:
    """API Gateway's question whether a socket may open, answered as it wants: a policy, and whose socket it is.

    Raises Exception("Unauthorized") for a ticket that opens nothing: API Gateway makes a 401 of these very words.
    """
    user_id = Tickets(table(), utc_now).redeem((event.get("queryStringParameters") or {}).get("ticket", ""))
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


def connected(event: Mapping[str, Any]) -> dict[str, Any]:
    """`$connect` and `$disconnect`: notes a socket, or forgets it. A socket too many is refused (429)."""
    request = event["requestContext"]
    user_id, connection_id = UUID(request["authorizer"]["user_id"]), request["connectionId"]
    connections = Connections(table(), utc_now)
    if request["eventType"] == "DISCONNECT":
        connections.remove(user_id, connection_id)
        return {"statusCode": 200}
    return {"statusCode": 200 if connections.add(user_id, connection_id) else 429}
