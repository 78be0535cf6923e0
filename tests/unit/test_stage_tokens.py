"""Access tokens of a stage's test users, by the refresh grant."""

from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from local.stage_tokens import TokenError, access_tokens


async def _discovery(request: Request) -> JSONResponse:
    return JSONResponse({"token_endpoint": str(request.url_for("token"))})


async def _token(request: Request) -> JSONResponse:
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    if form["grant_type"] != "refresh_token" or form["client_id"] != "pam-web":
        return JSONResponse({"error": "invalid_client"}, status_code=401)
    if not form["refresh_token"].startswith("valid"):
        return JSONResponse({"error": "invalid_grant"}, status_code=400)
    return JSONResponse({"access_token": f"access of {form['refresh_token']}"})


@pytest.fixture
def issuer() -> TestClient:
    """An issuer, as a client of its application."""
    routes = [
        Route("/.well-known/openid-configuration", _discovery),
        Route("/token", _token, methods=["POST"], name="token"),
    ]
    return TestClient(Starlette(routes=routes), base_url="https://issuer.example")


def test_each_refresh_token_gets_an_access_token(issuer: TestClient) -> None:
    """In their order, from the endpoint that the issuer names."""
    found = list(access_tokens(issuer, "https://issuer.example/", "pam-web", ["valid 1", "valid 2"]))
    assert found == ["access of valid 1", "access of valid 2"]


@pytest.mark.parametrize(
    ("client_id", "token", "code"),
    [("pam-web", "expired-7f3a", "invalid_grant"), ("other", "valid-7f3a", "invalid_client")],
)
def test_refusal_names_its_code_and_no_token(issuer: TestClient, client_id: str, token: str, code: str) -> None:
    """A pipeline's log is read by more people than its secrets."""
    with pytest.raises(TokenError, match=f"refresh token 1: {code}$") as raised:
        list(access_tokens(issuer, "https://issuer.example", client_id, [token]))
    assert token not in str(raised.value)
