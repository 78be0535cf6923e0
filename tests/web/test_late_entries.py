"""Entries typed offline: dated when they were typed, kept until they are sent, and deleted only with consent."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE
from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage, expect_complete, lose_response
from tests.web.websocket_proxy import block_tickets, unblock_tickets

DAY_MS = 86_400_000


def age_messages(app: AppPage, days: float) -> None:
    """Change what is stored as if all waiting messages had been typed this many days earlier, and reload the page."""
    app.page.evaluate(
        """(ms) => {
            for (const [key, text] of Object.entries(localStorage)) {
                if (!key.includes(".message.")) continue;
                const record = JSON.parse(text);
                localStorage.setItem(key, JSON.stringify({ ...record, askedAt: record.askedAt - ms }));
            }
        }""",
        days * DAY_MS,
    )
    app.page.reload()


def stored_messages(app: AppPage) -> list[str]:
    """Return the texts of the messages on this device, of whichever user."""
    return app.page.evaluate(
        "Object.entries(localStorage).filter(([key]) => key.includes('.message.')).map(([, v]) => JSON.parse(v).text)"
    )


def queue(app: AppPage, *texts: str) -> None:
    """Sign in without a connection, and type entries offline."""
    block_tickets(app)
    app.sign_in()
    app.page.context.set_offline(True)
    for text in texts:
        app.ask(text)
    app.page.context.set_offline(False)


@pytest.mark.parametrize("days", [2, 20, 29.9])
def test_queued_expense_is_dated_when_it_was_typed(app, api, days):
    """ "Yesterday" is the day before the typing; the entry survives reloads, and reaches PAM once."""
    queue(app, "add $4.25 for tolls yesterday")
    age_messages(app, days)
    expect(app.cards.last).to_contain_text("Waiting")
    unblock_tickets(app)
    expect(app.cards.last).to_contain_text("Done at once", timeout=CLAUDE_TIMEOUT_MS)
    typed = (datetime.now(UTC) - timedelta(days=days)).astimezone(ZoneInfo(TIMEZONE))
    day = (typed - timedelta(days=1)).date()
    expect(app.cards.last).to_contain_text(f"{day:%b} {day.day}")
    (expense,) = [each for each in api.get("expenses", limit="100")["expenses"] if each["amount"] == "4.25"]
    assert expense["date"] == str(day)
    (frame,) = app.sent_frames("chat")
    sent = datetime.fromisoformat(frame["context"]["typed_at"])
    assert abs(sent - typed) < timedelta(minutes=2)
    assert frame["context"]["timezone"] == TIMEZONE
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_entry_older_than_30_days_is_kept_until_the_user_decides(app, api):
    """It isn't sent by itself, survives reloads, and is sent as of today if the user wants that."""
    before = api.count_this_month("tolls")
    queue(app, "add $4.50 for tolls today")
    age_messages(app, 31)
    unblock_tickets(app)
    app.wait_until_connected()
    expect(app.cards.last).to_contain_text("waited for more than 30 days")
    app.page.reload()
    app.wait_until_connected()
    assert app.sent_frames("chat") == []
    app.cards.last.get_by_role("button", name="Send it now").click()
    expect(app.cards.last).to_contain_text("10 min left", timeout=CLAUDE_TIMEOUT_MS)
    assert api.count_this_month("tolls") == before + 1
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_entry_older_than_30_days_can_be_discarded(app):
    """The user discards it by a button, and then nothing is stored."""
    queue(app, "add $4.75 for tolls")
    age_messages(app, 40)
    unblock_tickets(app)
    app.cards.last.get_by_role("button", name="Don't send").click()
    expect(app.cards.last).to_contain_text("Not sent.")
    assert stored_messages(app) == []
    assert app.sent_frames("chat") == []
    app.allow_request_errors()


@pytest.mark.parametrize(
    ("button", "kept"), [("Keep and sign out", 1), ("Delete and sign out", 0), ("Stay signed in", 1)]
)
def test_sign_out_asks_about_unsent_entries(app, claude, button, kept):
    """They are kept or deleted as the user says; kept ones are sent after the next sign-in."""
    claude.script("waits for me", "Here you are.")
    queue(app, "this waits for me")
    app.page.get_by_role("button", name="Sign out").click()
    dialog = app.page.get_by_role("dialog", name="Sign out with unsent entries?")
    expect(dialog).to_contain_text("One entry hasn't been sent yet")
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_be_hidden()
    assert len(stored_messages(app)) == kept
    if button == "Stay signed in":
        expect(app.cards).to_have_count(1)
    else:
        expect(app.cards).to_have_count(0)
        unblock_tickets(app)
        app.page.get_by_role("button", name="Sign in as the demo traveller").click()
        app.wait_until_connected()
        expect(app.cards).to_have_count(kept)
    if button == "Keep and sign out":
        expect_complete(app.cards.last)
    app.allow_request_errors()


