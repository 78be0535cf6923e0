"""Pages of other origins can't use the HTTP API from a browser; that of WebSockets is among the tickets' tests."""

import uuid

import httpx
import pytest

from local.stack import LocalStack
from tests.conftest import Traveller

OTHERS = ["https://pages.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", "*"]
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


def cors(response: httpx.Response) -> dict[str, str]:
    """Return the headers by which a browser decides."""
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("origin", OTHERS)
def test_other_origin_gets_no_permission(stack: LocalStack, traveller: Traveller, origin: str) -> None:
    """Neither before a request nor with its answer, on any route: the API has no CORS, as the page is at its origin."""
    for route in stack.template.routes:
        path = route.path.replace("{number}", "1").replace("{id}", str(uuid.uuid4()))
        preflight = traveller.http.options(path, headers={"origin": origin} | PREFLIGHT)
        assert (preflight.status_code, cors(preflight)) == (404, {}), path
        assert cors(traveller.http.request(route.method, path, headers={"origin": origin})) == {}, path
