"""Questions asked while disconnected: they are queued and sent once."""

from playwright.sync_api import expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS, GAS_QUESTION, expect_complete
from tests.web.websocket_proxy import block_tickets, unblock_tickets


def test_question_asked_offline_is_queued_and_answered_once(app, claude):
    """Questions asked while disconnected survive a reload, are sent in order and answered once."""
    claude.script("waits well", "Here you are.")
    block_tickets(app)
    app.sign_in()
    app.ask("the first that waits well")
    app.ask("the second that waits well")
    expect(app.cards.first).to_contain_text("Waiting. PAM sends this when the connection is back.")
    expect(app.question).to_have_value("")
    app.page.reload()
    expect(app.cards).to_have_count(2)
    expect(app.page.locator(".question")).to_have_text(["the first that waits well", "the second that waits well"])
    unblock_tickets(app)
    for card in app.cards.all():
        expect_complete(card)
        expect(card.locator(".prose")).to_have_text("Here you are.")
    first, second = app.sent_frames("chat")
    assert (first["text"], second["text"]) == ("the first that waits well", "the second that waits well")
    assert first["conversation_id"] == second["conversation_id"]
    assert claude.count_requests("the second that waits well") == 1
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards).to_have_count(2)
    for card in app.cards.all():
        expect(card.locator(".prose")).to_have_text("Here you are.")
    assert claude.count_requests("the second that waits well") == 1
    app.allow_request_errors()


def test_queued_question_can_be_cancelled(app, claude):
    """A queued question can be cancelled and is then not sent."""
    block_tickets(app)
    app.sign_in()
    card = app.ask("never mind this one")
    card.get_by_role("button", name="Don't send").click()
    expect(card).to_contain_text("Not sent.")
    app.unroute("**/v1/ws-ticket")
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards).to_have_count(0)
    assert app.sent_frames("chat") == []
    app.allow_request_errors()


def test_expense_asked_offline_is_added_once(app, api):
    """Offline, questions with a fast answer are queued too; an expense is added once."""
    app.sign_in().wait_until_connected()
    before = api.count_this_month("tolls")
    app.page.context.set_offline(True)
    app.ask("add $4 for tolls")
    gas = app.ask(GAS_QUESTION)
    expect(gas).to_contain_text("Waiting")
    app.page.context.set_offline(False)
    expect(app.cards.first).to_contain_text("Done at once · no AI", timeout=CLAUDE_TIMEOUT_MS)
    expect(app.cards.first).to_contain_text("10 min left")
    expect(app.cards.last).to_contain_text("Fast answer · no AI", timeout=CLAUDE_TIMEOUT_MS)
    expect(app.cards.last).to_contain_text("fuel")
    assert app.sent_requests("POST", "/v1/ask") == []
    assert api.count_this_month("tolls") == before + 1
    app.undo(app.cards.first)
    app.allow_request_errors()
