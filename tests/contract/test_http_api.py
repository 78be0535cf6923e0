"""What a client may rely on of the API's front, whatever is behind it: statuses, bodies, headers and limits.

Routes are those of template.yaml; the bodies are API Gateway's own, not PAM's.
"""

import base64
import json

import httpx
import pytest

from local.gateway.http_gateway import Router
from local.stack import LocalStack

ROUTES = [
    ("GET", "/v1/spend-summary"),
    ("POST", "/v1/expenses"),
    ("POST", "/v1/ask"),
    ("GET", "/v1/budget-status"),
    ("GET", "/v1/savings"),
    ("GET", "/v1/expenses"),
    ("GET", "/v1/weather"),
    ("GET", "/v1/distance"),
    ("GET", "/v1/fuel-estimate"),
    ("GET", "/v1/parks"),
    ("GET", "/v1/gas-prices"),
    ("GET", "/v1/memories"),
    ("PATCH", "/v1/memories/facts/1"),
    ("DELETE", "/v1/memories/facts/1"),
    ("DELETE", "/v1/memories/episodes/1"),
    ("DELETE", "/v1/memories/messages/00000000-0000-4000-8000-000000000000"),
    ("POST", "/v1/memories/selections"),
    ("DELETE", "/v1/memories/selections/00000000-0000-4000-8000-000000000000"),
    ("GET", "/v1/profile"),
    ("PATCH", "/v1/profile"),
    ("GET", "/v1/friends"),
    ("POST", "/v1/friends"),
    ("PATCH", "/v1/friends/00000000-0000-4000-8000-000000000000"),
    ("DELETE", "/v1/friends/00000000-0000-4000-8000-000000000000"),
    ("POST", "/v1/feedback"),
    ("DELETE", "/v1/account"),
    ("POST", "/v1/ws-ticket"),
    ("DELETE", "/v1/effects/00000000-0000-4000-8000-000000000000"),
    ("PATCH", "/v1/expenses/00000000-0000-4000-8000-000000000000"),
    ("DELETE", "/v1/expenses/00000000-0000-4000-8000-000000000000"),
]


def unsigned(claims: dict[str, object], algorithm: str = "none") -> str:
    """A token with a header and claims, and nothing that proves them."""
    parts = [{"alg": algorithm, "typ": "JWT", "kid": "x"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*texts, ""])


def test_every_route(local_stack: LocalStack | None) -> None:
    """These tests know every route of the template."""
    if local_stack is None:
        pytest.skip("reads the template that the local stack serves")
    router = Router(local_stack.template.routes)
    known = {found[0] for route in ROUTES if (found := router.match(*route))}
    assert known == set(local_stack.template.routes)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_token(api: httpx.Client, method: str, path: str) -> None:
    """Every route refuses a request without a token."""
    response = api.request(method, path)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer nonsense",
        "Basic dXNlcjpwYXNz",
        f"Bearer {unsigned({'sub': 'somebody'})}",
        f"Bearer {unsigned({'sub': 'somebody', 'iss': 'https://other.example', 'aud': 'pam-web'}, 'RS256')}",
        f"Bearer {unsigned({'sub': 'somebody'}, 'HS256')}",
    ],
)
def test_bad_token(api: httpx.Client, header: str) -> None:
    """A token that nothing proves is refused like none, and the answer says no more than that."""
    response = api.get("/v1/spend-summary", headers={"authorization": header})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert "www-authenticate" in response.headers


def test_tampered_token(api: httpx.Client, token: str) -> None:
    """A good token with other claims in it is refused."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = unsigned(claims | {"sub": "00000000-0000-4000-8000-000000000000"}).split(".")[1]
    response = api.get("/v1/spend-summary", headers={"authorization": f"Bearer {head}.{other}.{signature}"})
    assert response.status_code == 401


def test_token_with_and_without_scheme(api: httpx.Client, token: str) -> None:
    """The token passes the authorizer with `Bearer` before it, in any case of letters, or bare."""
    for header in (f"Bearer {token}", f"bearer {token}", token):
        assert api.get("/v1/spend-summary", headers={"AUTHORIZATION": header}).status_code != 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/no-such-thing"),
        ("PUT", "/v1/spend-summary"),
        ("HEAD", "/v1/spend-summary"),
        ("OPTIONS", "/v1/ask"),
        ("GET", "/v1/ask/more"),
        ("DELETE", "/v1/effects/a/b"),
    ],
)
def test_no_such_route(api: httpx.Client, method: str, path: str) -> None:
    """What no route covers, also another method of a known path, is 404 before anybody asks for a token."""
    response = api.request(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    if method != "HEAD":
        assert response.json() == {"message": "Not Found"}


def test_too_large(api: httpx.Client, token: str) -> None:
    """A body of more than 10 MB never reaches a function."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    response = api.post("/v1/ask", content=b" " * (10 * 1024 * 1024 + 1), headers=headers)
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_errors_of_the_functions(api: httpx.Client, token: str) -> None:
    """An error of PAM's own has a stable code and a sentence, as JSON, beside the gateway's request id."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    response = api.post("/v1/ask", content=b"{", headers=headers)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["apigw-requestid"]
    assert {"code", "message"} <= response.json().keys()


def test_body_encoding_does_not_matter(api: httpx.Client, token: str) -> None:
    """A JSON body is understood also without its content type, when the gateway hands it on as base64."""
    headers = {"authorization": f"Bearer {token}"}
    statuses = {
        api.post("/v1/ask", content=b'{"text": "hello"}', headers=headers | extra).status_code
        for extra in ({}, {"content-type": "application/json"}, {"content-type": "text/plain"})
    }
    assert len(statuses) == 1
    assert 500 not in statuses
