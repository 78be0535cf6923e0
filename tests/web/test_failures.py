"""What the page does when network, sign-in or database fail: nothing is lost, nothing is added twice."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

GAS = "How much did I spend on gas this month?"
UNDO = re.compile(r"/v1/(expenses|effects)/[0-9a-f-]+$")
UNAUTHORIZED = {"status": 401, "json": {"message": "Unauthorized"}}


def lose_the_answer(route: Route) -> None:
    """The request arrives and is carried out; its answer never comes back."""
    route.fetch()
    route.abort()


def test_a_sentence_whose_answer_was_lost_adds_one_expense_however_it_is_sent_again(pam, api):
    """Retry button, Enter, and Enter after a reload all reuse the key: one expense in the end."""
    pam.sign_in()
    before = api.this_month("tolls")["count"]
    pam.page.route("**/v1/ask", lose_the_answer)
    card = pam.ask("add $7 for tolls")
    expect(card).to_contain_text("can't be reached")
    expect(pam.question).to_have_value("add $7 for tolls")
    card.get_by_role("button", name="Try again").click()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    pam.question.press("Enter")
    expect(pam.cards).to_have_count(1)
    expect(pam.cards.get_by_role("button", name="Try again")).to_be_visible()
    pam.page.reload()
    pam.page.unroute("**/v1/ask")
    expect(pam.question).to_have_value("add $7 for tolls")
    pam.question.press("Enter")
    expect(pam.cards.last).to_contain_text("10 min left")
    expect(pam.question).to_have_value("")
    assert len({sent.headers["idempotency-key"] for sent in pam.sent("POST", "/v1/ask")}) == 1
    assert api.this_month("tolls")["count"] == before + 1
    again = pam.ask("add $7 for tolls")
    expect(again).to_contain_text("10 min left")
    assert api.this_month("tolls")["count"] == before + 2, "said again after its answer, it is a new expense"
    for card in pam.cards.all():
        pam.undo(card)
    pam.expect_failed_requests()


def test_a_form_whose_answer_was_lost_adds_one_expense(pam, api):
    """The form keeps what was filled in, says so in place, and its retry adds one expense."""
    pam.sign_in()
    before = api.this_month("laundry")["count"]
    form = pam.fill_expense("6.25", "laundry", "Two loads")
    pam.page.route("**/v1/expenses", lose_the_answer)
    form.get_by_role("button", name="Add expense").click()
    expect(form.get_by_role("alert")).to_contain_text("never adds it twice")
    expect(form.get_by_label("Description")).to_have_value("Two loads")
    pam.page.unroute("**/v1/expenses")
    form.get_by_role("button", name="Try again").click()
    expect(form).to_be_hidden()
    expect(pam.cards.last).to_contain_text("$6.25 for laundry")
    assert api.this_month("laundry")["count"] == before + 1
    pam.undo(pam.cards.last)
    pam.expect_failed_requests()


def test_an_undo_whose_answer_was_lost_ends_as_undone(pam, api):
    """Undo sent again after a lost answer takes back one expense, and says that it is undone."""
    card = pam.sign_in().ask("add $8 for tolls")
    before = api.this_month("tolls")["count"]
    pam.page.route(UNDO, lose_the_answer)
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("alert")).to_contain_text("can't be reached")
    pam.page.unroute(UNDO)
    card.get_by_role("button", name="Try to undo again").click()
    expect(card).to_contain_text("Undone")
    assert api.this_month("tolls")["count"] == before - 1
    pam.expect_failed_requests()


def test_a_silent_server_is_given_up_on(pam):
    """A request without an answer ends after the time limit with a retry, and the text is kept."""
    pam.page.add_init_script(
        "const real = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (ms) => real(ms / 20);"
    )
    pam.sign_in()
    pam.page.route("**/v1/ask", lambda route: None)
    card = pam.ask(GAS)
    expect(card).to_contain_text("took too long")
    expect(pam.question).to_have_value(GAS)
    pam.page.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last).to_contain_text("Fast answer")
    pam.expect_failed_requests()


def test_what_may_have_arrived_never_goes_another_way(pam, api):
    """An expense whose answer was lost stays with its key, offline too, and doesn't wait as a message of its own."""
    pam.sign_in().connected()
    before = api.this_month("tolls")["count"]
    pam.page.route("**/v1/ask", lose_the_answer)
    card = pam.ask("add $9 for tolls")
    expect(card).to_contain_text("can't be reached")
    pam.page.unroute("**/v1/ask")
    pam.page.context.set_offline(True)
    pam.question.press("Enter")
    expect(card).to_contain_text("This device is offline")
    pam.page.context.set_offline(False)
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last).to_contain_text("10 min left")
    assert api.this_month("tolls")["count"] == before + 1
    assert pam.sent_frames("chat") == []
    pam.undo(pam.cards.last)
    pam.expect_failed_requests()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, {"message": "Service Unavailable"}, "PAM can't answer at the moment."),
        (502, "<html>bad gateway</html>", "PAM can't answer at the moment."),
        (429, {"code": "rate_limited", "message": "Please wait.", "retry_after": 3}, "Best after 3 s"),
    ],
)
def test_a_server_error_is_told_in_plain_words_and_can_be_retried(pam, status, body, words):
    """An error of the gateway or the API becomes a sentence for a traveller with a way on."""
    pam.sign_in()
    answer = {"status": status, "body": body if isinstance(body, str) else json.dumps(body)}
    pam.page.route("**/v1/ask", lambda route: route.fulfill(content_type="application/json", **answer))
    card = pam.ask(GAS)
    expect(card).to_contain_text(words)
    expect(card).not_to_contain_text("Service Unavailable")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    pam.expect_failed_requests()


