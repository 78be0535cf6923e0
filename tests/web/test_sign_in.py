"""Sign-in, token renewal and sign-out."""

from urllib.parse import urlsplit

from playwright.sync_api import Request, Route, expect

from tests.web.app_page import GAS_QUESTION, AppPage

UNAUTHORIZED = {"status": 401, "json": {"message": "Unauthorized"}}


def token_requests(app: AppPage) -> list[Request]:
    """Return the page's requests for a token."""
    issuer = app.page.evaluate("fetch('/config.json').then((response) => response.json())")["issuer"]
    return app.sent_requests("POST", urlsplit(issuer).path.rstrip("/") + "/token")


def test_refused_token_is_renewed_once(app, api):
    """After a 401 the token is renewed and the request repeated with the same idempotency key."""
    app.sign_in()
    before = api.count_this_month("tolls")
    tokens = len(token_requests(app))

    def refuse_first(route: Route) -> None:
        # Not a route with times=1: removing it could abort the repeated request.
        if len(app.sent_requests("POST", "/v1/ask")) == 1:
            route.fulfill(**UNAUTHORIZED)
        else:
            route.continue_()

    app.route("**/v1/ask", refuse_first)
    card = app.ask("add $5 for tolls")
    expect(card).to_contain_text("10 min left")
    sent = app.sent_requests("POST", "/v1/ask")
    assert len(sent) == 2
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    assert len({request.headers["authorization"] for request in sent}) == 2
    assert len(token_requests(app)) == tokens + 1
    assert api.count_this_month("tolls") == before + 1
    app.undo(card)
    app.allow_request_errors()


def test_expiring_token_is_renewed_before_the_request(app):
    """A token that is about to expire is renewed before a request is sent."""
    app.sign_in()
    app.page.evaluate(
        """() => {
            const credentials = JSON.parse(sessionStorage.getItem("pam.session"));
            sessionStorage.setItem("pam.session", JSON.stringify({ ...credentials, expires: Date.now() + 5000 }));
        }"""
    )
    tokens = len(token_requests(app))
    app.page.reload()
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    app.ask(GAS_QUESTION)
    assert len(token_requests(app)) == tokens + 1
    assert app.errors == []


def test_refused_renewal_signs_out_and_keeps_the_text(app):
    """If the renewed token is refused too, the page asks for a sign-in and keeps the text."""
    app.sign_in()
    app.route("**/v1/ask", lambda route: route.fulfill(**UNAUTHORIZED))
    card = app.ask("add $5 for tolls")
    expect(card).to_contain_text("sign in again")
    expect(app.question).to_have_value("add $5 for tolls")
    app.unroute("**/v1/ask")
    card.get_by_role("button", name="Sign in as the demo traveller").click()
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    app.question.press("Enter")
    expect(app.cards.last).to_contain_text("10 min left")
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_question_before_sign_in_is_kept(app):
    """A question asked before signing in is not sent and stays in the composer."""
    app.open()
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text("Please sign in first")
    expect(app.question).to_have_value(GAS_QUESTION)
    assert app.sent_requests("POST", "/v1/ask") == []


def test_sign_out_clears_the_page(app):
    """After signing out the conversation, the panel and the token are gone."""
    app.sign_in().ask(GAS_QUESTION)
    app.page.get_by_role("button", name="Sign out").click()
    expect(app.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    expect(app.cards).to_have_count(0)
    expect(app.panel).to_be_hidden()
    assert app.page.evaluate("sessionStorage.getItem('pam.session')") is None
