"""An API Gateway WebSocket API in front of local functions: handshakes, route selection, disconnects.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html; for behaviour
that it doesn't specify, `docs/local.md` names the source.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from http.client import responses
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.server import ServerProtocol

from local.gateway.http_gateway import AccessLogEntry
from local.gateway.websocket_authorizer import HandshakeError, authorize
from local.gateway.websocket_connection import (
    MAX_FRAME,
    MAX_MESSAGE,
    BufferFullError,
    Connection,
    GoneError,
    WebSocketLimits,
)
from local.gateway.websocket_events import CONNECT, DEFAULT, DISCONNECT, ConnectionInfo, new_id
from local.lambda_runtime.function import Invocation, LambdaFunction
from local.template.websocket_api import WebSocketApi, WebSocketRoute

SUBPROTOCOL = "Sec-WebSocket-Protocol"

PROXY_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
"""Keys of a function's result: any other one makes it malformed."""


class WebSocketGateway:
    """The connections of the API. Use it on one event loop."""

    def __init__(
        self,
        api: WebSocketApi,
        functions: Mapping[str, LambdaFunction],
        limits: WebSocketLimits,
        on_request: Callable[[AccessLogEntry], None] = lambda _access: None,
    ) -> None:
        """`functions` by logical id. `on_request` is called for each handshake, message and disconnect."""
        self.api = api
        self.connections: dict[str, Connection] = {}
        """Open connections by connection id."""
        self._functions = functions
        self._limits = limits
        self._on_request = on_request
        self._running: set[asyncio.Task[Any]] = set()

    async def stop(self) -> None:
        """Cancel all running work."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def upgrade(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection from the head of its handshake request until it is closed."""
        protocol = ServerProtocol(max_size=(MAX_MESSAGE, MAX_FRAME))
        protocol.receive_data(head)
        events = protocol.events_received()
        connection: Connection | None = None
        if events and isinstance(events[0], Handshake):
            began = time.perf_counter()
            source_ip = writer.get_extra_info("peername")[0]
            response, info = await self._handshake(protocol, events[0], source_ip)
            protocol.send_response(response)
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                # Registered before the response, after which the function may post at once.
                connection = Connection(info, protocol, reader, writer, self._limits)
                self.connections[info.connection_id] = connection
            self._log(CONNECT, response.status_code, began)
        writer.write(b"".join(protocol.data_to_send()))
        if connection is not None:
            await self._serve(connection)

    async def _serve(self, connection: Connection) -> None:
        try:
            async for body in connection.messages():
                self._run(self._route(connection, body))
        finally:
            del self.connections[connection.info.connection_id]
            if route := self.api.routes.get(DISCONNECT):
                self._run(self._disconnect(connection, route))

    async def _handshake(
        self, protocol: ServerProtocol, request: Handshake, source_ip: str
    ) -> tuple[Response, ConnectionInfo]:
        """Return the response to a handshake, 101 for an accepted one, and the facts about the connection."""
        path, _, query = request.path.partition("?")
        info = ConnectionInfo(self.api.stage, query, list(request.headers.raw_items()), source_ip)
        response = protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return response, info
        if path.strip("/") != self.api.stage:
            return _refusal(403, "Forbidden"), info
        try:
            if self.api.authorizer is not None:
                function = self._functions[self.api.authorizer.function]
                info.authorizer = await authorize(self.api.authorizer, function, info)
            if route := self.api.routes.get(CONNECT):
                result = await self._integrate(route, info.connect_event())
                _accept(result, response)
        except HandshakeError as error:
            return _refusal(error.status, error.message), info
        return response, info

    async def _route(self, connection: Connection, body: str) -> None:
        began = time.perf_counter()
        key = _select_route_key(body, self.api.selection)
        # A client can't select the reserved routes.
        is_selectable = key is not None and not key.startswith("$")
        route = (self.api.routes.get(key) if key and is_selectable else None) or self.api.routes.get(DEFAULT)
        if route is None:
            self._send_error(connection, "Forbidden", new_id())
            self._log(key or "-", 403, began)
            return
        event = connection.info.message_event(route.key, body)
        status = 200
        try:
            result = await self._integrate(route, event)
            if result is None:
                status = 504
                self._send_error(connection, "Endpoint request timed out", event["requestContext"]["requestId"])
            elif _status_code(result) is None:
                status = 500
                self._send_error(connection, "Internal server error", event["requestContext"]["requestId"])
        finally:
            self._log(route.key, status, began, route)

    async def _disconnect(self, connection: Connection, route: WebSocketRoute) -> None:
        began = time.perf_counter()
        code, reason = connection.close_status
        await self._integrate(route, connection.info.disconnect_event(code, reason))
        self._log(DISCONNECT, 200, began, route)

    async def _integrate(self, route: WebSocketRoute, event: Mapping[str, Any]) -> Invocation | None:
        """Invoke the route's function. Returns None when the integration times out, while the function runs on."""
        function = self._functions[route.function]
        invocation = self._run(function.invoke(json.dumps(event).encode()))
        await asyncio.wait({invocation}, timeout=route.timeout)
        return invocation.result() if invocation.done() else None

    def _send_error(self, connection: Connection, message: str, request_id: str) -> None:
        """Send an error frame of the gateway itself."""
        frame = {"message": message, "connectionId": connection.info.connection_id, "requestId": request_id}
        with contextlib.suppress(GoneError, BufferFullError):  # the client can't receive it
            connection.post(json.dumps(frame).encode())

    def _run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _log(self, route_key: str, status: int, began: float, route: WebSocketRoute | None = None) -> None:
        function = self._functions[route.function].function.code.name if route else None
        self._on_request(AccessLogEntry("WS", route_key, status, (time.perf_counter() - began) * 1000, function))


def _select_route_key(body: str, path: tuple[str, ...]) -> str | None:
    """Return the string at `path` in a JSON message, or None where there is none or the nesting is too deep."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _status_code(result: Invocation) -> int | None:
    """Return the status code of a function's result, or None for an error or a malformed result."""
    value = result.json() if result.function_error is None else None
    if not isinstance(value, dict) or value.keys() - PROXY_FIELDS:
        return None
    try:
        return int(value["statusCode"])
    except (KeyError, TypeError, ValueError):
        return None


def _accept(result: Invocation | None, response: Response) -> None:
    """Apply the result of `$connect` to the response of the handshake. Raises HandshakeError."""
    if result is None:
        raise HandshakeError(504, "Endpoint request timed out")
    status = _status_code(result)
    if status is None:
        raise HandshakeError(502, "Internal server error")
    if status >= 400:
        raise HandshakeError(status, responses.get(status, "Refused"))
    # A function can set this header only.
    for name, value in (result.json().get("headers") or {}).items():
        if name.lower() == SUBPROTOCOL.lower():
            response.headers[SUBPROTOCOL] = str(value)


def _refusal(status: int, message: str) -> Response:
    body = json.dumps({"message": message}).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status, responses.get(status, "Refused"), headers, body)