def test_a_refused_token_is_renewed_in_silence(pam, api):
    """A 401 costs one renewal and one repeat under the same key; the traveller notices nothing."""
    pam.sign_in()
    before = api.this_month("tolls")["count"]
    tokens = len(pam.sent("POST", token_path(pam)))
    pam.page.route("**/v1/ask", lambda route: route.fulfill(**UNAUTHORIZED), times=1)
    card = pam.ask("add $5 for tolls")
    expect(card).to_contain_text("10 min left")
    sent = pam.sent("POST", "/v1/ask")
    assert len(sent) == 2
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    assert len({request.headers["authorization"] for request in sent}) == 2
    assert len(pam.sent("POST", token_path(pam))) == tokens + 1
    assert api.this_month("tolls")["count"] == before + 1
    pam.undo(card)
    pam.expect_failed_requests()


def test_a_token_is_renewed_before_it_expires(pam):
    """A token about to expire is renewed before the request, so that nothing is refused at all."""
    pam.sign_in()
    pam.page.evaluate(
        """() => {
            const held = JSON.parse(sessionStorage.getItem("pam.session"));
            sessionStorage.setItem("pam.session", JSON.stringify({ ...held, expires: Date.now() + 5000 }));
        }"""
    )
    pam.page.reload()
    tokens = len(pam.sent("POST", token_path(pam)))
    expect(pam.panel.locator("#panel-total")).not_to_be_empty()
    pam.ask(GAS)
    assert len(pam.sent("POST", token_path(pam))) in (tokens, tokens + 1)
    assert pam.errors == []


def test_a_sign_in_that_is_refused_for_good_keeps_what_was_typed(pam):
    """When the renewed token is refused too, the page asks to sign in again, and the text is still there."""
    pam.sign_in()
    pam.page.route("**/v1/ask", lambda route: route.fulfill(**UNAUTHORIZED))
    card = pam.ask("add $5 for tolls")
    expect(card).to_contain_text("sign in again")
    expect(pam.question).to_have_value("add $5 for tolls")
    pam.page.unroute("**/v1/ask")
    card.get_by_role("button", name="Sign in as the demo traveller").click()
    expect(pam.panel.locator("#panel-total")).not_to_be_empty()
    pam.question.press("Enter")
    expect(pam.cards.last).to_contain_text("10 min left")
    pam.undo(pam.cards.last)
    pam.expect_failed_requests()


def test_asking_before_signing_in_loses_nothing(pam):
    """A question asked by somebody who is signed out stays in the composer, beside the way to sign in."""
    pam.open()
    card = pam.ask(GAS)
    expect(card).to_contain_text("Please sign in first")
    expect(pam.question).to_have_value(GAS)
    assert pam.sent("POST", "/v1/ask") == []


