"""A small HTTP/1.1 server on asyncio streams, for the APIs that functions and their runtimes call all the time.

It understands what the SDKs and the runtime client send: a head, and a body whose length the head states. A
request costs about a tenth of what it costs in a general server, and each event takes several requests.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from local.sockets import is_allowed_host


@dataclass(frozen=True)
class HttpRequest:
    """A whole request."""

    method: str
    target: str
    """Path and query, still percent-encoded."""
    headers: Mapping[str, str]
    """By lower-case names; of several with one name the last."""
    body: bytes
    is_disconnected: Callable[[], bool]
    """Returns whether the client has closed the connection."""


@dataclass(frozen=True)
class HttpResponse:
    """A whole response, of JSON unless its headers have another content type."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_bytes: int | None = None
    """After so many bytes of the body the connection is closed, for tests of clients."""

    def encode(self) -> bytes:
        """The response as it is sent."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        headers = {"Content-Type": "application/json"} | dict(self.headers) | {"Content-Length": str(len(self.body))}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + self.body[: self.sent_bytes]


class ConnectionReset(Exception):
    """Raised by a request handler to reset the connection without a response, for tests of clients."""


RequestHandler = Callable[[HttpRequest], Awaitable[HttpResponse]]
UpgradeHandler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Takes over a connection whose client asks for another protocol; gets the request's head unparsed."""


class HttpServer:
    """Serves on a listening socket. Connections stay open until the client closes them."""

    def __init__(
        self, listener: socket.socket, handle_request: RequestHandler, handle_upgrade: UpgradeHandler | None = None
    ) -> None:
        self.host, self.port = listener.getsockname()
        self._listener = listener
        self._handle_request = handle_request
        self._handle_upgrade = handle_upgrade
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def stop(self) -> None:
        """Close the listening socket and all connections."""
        if self._server is None:
            self._listener.close()
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                pairs = (line.partition(":") for line in lines[1:-2])
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                if not is_allowed_host(headers.get("host", "")):
                    writer.write(HttpResponse(400, b'{"message":"Invalid host header"}').encode())
                    return
                if self._handle_upgrade is not None and "upgrade" in headers:
                    await self._handle_upgrade(head, reader, writer)
                    return
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                response = await self._handle_request(HttpRequest(method, target, headers, body, reader.at_eof))
                writer.write(response.encode())
                await writer.drain()
                if response.sent_bytes is not None:
                    return
        except ConnectionReset:
            # Without lingering, closing sends RST in place of FIN.
            reset_on_close = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # a client that ends, or is killed, may leave its connection in any state
        except ValueError:
            writer.write(HttpResponse(400).encode())
        finally:
            self._connections.discard(task)
            writer.close()
