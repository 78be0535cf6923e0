"""Averages, comparisons and projections of records that begin within the period, as of Thursday, 26 November 2026."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from pam.answers.budget_comparison import BudgetComparison, budget_comparison
from pam.answers.budget_status import BudgetStatus, budget_status
from pam.answers.dependencies import UserDependencies
from pam.answers.spend_summary import SpendSummary, spend_summary
from pam.money.budget_comparison import BudgetComparisonQuery
from pam.money.budget_overview import BudgetQuery
from pam.money.spending import SpendingQuery
from pam.platform.deadline import Deadline

NOON_26_NOV = datetime(2026, 11, 26, 19, tzinfo=UTC)


class Ledger:
    """The records of one user, as the answers see them at noon of 26 November 2026 in Denver."""

    def __init__(self, owner: psycopg.Connection, dependencies: UserDependencies) -> None:
        self._owner, self._dependencies, self._user_id = owner, dependencies, uuid.uuid4()
        owner.execute("insert into users (id, time_zone) values (%s, 'America/Denver')", (self._user_id,))

    def record(self, amount: str, day: str, category: str = "fuel") -> None:
        self._owner.execute(
            "insert into expenses (user_id, amount, category, currency, spent_at) values (%s, %s, %s, 'USD', %s)",
            (self._user_id, amount, category, f"{day} 12:00-07"),
        )

    def limit(self, amount: str, category: str = "fuel") -> None:
        self._owner.execute(
            "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, 'USD')",
            (self._user_id, category, amount),
        )

    def spending(self, **query: str) -> SpendSummary:
        return spend_summary(self._dependencies, self._user_id, SpendingQuery(**query), Deadline(5))

    def budgets(self) -> BudgetStatus:
        return budget_status(self._dependencies, self._user_id, BudgetQuery(), Deadline(5))

    def compared(self, period: str) -> BudgetComparison:
        query = BudgetComparisonQuery(period=period)
        return budget_comparison(self._dependencies, self._user_id, query, Deadline(5))


@pytest.fixture
def ledger(owner: psycopg.Connection, build_dependencies: Callable[..., UserDependencies]) -> Ledger:
    """A user without records."""
    return Ledger(owner, build_dependencies(lambda: NOON_26_NOV))


def test_average_of_last_year_counts_the_days_since_the_first_expense(ledger: Ledger) -> None:
    """$3,971.40 in the last five weeks of 2025 are $113.47 a day, not $10.88."""
    ledger.record("3000", "2025-11-27")
    ledger.record("971.40", "2025-12-31", "camping")
    answer = ledger.spending(period="last_year")
    assert (answer.total, answer.daily_average, answer.since) == ("3971.40", "113.47", "2025-11-27")
    assert answer.change is None
    assert answer.text.startswith("You've spent $3,971.40 last year (")
    assert answer.text.endswith(", in 2 expenses: $113.47 a day since Nov 27, 2025, when your records begin.")


@pytest.mark.parametrize("period", ["this_month", "this_year", "last_30_days", "all_time"])
def test_average_of_a_new_user_counts_two_days(ledger: Ledger, period: str) -> None:
    """$150 since yesterday are $75 a day in any window that began earlier, and nothing is compared."""
    ledger.record("100", "2026-11-25")
    ledger.record("50", "2026-11-26")
    answer = ledger.spending(period=period)
    assert (answer.daily_average, answer.since, answer.change) == ("75.00", "2026-11-25", None)
    assert "$75.00 a day" in answer.text
    assert "more than" not in answer.text


def test_average_of_a_category_counts_the_days_since_any_first_expense(ledger: Ledger) -> None:
    """The records began with groceries on 17 November, so ten days without propane count."""
    ledger.record("20", "2026-11-17", "groceries")
    ledger.record("30", "2026-11-26", "propane")
    assert ledger.spending(category="propane", period="this_month").daily_average == "3.00"


def test_window_before_the_records_has_no_average(ledger: Ledger) -> None:
    """A window that the records don't cover at all has neither an average nor a change."""
    ledger.record("30", "2026-11-26")
    answer = ledger.spending(**{"from": "2024-01-01", "to": "2025-01-01"})
    assert (answer.count, answer.daily_average, answer.since, answer.change) == (0, None, None, None)
    assert answer.text.startswith("You have no expenses recorded in Jan 1") and "a day" not in answer.text


