"""Two taps judge an answer: one shows the verdicts, the other sends one."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.app_page import GAS_QUESTION
from tests.web.claude_stand_in import tool_use


def sent_verdicts(app) -> list[str]:
    return [request.post_data_json["verdict"] for request in app.sent_requests("POST", "/v1/feedback")]


@pytest.mark.parametrize(("label", "verdict"), [("Fine", "fine"), ("It forgot", "forgot")])
def test_fast_answer_is_judged_by_two_taps(app, label, verdict):
    """The verdict is recorded, said, and can be changed; a reload shows it, and sends nothing."""
    app.sign_in().ask(GAS_QUESTION)
    app.page.get_by_role("button", name="How was this answer?").click()
    app.page.get_by_role("button", name=label).click()
    said = app.page.get_by_role("button", name=f"You said: {label.lower()}. Change it")
    expect(said).to_be_focused()
    assert sent_verdicts(app) == [verdict]
    app.page.reload()
    expect(said).to_have_count(1)
    expect(app.page.get_by_role("button", name="How was this answer?")).to_have_count(0)
    said.click()
    expect(app.page.get_by_role("button", name=label, exact=True)).to_have_attribute("aria-pressed", "true")
    assert sent_verdicts(app) == [verdict]


def test_answer_is_judged_with_the_keyboard_alone(app):
    """The focus is never lost: Tab leads to the verdicts, Escape back, and a verdict returns it to the control."""
    app.sign_in().ask(GAS_QUESTION)
    button = app.page.get_by_role("button", name="How was this answer?")
    press = app.page.keyboard.press
    button.focus()
    press("Enter")
    press("Tab")
    expect(app.page.get_by_role("button", name="Fine", exact=True)).to_be_focused()
    press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
    press("Enter")
    press("Tab")
    press("Tab")
    press("Enter")
    expect(app.page.get_by_role("button", name="You said: slow. Change it")).to_be_focused()
    assert sent_verdicts(app) == ["slow"]
    expect(app.page.locator("#announcer")).to_have_text("Thank you, that is noted.")


def test_late_verdict_leaves_the_focus_where_the_user_is(app):
    """While the request runs, somebody may write the next question already."""
    app.sign_in().ask(GAS_QUESTION)
    held = []
    app.route("**/v1/feedback", held.append)
    app.page.get_by_role("button", name="How was this answer?").click()
    app.page.get_by_role("button", name="Fine").click()
    app.wait_until(lambda: held)
    app.question.focus()
    held.pop().continue_()
    expect(app.page.get_by_role("button", name="You said: fine. Change it")).to_be_visible()
    expect(app.question).to_be_focused()


def test_verdict_on_claude_s_answer_is_changed(app, claude):
    """A second verdict replaces the first."""
    app.sign_in().wait_until_connected().ask_claude("Tell me about the desert")
    button = app.page.get_by_role("button", name="How was this answer?")
    button.click()
    app.page.get_by_role("button", name="Slow").click()
    app.page.get_by_role("button", name="You said: slow. Change it").click()
    app.page.get_by_role("button", name="Wrong").click()
    said = app.page.get_by_role("button", name="You said: wrong. Change it")
    expect(said).to_be_visible()
    assert sent_verdicts(app) == ["slow", "wrong"]
    app.page.reload()
    app.wait_until_connected()
    expect(said).to_have_count(1)


def test_verdict_survives_reloads_before_and_after_a_confirmation_is_decided(app, claude):
    """While one is open, the message is stored without a final answer."""
    claude.script("share a post", tool_use("create_post", content="Quiet at Goblin Valley.", tags=[]), "It waits.")
    app.sign_in().wait_until_connected().ask_claude("Please share a post")
    app.page.get_by_role("button", name="How was this answer?").click()
    app.page.get_by_role("button", name="Wrong").click()
    said = app.page.get_by_role("button", name="You said: wrong. Change it")
    expect(said).to_be_visible()
    cancel = app.page.get_by_role("region", name=re.compile("^To confirm")).get_by_role("button", name="Cancel")
    for is_open in (True, False):
        app.page.reload()
        app.wait_until_connected()
        expect(said).to_have_count(1)
        if is_open:
            cancel.click()
            expect(cancel).to_have_count(0)


def test_failed_verdict_is_said_and_can_be_sent_again(app):
    """Without a response nothing is claimed."""
    app.sign_in().ask(GAS_QUESTION)
    app.allow_request_errors()
    app.route("**/v1/feedback", lambda route: route.abort())
    app.page.get_by_role("button", name="How was this answer?").click()
    app.page.get_by_role("button", name="Fine").click()
    expect(app.page.locator(".feedback").get_by_role("alert")).to_contain_text("can't be reached")
    app.unroute("**/v1/feedback")
    app.page.get_by_role("button", name="Fine").click()
    expect(app.page.get_by_role("button", name="You said: fine. Change it")).to_be_visible()


def test_error_shows_the_id_that_finds_it(app, base_url):
    """A failed request has API Gateway's id on the page."""
    app.sign_in()
    app.allow_request_errors()
    body = '{"code": "internal_error", "message": "Something went wrong on PAM\'s side."}'
    headers = {"content-type": "application/json", "apigw-requestid": "Ref-123="}
    app.route("**/v1/ask", lambda route: route.fulfill(status=500, body=body, headers=headers))
    app.question.fill(GAS_QUESTION)
    app.question.press("Enter")
    expect(app.page.get_by_text("Reference: Ref-123=")).to_be_visible()
    app.unroute("**/v1/ask")
