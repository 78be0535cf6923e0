"""The sign-in of the issuer's stand-in: what a real issuer refuses, it refuses; its tokens are as Cognito's."""

import asyncio
import base64
import hashlib
import re
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from local.stand_ins.issuer import CLIENT_ID, Issuer, new_key
from local.stand_ins.sign_in import CODE_TTL_S, REQUEST_TTL_S, SignIn, TokenRequestError

ACCOUNT = uuid.uuid4()
ORIGIN = "http://page.example"
CALLBACK = f"{ORIGIN}/"
VERIFIER = secrets.token_urlsafe(32)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REQUEST = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def issuer() -> Issuer:
    accounts = {ACCOUNT: "Ann & Bo"}
    return Issuer("http://issuer.example", new_key(), ACCOUNT, redirect_uris=[CALLBACK], accounts=accounts)


class Browser:
    """A browser at the issuer, that follows no redirect."""

    def __init__(self, routes: list[Route]) -> None:
        self._transport = httpx.ASGITransport(app=Starlette(routes=[Mount("/", routes=routes)]))

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://issuer.example") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def authorize(self, **changes: str | None) -> httpx.Response:
        """Ask for a code; `changes` replace parameters, None removes one."""
        query = {name: value for name, value in (REQUEST | changes).items() if value is not None}
        return self.send("GET", "/authorize", params=query)

    def choose(self, page: httpx.Response, text: str) -> httpx.Response:
        """Follow a link of the issuer's page."""
        [href] = re.findall(rf'href="([^"]+)">{re.escape(text)}<', page.text)
        return self.send("GET", href.replace("&amp;", "&"))

    def code(self, **changes: str | None) -> str:
        return answer(self.choose(self.authorize(**changes), "Sign in as Ann &amp; Bo"))["code"]

    def token(self, **form: str) -> httpx.Response:
        return self.send("POST", "/token", data={"client_id": CLIENT_ID} | form)

    def redeem(self, code: str, /, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(**form | {"code": code} | changes)

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)


@pytest.fixture
def browser(issuer: Issuer) -> Browser:
    return Browser(issuer.routes())


def answer(response: httpx.Response) -> dict[str, str]:
    """Return the parameters with which the browser is sent back to the page."""
    assert response.status_code == 302
    url = urlsplit(response.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == CALLBACK
    return {name: value for name, [value] in parse_qs(url.query).items()}


def claims_of(issuer: Issuer, token: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, issuer.key.public_key(), ["RS256"], **options)
    return found


def refused(response: httpx.Response) -> str:
    assert response.status_code == 400
    return str(response.json()["error"])


def test_code_gives_tokens_of_the_account(browser: Browser, issuer: Issuer) -> None:
    """State and issuer come back with the code; the ID token has the nonce, and is for the client."""
    back = answer(browser.choose(browser.authorize(), "Sign in as Ann &amp; Bo"))
    assert (back["state"], back["iss"]) == ("a state", issuer.url)
    response = browser.redeem(back["code"])
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    access = claims_of(issuer, tokens["access_token"])
    assert (access["sub"], access["client_id"], access["token_use"]) == (str(ACCOUNT), CLIENT_ID, "access")
    identity = claims_of(issuer, tokens["id_token"], audience=CLIENT_ID)
    assert (identity["sub"], identity["nonce"], identity["token_use"]) == (str(ACCOUNT), "a nonce", "id")
    assert not {"client_id", "scope"} & identity.keys()


@pytest.mark.parametrize("changes", [{"client_id": "other"}, {"client_id": None}])
def test_unknown_client_is_not_redirected(browser: Browser, changes: dict[str, Any]) -> None:
    """An error of the client itself is shown by the issuer."""
    assert browser.authorize(**changes).status_code == 400


@pytest.mark.parametrize(
    "uri",
    [
        f"{ORIGIN}",
        f"{ORIGIN}/?a=b",
        f"{ORIGIN}/x",
        f"{ORIGIN}.evil/",
        "http://PAGE.example/",
        "https://page.example/",
        None,
    ],
)
def test_redirect_uri_must_be_the_registered_one(browser: Browser, uri: str | None) -> None:
    """It is compared as a string: a code is sent nowhere else."""
    response = browser.authorize(redirect_uri=uri)
    assert (response.status_code, "location" in response.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
    ],
)
def test_wrong_request_is_an_error_at_the_page(browser: Browser, changes: dict[str, Any], error: str) -> None:
    """With its state, and without a code."""
    back = answer(browser.authorize(**changes))
    assert (back["error"], back["state"]) == (error, "a state")
    assert "code" not in back


def test_cancelled_sign_in_is_denied(browser: Browser) -> None:
    """The page gets an error instead of a code."""
    back = answer(browser.choose(browser.authorize(), "Cancel"))
    assert (back["error"], back["state"]) == ("access_denied", "a state")


def test_decision_works_once_and_for_known_accounts(browser: Browser) -> None:
    """Going back in the browser and choosing again gives no second code."""
    page = browser.authorize()
    browser.choose(page, "Sign in as Ann &amp; Bo")
    assert browser.choose(page, "Sign in as Ann &amp; Bo").status_code == 400
    [handle] = re.findall(r"request=([\w-]+)\"", browser.authorize().text)
    for account in (str(uuid.uuid4()), "nobody"):
        query = {"request": handle, "account": account}
        assert browser.send("GET", "/authorize/decision", params=query).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "unknown"},
        {"code_verifier": secrets.token_urlsafe(32)},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": f"{CALLBACK}x"},
        {"redirect_uri": ""},
    ],
)
def test_code_without_its_proof_gives_nothing(browser: Browser, changes: dict[str, str]) -> None:
    """A code is of no use to who has not begun the sign-in, and is used up by the attempt."""
    code = browser.code()
    assert refused(browser.redeem(code, **changes)) == "invalid_grant"
    if changes != {"code": "unknown"}:
        assert refused(browser.redeem(code)) == "invalid_grant"


def test_second_use_of_a_code_revokes_what_came_of_it(browser: Browser) -> None:
    """One of the two has stolen the code."""
    code = browser.code()
    tokens = browser.redeem(code).json()
    assert refused(browser.redeem(code)) == "invalid_grant"
    assert refused(browser.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_refresh_token_is_replaced_at_each_use(browser: Browser, issuer: Issuer) -> None:
    """The second use of one revokes the newest, too."""
    first = browser.redeem(browser.code()).json()
    second = browser.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert claims_of(issuer, second["access_token"])["sub"] == str(ACCOUNT)
    assert "nonce" not in claims_of(issuer, second["id_token"], audience=CLIENT_ID)
    assert refused(browser.refresh(first["refresh_token"])) == "invalid_grant"
    assert refused(browser.refresh(second["refresh_token"])) == "invalid_grant"


def test_revoked_token_is_refused(browser: Browser) -> None:
    """Revocation is of the client's own tokens; an unknown one is no error."""
    token = browser.redeem(browser.code()).json()["refresh_token"]
    assert browser.send("POST", "/revoke", data={"client_id": "other", "token": token}).status_code == 401
    assert browser.send("POST", "/revoke", data={"client_id": CLIENT_ID, "token": "unknown"}).status_code == 200
    assert browser.send("POST", "/revoke", data={"client_id": CLIENT_ID, "token": token}).status_code == 200
    assert refused(browser.refresh(token)) == "invalid_grant"


def test_sign_out_returns_to_registered_addresses_only(browser: Browser) -> None:
    """With OpenID Connect's parameter, or Cognito's."""
    for name in ("post_logout_redirect_uri", "logout_uri"):
        good = browser.send("GET", "/logout", params={"client_id": CLIENT_ID, name: CALLBACK})
        assert (good.status_code, good.headers["location"]) == (302, CALLBACK)
        assert browser.send("GET", "/logout", params={"client_id": CLIENT_ID, name: f"{CALLBACK}x"}).status_code == 400
        assert browser.send("GET", "/logout", params={name: CALLBACK}).status_code == 400


def test_tokens_without_a_sign_in_are_refused_when_it_is_required(browser: Browser, issuer: Issuer) -> None:
    """The demo's grant is refused, and not named in the discovery document."""
    assert browser.token(grant_type="client_credentials").status_code == 200
    issuer.requires_sign_in = True
    assert refused(browser.token(grant_type="client_credentials")) == "unauthorized_client"
    assert refused(browser.token()) == "unauthorized_client"
    document = browser.send("GET", "/.well-known/openid-configuration").json()
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert document["code_challenge_methods_supported"] == ["S256"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_codes_and_requests_expire(issuer: Issuer) -> None:
    """A code works for a minute, and the issuer's page for ten."""
    clock = Clock()
    sign_in = SignIn(issuer, CLIENT_ID, [CALLBACK], {ACCOUNT: "Ann & Bo"}, clock)
    browser = Browser(sign_in.routes())
    page = browser.authorize()
    clock.now = REQUEST_TTL_S + 1
    assert browser.choose(page, "Sign in as Ann &amp; Bo").status_code == 400
    code = browser.code()
    clock.now += CODE_TTL_S + 1
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER, "code": code}
    with pytest.raises(TokenRequestError) as error:
        sign_in.exchange(form)
    assert error.value.code == "invalid_grant"


COGNITO_CLAIMS = {"sub", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time", "exp", "iat", "jti"}
COGNITO_CLAIMS |= {"iss", "username", "version"}


def test_access_token_is_one_of_cognito_s(browser: Browser, issuer: Issuer) -> None:
    """It has the claims of a user pool's token: the client id, no audience, and a UUID as its subject."""
    tokens = browser.redeem(browser.code()).json()
    claims = claims_of(issuer, tokens["access_token"])
    assert claims.keys() == COGNITO_CLAIMS
    assert str(uuid.UUID(claims["sub"])) == claims["sub"] == claims["username"]
