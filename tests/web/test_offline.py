"""The page without a connection: it opens, shows the last known figures, and keeps what is entered until it is sent."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from playwright.sync_api import expect

from local import demo
from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage, expect_complete, lose_response

TRAVELLER = demo.OTHERS[1]
ENTRIES = 20
HOURS_APART = 5
EXPENSES = """
select amount, spent_at, created_at from expenses where user_id = %s and category = 'laundry' order by created_at
"""
WORKER_STATE = "navigator.serviceWorker.ready.then(({ active }) => active.state)"


@pytest.fixture
def open_app(new_app: Callable[..., AppPage]) -> Callable[..., AppPage]:
    """Open a page whose service worker has stored all files, and sign in as a traveller without expenses."""

    def open_app(**options) -> AppPage:
        app = new_app(service_workers="allow", **options)
        app.open()
        app.wait_until(lambda: app.page.evaluate(WORKER_STATE) == "activated")
        app.page.get_by_role("button", name=f"Sign in as {TRAVELLER.name}").click()
        expect(app.panel.locator("#panel-total")).not_to_be_empty()
        return app.wait_until_connected()

    return open_app


def go_offline(app: AppPage) -> None:
    """Disconnect the page and its service worker, and check that neither reaches the server."""
    app.page.context.set_offline(True)
    app.allow_request_errors()
    reached = "fetch('/openapi.json', { cache: 'no-store' }).then(() => true, () => false)"
    assert app.page.evaluate(reached) is False
    assert [worker.evaluate(reached) for worker in app.page.context.service_workers] == [False]


def enter(app: AppPage, number: int, amount: str) -> None:
    """Enter an expense: one half of them as sentences, the other half in the form."""
    if number % 2:
        expect(app.ask(f"add ${amount} for laundry")).to_contain_text("Waiting")
        return
    count = app.cards.count()
    form = app.fill_expense_form(amount, "laundry")
    form.get_by_role("button", name="Add expense").click()
    expect(form).to_be_hidden()
    expect(app.cards).to_have_count(count + 1)
    expect(app.cards.last).to_contain_text("Waiting")


def test_expenses_entered_offline_arrive_once_in_order_with_their_dates(open_app, owner):
    """Of 20 expenses that are entered over days, with a reload in between, each is stored once and as of its entry."""
    app = open_app()
    app.page.clock.install()
    go_offline(app)
    amounts = [Decimal(f"{31 + number}.25") for number in range(ENTRIES)]
    entered = []
    for number, amount in enumerate(amounts):
        if number == ENTRIES // 2:
            app.page.reload()
            expect(app.cards).to_have_count(number)
        entered.append(app.page.evaluate("Date.now()"))
        enter(app, number, str(amount))
        app.page.clock.fast_forward(f"{HOURS_APART:02}:00:00")
    ended, ended_at = app.page.evaluate("Date.now()"), datetime.now(UTC)
    app.page.reload()
    expect(app.cards).to_have_count(ENTRIES)
    app.page.context.set_offline(False)
    for card in app.cards.all():
        expect(card).to_contain_text("Done at once", timeout=CLAUDE_TIMEOUT_MS)
    expect(app.page.get_by_text("Waiting.")).to_have_count(0)
    stored = owner.execute(EXPENSES, (TRAVELLER.id,)).fetchall()
    assert sorted(amount for amount, _, _ in stored) == amounts
    # Sentences and the form have a channel each.
    for half in (0, 1):
        assert [amount for amount, _, _ in stored if amounts.index(amount) % 2 == half] == amounts[half::2]
    by_entry = sorted(stored, key=lambda row: row[1])
    assert [amount for amount, _, _ in by_entry] == amounts
    for (_, spent_at, _), at in zip(by_entry, entered, strict=True):
        expected = ended_at - timedelta(milliseconds=ended - at)
        assert abs(spent_at - expected) < timedelta(minutes=1)
    app.page.reload()
    app.wait_until_connected()
    assert owner.execute(EXPENSES, (TRAVELLER.id,)).fetchall() == stored


def test_last_known_figures_are_shown_with_their_time(open_app, owner):
    """Without a connection, the month's figures and the answers are those from before, and say from when they are."""
    app = open_app()
    total = app.panel.locator("#panel-total").inner_text()
    answer = app.ask("How much did I spend this month?").locator(".card-text").inner_text()
    go_offline(app)
    app.page.reload()
    expect(app.panel.locator("#panel-total")).to_have_text(total)
    expect(app.panel).to_contain_text(re.compile(r"This device is offline\. These figures are from .* (ago|just now)"))
    expect(app.panel.get_by_text("As of")).to_be_visible()
    expect(app.panel.locator("#panel-window")).to_contain_text(", from ")  # which is visible on a phone, too
    expect(app.cards.first.locator(".card-text")).to_have_text(answer)
    expect(app.cards.first.get_by_text("As of")).to_be_visible()
    expect(app.connection).to_have_text("Offline: questions wait")
    app.page.context.set_offline(False)
    app.wait_until_connected()
    expect(app.panel).not_to_contain_text("These figures are from")