@pytest.mark.parametrize(
    ("first_day", "amount"),
    [("2026-09-30", "40.00"), ("2026-10-01", "40.00"), ("2026-10-02", None), ("2026-10-20", None)],
)
def test_change_needs_records_of_the_whole_period_before(ledger: Ledger, first_day: str, amount: str | None) -> None:
    """November is compared with October only if the records begin on 1 October at the latest, in text and JSON."""
    ledger.record("10", first_day, "tolls")
    ledger.record("60", "2026-10-21")
    ledger.record("100", "2026-11-10")
    answer = ledger.spending(category="fuel", period="this_month")
    assert (answer.change.amount if answer.change else None) == amount
    assert ("That's $40.00 more than in Oct 1" in answer.text) is (amount is not None)


def test_change_from_a_recorded_period_without_expenses_has_no_percentage(ledger: Ledger) -> None:
    """Text and JSON agree: $25 more than nothing, and no percentage of nothing."""
    ledger.record("10", "2026-08-01", "tolls")
    ledger.record("25", "2026-11-10")
    answer = ledger.spending(category="fuel", period="this_month")
    assert answer.change is not None
    assert (answer.change.total, answer.change.amount, answer.change.percent) == ("0.00", "25.00", None)
    assert "That's $25.00 more than in Oct 1" in answer.text


def test_budget_of_a_new_user_has_no_projection(ledger: Ledger) -> None:
    """Two days of records aren't extrapolated to a month: $150 was "heading for $173.08"."""
    ledger.limit("400")
    ledger.record("150", "2026-11-25")
    answer = ledger.budgets()
    assert (answer.since, answer.days_left) == ("2026-11-25", 4)
    assert [(line.spent, line.projected, line.projection_basis) for line in answer.budgets] == [("150.00", None, None)]
    assert answer.total is not None and answer.total.projected is None
    assert "heading for" not in answer.text
    assert answer.text.startswith("You've $250.00 left on all budgets together: $150.00 of $400.00 this month. Your ")


@pytest.mark.parametrize(("first_day", "projected"), [("2026-11-20", "110.00"), ("2026-11-21", None)])
def test_budget_is_projected_from_a_week_of_records(ledger: Ledger, first_day: str, projected: str | None) -> None:
    """$70 in the first seven recorded days are $10 a day, so $40 more in the four days that are left."""
    ledger.limit("400")
    ledger.record("70", first_day)
    line = ledger.budgets().budgets[0]
    assert line.projected == projected
    assert line.projection_basis == ("pace" if projected else None)


def test_month_before_the_records_is_not_compared_with_budgets(ledger: Ledger) -> None:
    """A month without records isn't "$400 under"."""
    ledger.limit("400")
    ledger.record("70", "2026-11-20")
    answer = ledger.compared("october")
    assert (answer.budgets, answer.total, answer.since) == ((), None, None)
    assert answer.text == (
        "You have no expenses recorded in October 2026, so there is nothing to compare. "
        "Your records begin on Nov 20, 2026."
    )


def test_month_within_which_the_records_begin_says_so(ledger: Ledger) -> None:
    """The comparison of a past month names the day since which it has records."""
    ledger.limit("400")
    ledger.record("70", "2026-10-20")
    answer = ledger.compared("last_month")
    assert answer.total is not None and Decimal(answer.total.spent) == 70
    assert answer.since == "2026-10-20"
    assert answer.text.endswith("$330.00 under. Your records begin on Oct 20, 2026. The limits are today's.")


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-27", "2026-11-28"), ("2026-12-01", "2026-12-05"), ("2027-01-01", "2027-02-01")]
)
def test_window_in_the_future_has_no_average(ledger: Ledger, start: str, end: str) -> None:
    """Nothing of it has passed, whenever the records began."""
    ledger.record("45", "2026-11-20")
    answer = ledger.spending(**{"from": start, "to": end})
    assert (answer.total, answer.since, answer.daily_average, answer.change) == ("0.00", None, None, None)
    assert answer.text.startswith("You have no expenses recorded")
