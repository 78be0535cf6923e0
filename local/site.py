"""Serves everything beside the API: the page, its settings, and the issuer."""

import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from local import dashboard, demo
from local.page_files import FILES, MANIFEST_PATH, render_manifest
from local.security_headers import security_headers
from local.stand_ins import issuer
from local.stand_ins.issuer import Issuer
from local.stand_ins.sign_in import PageCors
from monitoring.operator import DatabaseDownError, ReportError

DASHBOARD_FILES = {
    "/dashboard": dashboard.PAGE / "dashboard.html",
    "/dashboard/dashboard.css": dashboard.PAGE / "dashboard.css",
    "/dashboard/dashboard.js": dashboard.PAGE / "dashboard.js",
    "/dashboard/operations.md": Path("docs/operations.md"),  # what alarms mean, and what to do
    "/dashboard/uplot.css": Path("node_modules/uplot/dist/uPlot.min.css"),
    "/dashboard/uplot.js": Path("node_modules/uplot/dist/uPlot.esm.js"),
}
"""Files of the local dashboard: a deployed page has CloudWatch's."""

Reports = Mapping[str, Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]]]
"""Functions of the query string's parameters, which may raise ReportError."""


# The WebSocket API is on another port of this machine.
_SECURITY_HEADERS = security_headers(["ws://127.0.0.1:*"])


class Site:
    """The ASGI application for `web/`, `/config.json`, `FILES`, the dashboard and the issuer.

    For other paths it has the API's own 404.
    """

    def __init__(self, checkout: Path, identity: Issuer, reports: Reports) -> None:
        """`reports` return the values of the dashboard as JSON, by their paths."""
        self._checkout = checkout
        self._reports = reports
        self._identity = identity
        self._app = Starlette(
            routes=[
                Route("/config.json", self._config),
                Route(MANIFEST_PATH, self._manifest),
                *(Route(path, self._values) for path in reports),
                *(Route(path, self._file) for path in FILES | DASHBOARD_FILES),
                Mount(
                    issuer.PATH,
                    routes=identity.routes(),
                    middleware=[Middleware(PageCors, redirect_uris=identity.redirect_uris)],
                ),
                Route("/{path:path}", self._page),
            ],
            exception_handlers={404: _not_found, 405: _not_found},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def has(self, path: str) -> bool:
        """Return whether the site serves this path itself."""
        if path in ("/", "/config.json", MANIFEST_PATH, *self._reports, *FILES, *DASHBOARD_FILES) or path.startswith(
            f"{issuer.PATH}/"
        ):
            return True
        # Path.is_file raises an error for a name that is too long.
        return os.path.isfile(self._checkout / "web" / path.lstrip("/"))  # noqa: PTH113

    async def _config(self, _request: Request) -> JSONResponse:
        settings: dict[str, Any] = {"stage": "local", "issuer": self._identity.url, "client_id": issuer.CLIENT_ID}
        if self._identity.requires_sign_in:
            settings |= {"scope": "openid", "demo": False}
        else:
            # Beside the demo traveller, for whom a token is issued without a `sub`.
            others = [{"id": str(each.id), "name": each.name} for each in demo.OTHERS]
            settings |= {"demo": True, "demo_travellers": others}
        return JSONResponse(settings, headers={"cache-control": "no-cache"})

    def _manifest(self, _request: Request) -> Response:
        manifest = render_manifest(self._checkout, _SECURITY_HEADERS)
        return Response(manifest, headers={"cache-control": "no-store"}, media_type="application/json")

    async def _values(self, request: Request) -> JSONResponse:
        status, body = 200, dict[str, Any]()
        try:
            body = dict(await self._reports[request.url.path](request.query_params))
        except ReportError as error:
            status, body = (503 if isinstance(error, DatabaseDownError) else 400), {"message": str(error)}
        return JSONResponse(body, status, headers={"cache-control": "no-store"})

    async def _file(self, request: Request) -> Response:
        return _read(self._checkout / (FILES | DASHBOARD_FILES)[request.url.path], request)

    async def _page(self, request: Request) -> Response:
        folder = (self._checkout / "web").resolve()
        try:
            file = (folder / (request.path_params["path"] or "index.html")).resolve()
        except (OSError, ValueError):  # a name that no file can have
            raise HTTPException(404) from None
        if not file.is_relative_to(folder):
            raise HTTPException(404)
        return _read(file, request)


def _read(file: Path, request: Request) -> Response:
    """Return a file that a browser revalidates each time, so that an edit shows at once.

    It is read here: Starlette hands each step of each file to a thread, and the page has a hundred small files.
    """
    try:
        content = file.read_bytes()
    except OSError:
        raise HTTPException(404) from None
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"cache-control": "no-cache", "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=guess_type(file)[0])


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Not Found"}, status_code=404)
