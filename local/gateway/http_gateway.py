"""An API Gateway HTTP API in front of local functions: route selection, authorization, invocation.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html; for behaviour that it
doesn't specify, `docs/local.md` names the source.
"""

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from local.gateway.cors import Cors
from local.gateway.jwt_authorizer import AuthorizationError, TokenAuthorizer
from local.gateway.payload import ProxyResponse, header, make_event, map_result
from local.lambda_runtime.function import Invocation, LambdaFunction, PayloadTooLargeError
from local.site import Site
from local.template import Route, Template

MAX_HEAD = 10_240
"""Maximum bytes of the request line and the headers together."""

MAX_BODY = 10 * 1024 * 1024
"""Maximum bytes of a request's body."""


@dataclass(frozen=True)
class AccessLogEntry:
    """One request, message or disconnect in the access log."""

    method: str
    path: str
    status: int
    milliseconds: float
    function: str | None


class Router:
    """Selects the route of a request: static before `{name}` before `{name+}` before `$default`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ranked = sorted(routes, key=lambda route: (_specificity(route.path), route.method == "ANY"))
        self._routes = [(route, _pattern(route.path)) for route in ranked]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route for a method and a percent-encoded path, with its decoded path parameters, or None."""
        for route, pattern in self._routes:
            if route.method in (method, "ANY") and (found := pattern.fullmatch(path)):
                names = re.findall(r"\{([^}+]+)\+?\}", route.path)
                return route, dict(zip(names, map(unquote, found.groups()), strict=True))
        return None


def _specificity(path: str) -> list[int]:
    if path == "$default":
        return [3]
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in path.split("/")[1:]]


def _pattern(path: str) -> re.Pattern[str]:
    if path == "$default":
        return re.compile(r".*", re.DOTALL)
    parts = re.split(r"(\{[^}]+\})", path)
    group = {True: "(.+)", False: "([^/]+)"}
    return re.compile("".join(group[p.endswith("+}")] if p.startswith("{") else re.escape(p) for p in parts))


class HttpGateway:
    """The ASGI application. The site handles requests that no route of the template matches.

    Until `open` is called, requests wait unless the site has their path.
    """

    def __init__(self, site: Site, on_request: Callable[[AccessLogEntry], None] = lambda _access: None) -> None:
        self._site = site
        self._on_request = on_request
        self._opened = asyncio.Event()
        self._router = Router(())
        self._functions: Mapping[str, LambdaFunction] = {}
        self._authorizers: dict[str, TokenAuthorizer] = {}
        self._cors: Cors | None = None
        self._running: set[asyncio.Task[Invocation]] = set()

    def open(self, template: Template, functions: Mapping[str, LambdaFunction]) -> None:
        """Serve the routes of the template. `functions` by logical id."""
        self._router = Router(template.routes)
        self._functions = functions
        self._authorizers = {name: TokenAuthorizer(spec) for name, spec in template.authorizers.items()}
        self._cors = Cors(template.cors) if template.cors else None
        self._opened.set()

    async def stop(self) -> None:
        """Cancel running invocations."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*(authorizer.stop() for authorizer in self._authorizers.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        if not self._opened.is_set() and not self._site.has(scope["path"]):
            await self._opened.wait()
        matched = self._router.match(scope["method"], scope["raw_path"].decode("latin-1"))
        function: str | None = None
        if matched is None and (self._cors is None or not self._cors.is_preflight(scope)):
            status = await _relay(self._site, scope, receive, send)
        else:
            # Read even if it isn't used: a client that is still sending may not see an early response.
            body = await _body(receive)
            response = await self._respond(scope, matched, body)
            status = response.status
            await _send(response, send)
            function = self._functions[matched[0].function].function.code.name if matched else None
        milliseconds = (time.perf_counter() - began) * 1000
        self._on_request(AccessLogEntry(scope["method"], scope["path"], status, milliseconds, function))

    async def _respond(
        self, scope: Scope, matched: tuple[Route, dict[str, str]] | None, body: bytes | None
    ) -> ProxyResponse:
        request_id = base64.b64encode(secrets.token_bytes(11)).decode()
        if self._cors and self._cors.is_preflight(scope):
            response = self._cors.preflight(scope)
        elif _head_size(scope) > MAX_HEAD:
            response = ProxyResponse.message(431, "Request Header Fields Too Large")
        elif body is None:
            response = ProxyResponse.message(413, "Request Entity Too Large")
        else:
            assert matched is not None
            response = await self._integrate(scope, *matched, body, request_id)
            if self._cors:
                response = self._cors.apply(scope, response)
        return ProxyResponse(response.status, [*response.headers, ("apigw-requestid", request_id)], response.body)

    async def _integrate(
        self, scope: Scope, route: Route, parameters: dict[str, str], body: bytes, request_id: str
    ) -> ProxyResponse:
        claims: dict[str, Any] | None = None
        if route.authorizer is not None:
            try:
                claims = await self._authorizers[route.authorizer].authorize(
                    header(scope, b"authorization"), route.scopes
                )
            except AuthorizationError as error:
                challenge = [("www-authenticate", error.challenge)]
                return ProxyResponse.message(error.status, error.message, challenge)
        payload = json.dumps(make_event(route, scope, parameters, body, claims, request_id)).encode()
        invocation = asyncio.create_task(self._functions[route.function].invoke(payload))
        self._running.add(invocation)
        invocation.add_done_callback(self._running.discard)
        # The function runs on when the gateway stops waiting, as on AWS.
        await asyncio.wait({invocation}, timeout=route.timeout)
        if not invocation.done():
            return ProxyResponse.message(503, "Service Unavailable")
        try:
            return map_result(invocation.result())
        except PayloadTooLargeError:
            return ProxyResponse.message(413, "Request Entity Too Large")


def _head_size(scope: Scope) -> int:
    """Return the bytes of the request line and of the headers' names and values."""
    target = len(scope["raw_path"]) + len(scope["query_string"])
    return len(scope["method"]) + target + sum(len(name) + len(value) for name, value in scope["headers"])


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body. Returns None if it is larger than MAX_BODY."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if size <= MAX_BODY else None


async def _send(response: ProxyResponse, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in response.headers
        if name not in ("connection", "content-length", "transfer-encoding")  # a function can't set these
    ]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _relay(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> int:
    """Run another ASGI application. Returns the status of its response."""
    status = 500

    async def watch(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    await app(scope, receive, watch)
    return status
