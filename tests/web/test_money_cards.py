"""The cards of answers from the traveller's own books: by category, budgets, savings, one by one."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.web.conftest import ZONE, figure


def dollars(amount: str) -> str:
    return f"${Decimal(amount):,.2f}"


def test_spending_by_category_shows_every_category(pam, api):
    """Asked by category, the table comes first and whole, nothing behind a button."""
    card = pam.sign_in().ask("spending by category this month")
    stored = api.this_month()["by_category"]
    rows = card.get_by_role("table", name="Spending by category").get_by_role("row")
    expect(rows).to_have_count(len(stored) + 1)
    assert rows.last.is_visible()
    expect(rows.nth(1)).to_contain_text(dollars(stored[0]["total"]))
    expect(card.get_by_role("button")).to_have_count(0)
    assert rows.last.bounding_box()["y"] < figure(card, "Total").bounding_box()["y"]


def test_budgets_are_gauges_with_the_total_first(pam, api):
    """Each budget says spent of limit, its state and where it is heading in words; the tightest come first."""
    card = pam.sign_in().ask("How's my budget?")
    stored = api.get("budget-status", timezone=ZONE)
    expect(card).to_contain_text(re.compile(rf"{stored['days_left']} days? left"))
    gauges = card.get_by_role("meter")
    expect(gauges.first).to_have_accessible_name("All budgets")
    card.get_by_role("button", name="Show 4 more").click()
    expect(gauges).to_have_count(len(stored["budgets"]) + 1)
    words = {"good": "Within budget", "near": "Close to the limit", "over": "Over budget by"}
    for budget in [stored["total"], *stored["budgets"]]:
        category = budget["category"]
        name = f"{category} budget".capitalize() if category else "All budgets"
        name = name.replace("Dining", "Dining out")
        line = card.locator(".budget", has=pam.page.get_by_role("meter", name=name, exact=True))
        expect(line).to_contain_text(words[budget["state"]])
        expect(line).to_contain_text(f"{dollars(budget['spent'])} of {dollars(budget['limit'])} spent")
        expect(line).to_contain_text(f"Heading for {dollars(budget['projected'])}")
        meter = line.get_by_role("meter")
        expect(meter).to_have_attribute("aria-valuetext", re.compile(f"{words[budget['state']]}.*Heading for"))
        tick, limit, track = (line.locator(f".gauge > .{part}") for part in ("tick", "limit", "meter"))
        reach = max(Decimal(budget["projected"]), Decimal(budget["limit"]))
        at = float(Decimal(budget["projected"]) / reach)
        box, place = track.bounding_box(), tick.bounding_box()
        assert place["x"] - box["x"] == pytest.approx(at * (box["width"] - place["width"]), abs=1.5)
        assert limit.count() == (Decimal(budget["projected"]) > Decimal(budget["limit"]))
    shares = [Decimal(one["spent"]) / Decimal(one["limit"]) for one in stored["budgets"]]
    tightest = max(zip(shares, stored["budgets"], strict=True), key=lambda pair: pair[0])[1]["category"]
    expect(gauges.nth(1)).to_have_accessible_name(f"{tightest.capitalize()} budget")


def test_one_budget_is_one_gauge(pam):
    """A question about one category shows its gauge alone, without a total of one."""
    card = pam.sign_in().ask("how's my fuel budget")
    expect(card.get_by_role("meter")).to_have_count(1)
    expect(card.get_by_role("meter", name="Fuel budget")).to_be_visible()


def test_savings_show_their_total_and_kinds(pam, api):
    """The sum, how often, and a table of kinds that matches the API."""
    card = pam.sign_in().ask("how much have I saved this year")
    stored = api.get("savings", period="this_year", timezone=ZONE)
    expect(figure(card, "Saved")).to_contain_text(dollars(stored["total"]))
    expect(figure(card, "Saved")).to_contain_text(f"{stored['count']} times")
    rows = card.get_by_role("table", name="Savings by kind").get_by_role("row")
    expect(rows).to_have_count(len(stored["by_kind"]) + 1)
    for row, kind in zip(rows.all()[1:], stored["by_kind"], strict=True):
        expect(row).to_contain_text(dollars(kind["total"]))


def test_expenses_are_listed_newest_first_and_continued_by_cursor(pam, api):
    """The first page as it was asked for; "Show more" appends the next one of the same question."""
    card = pam.sign_in().ask("show my last 5 fuel expenses")
    stored = api.get("expenses", category="fuel", limit="15")["expenses"]
    rows = card.get_by_role("table", name="Expenses, newest first").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(5)
    pam.page.route("**/v1/expenses?*", lambda route: route.abort())
    more = card.get_by_role("button", name="Show more")
    more.click()
    expect(card.get_by_role("alert")).to_contain_text("can't be reached")
    pam.page.unroute("**/v1/expenses?*")
    more.click()
    expect(rows).to_have_count(10)
    expect(card.get_by_role("alert")).to_be_empty()
    more.dblclick()
    expect(rows).to_have_count(15)
    for row, expense in zip(rows.all(), stored, strict=True):
        expect(row).to_contain_text(dollars(expense["amount"]))
        assert row.locator("time").get_attribute("datetime") == expense["date"]
        expect(row).to_contain_text("Fuel")
    expect(pam.page.locator("[aria-live=polite]")).to_contain_text("5 more expenses")
    pam.expect_failed_requests()


def test_the_end_of_a_list_is_an_end(pam, api):
    """Where no page follows the button goes, and the focus stays in the list."""
    page = api.get("expenses", limit="2") | {"text": "Your latest 2 expenses; there are more."}
    pam.sign_in().replies("list_expenses", page, tier=1, slots={"limit": 2})
    card = pam.ask("show my last 2 expenses")
    end = page | {"next_cursor": None}
    pam.page.route("**/v1/expenses?*", lambda route: route.fulfill(json=end))
    card.get_by_role("button", name="Show more").focus()
    pam.page.keyboard.press("Enter")
    expect(card.get_by_role("button")).to_have_count(0)
    expect(card.locator("tbody tr").nth(2)).to_be_focused()


def test_an_empty_list_is_said_plainly(pam):
    """No expenses is a sentence, not an empty table."""
    card = pam.sign_in().ask("show my propane expenses from today")
    expect(card).to_contain_text(re.compile("You have no|needs a conversation"))
    expect(card.get_by_role("table")).to_have_count(0)
