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
    """Neither before a request nor with its answer, on any route."""
    for route in stack.template.routes:
        path = route.path.replace("{number}", "1").replace("{id}", str(uuid.uuid4()))
        preflight = traveller.http.options(path, headers={"origin": origin} | PREFLIGHT)
        assert (preflight.status_code, cors(preflight)) == (204, {}), path
        assert cors(traveller.http.request(route.method, path, headers={"origin": origin})) == {}, path


def test_page_s_own_origin_gets_what_it_uses(stack: LocalStack, traveller: Traveller) -> None:
    """Exactly its origin is named, no credentials, and the headers that it sends and reads."""
    preflight = cors(traveller.http.options("/v1/expenses", headers={"origin": stack.url} | PREFLIGHT))
    assert preflight["access-control-allow-origin"] == stack.url
    assert "access-control-allow-credentials" not in preflight
    assert {"authorization", "idempotency-key"} <= set(preflight["access-control-allow-headers"].split(","))
    answer = cors(traveller.http.get("/v1/savings", headers={"origin": stack.url}))
    assert answer["access-control-allow-origin"] == stack.url
    assert "etag" in answer["access-control-expose-headers"]
