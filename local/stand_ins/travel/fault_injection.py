"""What every stand-in can do beside its work: fail on demand, count what it was asked, and say that it is one."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pam.sources.http_client import SIMULATED_HEADER

MODES = ("ok", "401", "404", "422", "429", "500", "503", "slow", "cut", "wrong_json", "wrong_shape")

_JOURNAL_LENGTH = 200
_KEYS = {"access_token", "api_key", "apikey"}

Refusal = Callable[[int], dict[str, Any]]
"""The body that the source sends with a status."""


@dataclass
class _Orders:
    """How to answer, and how often yet; None: until told otherwise."""

    mode: str = "ok"
    times: int | None = None
    retry_after: int | None = None
    seconds: float = 30.0


@dataclass
class _Journal:
    asked: int = 0
    paths: dict[str, int] = field(default_factory=dict)
    last: list[dict[str, Any]] = field(default_factory=list)


class Controlled:
    """A stand-in that does as it is told.

    `PUT /_control {"mode", "times"?, "retry_after"?, "seconds"?}` makes the next `times` requests (or all) fail in
    a way of `MODES`; `slow` answers rightly after `seconds`. `GET /_journal` tells how often each path was asked and
    what with, without keys; `DELETE /_journal` forgets it, and ends failing.
    """

    def __init__(self, app: ASGIApp, refusal: Refusal) -> None:
        self._app = app
        self._refusal = refusal
        self._orders = _Orders()
        self._journal = _Journal()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        if scope["path"] in {"/_control", "/_journal"}:
            await (await self._operate(request))(scope, receive, send)
            return
        mode = self._next_mode()
        self._note(request, mode)
        await self._answer(mode, scope, receive, _marked(send))

    async def _operate(self, request: Request) -> Response:
        match request.method, request.url.path:
            case "PUT", "/_control":
                try:
                    orders = _Orders(**json.loads(await request.body()))
                except (TypeError, ValueError):
                    orders = _Orders(mode="unknown")
                if orders.mode not in MODES:
                    return JSONResponse({"modes": MODES}, 422)
                self._orders = orders
                return Response(status_code=204)
            case "GET", "/_journal":
                journal = self._journal
                return JSONResponse({"asked": journal.asked, "paths": journal.paths, "last": journal.last})
            case "DELETE", "/_journal":
                self._journal, self._orders = _Journal(), _Orders()
                return Response(status_code=204)
        return Response(status_code=405)

    def _next_mode(self) -> str:
        orders = self._orders
        if orders.times is not None:
            if orders.times <= 0:
                return "ok"
            orders.times -= 1
        return orders.mode

    def _note(self, request: Request, mode: str) -> None:
        journal, path = self._journal, request.url.path
        journal.asked += 1
        journal.paths[path] = journal.paths.get(path, 0) + 1
        query = [(name, value) for name, value in request.query_params.multi_items() if name not in _KEYS]
        journal.last = [*journal.last, {"path": path, "query": query, "mode": mode}][-_JOURNAL_LENGTH:]

    async def _answer(self, mode: str, scope: Scope, receive: Receive, send: Send) -> None:
        match mode:
            case "401" | "404" | "422" | "429" | "500" | "503":
                retry_after = self._orders.retry_after
                headers = {} if retry_after is None else {"retry-after": str(retry_after)}
                await JSONResponse(self._refusal(int(mode)), int(mode), headers)(scope, receive, send)
            case "wrong_json":
                await Response('{"type": "FeatureCollection", "features": [', media_type="application/json")(
                    scope, receive, send
                )
            case "wrong_shape":
                await JSONResponse({"type": "Surprise", "response": [], "hourly": 3})(scope, receive, send)
            case "cut":
                await self._app(scope, receive, _halved(send))
            case "slow":
                await asyncio.sleep(self._orders.seconds)
                await self._app(scope, receive, send)
            case _:
                await self._app(scope, receive, send)


def _marked(send: Send) -> Send:
    """Adds to each answer that it is simulated."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (SIMULATED_HEADER.encode(), b"true")]
        await send(message)

    return marked


def _halved(send: Send) -> Send:
    """Sends the first half of a body whose whole length was announced, and hangs up."""

    async def halved(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return halved
