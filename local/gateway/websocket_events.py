"""The events that functions get from a WebSocket API: one type for the authorizer, three for routes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
lists the fields of the request context; the others are copied from events of deployed APIs.
"""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local.template.intrinsics import ACCOUNT, REGION, WEBSOCKET_API_ID

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
_HOP_BY_HOP = ("connection", "upgrade", "content-length")


def new_id() -> str:
    """Return an id in API Gateway's format for connections, messages and requests: 16 characters, the last a `=`."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


@dataclass
class ConnectionInfo:
    """The facts about one connection that its events contain."""

    stage: str
    query: str
    """The query string of the request that opened the socket."""
    headers: Iterable[tuple[str, str]]
    source_ip: str
    connection_id: str = field(default_factory=new_id)
    connected_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    authorizer: Mapping[str, Any] | None = None
    """The authorizer's result, which all later events contain."""

    def header(self, name: str) -> str | None:
        """Return the last value of a header, whatever the case of its name, or None."""
        found = [value for given, value in self.headers if given.lower() == name.lower()]
        return found[-1] if found else None

    def parameter(self, name: str) -> str | None:
        """Return the last value of a query parameter, or None."""
        return dict(parse_qsl(self.query, keep_blank_values=True)).get(name)

    @property
    def method_arn(self) -> str:
        """The ARN that the authorizer's policy has to allow."""
        return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{WEBSOCKET_API_ID}/{self.stage}/{CONNECT}"

    @property
    def user_agent(self) -> str:
        return self.header("user-agent") or ""

    def authorizer_event(self) -> dict[str, Any]:
        """Return the event for the authorizer."""
        event = {"type": "REQUEST", "methodArn": self.method_arn, "stageVariables": {}} | self._request()
        event.setdefault("queryStringParameters", {})
        return event | {"requestContext": self._context(CONNECT, "CONNECT")}

    def connect_event(self) -> dict[str, Any]:
        """Return the event for `$connect`."""
        return self._request() | self._event(CONNECT, "CONNECT")

    def message_event(self, route: str, body: str) -> dict[str, Any]:
        """Return the event of a client's message; `route` is the route's key."""
        return self._event(route, "MESSAGE", messageId=new_id()) | {"body": body}

    def disconnect_event(self, code: int, reason: str) -> dict[str, Any]:
        """Return the event for `$disconnect`, with the code and the reason of the close frame."""
        return self._event(DISCONNECT, "DISCONNECT", disconnectStatusCode=code, disconnectReason=reason)

    def _event(self, route: str, kind: str, **more: Any) -> dict[str, Any]:
        return {"requestContext": self._context(route, kind) | more, "isBase64Encoded": False}

    def _context(self, route: str, kind: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        request_id = new_id()
        context: dict[str, Any] = {
            "routeKey": route,
            "eventType": kind,
            "messageDirection": "IN",
            "connectionId": self.connection_id,
            "connectedAt": int(self.connected_at.timestamp() * 1000),
            "requestId": request_id,
            "extendedRequestId": request_id,
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "stage": self.stage,
            "domainName": (self.header("host") or "").partition(":")[0],
            "apiId": WEBSOCKET_API_ID,
            "identity": {"sourceIp": self.source_ip, "userAgent": self.user_agent},
        }
        if self.authorizer is not None:
            context["authorizer"] = dict(self.authorizer)
        return context

    def _request(self) -> dict[str, Any]:
        port = (self.header("host") or "").partition(":")[2]
        headers = [(name, value) for name, value in self.headers if name.lower() not in _HOP_BY_HOP]
        headers += [
            ("X-Amzn-Trace-Id", f"Root=1-{int(self.connected_at.timestamp()):08x}-{secrets.token_hex(12)}"),
            ("X-Forwarded-For", self.source_ip),
            ("X-Forwarded-Port", port or "80"),
            ("X-Forwarded-Proto", "http"),
        ]
        request = {"headers": dict(headers), "multiValueHeaders": _lists(headers)}
        parameters = parse_qsl(self.query, keep_blank_values=True)
        if parameters:
            request |= {
                "queryStringParameters": dict(parameters),
                "multiValueQueryStringParameters": _lists(parameters),
            }
        return request


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists
