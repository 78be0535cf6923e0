"""A small HTTP/1.1 server on asyncio streams, for the APIs that functions and their runtimes call all the time.

It knows just what the SDKs and the runtime client send: a head, and a body of a length that the head says. A
request costs about a tenth of what a general server makes of it, and these are several for each event.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Request:
    """A whole request."""

    method: str
    target: str
    """Path and query, still percent-encoded."""
    headers: Mapping[str, str]
    """By lower-case names; of several with one name the last."""
    body: bytes
    gone: Callable[[], bool]
    """Whether the client has closed the connection, so that nobody will read an answer."""


@dataclass(frozen=True)
class Reply:
    """What is answered, as JSON unless the headers say otherwise."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes of the response."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        headers = {"Content-Type": "application/json"} | dict(self.headers) | {"Content-Length": str(len(self.body))}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + self.body


Answer = Callable[[Request], Awaitable[Reply]]
Upgrade = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Takes over a connection whose client asks for another protocol; gets the request's head as it came."""


class HttpServer:
    """Serves on a listening socket, each connection for as long as its client keeps it."""

    def __init__(self, listener: socket.socket, answer: Answer, upgrade: Upgrade | None = None) -> None:
        self.host, self.port = listener.getsockname()
        self._listener = listener
        self._answer = answer
        self._upgrade = upgrade
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def stop(self) -> None:
        """Closes the listening socket and cuts all connections."""
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
                if self._upgrade is not None and "upgrade" in headers:
                    await self._upgrade(head, reader, writer)
                    return
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                reply = await self._answer(Request(method, target, headers, body, reader.at_eof))
                writer.write(reply.encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # a client that ends, or is killed, leaves its connection wherever it was
        except ValueError:
            writer.write(Reply(400).encode())
        finally:
            self._connections.discard(task)
            writer.close()
