"""Tools for money: expenses, summaries, limits and comparisons."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from local.stand_ins.travel.ecb import reference_rate
from pam.tools.catalog.money import TOOLS, compare_vs_budget, create_expense, get_spending_summary, update_budget
from tests.conftest import Traveller
from tests.functional.tools.conftest import Caller, ManualClock, error_of, read_expenses, read_limits

Callers = Callable[..., Caller]


def test_date_is_checked_in_the_time_zone_of_the_device(new_caller: Callers) -> None:
    """On the last evening of February in Denver it is March in Sydney."""
    evening = ManualClock(datetime(2026, 3, 1, 4, 30, tzinfo=UTC))
    caller = new_caller(evening)
    caller.call(update_budget, '{"amount": 100, "category": "fuel"}')
    at_home = caller.call(create_expense, '{"amount": 30, "category": "fuel"}')
    assert at_home.data["expense"]["date"] == "2026-02-28"
    assert at_home.data["budget"]["window"] == {"from": "2026-02-01", "to": "2026-03-01"}
    assert at_home.text == "Added $30.00 for fuel. $70.00 of your $100.00 monthly budget is left."
    tomorrow = '{"amount": 5, "category": "fuel", "date": "2026-03-01"}'
    assert error_of(lambda: caller.call(create_expense, tomorrow)).error.code == "date_in_future"
    in_sydney = caller.in_zone("Australia/Sydney").call(create_expense, tomorrow)
    assert in_sydney.data["expense"]["date"] == "2026-03-01"
    assert in_sydney.as_of == "2026-03-01T15:30:00+11:00"


@pytest.mark.parametrize(
    ("day", "code"), [("2027-02-28", None), ("2027-02-27", "date_too_old"), ("2028-03-01", "date_in_future")]
)
def test_oldest_date_before_a_leap_day_is_the_28th(new_caller: Callers, day: str, code: str | None) -> None:
    """Dates older than a year, or in the future, are rejected."""
    caller = new_caller(ManualClock(datetime(2028, 2, 29, 19, tzinfo=UTC)))
    raw = json.dumps({"amount": 1, "category": "tolls", "date": day})
    if code is None:
        assert caller.call(create_expense, raw).data["expense"]["date"] == day
    else:
        assert error_of(lambda: caller.call(create_expense, raw)).error.code == code


@pytest.mark.parametrize(
    ("written", "stored"),
    [("1e3", "1000.00"), ('"50"', "50.00"), ("0.01", "0.01"), ("19.990", "19.99"), ("1000000", "1000000.00")],
)
def test_amount_is_stored_exactly(caller: Caller, written: str, stored: str) -> None:
    """Whether it is written as a number, with an exponent, or as a string."""
    result = caller.call(create_expense, f'{{"amount": {written}, "category": "fuel"}}')
    assert result.data["expense"]["amount"] == stored


def test_expense_keeps_its_currency(caller: Caller, owner: psycopg.Connection) -> None:
    """The amount stays as it was paid; its value in the user's currency is beside it."""
    result = caller.call(
        create_expense, '{"amount": 200, "category": "food", "currency": "MXN", "description": " Tacos "}'
    )
    assert (
        result.text.startswith("Added MX$200.00 for food. That is $")
        and result.data["expense"]["description"] == "Tacos"
    )
    assert read_expenses(owner, caller) == [(Decimal("200.00"), "food", "MXN")]


