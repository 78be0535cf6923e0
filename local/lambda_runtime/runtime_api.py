"""The Lambda Runtime API of one execution environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the runtime client in the environment asks for
the next event, and posts what the handler returned or raised. One instance serves one environment, so the
address alone says who is asking.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from local.http_server import HttpServer, Reply, Request
from local.sockets import listen

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
        self._server = HttpServer(listen(), self._answer)

    async def start(self) -> str:
        """Returns `host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        await self._server.start()
        return f"{self._server.host}:{self._server.port}"

    async def stop(self) -> None:
        await self._server.stop()

    def send(self, event: Event) -> "asyncio.Future[Outcome]":
        """Hands an event to the runtime; the future gets what it answers."""
        outcome = asyncio.get_running_loop().create_future()
        self._outcomes[event.request_id] = outcome
        self._events.put_nowait(event)
        return outcome

    async def _answer(self, request: Request) -> Reply:
        match request.method, request.target.removeprefix("/2018-06-01/runtime/").split("/"):
            case "GET", ["invocation", "next"]:
                self.ready.set()
                event = await self._events.get()
                if not request.gone():  # a runtime that died while it waited hasn't got the event
                    self.delivered = event.request_id
                return Reply(200, event.payload, event.headers)
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                return self._finish(request_id, Outcome(request.body, failed=kind == "error"))
            case "POST", ["init" | "restore", "error"]:
                self.init_error = Outcome(request.body, failed=True)
                return Reply(202, _ACCEPTED)
            case "GET", ["restore", "next"]:  # the process that asks has been restored just now
                return Reply(200)
        return Reply(404, _error("InvalidPath", f"{request.method} {request.target}"))

    def _finish(self, request_id: str, outcome: Outcome) -> Reply:
        future = self._outcomes.pop(request_id, None)
        if future is None or future.done():
            return Reply(400, _error("InvalidRequestID", "Invalid request ID"))
        limit = MAX_PAYLOAD + 100
        if len(outcome.payload) > limit:
            size = f"({len(outcome.payload)} bytes)"
            message = f"Response payload size {size} exceeded maximum allowed payload size ({limit} bytes)."
            future.set_result(Outcome.failure("Function.ResponseSizeTooLarge", message))
            return Reply(413, _error("RequestEntityTooLarge", message))
        future.set_result(outcome)
        return Reply(202, _ACCEPTED)


_ACCEPTED = b'{"status":"OK"}'


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
