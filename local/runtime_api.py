"""The Lambda Runtime API of one execution environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the runtime client in the environment asks for
the next event, and posts what the handler returned or raised. One instance serves one environment, so the
address alone says who is asking.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's event, and, but for 100 bytes more, of its response."""


@dataclass(frozen=True)
class Event:
    """An invocation as the runtime gets it."""

    request_id: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True)
class Outcome:
    """What the runtime answered: the handler's result, or an error object of Lambda's form."""

    payload: bytes
    failed: bool = False

    @property
    def message(self) -> str:
        """`errorType: errorMessage` of an error object."""
        error = json.loads(self.payload)
        return f"{error['errorType']}: {error['errorMessage']}"

    @classmethod
    def failure(cls, error_type: str, message: str) -> "Outcome":
        return cls(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


class RuntimeApi:
    """Serves on 127.0.0.1, on a port of the system's choice."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        """Set when the runtime has asked for its first event: its init phase is over."""
        self.init_error: Outcome | None = None
        self.delivered: str | None = None
        """Request id of the last event that the runtime fetched."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> str:
        """Returns `host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def send(self, event: Event) -> "asyncio.Future[Outcome]":
        """Hands an event to the runtime; the future gets what it answers."""
        outcome = asyncio.get_running_loop().create_future()
        self._outcomes[event.request_id] = outcome
        self._events.put_nowait(event)
        return outcome

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in head[1:-2])}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, answer, extra = await self._answer(method, path, body, reader)
                lines = [
                    f"HTTP/1.1 {status}",
                    "Content-Type: application/json",
                    f"Content-Length: {len(answer)}",
                ]
                lines += [f"{key}: {value}" for key, value in extra.items()]
                writer.write("\r\n".join([*lines, "\r\n"]).encode("latin-1") + answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a runtime that ends, or is killed, leaves its connection wherever it was
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(
        self, method: str, path: str, body: bytes, reader: asyncio.StreamReader
    ) -> tuple[str, bytes, Mapping[str, str]]:
        match method, path.removeprefix("/2018-06-01/runtime/").split("/"):
            case "GET", ["invocation", "next"]:
                self.ready.set()
                event = await self._events.get()
                if not reader.at_eof():  # a runtime that died while it waited hasn't got the event
                    self.delivered = event.request_id
                return "200 OK", event.payload, event.headers
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                return self._finish(request_id, Outcome(body, failed=kind == "error"))
            case "POST", ["init" | "restore", "error"]:
                self.init_error = Outcome(body, failed=True)
                return "202 Accepted", _ACCEPTED, {}
            case "GET", ["restore", "next"]:  # no snapshot is taken, so it is restored at once
                return "200 OK", b"", {}
        return "404 Not Found", _error("InvalidPath", f"{method} {path}"), {}

    def _finish(self, request_id: str, outcome: Outcome) -> tuple[str, bytes, Mapping[str, Any]]:
        future = self._outcomes.pop(request_id, None)
        if future is None or future.done():
            return "400 Bad Request", _error("InvalidRequestID", "Invalid request ID"), {}
        limit = MAX_PAYLOAD + 100
        if len(outcome.payload) > limit:
            size = f"({len(outcome.payload)} bytes)"
            message = f"Response payload size {size} exceeded maximum allowed payload size ({limit} bytes)."
            future.set_result(Outcome.failure("Function.ResponseSizeTooLarge", message))
            return "413 Payload Too Large", _error("RequestEntityTooLarge", message), {}
        future.set_result(outcome)
        return "202 Accepted", _ACCEPTED, {}


_ACCEPTED = b'{"status":"OK"}'


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