def test_tool_and_fast_answer_return_the_same_text(new_caller: Callers, traveller: Traveller) -> None:
    """Whichever way an expense comes."""
    caller, same = new_caller(), new_caller(user_id=traveller.id)
    for amount in ("45.50", "10.00", "10.00"):
        fast = traveller.spends(amount).json()
        slow = caller.call(create_expense, f'{{"amount": {amount}, "category": "fuel"}}')
        assert (slow.text, slow.source) == (fast["text"], fast["source"])
        for user in (caller, same):
            user.call(update_budget, '{"amount": 60, "category": "fuel"}')
    raw = '{"category": "fuel", "period": "this_month"}'
    assert caller.call(get_spending_summary, raw).text == traveller.summary(**json.loads(raw))["text"]


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        ("", "invalid_request", "amount"),
        ("null", "invalid_request", None),
        ("[]", "invalid_request", None),
        ("{", "malformed_json", None),
        ('{"amount": 5, "amount": 6, "category": "fuel"}', "malformed_json", None),
        ('{"amount": 5}', "invalid_request", "category"),
        ('{"amount": 5, "category": "fuel", "user_id": "x"}', "invalid_request", "user_id"),
        ('{"amount": 5, "category": "gas"}', "unknown_category", "category"),
        ('{"amount": 5, "category": null}', "unknown_category", "category"),
        ('{"amount": null, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": true, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": "50 apples", "category": "fuel"}', "unknown_currency", "amount"),
        ('{"amount": 0, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": -5, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 45.505, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1000000.01, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1e999999999, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": NaN, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 5, "category": "fuel", "currency": "dollars"}', "unknown_currency", "currency"),
        ('{"amount": 5, "category": "fuel", "date": "yesterday"}', "invalid_date", None),
        ('{"amount": 5, "category": "fuel", "date": "2026-02-30"}', "invalid_date", None),
        ('{"amount": 5, "category": "fuel", "description": 7}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "\\u0000"}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "\\ud800"}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "' + "x" * 501 + '"}', "invalid_text", "description"),
    ],
)
def test_invalid_expense_is_rejected(
    caller: Caller, owner: psycopg.Connection, raw: str, code: str, field: str | None
) -> None:
    """With the error code of the HTTP route and the name of the field; nothing is written."""
    error = error_of(lambda: caller.call(create_expense, raw))
    assert (error.error.code, error.field) == (code, field) and error.message[-1] == "."
    assert read_expenses(owner, caller) == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"amount": 100000.01, "category": "fuel"}', "invalid_amount"),
        ('{"amount": 0, "category": "fuel"}', "invalid_amount"),
        ('{"amount": 100}', "invalid_request"),
        ('{"amount": 100, "category": "pets"}', "unknown_category"),
        ('{"amount": 100, "category": "fuel", "currency": "EUR"}', "invalid_request"),
    ],
)
def test_invalid_limit_is_rejected(caller: Caller, owner: psycopg.Connection, raw: str, code: str) -> None:
    """At most 100,000, in the user's own currency."""
    assert error_of(lambda: caller.call(update_budget, raw)).error.code == code
    assert read_limits(owner, caller) == {}
    assert caller.call(update_budget, '{"amount": 100000, "category": "fuel"}').data["budget"]["limit"] == "100000.00"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"period": "fortnight"}', "unknown_period"),
        ('{"period": 3}', "invalid_request"),
        ('{"from": "2026-01-01"}', "invalid_window"),
        ('{"from": "2026-02-01", "to": "2026-01-01"}', "invalid_window"),
        ('{"from": "2026-01-01", "to": "2026-02-01", "period": "today"}', "invalid_window"),
        ('{"from": "January", "to": "2026-02-01"}', "invalid_date"),
        ('{"category": "rent"}', "unknown_category"),
        ('{"timezone": "UTC"}', "invalid_request"),
    ],
)
def test_invalid_period_of_a_summary_is_rejected(caller: Caller, raw: str, code: str) -> None:
    """Periods, windows and categories are checked as everywhere; the time zone is no argument."""
    assert error_of(lambda: caller.call(get_spending_summary, raw)).error.code == code


@pytest.mark.parametrize("period", ['"last_week"', '"last_30_days"', '"all_time"', "null", "[]", "3"])
def test_comparison_of_another_period_than_a_month_is_rejected(caller: Caller, period: str) -> None:
    """A limit is monthly."""
    assert error_of(lambda: caller.call(compare_vs_budget, f'{{"period": {period}}}')).error.code == "unknown_period"


def test_month_ends_in_the_time_zone_of_the_device(
    new_caller: Callers, insert_expenses: Callable[..., None], noon: ManualClock
) -> None:
    """The last minutes of October in Denver are November in Sydney."""
    caller = new_caller(noon)
    insert_expenses(caller, ("10", "fuel", "2026-10-31 23:59-06", "USD"), ("20", "fuel", "2026-11-01 00:00-06", "USD"))
    assert caller.call(get_spending_summary, '{"period": "last_month"}').data["total"] == "10.00"
    assert caller.call(get_spending_summary, "{}").data["total"] == "20.00"
    sydney = caller.in_zone("Australia/Sydney")
    assert sydney.call(get_spending_summary, "{}").data["total"] == "30.00"
    window = sydney.call(get_spending_summary, '{"from": "2026-11-01", "to": "2026-11-02"}').data
    assert (window["total"], window["window"]["time_zone"]) == ("30.00", "Australia/Sydney")


def test_data_of_a_summary_has_figures_only(caller: Caller, insert_expenses: Callable[..., None]) -> None:
    """Text, source and time are beside it."""
    insert_expenses(caller, ("10", "fuel", "2026-01-05 12:00-07", "USD"), ("4", "food", "2026-01-06 12:00-07", "CAD"))
    result = caller.call(get_spending_summary, '{"from": "2026-01-01", "to": "2026-02-01"}')
    [converted] = result.data["converted"]
    assert (converted["total"], converted["currency"], converted["first_rate_date"]) == ("4.00", "CAD", "2026-01-06")
    assert result.data["total"] == str(Decimal("10.00") + Decimal(converted["value"]))
    assert result.text.startswith(f"You've spent ${result.data['total']} in Jan 1")
    assert result.data["other_currencies"] == []
    assert not result.data.keys() & {"text", "source", "as_of", "tier", "cached", "stale"}
    assert result.source == "Your expenses in PAM, ECB (simulated)" and result.simulated
    assert datetime.fromisoformat(result.as_of).tzinfo is not None
    assert result.effect is None


