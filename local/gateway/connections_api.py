"""`@connections`: the API by which functions post to connections, describe them and close them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html;
the errors are those of the service's model in botocore (apigatewaymanagementapi).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from websockets.frames import CloseCode

from local.gateway.websocket_connection import MAX_MESSAGE, BufferFullError, Connection, GoneError
from local.http_server import HttpRequest, HttpResponse


class ConnectionsApi:
    """Handles requests for `/<stage>/@connections/<id, URL-encoded>`."""

    def __init__(self, stage: str, connections: Mapping[str, Connection]) -> None:
        self._stage = stage
        self._connections = connections

    async def handle(self, request: HttpRequest) -> HttpResponse:
        match request.target.partition("?")[0].split("/"):
            case ["", self._stage, "@connections" | "%40connections", encoded]:
                connection = self._connections.get(unquote(encoded))
            case _:
                return _error(403, "ForbiddenException", "Forbidden")
        if connection is None or not connection.is_open:
            return _error(410, "GoneException")
        match request.method:
            case "POST":
                return self._post(connection, request.body)
            case "GET":
                return _describe(connection)
            case "DELETE":
                connection.close(CloseCode.NORMAL_CLOSURE, "Connection Closed Normally")
                return HttpResponse(204)
        return _error(403, "ForbiddenException", "Forbidden")

    def _post(self, connection: Connection, data: bytes) -> HttpResponse:
        if len(data) > MAX_MESSAGE:
            return _error(413, "PayloadTooLargeException", "Message too long")
        try:
            connection.post(data)
        except GoneError:
            return _error(410, "GoneException")
        except BufferFullError:
            return _error(429, "LimitExceededException")
        return HttpResponse(200)


def _describe(connection: Connection) -> HttpResponse:
    info = connection.info
    description = {
        "connectedAt": _iso(info.connected_at),
        "identity": {"sourceIp": info.source_ip, "userAgent": info.user_agent},
        "lastActiveAt": _iso(connection.last_active_at),
    }
    return HttpResponse(200, json.dumps(description).encode())


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, kind: str, message: str | None = None) -> HttpResponse:
    """Return an error in the SDKs' format: the type in a header, and a message only if the model has one."""
    body = json.dumps({"message": message}).encode() if message else b""
    return HttpResponse(status, body, {"x-amzn-ErrorType": kind})
