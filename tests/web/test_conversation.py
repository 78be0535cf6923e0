"""The conversation with Claude: its id, its order, and what is stored and sent with it."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage, expect_complete


@pytest.fixture
def app(app: AppPage) -> AppPage:
    """A page with a signed-in user and an open socket."""
    return app.sign_in().wait_until_connected()


def test_question_submitted_twice_is_sent_once(app, claude):
    """Enter pressed twice and a double click on Send send one question each."""
    claude.script("once", "Yes.")
    app.question.fill("say it once")
    app.question.press("Enter")
    app.question.press("Enter")
    expect(app.cards).to_have_count(1)
    app.question.fill("and once more")
    app.page.get_by_role("button", name="Send").dblclick()
    expect(app.cards.last.locator(".prose")).to_have_text("Yes.", timeout=CLAUDE_TIMEOUT_MS)
    expect(app.cards).to_have_count(2)
    assert [frame["text"] for frame in app.sent_frames("chat")] == ["say it once", "and once more"]


def test_question_during_an_answer_is_queued(app, claude):
    """A question asked during an answer shows its position in the queue and is answered next."""
    claude.script("first of all", "One " * 60)
    claude.script("and after that", "Two.")
    claude.set_speed(0, 40)
    first = app.ask("first of all, tell me something")
    expect(first.locator(".prose")).to_contain_text("One")
    second = app.ask("and after that, something else")
    expect(second.locator(".pending")).to_have_text("Waiting: 1 other answer first")
    claude.set_speed(0, None)
    expect(second.locator(".prose")).to_have_text("Two.", timeout=CLAUDE_TIMEOUT_MS)
    expect(first.locator(".prose")).to_contain_text("One One")
    expect(first.get_by_text("Cost and tokens")).to_be_visible()
    one, two = app.sent_frames("chat")
    assert one["conversation_id"] == two["conversation_id"]


def test_conversation_continues_until_a_new_one_is_started(app, claude):
    """Questions belong to the same conversation, also after a reload, until the button starts a new one."""
    new_conversation = app.page.get_by_role("button", name="New conversation")
    expect(new_conversation).to_be_hidden()
    claude.script("travel talk", "Yes.")
    app.ask_claude("some travel talk")
    app.ask_claude("more travel talk")
    app.page.reload()
    app.wait_until_connected()
    expect(new_conversation).to_be_visible()
    app.ask_claude("still travel talk")
    new_conversation.click()
    expect(app.question).to_be_focused()
    expect(new_conversation).to_be_hidden()
    expect(app.page.locator(".divider")).to_have_text("New conversation")
    app.ask_claude("other travel talk")
    ids = [frame["conversation_id"] for frame in app.sent_frames("chat")]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_fast_answer_belongs_to_the_conversation_of_the_next_question(app, claude):
    """A fast answer before the first question to Claude is asked in the same conversation, also after a reload."""
    app.ask("How much did I spend on gas this month?")
    app.page.reload()
    app.wait_until_connected()
    claude.script("And last month", "Less.")
    app.ask_claude("And last month, tell me?")
    (request,) = app.sent_requests("POST", "/v1/ask")
    (frame,) = app.sent_frames("chat")
    assert request.post_data_json["conversation_id"] == frame["conversation_id"]


def test_predicted_fast_answer_falls_back_to_claude(app, claude):
    """A question that the API can't answer after all is sent to Claude."""
    claude.script("Nowhereville", "Which Nowhereville do you mean?")
    card = app.ask_claude("weather in Nowhereville")
    expect(card.locator(".prose")).to_have_text("Which Nowhereville do you mean?")
    assert len(app.sent_requests("POST", "/v1/ask")) == 1
    assert [frame["text"] for frame in app.sent_frames("chat")] == ["weather in Nowhereville"]
    expect(app.cards).to_have_count(1)


def test_socket_is_opened_at_sign_in(app):
    """The page opens one socket at sign-in and after a reload, with a new ticket each, and none when signed out."""
    assert len(app.sent_requests("POST", "/v1/ws-ticket")) == 1
    assert "ticket=" in app.sockets[-1].url
    app.page.reload()
    app.wait_until_connected()
    tickets = app.sent_requests("POST", "/v1/ws-ticket")
    assert len(tickets) == 2
    assert all(request.headers["authorization"].startswith("Bearer ") for request in tickets)
    assert not any("idempotency-key" in request.headers for request in tickets), "each request needs a new ticket"
    app.page.get_by_role("button", name="Sign out").click()
    expect(app.page.locator("#connection")).to_be_hidden()
    app.page.reload()
    expect(app.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    assert len(app.sent_requests("POST", "/v1/ws-ticket")) == 2


def test_sign_out_clears_stored_conversation(app, claude):
    """Signing out removes the conversation and the queued questions from the device."""
    claude.script("secret", "Hush.")
    app.ask_claude("a secret of mine")
    app.route("**/v1/ws-ticket", lambda route: route.abort())
    app.page.reload()
    expect(app.cards).to_have_count(1)
    app.ask("another secret of mine, which waits")
    assert "secret" in app.page.evaluate("JSON.stringify(localStorage)")
    app.page.get_by_role("button", name="Sign out").click()
    app.page.get_by_role("button", name="Delete and sign out").click()
    expect(app.cards).to_have_count(0)
    assert json.loads(app.page.evaluate("JSON.stringify(localStorage)")) == {}
    app.allow_request_errors()


def test_location_is_sent_with_a_question_and_not_stored(app, claude):
    """An enabled location is sent with a question to Claude, and stored neither with it nor with the answer."""
    page = app.page
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 38.573312, "longitude": -109.549841})
    page.get_by_role("button", name="Use my location", exact=True).click()
    expect(page.get_by_role("button", name="Use my location", exact=True)).to_have_attribute("aria-pressed", "true")
    claude.script("around", "Much: you are at 38.573, -109.55, for $3.259, 4 mi off. Latitude: 38.573 and the rest.")
    claude.set_speed(0, 20)
    app.ask("what is there to see around")
    expect(app.cards.first.locator(".prose")).to_contain_text("Much")
    [frame] = app.sent_frames("chat")
    assert frame["context"]["location"] == {"latitude": 38.573, "longitude": -109.55}
    stored = "JSON.stringify([{...sessionStorage}, {...localStorage}])"
    assert "38.57" not in page.evaluate(stored)
    claude.set_speed(0, None)
    expect_complete(app.cards.first)
    expect(app.cards.first.locator(".prose")).to_contain_text("you are at 38.573, -109.55")
    assert not re.search(r"38\.57|109\.55", page.evaluate(stored))
    page.reload()
    shown = "Much: you are at (a position), for $3.259, 4 mi off. Latitude: (a position) and the rest."
    expect(app.cards.first.locator(".prose")).to_have_text(shown)
    # Figures that nothing covers, at their places in the new text.
    expect(app.cards.first.locator("mark.unverified")).to_have_text(["$3.259", "4 mi"])
