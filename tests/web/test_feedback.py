"""Two taps judge an answer: one shows the verdicts, the other sends one."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.web.app_page import GAS_QUESTION


def sent_verdicts(app) -> list[str]:
    return [request.post_data_json["verdict"] for request in app.sent_requests("POST", "/v1/feedback")]


@pytest.mark.parametrize(("label", "verdict"), [("Fine", "fine"), ("It forgot", "forgot")])
def test_fast_answer_is_judged_by_two_taps(app, label, verdict):
    """The verdict is recorded, said, and can be changed; it is still there for the answer after a reload."""
    app.sign_in().ask(GAS_QUESTION)
    app.page.get_by_role("button", name="How was this answer?").click()
    app.page.get_by_role("button", name=label).click()
    expect(app.page.get_by_role("button", name=f"You said: {label.lower()}. Change it")).to_be_focused()
    assert sent_verdicts(app) == [verdict]
    app.page.reload()
    expect(app.page.get_by_role("button", name="How was this answer?")).to_have_count(1)


def test_verdict_on_claude_s_answer_is_changed(app, claude):
    """A second verdict replaces the first."""
    app.sign_in().wait_until_connected().ask_claude("Tell me about the desert")
    button = app.page.get_by_role("button", name="How was this answer?")
    button.click()
    app.page.get_by_role("button", name="Slow").click()
    app.page.get_by_role("button", name="You said: slow. Change it").click()
    app.page.get_by_role("button", name="Wrong").click()
    expect(app.page.get_by_role("button", name="You said: wrong. Change it")).to_be_visible()
    assert sent_verdicts(app) == ["slow", "wrong"]


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_dashboard_shows_rows_alarms_and_costs(new_app, base_url, scheme, width):
    """Every widget has a plot and its newest values as text, in both themes and at the width of a phone."""
    app = new_app(width=width, color_scheme=scheme)
    app.sign_in().ask(GAS_QUESTION)
    expected = httpx.get(f"{base_url}/dashboard.json", timeout=30).json()
    page = app.page
    page.goto(f"{base_url}/dashboard")
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("heading", level=3)).to_have_count(sum(len(row["widgets"]) for row in expected["rows"]))
    expect(page.locator(".widget canvas")).to_have_count(sum(len(row["widgets"]) for row in expected["rows"]))
    expect(page.locator("#alarms li")).to_have_count(len(expected["alarms"]))
    by_tier = page.locator(".widget", has=page.get_by_role("heading", name="Requests by tier", exact=True))
    expect(by_tier.get_by_text("1: ")).to_be_visible()
    expect(page.get_by_role("rowheader", name="on the baseline")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
