"""Tools for a question that was typed earlier: days without a date count from the instant of typing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pam.tools.catalog.money import compare_vs_budget, create_expense, get_spending_summary
from tests.functional.tools.conftest import Caller, ManualClock, error_of

TYPED_AT = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # late afternoon in Denver, 1 November in Sydney
DELIVERED_AT = datetime(2026, 11, 2, 18, tzinfo=UTC)

NewCaller = Callable[..., Caller]


@pytest.mark.parametrize(("zone", "day"), [("America/Denver", "2026-10-31"), ("Australia/Sydney", "2026-11-01")])
def test_expense_without_a_date_is_of_the_day_of_typing(new_caller: NewCaller, zone: str, day: str) -> None:
    """In the time zone of the device, and the reply names the day."""
    caller = new_caller(ManualClock(DELIVERED_AT)).in_zone(zone).typed(TYPED_AT)
    added = caller.call(create_expense, '{"amount": 30, "category": "fuel"}')
    assert added.data["expense"]["date"] == day
    assert added.as_of.startswith("2026-11-0"), "the time of the write is its own"


def test_day_after_the_typing_is_in_the_future(new_caller: NewCaller) -> None:
    """Nobody wrote on Saturday what they paid on Sunday."""
    caller = new_caller(ManualClock(DELIVERED_AT)).in_zone("America/Denver").typed(TYPED_AT)
    raw = '{"amount": 30, "category": "fuel", "date": "2026-11-01"}'
    assert error_of(lambda: caller.call(create_expense, raw)).error.code == "date_in_future"


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("today", ("2026-10-31", "2026-11-01")),
        ("yesterday", ("2026-10-30", "2026-10-31")),
        ("this_month", ("2026-10-01", "2026-11-01")),
        ("last_week", ("2026-10-18", "2026-10-25")),
        ("last_3_days", ("2026-10-29", "2026-11-01")),
    ],
)
def test_period_is_that_of_the_day_of_typing(new_caller: NewCaller, period: str, days: tuple[str, str]) -> None:
    """ "This month", typed on the last day of October, is October."""
    caller = new_caller(ManualClock(DELIVERED_AT)).in_zone("America/Denver").typed(TYPED_AT)
    window = caller.call(get_spending_summary, f'{{"period": "{period}"}}').data["window"]
    assert (window["from"], window["to"]) == days


@pytest.mark.parametrize(("period", "first"), [("this_month", "2026-10-01"), ("last_month", "2026-09-01")])
def test_budgets_are_compared_for_the_month_of_typing(new_caller: NewCaller, period: str, first: str) -> None:
    """The month has its name by then."""
    caller = new_caller(ManualClock(DELIVERED_AT)).in_zone("America/Denver").typed(TYPED_AT)
    assert caller.call(compare_vs_budget, f'{{"period": "{period}"}}').data["window"]["from"] == first


def test_question_of_today_keeps_its_period(new_caller: NewCaller) -> None:
    """A question that is answered at once is that of the present."""
    caller = new_caller(ManualClock(DELIVERED_AT)).in_zone("America/Denver").typed(DELIVERED_AT - timedelta(hours=1))
    window = caller.call(get_spending_summary, '{"period": "this_month"}').data["window"]
    assert (window["period"], window["from"]) == ("this_month", "2026-11-01")
