"""The sign-in of a stage: an authorization code with PKCE, renewal by refresh tokens, sign-out at the issuer."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import pytest
from playwright.sync_api import Request, expect

from local import demo
from local.stack import LocalStack
from tests.web.app_page import CLAUDE_TIMEOUT_MS, GAS_QUESTION, AppPage
from tests.web.conftest import TOKEN_TTL_S
from tests.web.test_offline import go_offline
from tests.web.websocket_proxy import block_tickets, unblock_tickets

EXPIRE = """() => {
    const credentials = JSON.parse(sessionStorage.getItem("pam.session"));
    sessionStorage.setItem("pam.session", JSON.stringify({ ...credentials, expires: 0 }));
}"""
REFRESH_TOKEN = "JSON.parse(sessionStorage.getItem('pam.session')).refreshToken"


@pytest.fixture(autouse=True)
def sign_in_required(stack: LocalStack) -> Iterator[None]:
    """The issuer gives no token without a sign-in, and the page's settings say so."""
    stack.issuer.requires_sign_in = True
    yield
    stack.issuer.requires_sign_in = False


def choose(app: AppPage, choice: str) -> None:
    """Open the issuer's page and choose there."""
    app.page.get_by_role("button", name="Sign in").first.click()
    # By keyboard: the place of a link changes while the page is laid out.
    app.page.get_by_role("link", name=choice).press("Enter")


def sign_in(app: AppPage, name: str = "Demo traveller") -> AppPage:
    app.open()
    choose(app, f"Sign in as {name}")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    return app


def token_requests(app: AppPage) -> list[dict[str, str]]:
    """Return the forms that the page sent to the token endpoint."""
    return [dict(parse_qsl(each.post_data or "")) for each in app.sent_requests("POST", "/local/issuer/token")]


def visits(app: AppPage, path: str) -> list[dict[str, list[str]]]:
    """Return the queries with which the browser went to a page of the issuer."""
    return [parse_qs(urlsplit(each.url).query) for each in app.sent_requests("GET", f"/local/issuer/{path}")]


def test_user_signs_in_on_the_issuer_s_page(app: AppPage) -> None:
    """The browser comes back with a code, which is exchanged with PKCE and is in no address afterwards."""
    sign_in(app)
    [asked] = visits(app, "authorize")
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{app.base_url}/"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    [exchanged] = token_requests(app)
    assert exchanged["grant_type"] == "authorization_code"
    assert "client_secret" not in exchanged
    assert app.page.url == f"{app.base_url}/"
    assert app.page.evaluate("sessionStorage.getItem('pam.sign_in')") is None
    app.wait_until_connected()
    expect(app.ask(GAS_QUESTION)).to_contain_text("$")
    expect(app.page.locator("#account-name")).to_have_text("Signed in")


def test_user_is_the_one_who_was_chosen(app: AppPage, stack: LocalStack) -> None:
    """Requests are of the account that was chosen on the issuer's page."""
    nora = demo.OTHERS[1]
    sign_in(app, nora.name)
    token = app.page.evaluate("JSON.parse(sessionStorage.getItem('pam.session')).token")
    headers = {"authorization": f"Bearer {token}"}
    profile = httpx.get(f"{stack.url}/v1/profile", headers=headers, trust_env=False).json()
    assert profile["name"] == nora.name
    assert jwt.decode(token, options={"verify_signature": False})["sub"] == str(nora.id)


def test_refused_sign_in_is_shown(app: AppPage) -> None:
    """Who cancels on the issuer's page is told so, and can try again."""
    app.open()
    choose(app, "Cancel")
    expect(app.page.get_by_role("alert")).to_have_text("You weren't signed in. Please try again.")
    assert app.page.url == f"{app.base_url}/"
    choose(app, "Sign in as Demo traveller")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()


def test_code_that_was_not_asked_for_is_ignored(app: AppPage) -> None:
    """A link with somebody else's code signs nobody in: no sign-in is in progress."""
    app.page.goto(f"{app.base_url}/?code=stolen&state=made-up")
    expect(app.page.get_by_role("alert")).to_have_text("The sign-in didn't work. Please try again.")
    assert token_requests(app) == []
    assert app.page.url == f"{app.base_url}/"


def test_code_with_another_state_is_ignored(app: AppPage) -> None:
    """While a sign-in is in progress, a code with another state isn't exchanged."""
    app.open()
    app.page.get_by_role("button", name="Sign in").click()
    expect(app.page.get_by_role("link", name="Cancel")).to_be_visible()
    app.page.goto(f"{app.base_url}/?code=stolen&state=made-up&iss={app.base_url}/local/issuer")
    expect(app.page.get_by_role("alert")).to_have_text("The sign-in didn't work. Please try again.")
    assert token_requests(app) == []


def test_id_token_of_another_sign_in_is_refused(app: AppPage) -> None:
    """The nonce ties the ID token to the request: tokens of another one sign nobody in."""
    app.open()
    app.page.get_by_role("button", name="Sign in").click()
    expect(app.page.get_by_role("link", name="Cancel")).to_be_visible()
    app.page.evaluate(
        """() => {
            const request = JSON.parse(sessionStorage.getItem("pam.sign_in"));
            sessionStorage.setItem("pam.sign_in", JSON.stringify({ ...request, nonce: "another" }));
        }"""
    )
    app.page.get_by_role("link", name="Sign in as Demo traveller").click()
    expect(app.page.get_by_role("alert")).to_have_text("The sign-in didn't work. Please try again.")
    assert app.page.evaluate("sessionStorage.getItem('pam.session')") is None


def test_text_before_the_sign_in_is_kept(app: AppPage) -> None:
    """The browser leaves the page and comes back: what was typed is still there."""
    app.open()
    app.ask(GAS_QUESTION)
    choose(app, "Sign in as Demo traveller")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    expect(app.question).to_have_value(GAS_QUESTION)


def test_reload_keeps_the_session(app: AppPage) -> None:
    """A reload needs no token and no visit to the issuer."""
    sign_in(app)
    app.page.reload()
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    app.wait_until_connected()
    assert len(token_requests(app)) == len(visits(app, "authorize")) == 1


@pytest.mark.usefixtures("short_tokens")
def test_renewal_during_a_session_loses_no_message(app: AppPage, proxy, claude) -> None:
    """A message that waits until the token has expired is sent once and answered; each refresh token is used once."""
    claude.script("patient words", "Patience pays.")
    sign_in(app).wait_until_connected()
    app.allow_request_errors()
    block_tickets(app)
    proxy.disconnect()
    card = app.ask("some patient words")
    app.page.wait_for_timeout(1000 * TOKEN_TTL_S + 100)
    unblock_tickets(app)
    expect(card.locator(".prose")).to_have_text("Patience pays.")
    assert len(proxy.sent_frames("chat")) == 1
    assert claude.count_requests("some patient words") == 1
    app.page.wait_for_timeout(1000 * TOKEN_TTL_S)
    expect(app.ask(GAS_QUESTION)).to_contain_text("$")
    refreshed = [each["refresh_token"] for each in token_requests(app) if each["grant_type"] == "refresh_token"]
    assert len(refreshed) == len(set(refreshed)) >= 2


@pytest.mark.usefixtures("short_tokens")
def test_requests_of_a_long_session_are_never_refused(app: AppPage) -> None:
    """Over four lifetimes of a token no request gets a 401, and the browser doesn't leave the page."""
    sign_in(app).wait_until_connected()
    refused: list[str] = []
    app.page.on("response", lambda response: refused.append(response.url) if response.status == 401 else None)
    for _ in range(4):
        expect(app.ask(GAS_QUESTION)).to_contain_text("$")
        app.page.wait_for_timeout(1000 * TOKEN_TTL_S)
    assert refused == []
    assert len(visits(app, "authorize")) == 1


def test_sign_out_ends_the_session_everywhere(app: AppPage, stack: LocalStack) -> None:
    """Tokens are gone and the refresh token is revoked; the browser returns from the issuer's sign-out."""
    sign_in(app)
    refresh_token = app.page.evaluate(REFRESH_TOKEN)
    app.page.get_by_role("button", name="Sign out").click()
    app.wait_until(lambda: visits(app, "logout"))
    expect(app.page.get_by_role("button", name="Sign in")).to_be_visible()
    [ended] = visits(app, "logout")
    assert ended["post_logout_redirect_uri"] == [f"{app.base_url}/"]
    assert "id_token_hint" in ended
    app.wait_until(lambda: app.page.url == f"{app.base_url}/")
    assert app.page.evaluate("sessionStorage.getItem('pam.session')") is None
    assert app.page.evaluate("localStorage.getItem('pam.user')") is None
    form = {"client_id": "pam-web", "grant_type": "refresh_token", "refresh_token": refresh_token}
    response = httpx.post(f"{stack.url}/local/issuer/token", data=form, trust_env=False)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


def test_sign_out_of_cognito_is_at_its_own_address(app: AppPage, stack: LocalStack) -> None:
    """Cognito has parameters of its own: `logout_uri`, and no hint."""
    config = httpx.get(f"{stack.url}/config.json", trust_env=False).json()
    config["cognito_logout"] = f"{stack.url}/local/issuer/logout"
    app.route("**/config.json", lambda route: route.fulfill(json=config))
    sign_in(app)
    app.page.get_by_role("button", name="Sign out").click()
    app.wait_until(lambda: visits(app, "logout"))
    assert visits(app, "logout") == [{"client_id": ["pam-web"], "logout_uri": [f"{app.base_url}/"]}]
    expect(app.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_ended_session_asks_for_a_sign_in_and_keeps_the_text(app: AppPage, stack: LocalStack) -> None:
    """When the issuer refuses the refresh token, the page says so; after the sign-in the question can be sent."""
    sign_in(app).wait_until_connected()
    form = {"client_id": "pam-web", "token": app.page.evaluate(REFRESH_TOKEN)}
    httpx.post(f"{stack.url}/local/issuer/revoke", data=form, trust_env=False).raise_for_status()
    app.allow_request_errors()
    app.page.evaluate(EXPIRE)
    app.page.reload()
    expect(app.page.get_by_role("button", name="Sign in")).to_be_visible()
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text("Please sign in")
    card.get_by_role("button", name="Sign in").click()
    app.page.get_by_role("link", name="Sign in as Demo traveller").click()
    expect(app.question).to_have_value(GAS_QUESTION)
    app.question.press("Enter")
    expect(app.cards.last).to_contain_text("$")


def test_unreachable_issuer_doesn_t_sign_out(app: AppPage) -> None:
    """While the issuer fails, the user stays signed in, and what is asked is answered when it is back."""
    sign_in(app)
    app.page.evaluate(EXPIRE)
    app.allow_request_errors()
    app.route("**/local/issuer/**", lambda route: route.abort())
    app.page.reload()
    expect(app.page.get_by_role("button", name="Sign out")).to_be_visible()
    card = app.ask(GAS_QUESTION)
    app.page.wait_for_timeout(500)
    expect(app.page.get_by_role("button", name="Sign out")).to_be_visible()
    app.unroute("**/local/issuer/**")
    app.page.reload()
    app.wait_until_connected()
    expect(app.page.get_by_role("button", name="Sign out")).to_be_visible()
    assert card is not None


def test_page_opens_offline_with_an_expired_token(new_app: Callable[..., AppPage]) -> None:
    """It shows who signed in and what was said; a question waits, and is sent once when there is a connection."""
    app = new_app(service_workers="allow")
    app.open()
    app.wait_until(
        lambda: app.page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)") == "activated"
    )
    choose(app, "Sign in as Demo traveller")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    app.wait_until_connected()
    app.page.evaluate(EXPIRE)
    go_offline(app)
    app.page.reload()
    expect(app.page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text("Waiting")
    app.page.context.set_offline(False)
    expect(card).to_contain_text("$", timeout=CLAUDE_TIMEOUT_MS)
    assert len(app.sent_frames("chat")) == 1


def test_new_tab_asks_for_a_sign_in_of_its_own(app: AppPage) -> None:
    """Tokens are in the tab. Another one knows who signed in, and asks for a sign-in at the first request."""
    sign_in(app)
    tab = AppPage(app.page.context.new_page(), app.base_url)
    tab.open()
    expect(tab.page.get_by_role("button", name="Sign in")).to_be_visible()
    choose(tab, "Sign in as Demo traveller")
    expect(tab.panel.locator("#panel-total")).not_to_be_empty()
    assert tab.errors == []


def test_no_secret_is_in_a_request_to_the_api(app: AppPage) -> None:
    """The API gets the access token; the refresh token and the ID token go to the issuer alone."""
    sign_in(app).wait_until_connected()
    app.ask(GAS_QUESTION)
    stored = json.loads(app.page.evaluate("sessionStorage.getItem('pam.session')"))

    def text(request: Request) -> str:
        return " ".join([request.url, request.post_data or "", *request.headers.values()])

    api = [text(each) for each in app.requests if re.search(r"/v1/", each.url)]
    assert api
    assert not any(stored[name] in each for each in api for name in ("refreshToken", "idToken"))
