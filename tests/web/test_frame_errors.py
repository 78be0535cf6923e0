"""Error frames of PAM and of the gateway."""

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS

TALE = "".join(f"Part {number} of the tale. " for number in range(1, 61))


@pytest.mark.parametrize("gateway_message", ["Internal server error", "Forbidden"])
def test_gateway_error_is_explained_and_can_be_retried(app, proxy, claude, gateway_message):
    """An error of the gateway itself is replaced by a sentence for the traveller, with a retry."""
    claude.script("plain words", "Now it works.")
    app.sign_in().wait_until_connected()

    def fail_chat(frame: dict) -> bool:
        if frame["action"] != "chat":
            return True
        proxy.send_to_page({"message": gateway_message, "connectionId": "L0SM9cOFvHcCIhw=", "requestId": "Ix9ZBg=="})
        return False

    proxy.on_client_frame = fail_chat
    card = app.ask("some plain words")
    expect(card.locator(".severe")).to_have_text("PAM couldn't take this message.")
    proxy.forward_all()
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last.locator(".prose")).to_have_text("Now it works.", timeout=CLAUDE_TIMEOUT_MS)


def test_gateway_timeout_does_not_fail_the_message(app, proxy, claude):
    """The gateway's "Endpoint request timed out" doesn't end a message, whose answer still comes."""
    claude.script("late answer", "Late, and here.")
    app.sign_in().wait_until_connected()

    def add_timeout(socket: WebSocketRoute, frame: dict) -> None:
        if frame.get("type") == "ack":
            proxy.send_to_page({"message": "Endpoint request timed out", "connectionId": "a=", "requestId": "b="})
        proxy.forward(socket, frame)

    proxy.on_server_frame = add_timeout
    card = app.ask_claude("a late answer")
    expect(card.locator(".prose")).to_have_text("Late, and here.")
    expect(card.locator(".severe")).to_have_count(0)


def test_error_without_seq_applies_to_its_message_id(app, proxy, claude):
    """An error without `seq` ends the message with its id if that isn't accepted yet, and no other."""
    claude.script("the tale", TALE)
    claude.script("too much", "Now there is time.")
    claude.set_speed(0, 60)
    app.sign_in().wait_until_connected()
    tale = app.ask("tell me the tale")
    expect(tale.locator(".prose")).to_contain_text("Part 1")
    error = {"type": "error", "code": "store_unavailable", "message": "PAM can't do this right now."}
    proxy.send_to_page(error | {"message_id": proxy.sent_frames("chat")[0]["message_id"]})
    proxy.reject_with("rate_limited", "That was a lot at once.", retry_after=4)
    card = app.ask("too much at once")
    expect(card.locator(".severe")).to_have_text("That was a lot at once. Best after 4 s.")
    proxy.forward_all()
    claude.set_speed(0, None)
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last.locator(".prose")).to_have_text("Now there is time.", timeout=CLAUDE_TIMEOUT_MS)
    expect(tale.locator(".prose")).to_have_text(TALE.strip())


@pytest.mark.parametrize(
    ("code", "retryable"), [("cost_exceeded", 0), ("turn_timed_out", 0), ("turn_lost", 1), ("queue_full", 1)]
)
def test_retry_button_is_shown_only_for_retryable_errors(app, proxy, code, retryable):
    """An error that the same question would cause again has no "Try again" button; any other error has one."""
    app.sign_in().wait_until_connected()
    proxy.reject_with(code, "That went wrong.")
    card = app.ask("say anything at all")
    expect(card.locator(".severe")).to_have_text("That went wrong.")
    expect(card.get_by_role("button", name="Try again")).to_have_count(retryable)
