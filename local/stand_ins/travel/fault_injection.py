"""Fault injection for the stand-ins, a journal of their requests, and the header that marks their responses."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.stand_ins.travel.marked import mark
from pam.sources.source import SIMULATED_HEADER

MODES = ("ok", "marked", "401", "404", "422", "429", "500", "503", "slow", "cut", "wrong_json", "wrong_shape")

_JOURNAL_LENGTH = 200
_KEYS = {"access_token", "api_key", "apikey"}

ErrorBody = Callable[[int], dict[str, Any]]
"""Returns the body that the source sends with a status."""


@dataclass
class _Fault:
    """The current mode, and the number of requests that it still applies to; None for all."""

    mode: str = "ok"
    times: int | None = None
    retry_after: int | None = None
    seconds: float = 30.0


@dataclass
class _Journal:
    requests: int = 0
    paths: dict[str, int] = field(default_factory=dict)
    last: list[dict[str, Any]] = field(default_factory=list)


class FaultInjector:
    """An ASGI application around a stand-in, with endpoints to control it.

    `PUT /_control {"mode", "times"?, "retry_after"?, "seconds"?}` sets one of `MODES` for the next `times` requests, or
    all; `slow` responds correctly after `seconds`, `marked` with other values (`marked.py`). `GET /_journal` returns
    the number of requests for each path, and the last queries without keys; `DELETE /_journal` clears both and resets
    the mode.
    """

    def __init__(self, app: ASGIApp, error_body: ErrorBody) -> None:
        self._app = app
        self._error_body = error_body
        self._fault = _Fault()
        self._journal = _Journal()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        if scope["path"] in {"/_control", "/_journal"}:
            await (await self._control(request))(scope, receive, send)
            return
        mode = self._next_mode()
        self._record(request, mode)
        await self._respond(mode, scope, receive, _mark_simulated(send))

    async def _control(self, request: Request) -> Response:
        match request.method, request.url.path:
            case "PUT", "/_control":
                try:
                    fault = _Fault(**json.loads(await request.body()))
                except (TypeError, ValueError):
                    fault = _Fault(mode="unknown")
                if fault.mode not in MODES:
                    return JSONResponse({"modes": MODES}, 422)
                self._fault = fault
                return Response(status_code=204)
            case "GET", "/_journal":
                journal = self._journal
                return JSONResponse({"requests": journal.requests, "paths": journal.paths, "last": journal.last})
            case "DELETE", "/_journal":
                self._journal, self._fault = _Journal(), _Fault()
                return Response(status_code=204)
        return Response(status_code=405)

    def _next_mode(self) -> str:
        fault = self._fault
        if fault.times is not None:
            if fault.times <= 0:
                return "ok"
            fault.times -= 1
        return fault.mode

    def _record(self, request: Request, mode: str) -> None:
        journal, path = self._journal, request.url.path
        journal.requests += 1
        journal.paths[path] = journal.paths.get(path, 0) + 1
        query = [(name, value) for name, value in request.query_params.multi_items() if name not in _KEYS]
        journal.last = [*journal.last, {"path": path, "query": query, "mode": mode}][-_JOURNAL_LENGTH:]

    async def _respond(self, mode: str, scope: Scope, receive: Receive, send: Send) -> None:
        match mode:
            case "401" | "404" | "422" | "429" | "500" | "503":
                retry_after = self._fault.retry_after
                headers = {} if retry_after is None else {"retry-after": str(retry_after)}
                await JSONResponse(self._error_body(int(mode)), int(mode), headers)(scope, receive, send)
            case "wrong_json":
                await Response('{"type": "FeatureCollection", "features": [', media_type="application/json")(
                    scope, receive, send
                )
            case "wrong_shape":
                await JSONResponse({"type": "Surprise", "response": [], "hourly": 3})(scope, receive, send)
            case "cut":
                await self._app(scope, receive, _cut_off(send))
            case "marked":
                await self._app(scope, receive, _with_marked_values(send))
            case "slow":
                await asyncio.sleep(self._fault.seconds)
                await self._app(scope, receive, send)
            case _:
                await self._app(scope, receive, send)


def _mark_simulated(send: Send) -> Send:
    """Add SIMULATED_HEADER to each response."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (SIMULATED_HEADER.encode(), b"true")]
        await send(message)

    return marked


def _with_marked_values(send: Send) -> Send:
    """Send a JSON body with other values."""
    start: list[Message] = []
    body = bytearray()

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        content = json.dumps(mark(json.loads(body))).encode()
        headers = [(name, value) for name, value in start[0]["headers"] if name.lower() != b"content-length"]
        await send({**start[0], "headers": [*headers, (b"content-length", str(len(content)).encode())]})
        await send({"type": "http.response.body", "body": content})

    return marked


def _cut_off(send: Send) -> Send:
    """Send the first half of a body with the content length of all of it, and close the connection."""

    async def cut_off(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return cut_off
