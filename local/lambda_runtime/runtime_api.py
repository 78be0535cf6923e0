"""The Lambda Runtime API of one execution environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the runtime client in the environment requests
the next event, and posts what the handler returned or raised. One instance serves one environment, so the
address alone identifies the environment.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from local.http_server import HttpRequest, HttpResponse, HttpServer
from local.sockets import listen

MAX_PAYLOAD = 6 * 1024 * 1024
"""Maximum bytes of a synchronous invocation's event; its response may have 100 bytes more."""


@dataclass(frozen=True)
class Event:
    """An event as the runtime receives it."""

    request_id: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True)
class Outcome:
    """The result of an event: what the handler returned, or an error object in Lambda's format."""

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
    """The Runtime API of one environment, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        """Set when the runtime has requested its first event, which ends its init phase."""
        self.init_error: Outcome | None = None
        self.delivered_id: str | None = None
        """HttpRequest id of the last event that the runtime fetched."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}
        self._server = HttpServer(listen(), self._handle)

    async def start(self) -> str:
        """Start serving. Returns `host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        await self._server.start()
        return f"{self._server.host}:{self._server.port}"

    async def stop(self) -> None:
        await self._server.stop()

    def send(self, event: Event) -> "asyncio.Future[Outcome]":
        """Queue an event for the runtime. Returns the future of its outcome."""
        outcome = asyncio.get_running_loop().create_future()
        self._outcomes[event.request_id] = outcome
        self._events.put_nowait(event)
        return outcome

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        match request.method, request.target.removeprefix("/2018-06-01/runtime/").split("/"):
            case "GET", ["invocation", "next"]:
                self.ready.set()
                event = await self._events.get()
                if not request.is_disconnected():  # a runtime that died while it waited hasn't got the event
                    self.delivered_id = event.request_id
                return HttpResponse(200, event.payload, event.headers)
            case "POST", ["invocation", request_id, ("response" | "error") as kind]:
                return self._finish(request_id, Outcome(request.body, failed=kind == "error"))
            case "POST", ["init" | "restore", "error"]:
                self.init_error = Outcome(request.body, failed=True)
                return HttpResponse(202, _ACCEPTED)
            case "GET", ["restore", "next"]:  # a process that asks for this has just been forked
                return HttpResponse(200)
        return HttpResponse(404, _error("InvalidPath", f"{request.method} {request.target}"))

    def _finish(self, request_id: str, outcome: Outcome) -> HttpResponse:
        future = self._outcomes.pop(request_id, None)
        if future is None or future.done():
            return HttpResponse(400, _error("InvalidRequestID", "Invalid request ID"))
        limit = MAX_PAYLOAD + 100
        if len(outcome.payload) > limit:
            size = f"({len(outcome.payload)} bytes)"
            message = f"Response payload size {size} exceeded maximum allowed payload size ({limit} bytes)."
            future.set_result(Outcome.failure("Function.ResponseSizeTooLarge", message))
            return HttpResponse(413, _error("RequestEntityTooLarge", message))
        future.set_result(outcome)
        return HttpResponse(202, _ACCEPTED)


_ACCEPTED = b'{"status":"OK"}'


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
