"""Failed and repeated requests: nothing is lost, and nothing is added twice."""

import json
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE
from tests.web.app_page import CLAUDE_TIMEOUT_MS, GAS_QUESTION, UNDO_URL, lose_response
from tests.web.websocket_proxy import block_tickets, unblock_tickets


def test_question_with_lost_response_adds_one_expense(app, api):
    """A retry by button, by Enter, and by Enter after a reload all reuse the idempotency key."""
    app.sign_in()
    before = api.count_this_month("tolls")
    app.route("**/v1/ask", lose_response)
    card = app.ask("add $7 for tolls")
    expect(card).to_contain_text("can't be reached")
    expect(app.question).to_have_value("add $7 for tolls")
    card.get_by_role("button", name="Try again").click()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    app.question.press("Enter")
    expect(app.cards).to_have_count(1)
    expect(app.cards.get_by_role("button", name="Try again")).to_be_visible()
    app.page.reload()
    app.unroute("**/v1/ask")
    expect(app.question).to_have_value("add $7 for tolls")
    app.question.press("Enter")
    expect(app.cards.last).to_contain_text("10 min left")
    expect(app.question).to_have_value("")
    assert len({request.headers["idempotency-key"] for request in app.sent_requests("POST", "/v1/ask")}) == 1
    assert api.count_this_month("tolls") == before + 1
    again = app.ask("add $7 for tolls")
    expect(again).to_contain_text("10 min left")
    assert api.count_this_month("tolls") == before + 2, "after the response, the same text adds another expense"
    for card in app.cards.all():
        app.undo(card)
    app.allow_request_errors()


def test_form_with_lost_response_adds_one_expense(app, api):
    """The form keeps its values after a lost response, and its retry adds one expense."""
    app.sign_in()
    before = api.count_this_month("laundry")
    form = app.fill_expense_form("6.25", "laundry", "Two loads")
    app.route("**/v1/expenses", lose_response)
    form.get_by_role("button", name="Add expense").click()
    expect(form.get_by_role("alert")).to_contain_text("never adds it twice")
    expect(form.get_by_label("Description")).to_have_value("Two loads")
    app.unroute("**/v1/expenses")
    form.get_by_role("button", name="Try again").click()
    expect(form).to_be_hidden()
    expect(app.cards.last).to_contain_text("$6.25 for laundry")
    assert api.count_this_month("laundry") == before + 1
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_undo_with_lost_response_can_be_repeated(app, api):
    """An undo sent again after a lost response removes one expense."""
    card = app.sign_in().ask("add $8 for tolls")
    before = api.count_this_month("tolls")
    app.route(UNDO_URL, lose_response)
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("alert")).to_contain_text("can't be reached")
    app.unroute(UNDO_URL)
    card.get_by_role("button", name="Try to undo again").click()
    expect(card).to_contain_text("Undone")
    assert api.count_this_month("tolls") == before - 1
    app.allow_request_errors()


def test_request_without_response_times_out(app):
    """A request without a response ends with a retry, and the text is kept."""
    app.page.add_init_script(
        "const real = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (ms) => real(ms / 20);"
    )
    app.sign_in()
    app.route("**/v1/ask", lambda route: None)
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text("took too long")
    expect(app.question).to_have_value(GAS_QUESTION)
    app.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last).to_contain_text("Fast answer")
    app.allow_request_errors()


def test_request_with_unknown_outcome_is_queued_with_its_key(app, api):
    """An expense whose response was lost is added once, also if it is then queued as a message while offline."""
    app.sign_in().wait_until_connected()
    before = api.count_this_month("tolls")
    app.route("**/v1/ask", lose_response)
    card = app.ask("add $9 for tolls")
    expect(card).to_contain_text("can't be reached")
    app.unroute("**/v1/ask")
    block_tickets(app)
    app.page.context.set_offline(True)
    app.question.press("Enter")
    expect(app.cards.last).to_contain_text("Waiting")
    app.page.context.set_offline(False)
    app.page.reload()
    unblock_tickets(app)
    expect(app.cards.last).to_contain_text("min left", timeout=CLAUDE_TIMEOUT_MS)
    assert api.count_this_month("tolls") == before + 1
    (request,) = app.sent_requests("POST", "/v1/ask")
    frames = app.sent_frames("chat")
    assert {frame["retry_of"] for frame in frames} == {request.headers["idempotency-key"]}
    assert len({frame["message_id"] for frame in frames}) == 1
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_questions_are_kept_while_the_api_is_unreachable(app, api):
    """Also where the browser believes that it is online: each is shown as waiting, and delivered after a reload."""
    block_tickets(app)
    app.sign_in()
    before = api.count_this_month("tolls")
    app.route("**/v1/ask", lambda route: route.abort())
    for amount in ("1.25", "1.75", "2.25"):
        expect(app.ask(f"add ${amount} for tolls")).to_contain_text("Waiting")
        expect(app.question).to_have_value("")
    app.page.reload()
    expect(app.cards).to_have_count(3)
    app.unroute("**/v1/ask")
    unblock_tickets(app)
    expect(app.page.get_by_text("min left")).to_have_count(3, timeout=CLAUDE_TIMEOUT_MS)
    assert api.count_this_month("tolls") == before + 3
    for card in app.cards.all():
        app.undo(card)
    app.allow_request_errors()


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (503, {"message": "Service Unavailable"}, "PAM can't answer at the moment."),
        (502, "<html>bad gateway</html>", "PAM can't answer at the moment."),
        (429, {"code": "rate_limited", "message": "Please wait.", "retry_after": 3}, "Best after 3 s"),
    ],
)
def test_server_error_is_explained_and_can_be_retried(app, status, body, text):
    """An error of the gateway or the API is shown as a sentence for the traveller, with a retry."""
    app.sign_in()
    response = {"status": status, "body": body if isinstance(body, str) else json.dumps(body)}
    app.route("**/v1/ask", lambda route: route.fulfill(content_type="application/json", **response))
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text(text)
    expect(card).not_to_contain_text("Service Unavailable")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    app.allow_request_errors()