def test_a_database_that_is_down_is_told_and_asked_again_when_it_is_back(pam, stack):
    """A question that only the database can answer says so while it is down, and its retry answers."""
    pam.sign_in()
    stack.postgres.stop()
    try:
        card = pam.ask("How much did I spend on laundry in March?")
        expect(card.get_by_role("button", name="Try again")).to_be_visible()
    finally:
        stack.postgres.start()
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last).to_contain_text("Fast answer", timeout=30_000)
    pam.expect_failed_requests()


def test_a_stale_answer_says_so_and_from_when(pam):
    """An answer from before the database went away is marked with its age, on its card and in the panel."""

    def age(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        summary = body.get("answer", body)
        summary |= {"stale": True, "age_s": 1234, "reason": "database_unavailable"}
        summary["as_of"] = "2020-03-05T17:32:00+00:00"
        route.fulfill(response=answer, json=body)

    pam.page.route("**/v1/ask", age)
    pam.page.route("**/v1/spend-summary*", age)
    card = pam.sign_in().ask(GAS)
    words = re.compile(r"The database can't be reached; this is from Mar 5, 10:32.AM \([\d,]+ days ago\)")
    expect(card).to_contain_text(words)
    expect(pam.panel).to_contain_text(words)
    expect(pam.panel.locator("#panel-window")).to_contain_text("10:32")


def test_undo_is_over_after_ten_minutes(pam, api):
    """The time left counts down, and after ten minutes the button is gone."""
    pam.page.clock.install()
    card = pam.sign_in().ask("add $2 for tolls")
    expect(card).to_contain_text("10 min left")
    pam.page.clock.fast_forward("05:30")
    expect(card).to_contain_text("5 min left")
    pam.page.clock.fast_forward("04:25")
    expect(card).to_contain_text(re.compile(r"\d s left"))
    pam.page.clock.fast_forward("00:30")
    expect(card).to_contain_text("The ten minutes to undo this are over")
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)


def test_an_undo_that_comes_too_late_says_so_in_place(pam):
    """When the server says that the time is over, its sentence is shown on the card, and the button goes."""
    card = pam.sign_in().ask("add $2 for tolls")
    late = {"code": "undo_expired", "message": "It is too late to undo this."}
    pam.page.route(UNDO, lambda route: route.fulfill(status=409, json=late))
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("alert")).to_have_text("It is too late to undo this.")
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    pam.expect_failed_requests()


def test_what_the_api_refuses_is_shown_at_its_field(pam):
    """An amount the API refuses is explained at the amount, which gets the focus; nothing is added."""
    pam.sign_in()
    form = pam.fill_expense("-3", "tolls")
    form.get_by_role("button", name="Add expense").click()
    expect(form.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("#amount-error")).not_to_be_empty()
    expect(form.get_by_label("Amount")).to_be_focused()
    form.get_by_label("Amount").fill("ten")
    form.get_by_role("button", name="Add expense").click()
    expect(form.locator("#amount-error")).to_contain_text("figures")
    expect(pam.cards).to_have_count(0)
    pam.expect_failed_requests()


@pytest.mark.parametrize("missing", ["**/router.js", "**/router.json"])
def test_without_its_router_the_page_only_loses_the_hint(pam, claude, missing):
    """A router that can't be loaded takes the hint away and nothing else: the API then says what is for Claude."""
    pam.page.route(missing, lambda route: route.abort())
    card = pam.sign_in().ask(GAS)
    expect(card).to_contain_text("Fast answer")
    claude.says("without a hint", "I hear you.")
    expect(pam.ask_claude("without a hint").locator(".prose")).to_have_text("I hear you.")
    pam.expect_failed_requests()


def test_the_page_may_not_reach_any_other_host(pam):
    """The page's own policy forbids requests to other hosts and markup that runs code."""
    pam.open()
    blocked = pam.page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
            fetch("https://127.0.0.2/").catch(() => setTimeout(resolve, 500, "refused without the policy"));
        })"""
    )
    assert blocked == "connect-src"
    pam.errors.clear()
    pam.requests.clear()


def token_path(pam) -> str:
    issuer = pam.page.evaluate("fetch('/config.json').then((answer) => answer.json())")["issuer"]
    return urlsplit(issuer).path.rstrip("/") + "/token"