def test_another_account_neither_sees_nor_sends_the_entries(app, stack):
    """On the same browser, the entries wait for the account that wrote them."""
    queue(app, "this is mine alone")
    app.page.get_by_role("button", name="Sign out").click()
    app.page.get_by_role("button", name="Keep and sign out").click()
    unblock_tickets(app)
    token = stack.token("8c7f3a52-5b2c-4c8e-9b5d-0f3a1f2b9d11")
    credentials = {"token": token, "lifetime": 600_000, "expires": time.time() * 1000 + 600_000}
    app.page.evaluate("(value) => sessionStorage.setItem('pam.session', value)", json.dumps(credentials))
    assert base64.urlsafe_b64decode(token.split(".")[1] + "==").find(b"8c7f3a52") > 0
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards).to_have_count(0)
    expect(app.question).to_have_value("")
    assert app.sent_frames("chat") == []
    assert stored_messages(app) == ["this is mine alone"]
    app.allow_request_errors()


def test_repeated_request_keeps_its_time_and_its_key_in_another_time_zone(new_app, api):
    """A retry after the device's zone has changed is the same request, of the time and zone of the first attempt."""
    app = new_app().sign_in()
    before = api.count_this_month("tolls")
    app.route("**/v1/ask", lose_response)
    expect(app.ask("add $3.75 for tolls")).to_contain_text("can't be reached")
    app.page.add_init_script(
        """const options = Intl.DateTimeFormat.prototype.resolvedOptions;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () {
            return { ...options.call(this), timeZone: "Asia/Tokyo" };
        };"""
    )
    app.page.reload()
    assert app.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Tokyo"
    app.unroute("**/v1/ask")
    expect(app.question).to_have_value("add $3.75 for tolls")
    app.wait_until_connected()
    app.question.press("Enter")
    expect(app.cards.last).to_contain_text("10 min left")
    first, second = app.sent_requests("POST", "/v1/ask")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (first.post_data_json["timezone"], second.post_data_json["timezone"]) == (TIMEZONE, TIMEZONE)
    times = [datetime.fromisoformat(each.post_data_json["typed_at"]) for each in (first, second)]
    assert abs(times[0] - times[1]) < timedelta(seconds=2), "apart from the resolution of the server's clock"
    assert api.count_this_month("tolls") == before + 1
    app.undo(app.cards.last)
    app.allow_request_errors()


@pytest.mark.parametrize("hours", [-30, 30])
def test_wrong_clock_of_the_device_doesn_t_change_the_day(new_app, hours):
    """The time of typing is corrected by the server's clock."""
    app = new_app()
    app.page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
    app.page.clock.resume()
    app.sign_in()
    card = app.ask("add $2.25 for tolls")
    expect(card).to_contain_text("Done at once")
    request = app.sent_requests("POST", "/v1/ask")[-1]
    typed_at = datetime.fromisoformat(request.post_data_json["typed_at"])
    assert abs(typed_at - datetime.now(UTC)) < timedelta(minutes=1)
    app.undo(card)


def test_long_queue_is_sent_in_order_without_an_error(app, claude):
    """More entries than the server queues at once are all answered, in the order of typing."""
    texts = [f"entry number {number} of nine" for number in range(9)]
    claude.script("of nine", "Noted.")
    queue(app, *texts)
    unblock_tickets(app)
    for card in app.cards.all():
        expect_complete(card)
    assert [frame["text"] for frame in app.sent_frames("chat")] == texts
    app.allow_request_errors()


def test_queued_entry_that_is_refused_for_the_rate_is_sent_again(app, proxy, claude):
    """Nobody may be there to send it again."""
    claude.script("patience pays", "It does.")
    queue(app, "patience pays")
    proxy.reject_with("rate_limited", "That was a lot at once.", retry_after=1)
    unblock_tickets(app)
    app.wait_until(lambda: len(proxy.sent_frames("chat")) == 1)
    proxy.forward_all()
    expect_complete(app.cards.last)
    first, second = proxy.sent_frames("chat")
    assert first["message_id"] == second["message_id"]
    app.allow_request_errors()