def test_database_outage_is_explained_and_can_be_retried(app, stack):
    """A question that needs the database fails while it is down and succeeds on retry."""
    app.sign_in()
    stack.postgres.stop()
    try:
        card = app.ask("How much did I spend on laundry in March?")
        expect(card.get_by_role("button", name="Try again")).to_be_visible()
    finally:
        stack.postgres.start()
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last).to_contain_text("Fast answer", timeout=CLAUDE_TIMEOUT_MS)
    app.allow_request_errors()


def test_failed_message_that_is_asked_again_adds_one_expense(app, proxy, api):
    """An expense that was added, and reported as failed, is reported as added by the retry, and not added again."""
    before = api.count_this_month("tolls")
    proxy.on_server_frame = lambda _socket, _frame: None
    block_tickets(app)
    app.sign_in()
    app.page.context.set_offline(True)
    card = app.ask("add $3.50 for tolls")
    app.page.context.set_offline(False)
    unblock_tickets(app)
    app.wait_until(lambda: api.count_this_month("tolls") == before + 1)
    proxy.send_to_page({"message": "Internal server error", "connectionId": "a=", "requestId": "b="})
    expect(card.locator(".severe")).to_be_visible()
    proxy.on_server_frame = proxy.forward
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last).to_contain_text("10 min left", timeout=CLAUDE_TIMEOUT_MS)
    first, second = proxy.sent_frames("chat")
    assert second["retry_of"] == first["message_id"] != second["message_id"]
    assert app.sent_requests("POST", "/v1/ask") == []
    assert api.count_this_month("tolls") == before + 1
    app.undo(app.cards.last)
    assert api.count_this_month("tolls") == before
    app.allow_request_errors()


def test_every_retry_names_the_first_message(app, proxy, claude):
    """Also one that follows another retry, is pressed after a reload, or waits for the connection across a reload."""
    claude.script("sunsets", "In Arches.")
    app.sign_in().wait_until_connected()
    proxy.reject_with("queue_full", "That was a lot at once.")
    app.ask("Where are the best sunsets?").get_by_role("button", name="Try again").click()
    expect(app.cards).to_have_count(2)
    expect(app.cards.last.locator(".severe")).to_be_visible()
    block_tickets(app)
    app.page.evaluate(
        """(ms) => {
            for (const [key, text] of Object.entries(localStorage).filter(([key]) => key.includes(".answer."))) {
                const { askedAt, firstAskedAt, ...answer } = JSON.parse(text);
                const earlier = { askedAt: askedAt - ms, firstAskedAt: firstAskedAt && firstAskedAt - ms };
                localStorage.setItem(key, JSON.stringify({ ...answer, ...earlier, zone: "America/Phoenix" }));
            }
        }""",
        2 * 86_400_000,
    )
    app.page.reload()
    expect(app.cards).to_have_count(2)
    app.cards.last.get_by_role("button", name="Try again").click()
    expect(app.cards.last).to_contain_text("Waiting")
    app.page.reload()
    expect(app.cards).to_have_count(3)
    proxy.forward_all()
    unblock_tickets(app)
    expect(app.cards.last.locator(".prose")).to_have_text("In Arches.", timeout=CLAUDE_TIMEOUT_MS)
    app.ask_claude("Where are the best sunsets?")
    first, *retries, other = proxy.sent_frames("chat")
    assert len(retries) == 2
    assert [frame["retry_of"] for frame in retries] == [first["message_id"]] * 2
    contexts = [(frame["context"]["timezone"], frame["context"]["typed_at"]) for frame in (first, retries[1], other)]
    times = [datetime.fromisoformat(typed_at) for _, typed_at in contexts]
    assert abs(times[0] - times[1] - timedelta(days=2)) < timedelta(seconds=2), "a retry has the time of typing"
    assert times[2] > times[0]
    assert [zone for zone, _ in contexts] == [TIMEZONE, "America/Phoenix", TIMEZONE]
    assert "retry_of" not in first.keys() | other.keys(), "typed anew, it is another question"
    app.allow_request_errors()
