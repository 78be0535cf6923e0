"""What is served beside the API: the page, its settings, and the issuer."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from local.stand_ins import issuer
from local.stand_ins.issuer import Issuer

FILES = {
    "/router.json": Path("layers/pam/pam/routing/automaton.json"),  # the compiled router: the page runs it too
    "/openapi.json": Path("docs/openapi.json"),
}
"""What is served from elsewhere in the checkout."""


def make_site(checkout: Path, identity: Issuer) -> Starlette:
    """The page from `web/`, `/config.json`, `FILES` and the issuer; for the rest the API's own 404."""

    async def config(_request: Request) -> JSONResponse:
        settings = {"stage": "local", "issuer": identity.url, "client_id": issuer.CLIENT_ID, "demo": True}
        return JSONResponse(settings, headers={"cache-control": "no-cache"})

    async def from_checkout(request: Request) -> Response:
        file = checkout / FILES[request.url.path]
        if not file.is_file():
            raise HTTPException(404)
        return FileResponse(file, headers={"cache-control": "no-cache"})

    return Starlette(
        routes=[
            Route("/config.json", config),
            *(Route(path, from_checkout) for path in FILES),
            Mount(issuer.PATH, routes=identity.routes()),
            Mount("/", _Page(directory=checkout / "web", html=True, check_dir=False)),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
    )


class _Page(StaticFiles):
    """Files that a browser asks for again each time, so that an edit shows at once; ETags keep that cheap."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Not Found"}, status_code=404)
