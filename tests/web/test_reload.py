"""What a reload and a second tab show: the answers of the conversation, and current totals."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.web.app_page import GAS_QUESTION, AppPage


@pytest.fixture
def app(app: AppPage) -> AppPage:
    """A page with a signed-in user and an open socket."""
    return app.sign_in().wait_until_connected()


def reload(app: AppPage) -> None:
    app.page.reload()
    app.wait_until_connected()


def test_answers_are_shown_after_a_reload_in_their_order(app, claude):
    """Fast answers, those of Claude with tools and text, and errors are shown again; nothing is asked again."""
    claude.script("what is there to", "**Much**, and more.\n\n- one\n- two")
    app.ask(GAS_QUESTION)
    app.ask_claude("what is there to see")
    claude.set_fault("breaks", "500")
    expect(app.ask("this one breaks").locator(".severe")).to_be_visible(timeout=60_000)
    questions, texts = app.page.locator(".question").all_inner_texts(), [card.inner_text() for card in app.cards.all()]
    spent = app.cards.first.locator(".card-text").inner_text()
    frames = len(app.sent_frames("chat"))
    for _ in range(2):
        reload(app)
        assert app.page.locator(".question").all_inner_texts() == questions
        expect(app.cards).to_have_count(len(texts))
        expect(app.cards.first.locator(".card-text")).to_have_text(spent)
        expect(app.cards.nth(1).locator(".prose strong")).to_have_text("Much")
        expect(app.cards.nth(1).get_by_text("Cost and tokens")).to_be_visible()
        expect(app.cards.nth(2).get_by_role("button", name="Try again")).to_be_visible()
    assert len(app.sent_frames("chat")) == frames
    assert len(app.sent_requests("POST", "/v1/ask")) == 1
    assert app.page.locator("#announcement-log").inner_text() == "", "what was announced before isn't announced again"


def test_answers_of_an_earlier_conversation_are_gone_after_a_reload(app, claude):
    """Answers are kept as long as the conversation continues."""
    claude.script("before", "Then.")
    claude.script("after", "Now.")
    app.ask_claude("ask before it")
    app.page.get_by_role("button", name="New conversation").click()
    app.ask_claude("ask after it")
    reload(app)
    expect(app.page.locator(".question")).to_have_text(["ask after it"])


def test_undo_is_remembered_across_a_reload(app, api):
    """An expense can be undone after a reload; once it is undone, its card says so after the next one."""
    before = api.count_this_month("tolls")
    app.ask("add $1.75 for tolls")
    reload(app)
    app.undo(app.cards.last)
    assert api.count_this_month("tolls") == before
    reload(app)
    expect(app.cards.last).to_contain_text("taken back")
    expect(app.cards.last.get_by_role("button", name="Undo")).to_have_count(0)


def test_write_in_one_tab_updates_the_total_of_another(app, api):
    """Also when it is undone."""
    other = AppPage(app.page.context.new_page(), app.base_url).open()
    expect(other.panel.locator("#panel-total")).not_to_be_empty()
    before = other.panel_total()
    card = app.ask("add $5.25 for tolls")
    other.expect_panel_total(before + Decimal("5.25"))
    app.undo(card)
    other.expect_panel_total(before)


def test_write_from_another_device_is_shown_when_the_tab_is_shown(app, new_app):
    """A tab that becomes visible loads its totals again."""
    before = app.panel_total()
    other = new_app().sign_in()
    card = other.ask("add $6.50 for tolls")
    expect(card).to_contain_text("Done at once")
    app.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    app.expect_panel_total(before + Decimal("6.50"))
    other.undo(card)
