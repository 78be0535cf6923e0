"""An API Gateway WebSocket API in front of local functions: it authorizes, connects, routes and disconnects.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html; where that
says nothing, `docs/local.md` names what the behaviour was taken from.
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

from local.gateway.http_gateway import Access
from local.gateway.websocket_authorizer import Refused, authorize
from local.gateway.websocket_connection import MAX_FRAME, MAX_MESSAGE, BufferFullError, Connection, GoneError, Limits
from local.gateway.websocket_events import CONNECT, DEFAULT, DISCONNECT, Session, new_id
from local.lambda_runtime.function import Invocation, LambdaFunction
from local.template.websocket_api import SocketRoute, WebSocketApi

SUBPROTOCOL = "Sec-WebSocket-Protocol"

PROXY_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
"""What a function's result may hold: anything else makes it malformed."""


class WebSocketGateway:
    """The API's sockets. Use it on one event loop."""

    def __init__(
        self,
        api: WebSocketApi,
        functions: Mapping[str, LambdaFunction],
        limits: Limits,
        on_request: Callable[[Access], None] = lambda _access: None,
    ) -> None:
        """`functions` by logical id. `on_request` hears of each handshake, message and disconnect."""
        self.api = api
        self.connections: dict[str, Connection] = {}
        """The sockets that are open, by connection id."""
        self._functions = functions
        self._limits = limits
        self._on_request = on_request
        self._running: set[asyncio.Task[Any]] = set()

    async def stop(self) -> None:
        """Gives up whatever still runs for a socket."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def upgrade(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The life of one socket, from the head of the request that asks for it to its end."""
        protocol = ServerProtocol(max_size=(MAX_MESSAGE, MAX_FRAME))
        protocol.receive_data(head)
        events = protocol.events_received()
        connection: Connection | None = None
        if events and isinstance(events[0], Handshake):
            began = time.perf_counter()
            source_ip = writer.get_extra_info("peername")[0]
            response, session = await self._handshake(protocol, events[0], source_ip)
            protocol.send_response(response)
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                # Known before the client can be: it may post as soon as it reads the answer.
                connection = Connection(session, protocol, reader, writer, self._limits)
                self.connections[session.connection_id] = connection
            self._log(CONNECT, response.status_code, began)
        writer.write(b"".join(protocol.data_to_send()))
        if connection is not None:
            await self._serve(connection)

    async def _serve(self, connection: Connection) -> None:
        try:
            async for body in connection.messages():
                self._run(self._route(connection, body))
        finally:
            del self.connections[connection.session.connection_id]
            if route := self.api.routes.get(DISCONNECT):
                self._run(self._disconnect(connection, route))

    async def _handshake(
        self, protocol: ServerProtocol, request: Handshake, source_ip: str
    ) -> tuple[Response, Session]:
        """What is answered, 101 for a socket that opens, and the session as far as it came."""
        path, _, query = request.path.partition("?")
        session = Session(self.api.stage, query, list(request.headers.raw_items()), source_ip)
        response = protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return response, session
        if path.strip("/") != self.api.stage:
            return _refusal(403, "Forbidden"), session
        try:
            if self.api.authorizer is not None:
                function = self._functions[self.api.authorizer.function]
                session.authorizer = await authorize(self.api.authorizer, function, session)
            if route := self.api.routes.get(CONNECT):
                result = await self._integrate(route, session.connect())
                _accept(result, response)
        except Refused as refused:
            return _refusal(refused.status, refused.message), session
        return response, session

    async def _route(self, connection: Connection, body: str) -> None:
        began = time.perf_counter()
        key = _select(body, self.api.selection)
        # The reserved routes are not for a client to choose.
        usable = key is not None and not key.startswith("$")
        route = (self.api.routes.get(key) if key and usable else None) or self.api.routes.get(DEFAULT)
        if route is None:
            self._complain(connection, "Forbidden", new_id())
            self._log(key or "-", 403, began)
            return
        event = connection.session.message(route.key, body)
        status = 200
        try:
            result = await self._integrate(route, event)
            if result is None:
                status = 504
                self._complain(connection, "Endpoint request timed out", event["requestContext"]["requestId"])
            elif _status(result) is None:
                status = 500
                self._complain(connection, "Internal server error", event["requestContext"]["requestId"])
        finally:
            self._log(route.key, status, began, route)

    async def _disconnect(self, connection: Connection, route: SocketRoute) -> None:
        began = time.perf_counter()
        code, reason = connection.ending
        await self._integrate(route, connection.session.disconnect(code, reason))
        self._log(DISCONNECT, 200, began, route)

    async def _integrate(self, route: SocketRoute, event: Mapping[str, Any]) -> Invocation | None:
        """The function's result; None where it takes longer than the integration waits, and runs on."""
        function = self._functions[route.function]
        invocation = self._run(function.invoke(json.dumps(event).encode()))
        await asyncio.wait({invocation}, timeout=route.timeout)
        return invocation.result() if invocation.done() else None

    def _complain(self, connection: Connection, message: str, request_id: str) -> None:
        """Sends the gateway's own kind of frame."""
        frame = {"message": message, "connectionId": connection.session.connection_id, "requestId": request_id}
        with contextlib.suppress(GoneError, BufferFullError):  # nobody is there to read it
            connection.post(json.dumps(frame).encode())

    def _run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _log(self, what: str, status: int, began: float, route: SocketRoute | None = None) -> None:
        function = self._functions[route.function].function.code.name if route else None
        self._on_request(Access("WS", what, status, (time.perf_counter() - began) * 1000, function))


def _select(body: str, path: tuple[str, ...]) -> str | None:
    """The value at `path` in a JSON message; None where there is none, or the message is something else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _status(result: Invocation) -> int | None:
    """The status code of a function's result; None for an error, or a malformed result."""
    answer = result.json() if result.function_error is None else None
    if not isinstance(answer, dict) or answer.keys() - PROXY_FIELDS:
        return None
    try:
        return int(answer["statusCode"])
    except (KeyError, TypeError, ValueError):
        return None


def _accept(result: Invocation | None, response: Response) -> None:
    """Makes the answer to a handshake the one that `$connect` has decided on. Raises Refused."""
    if result is None:
        raise Refused(504, "Endpoint request timed out")
    status = _status(result)
    if status is None:
        raise Refused(502, "Internal server error")
    if status >= 400:
        raise Refused(status, responses.get(status, "Refused"))
    # The one header that a function may set.
    for name, value in (result.json().get("headers") or {}).items():
        if name.lower() == SUBPROTOCOL.lower():
            response.headers[SUBPROTOCOL] = str(value)


def _refusal(status: int, message: str) -> Response:
    body = json.dumps({"message": message}).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status, responses.get(status, "Refused"), headers, body)
