"""Confirmations of writes that others will see: a post waits for the user's decision."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage
from tests.web.claude_stand_in import ClaudeStandIn, tool_use
from tests.web.websocket_proxy import block_tickets, unblock_tickets

POST = {"content": "Two nights at Goblin Valley.\nNo <b>hookups</b>.", "tags": ["utah", "boondocking"]}


def ask_for_post(app: AppPage, claude: ClaudeStandIn) -> Locator:
    """Sign in, make Claude create a post, and return the card of the answer."""
    claude.script("tell everybody", tool_use("create_post", **POST), "It waits for you.")
    app.sign_in().wait_until_connected()
    return app.ask_claude("Please tell everybody about our two nights")


def confirmation_on(card: Locator) -> Locator:
    return card.get_by_role("region", name=re.compile("^To confirm"))


@pytest.mark.parametrize(("button", "outcome"), [("Confirm", re.compile("publish|post", re.I)), ("Cancel", "Not done")])
def test_confirmation_shows_arguments_and_sends_one_decision(app, claude, button, outcome):
    """A post shows its exact arguments and is decided by one key press; then no button is left."""
    card = ask_for_post(app, claude)
    confirmation = confirmation_on(card)
    expect(confirmation.locator("dd").filter(has_text="Two nights")).to_have_text(POST["content"], use_inner_text=True)
    expect(confirmation.locator("dd").filter(has_text="utah")).to_have_text("utah\nboondocking", use_inner_text=True)
    expect(confirmation).to_contain_text("10 min left to decide")
    assert confirmation.locator("b").count() == 0
    confirmation.get_by_role("button", name=button).focus()
    app.page.keyboard.press("Enter")
    app.page.keyboard.press("Enter")
    expect(confirmation.locator(".outcome")).to_contain_text(outcome)
    expect(confirmation.get_by_role("button")).to_have_count(0)
    expect(confirmation).to_be_focused()
    line = card.get_by_role("list", name="What Claude does").get_by_role("listitem")
    expect(line).to_have_attribute("data-state", "done" if button == "Confirm" else "declined")
    assert [frame["decision"] for frame in app.sent_frames("confirm")] == ["yes" if button == "Confirm" else "no"]


def test_confirmation_shows_whom_a_name_means(app, claude):
    """Whole name and id of the recipient, in place of the name that the user wrote."""
    claude.script("about tonight", tool_use("message_friend", recipient="dan", message="At 7?"), "It waits for you.")
    app.sign_in().wait_until_connected()
    confirmation = confirmation_on(app.ask_claude("Please write to Dan about tonight"))
    recipient = confirmation.locator("dd").filter(has_text="Dan")
    expect(recipient).to_have_text(re.compile(r"^Dan Reyes \(simulated\)\nid [0-9a-f-]{36}$"), use_inner_text=True)
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation.locator(".outcome")).to_contain_text("Not done")


def test_confirmation_expires_after_ten_minutes(app, claude):
    """After ten minutes the buttons are gone, and the card tells that nothing was done."""
    app.page.clock.install()
    card = ask_for_post(app, claude)
    confirmation = confirmation_on(card)
    app.page.clock.fast_forward("09:30")
    expect(confirmation).to_contain_text(re.compile(r"\d+ s left to decide"))
    app.page.clock.fast_forward("00:40")
    expect(confirmation).to_contain_text("The time to decide is over. Nothing was done.")
    expect(confirmation.get_by_role("button")).to_have_count(0)
    assert app.sent_frames("confirm") == []


def test_decision_is_repeated_after_reconnect(app, proxy, claude):
    """A decision whose frame was lost is sent again after a reconnect and executed once."""
    confirmation = confirmation_on(ask_for_post(app, claude))

    def disconnect_on_decision(frame: dict) -> bool:
        if frame["action"] != "confirm":
            return True
        proxy.forward_all()
        proxy.disconnect()
        return False

    proxy.on_client_frame = disconnect_on_decision
    confirmation.get_by_role("button", name="Confirm").click()
    expect(confirmation.locator(".outcome")).to_be_visible(timeout=CLAUDE_TIMEOUT_MS)
    assert len(proxy.sent_frames("confirm")) == 2
    assert {frame["decision"] for frame in proxy.sent_frames("confirm")} == {"yes"}


def test_confirmation_is_restored_after_reload(app, claude):
    """An open confirmation is shown again after a reload, with the time that is left."""
    ask_for_post(app, claude)
    app.page.reload()
    confirmation = confirmation_on(app.cards)
    expect(confirmation).to_contain_text(re.compile(r"\d+ min left to decide"))
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation.locator(".outcome")).to_contain_text("Not done")
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards).to_have_count(1)
    expect(app.cards.locator(".outcome")).to_contain_text("Not done")
    expect(app.cards.get_by_role("button", name="Cancel")).to_have_count(0)


def test_decision_without_connection_is_not_sent(app, proxy, claude):
    """A decision made while disconnected is not sent and can be made again after a reconnect."""
    confirmation = confirmation_on(ask_for_post(app, claude))
    block_tickets(app)
    proxy.disconnect()
    expect(app.connection).not_to_have_text("Connected")
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation.get_by_role("alert")).to_contain_text("PAM isn't connected. Nothing was sent")
    unblock_tickets(app)
    app.wait_until_connected()
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation.locator(".outcome")).to_contain_text("Not done")
    assert len(proxy.sent_frames("confirm")) == 1
    app.allow_request_errors()


def test_rejected_decision_can_be_made_again(app, proxy, claude):
    """The error of a rejected decision is shown on its card, and the buttons work again."""
    confirmation = confirmation_on(ask_for_post(app, claude))
    proxy.reject_with("store_unavailable", "PAM can't do this right now.")
    confirmation.get_by_role("button", name="Confirm").click()
    expect(confirmation.get_by_role("alert")).to_have_text("PAM can't do this right now.")
    proxy.forward_all()
    confirmation.get_by_role("button", name="Cancel").click()
    expect(confirmation.locator(".outcome")).to_contain_text("Not done")