def test_page_opens_in_a_new_window_and_keeps_questions_until_it_is_online(open_app, claude):
    """The installed page is opened anew without a connection, as the same user; its questions are answered later."""
    claude.script("is worth a stop", "The arch is.")
    first = open_app()
    go_offline(first)
    first.page.close()
    app = AppPage(first.page.context.new_page(), first.base_url).open()
    expect(app.page.locator("#account-name")).to_have_text(TRAVELLER.name)
    expect(app.ask("what is worth a stop near Moab?")).to_contain_text("Waiting")
    app.page.reload()
    expect(app.cards).to_have_count(1)
    assert claude.count_requests("is worth a stop") == 0
    app.page.context.set_offline(False)
    expect_complete(app.cards.last)
    expect(app.cards.last.locator(".prose")).to_have_text("The arch is.")
    assert claude.count_requests("is worth a stop") == 1


def test_user_who_signed_out_isn_t_signed_in_when_the_page_opens_again(open_app):
    """Nothing of a user is shown after the sign-out, with or without a connection."""
    app = open_app()
    app.page.get_by_role("button", name="Sign out").click()
    go_offline(app)
    app.page.reload()
    expect(app.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    expect(app.panel).to_be_hidden()


def test_expense_whose_response_was_lost_is_added_once(app, owner: psycopg.Connection, api):
    """The form's expense that has reached the API, although the page doesn't know, is sent again with the same key."""
    app.route("**/v1/ws-ticket", lambda route: route.abort())
    app.sign_in()
    before = api.count_this_month("laundry")
    app.route("**/v1/expenses", lose_response)
    form = app.fill_expense_form("3.10", "laundry")
    form.get_by_role("button", name="Add expense").click()
    expect(app.cards.last).to_contain_text("Waiting")
    app.unroute("**/v1/expenses")
    app.page.reload()
    expect(app.cards.last).to_contain_text("10 min left")
    keys = {request.headers["idempotency-key"] for request in app.sent_requests("POST", "/v1/expenses")}
    assert len(keys) == 1
    assert api.count_this_month("laundry") == before + 1
    app.undo(app.cards.last)
    app.allow_request_errors()


def test_refused_expense_is_explained_and_can_be_changed(app, api):
    """An expense that was entered offline and that the API refuses opens in the form again; nothing is lost."""
    app.sign_in().wait_until_connected()
    app.page.context.set_offline(True)
    form = app.fill_expense_form("1.200", "tolls", "A bridge")
    form.get_by_role("button", name="Add expense").click()
    expect(app.cards.last).to_contain_text("A bridge")
    app.page.context.set_offline(False)
    expect(app.cards.last).to_contain_text("could be $1.20 or $1,200.00")
    app.cards.last.get_by_role("button", name="Change it").click()
    expect(form.get_by_label("Description")).to_have_value("A bridge")
    form.get_by_label("Amount").fill("1.20 USD")
    form.get_by_role("button", name="Add expense").click()
    expect(app.cards.last).to_contain_text("10 min left")
    app.undo(app.cards.last)
    app.page.reload()
    expect(app.page.get_by_text("could be $1.20")).to_have_count(0)
    app.allow_request_errors()


def test_unsent_expense_can_be_dropped(app):
    """It is then neither sent nor shown after a reload."""
    app.sign_in().wait_until_connected()
    app.page.context.set_offline(True)
    form = app.fill_expense_form("7.77", "tolls")
    form.get_by_role("button", name="Add expense").click()
    app.cards.last.get_by_role("button", name="Don't add").click()
    expect(app.cards.last).to_contain_text("Not added.")
    app.page.context.set_offline(False)
    app.wait_until_connected()
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards).to_have_count(0)
    assert app.sent_requests("POST", "/v1/expenses") == []
    app.allow_request_errors()