def test_summary_excludes_other_users(new_caller: Callers) -> None:
    """Neither spending nor limits of another user are seen."""
    one, other = new_caller(), new_caller()
    one.call(create_expense, '{"amount": 500, "category": "fuel"}')
    one.call(update_budget, '{"amount": 100, "category": "fuel"}')
    assert other.call(get_spending_summary, "").data["total"] == "0.00"
    assert other.call(compare_vs_budget, "").text == "You have no budget in USD."


def test_comparison_returns_each_budget_and_the_total(
    new_caller: Callers, insert_expenses: Callable[..., None], noon: ManualClock
) -> None:
    """Budgeted, spent, difference and per cent, with Canadian dollars at the rate of the day before the weekend;
    spending without a budget is separate."""
    caller = new_caller(noon)
    insert_expenses(
        caller,
        ("120", "fuel", "2026-11-05 12:00-07", "USD"),
        ("50", "camping", "2026-11-06 12:00-07", "USD"),
        ("33.33", "dining", "2026-11-06 12:00-07", "USD"),
        ("70", "fuel", "2026-10-06 12:00-06", "USD"),
        ("999", "fuel", "2026-11-07 12:00-07", "CAD"),
        ("999", "tolls", "2026-11-07 12:00-07", "CAD"),
    )
    for category, amount in (("fuel", 100), ("camping", 200)):
        caller.call(update_budget, json.dumps({"amount": amount, "category": category}))
    result = caller.call(compare_vs_budget, "")
    friday = date(2026, 11, 6)
    rate = Decimal(reference_rate("USD", friday)) / Decimal(reference_rate("CAD", friday))
    fuel, tolls = (str(amount + (999 * rate).quantize(Decimal("0.01"))) for amount in (120, 0))
    assert [
        (b["category"], b["budgeted"], b["spent"], b["difference"], b["percent"]) for b in result.data["budgets"]
    ] == [
        ("camping", "200.00", "50.00", "150.00", 25.0),
        ("fuel", "100.00", fuel, str(100 - Decimal(fuel)), float(round(Decimal(fuel), 1))),
    ]
    spent = 50 + Decimal(fuel)
    assert result.data["total"]["percent"] == float(round(spent / 3, 1))
    assert [(each["category"], each["spent"]) for each in result.data["without_budget"]] == [
        ("dining", "33.33"),
        ("tolls", tolls),
    ]
    assert result.text.startswith(f"You've spent ${spent} of $300.00 on all budgets together this month (")
    assert result.text.endswith(
        f"${spent - 300} over. Over: fuel. Another ${Decimal('33.33') + Decimal(tolls)} went to categories without a "
        "budget. This includes CA$1,998.00 at the ECB (simulated) reference rates of Nov 6, 2026."
    )
    last = caller.call(compare_vs_budget, '{"category": "fuel", "period": "last_month"}')
    assert last.text.startswith("You've spent $70.00 of $100.00 on fuel last month (Oct 1")
    assert last.text.endswith(": 70.0 %, $30.00 under. Your records begin on Oct 6, 2026. The limits are today's.")
    october = caller.call(compare_vs_budget, '{"category": "fuel", "period": "october"}')
    assert october.data["budgets"] == last.data["budgets"]
    december = caller.call(compare_vs_budget, '{"category": "fuel", "period": "december"}')
    assert december.data["window"]["from"] == "2025-12-01"


def test_comparison_without_a_budget_returns_what_was_spent(
    new_caller: Callers, insert_expenses: Callable[..., None], noon: ManualClock
) -> None:
    """A limit in another currency is not compared."""
    caller = new_caller(noon)
    assert caller.call(compare_vs_budget, '{"category": "camping"}').text == "You have no budget for camping in USD."
    insert_expenses(caller, ("50", "camping", "2026-11-06 12:00-07", "USD"))
    caller.call(create_expense, '{"amount": 1, "category": "camping"}')
    result = caller.call(compare_vs_budget, '{"category": "camping"}')
    assert result.text.startswith("You have no budget for camping in USD. You've spent $51.00 on camping this month (")
    assert result.data["budgets"] == [] and result.data["total"] is None


def test_comparison_after_a_write_is_fresh(caller: Caller) -> None:
    """Comparisons are cached, and never returned after a write as they were before."""
    caller.call(update_budget, '{"amount": 100, "category": "fuel"}')
    for spent in ("10.00", "20.00", "30.00"):
        caller.call(create_expense, '{"amount": 10, "category": "fuel"}')
        assert [caller.call(compare_vs_budget, "").data["total"]["spent"] for _ in range(2)] == [spent, spent]


@pytest.mark.parametrize(
    "tool", [tool for tool in TOOLS if "category" in tool.arguments.model_fields], ids=lambda tool: tool.name
)
def test_summary_names_the_category(tool: Any) -> None:
    """In less than 60 characters."""
    summary = tool.summary(tool.arguments.model_construct(amount=Decimal(5), category="fuel"))
    assert "fuel" in summary and len(summary) < 60
