"""Serves everything beside the API: the page, its settings, and the issuer."""

from collections.abc import Awaitable, Callable, Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
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
                Mount("/", _Page(directory=checkout / "web", html=True, check_dir=False)),
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
        return (self._checkout / "web" / path.lstrip("/")).is_file()

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
        file = self._checkout / (FILES | DASHBOARD_FILES)[request.url.path]
        if not file.is_file():
            raise HTTPException(404)
        media_type = guess_type(file)[0]
        return FileResponse(file, headers={"cache-control": "no-cache"}, media_type=media_type)


class _Page(StaticFiles):
    """Static files that a browser revalidates each time, so that an edit shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Not Found"}, status_code=404)
