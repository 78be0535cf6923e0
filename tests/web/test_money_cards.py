"""Cards of fast answers about the user's own money."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE
from tests.web.app_page import figure


def format_dollars(amount: str) -> str:
    return f"${Decimal(amount):,.2f}"


def test_spending_by_category_shows_every_category(app, api):
    """A summary by category shows the whole table first, without a button."""
    card = app.sign_in().ask("spending by category this month")
    stored = api.spending_this_month()["by_category"]
    rows = card.get_by_role("table", name="Spending by category").get_by_role("row")
    expect(rows).to_have_count(len(stored) + 1)
    assert rows.last.is_visible()
    expect(rows.nth(1)).to_contain_text(format_dollars(stored[0]["total"]))
    expect(card.get_by_role("button")).to_have_count(0)
    assert rows.last.bounding_box()["y"] < figure(card, "Total").bounding_box()["y"]


def test_budgets_are_meters_with_total_first(app, api):
    """Each budget shows its spent part, state and projection, the total first and then by part spent."""
    card = app.sign_in().ask("How's my budget?")
    stored = api.get("budget-status", timezone=TIMEZONE)
    expect(card).to_contain_text(re.compile(rf"{stored['days_left']} days? left"))
    meters = card.get_by_role("meter")
    expect(meters.first).to_have_accessible_name("All budgets")
    card.get_by_role("button", name="Show 4 more").click()
    expect(meters).to_have_count(len(stored["budgets"]) + 1)
    labels = {"good": "Within budget", "near": "Close to the limit", "over": "Over budget by"}
    for budget in [stored["total"], *stored["budgets"]]:
        category = budget["category"]
        name = f"{category} budget".capitalize() if category else "All budgets"
        name = name.replace("Dining", "Dining out")
        row = card.locator(".budget", has=app.page.get_by_role("meter", name=name, exact=True))
        expect(row).to_contain_text(labels[budget["state"]])
        expect(row).to_contain_text(f"{format_dollars(budget['spent'])} of {format_dollars(budget['limit'])} spent")
        expect(row).to_contain_text(f"Heading for {format_dollars(budget['projected'])}")
        meter = row.get_by_role("meter")
        expect(meter).to_have_attribute("aria-valuetext", re.compile(f"{labels[budget['state']]}.*Heading for"))
        tick, limit, track = (row.locator(f".gauge > .{part}") for part in ("tick", "limit", "meter"))
        end = max(Decimal(budget["projected"]), Decimal(budget["limit"]))
        position = float(Decimal(budget["projected"]) / end)
        track_box, tick_box = track.bounding_box(), tick.bounding_box()
        assert tick_box["x"] - track_box["x"] == pytest.approx(
            position * (track_box["width"] - tick_box["width"]), abs=1.5
        )
        assert limit.count() == (Decimal(budget["projected"]) > Decimal(budget["limit"]))
    fullest = max(stored["budgets"], key=lambda budget: Decimal(budget["spent"]) / Decimal(budget["limit"]))["category"]
    expect(meters.nth(1)).to_have_accessible_name(f"{fullest.capitalize()} budget")


def test_single_budget_has_one_meter(app):
    """A question about one category shows its meter, without a total."""
    card = app.sign_in().ask("how's my fuel budget")
    expect(card.get_by_role("meter")).to_have_count(1)
    expect(card.get_by_role("meter", name="Fuel budget")).to_be_visible()


def test_savings_show_total_and_kinds(app, api):
    """Savings show the total, the count and a table of kinds as the API has them."""
    card = app.sign_in().ask("how much have I saved this year")
    stored = api.get("savings", period="this_year", timezone=TIMEZONE)
    expect(figure(card, "Saved")).to_contain_text(format_dollars(stored["total"]))
    expect(figure(card, "Saved")).to_contain_text(f"{stored['count']} times")
    rows = card.get_by_role("table", name="Savings by kind").get_by_role("row")
    expect(rows).to_have_count(len(stored["by_kind"]) + 1)
    for row, kind in zip(rows.all()[1:], stored["by_kind"], strict=True):
        expect(row).to_contain_text(format_dollars(kind["total"]))


def test_expense_list_is_paged_by_cursor(app, api):
    """The button "Show more" appends the next page of the same question, also after a failed request."""
    card = app.sign_in().ask("show my last 5 fuel expenses")
    stored = api.get("expenses", category="fuel", limit="15")["expenses"]
    rows = card.get_by_role("table", name="Expenses, newest first").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(5)
    app.route("**/v1/expenses?*", lambda route: route.abort())
    show_more = card.get_by_role("button", name="Show more")
    show_more.click()
    expect(card.get_by_role("alert")).to_contain_text("can't be reached")
    app.unroute("**/v1/expenses?*")
    show_more.click()
    expect(rows).to_have_count(10)
    expect(card.get_by_role("alert")).to_be_empty()
    show_more.dblclick()
    expect(rows).to_have_count(15)
    for row, expense in zip(rows.all(), stored, strict=True):
        expect(row).to_contain_text(format_dollars(expense["amount"]))
        assert row.locator("time").get_attribute("datetime") == expense["date"]
        expect(row).to_contain_text("Fuel")
    expect(app.page.locator("[aria-live=polite]")).to_contain_text("5 more expenses")
    app.allow_request_errors()


def test_last_page_removes_button_and_keeps_focus(app, api):
    """After the last page the button is removed and the focus stays in the list."""
    page = api.get("expenses", limit="2") | {"text": "Your latest 2 expenses; there are more."}
    app.sign_in().stub_answer("list_expenses", page, tier=1, slots={"limit": 2})
    card = app.ask("show my last 2 expenses")
    last_page = page | {"next_cursor": None}
    app.route("**/v1/expenses?*", lambda route: route.fulfill(json=last_page))
    card.get_by_role("button", name="Show more").focus()
    app.page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Show more")).to_have_count(0)
    expect(card.locator("tbody tr").nth(2)).to_be_focused()


def test_empty_list_is_a_sentence(app):
    """A list without expenses is a sentence, not an empty table."""
    text = "You have no propane expenses today."
    app.sign_in().stub_answer("list_expenses", {"text": text, "expenses": [], "next_cursor": None}, tier=1)
    card = app.ask("show my propane expenses from today")
    expect(card.locator(".card-text")).to_have_text(text)
    expect(card.get_by_role("table")).to_have_count(0)


def test_expense_in_another_currency_shows_its_value_and_rate(app, api):
    """The card and the list show what was paid, its value, and the source and day of the rate."""
    card = app.sign_in().ask("I spent CA$70 on groceries")
    expense = api.get("expenses", limit="1")["expenses"][0]
    value = f"{format_dollars(expense['converted']['amount'])}, ECB (simulated) rate of "
    assert (expense["amount"], expense["currency"]) == ("70.00", "CAD")
    expect(card.locator("p", has_text=value)).to_be_visible()
    listed = app.ask("show my last 2 expenses").get_by_role("row").nth(1)
    expect(listed).to_contain_text("CA$70.00")
    expect(listed).to_contain_text(value)
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("Your expense of CA$70.00 for groceries is taken back.")


def test_amounts_without_a_rate_are_not_shown_as_zero(app, api):
    """Where nothing counts, the card has the sentence and what is left out, and no total of $0.00."""
    text = "You've spent CA$70.00 on propane this month. PAM has no exchange rate to USD for it yet."
    nothing = {"total": "0.00", "count": 0, "by_category": [], "change": None, "top_expense": None, "converted": []}
    left_out = {"other_currencies": [{"currency": "CAD", "total": "70.00", "count": 1}]}
    summary = api.spending_this_month("propane") | nothing | left_out | {"text": text}
    app.sign_in().stub_answer("spend_summary", summary, tier=1)
    card = app.ask("how much did I spend on propane this month")
    expect(card).to_contain_text("Not in these figures, without an exchange rate yet: CA$70.00.")
    expect(figure(card, "Total")).to_have_count(0)
    expect(card).not_to_contain_text("$0.00")
