import asyncio
import stat
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from local import demo
from local.gateway.jwt_authorizer import KEYS_TTL_S, AuthorizationError, TokenAuthorizer
from local.stack import LocalStack
from local.stand_ins.issuer import Issuer, load_key, new_key
from local.template import JwtAuthorizer


def refusal(http: httpx.Client, token: str, path: str = "/echo/static") -> str:
    """The `www-authenticate` header of the 401 that a token gets."""
    response = http.get(path, headers={"authorization": token} if token else {})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    challenge: str = response.headers["www-authenticate"]
    return challenge


def test_issued_token_is_verified_by_the_published_key(stack: LocalStack, http: httpx.Client) -> None:
    """The issuer returns a token of the demo traveller, which its published key verifies."""
    discovery = http.get("/local/issuer/.well-known/openid-configuration").json()
    assert discovery["issuer"] == f"{stack.url}/local/issuer" == http.get("/config.json").json()["issuer"]
    answer = http.post(discovery["token_endpoint"], data={"client_id": "pam-web"}).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    [key] = http.get(discovery["jwks_uri"]).json()["keys"]
    claims = jwt.decode(answer["access_token"], jwt.PyJWK(key), algorithms=["RS256"])
    assert claims["sub"] == str(demo.USER_ID)
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["client_id"], claims["token_use"]) == ("pam-web", "access")


def test_token_for_another_subject_is_issued(http: httpx.Client) -> None:
    """`sub` requests a token of another user."""
    subject = str(uuid.uuid4())
    answer = http.post("/local/issuer/token", data={"client_id": "pam-web", "sub": subject}).json()
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["sub"] == subject


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 401, "invalid_client"),
        ({"client_id": "a-user"}, 401, "invalid_client"),
        ({"client_id": "pam-web", "sub": "me"}, 400, "invalid_request"),
    ],
)
def test_invalid_token_request_is_rejected(http: httpx.Client, form: dict[str, str], status: int, error: str) -> None:
    """An unknown client, or a subject that isn't a UUID, gets no token."""
    response = http.post("/local/issuer/token", data=form)
    assert (response.status_code, response.json()["error"]) == (status, error)


def test_signing_key_is_kept_between_starts(tmp_path: Path) -> None:
    """The signing key is kept between starts, in a file that only its owner can read."""
    path = tmp_path / "key.pem"
    first = load_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path).private_numbers() == first.private_numbers()


def test_valid_token_is_accepted(http: httpx.Client, stack: LocalStack) -> None:
    """A token is accepted with or without `Bearer`, and with an audience in place of the client id."""
    for header in (
        f"Bearer {stack.token()}",
        f"bearer {stack.token()}",
        stack.token(),
        f"Bearer {stack.token(client_id=None, aud='pam-web')}",
        f"Bearer {stack.token(client_id=None, aud=['other', 'pam-web'])}",
    ):
        assert http.get("/echo/static", headers={"authorization": header}).status_code == 200


def test_missing_token_is_a_401(http: httpx.Client) -> None:
    """A request without a token is a 401 with a challenge."""
    assert refusal(http, "") == "Bearer"


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 10}, "the token has expired"),
        ({"exp": None}, ""),
        ({"nbf": NOW + 600}, ""),
        ({"iat": NOW + 600}, ""),
        ({"iss": "https://other.example"}, "invalid issuer"),
        ({"iss": None}, ""),
        ({"client_id": "other"}, "the token does not have a valid audience"),
        ({"client_id": None}, "the token does not have a valid audience"),
        ({"aud": "other"}, "the token does not have a valid audience"),  # `aud` wins over `client_id`
    ],
)
def test_token_with_invalid_claims_is_rejected(
    http: httpx.Client, stack: LocalStack, claims: dict[str, Any], reason: str
) -> None:
    """A token that is expired, not valid yet, or for another issuer or audience is rejected."""
    challenge = refusal(http, f"Bearer {stack.token(**claims)}")
    assert challenge.startswith('Bearer scope="" error="invalid_token" error_description="')
    assert reason in challenge


def test_forged_token_is_rejected(http: httpx.Client, stack: LocalStack) -> None:
    """A token that the issuer's key hasn't signed is rejected."""
    good = stack.token()
    claims = jwt.decode(good, options={"verify_signature": False})
    header = {"kid": stack.issuer.key_id}
    stranger = Issuer(stack.issuer.url, new_key(), demo.USER_ID)
    forged = [
        "nonsense",
        good[:-8] + "AAAAAAAA",
        good.rsplit(".", 1)[0] + ".",
        stranger.mint(),
        jwt.encode(claims, stranger.key, algorithm="RS256", headers=header),
        jwt.encode(claims, None, algorithm="none", headers=header),
        jwt.encode(claims, "a secret of at least thirty-two bytes", algorithm="HS256", headers=header),
    ]
    for token in forged:
        refusal(http, f"Bearer {token}")


def test_route_with_scopes_requires_one(http: httpx.Client, stack: LocalStack) -> None:
    """A route with scopes accepts a token with one of them, which the event contains."""

    def get(**claims: Any) -> httpx.Response:
        return http.get("/scoped", headers={"authorization": stack.token(**claims)})

    response = get(scope="openid read")
    assert response.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == ["read"]
    assert get(scope=None, scp="write").status_code == 200
    refused = get(scope="openid")
    assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]


def test_claims_of_other_types_are_formatted(http: httpx.Client, stack: LocalStack) -> None:
    """Claims that aren't strings are formatted as AWS does."""
    token = stack.token(groups=["a", "b"], admin=True, level=3)
    event = http.get("/echo/static", headers={"authorization": token}).json()
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["groups"], claims["admin"], claims["level"]) == ("[a b]", "true", "3")


def test_keys_of_the_issuer_are_kept_for_two_hours_at_most(stack: LocalStack) -> None:
    """A removed key is refused after that, also if no token of another one has come."""
    at = 1000.0
    old_key, old_token = stack.issuer.key, stack.token()

    async def authorize() -> list[bool]:
        nonlocal at
        authorizer = TokenAuthorizer(JwtAuthorizer(stack.issuer.url, ("pam-web",)), lambda: at)
        accepted = []
        for wait in (0.0, KEYS_TTL_S, 1.0):
            at += wait
            try:
                await authorizer.authorize(old_token, ())
                accepted.append(True)
            except AuthorizationError:
                accepted.append(False)
            stack.issuer.key = replaced
        await authorizer.stop()
        return accepted

    replaced = new_key()
    try:
        assert asyncio.run(authorize()) == [True, True, False]
    finally:
        stack.issuer.key = old_key


def test_repeated_authorization_header_is_no_token(http: httpx.Client, stack: LocalStack) -> None:
    """Repeated headers are joined by commas, here as in an event."""
    headers = [("authorization", f"Bearer {stack.token()}"), ("authorization", "Bearer other")]
    assert http.get("/echo/static", headers=headers).status_code == 401


def test_large_head_is_refused(http: httpx.Client, stack: LocalStack) -> None:
    """Request line and headers have 10,240 bytes at most."""
    headers = {"authorization": f"Bearer {stack.token()}", "x-large": "x" * 8_000}
    assert http.get("/echo/static", headers=headers).status_code == 200
    for options in ({"headers": headers | {"x-more": "x" * 2_000}}, {"headers": headers, "params": {"q": "x" * 2_000}}):
        response = http.get("/echo/static", **options)
        assert (response.status_code, response.json()) == (431, {"message": "Request Header Fields Too Large"})
