"""A month compared with its budgets: the limit, the amount spent and the difference, by category."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from pam.money.budgets import (
    SELECT_BUDGETS,
    SELECT_FIRST_EXPENSE,
    SELECT_SPENT_BY_CATEGORY,
    BudgetState,
    fetch_first_day,
    fetch_spent_by_category,
)
from pam.money.categories import Category, KnownCategory
from pam.money.counted_sums import CountedSum, sum_rows
from pam.platform.errors import UNKNOWN_PERIOD, PamError
from pam.platform.postgres import Connection
from pam.users.periods import MONTHS, Window, resolve_period
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

_MONTH_PERIODS = ("this_month", "last_month", *MONTHS)


def parse_month(value: Any) -> str:
    """Return the name of a period that is one calendar month. Raises `PamError` (`unknown_period`) for any other."""
    if value not in _MONTH_PERIODS:
        raise PamError(
            UNKNOWN_PERIOD,
            "A budget is for a month: this_month, last_month, or a month such as march.",
            field="period",
        )
    return str(value)


Month = Annotated[str, BeforeValidator(parse_month), WithJsonSchema({"type": "string", "enum": list(_MONTH_PERIODS)})]


class BudgetComparisonQuery(BaseModel):
    """A request to compare a month with its budgets: of one category, or of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: KnownCategory | None = None
    period: Month = "this_month"
    timezone: TimeZone | None = None

    def dated(self, today: date) -> "BudgetComparisonQuery":
        """Return the query with the name of its month, for this or the last month as of the date `today`."""
        if self.period in MONTHS:
            return self
        month = resolve_period(self.period, today, first_weekday=0).start
        return self.model_copy(update={"period": MONTHS[month.month - 1]})

    @property
    def key(self) -> str:
        """The cache key: equal for equal queries."""
        return f"{self.category or ''}|{self.period}|{self.timezone.key if self.timezone else ''}"


@dataclass(frozen=True)
class ComparedMonth:
    """The budgets of a month: `lines` in the user's currency, and those in other currencies.

    `first_day` is the date of the user's first expense, None without expenses. A month that was over before it isn't
    compared: `lines` and `other_currencies` are empty.
    `without_budget` is the amount spent, in the user's currency, by category without a budget in that currency; a
    category whose amounts all lack an exchange rate has 0 with those excluded. The
    limits are those at the instant `as_of`, also for a past month, because PAM stores no history of limits.
    """

    query: BudgetComparisonQuery
    profile: Profile
    window: Window
    first_day: date | None
    today: date
    as_of: datetime
    lines: list[BudgetState]
    other_currencies: list[BudgetState]
    without_budget: dict[Category, CountedSum]

    @property
    def recorded(self) -> Window | None:
        """The elapsed days of the month since the user's first expense; None if there are none."""
        return self.window.recorded(self.first_day, self.today)

    @property
    def is_before_records(self) -> bool:
        """Whether the month was over before the user's first expense."""
        return self.recorded is None and self.window.end <= self.today

    @property
    def total(self) -> BudgetState | None:
        """The sum of all budgets in the user's currency; None if there is none."""
        if not self.lines:
            return None
        limit = sum((line.limit for line in self.lines), Decimal(0))
        spending = sum((line.spending for line in self.lines), CountedSum())
        return BudgetState(None, self.window, self.profile.currency, limit, spending)

    @property
    def spending(self) -> CountedSum:
        """The amount spent in all categories that were compared, in the user's currency."""
        return sum((line.spending for line in self.lines), sum(self.without_budget.values(), CountedSum()))

    @property
    def is_converted(self) -> bool:
        """Whether all amounts count."""
        return not self.spending.excluded

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""
        return self.spending.rate_sources


def percent_spent(state: BudgetState) -> Decimal:
    """Return the spent share of the limit in percent, rounded to one decimal place."""
    return (state.spent / state.limit * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)


def read_budget_comparison(
    connection: Connection, profile: Profile, query: BudgetComparisonQuery, now: datetime
) -> ComparedMonth:
    """Read the amounts spent in the month of the query and the limits as of the instant `now`."""
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = resolve_period(query.period, today, first_weekday=0)
    start, end = window.instants(profile.zone)
    scope = {"user": profile.id, "category": query.category}
    budgets = connection.execute(SELECT_BUDGETS, scope)
    spent_cursor = connection.execute(SELECT_SPENT_BY_CATEGORY, scope | {"start": start, "end": end})
    first_cursor = connection.execute(SELECT_FIRST_EXPENSE, scope)
    spent = fetch_spent_by_category(spent_cursor)
    first_day = fetch_first_day(first_cursor, profile)

    lines = [
        BudgetState(
            Category(row["category"]),
            window,
            row["currency"],
            row["limit"],
            sum_rows(spent.get(row["category"], ()), row["currency"]),
        )
        for row in budgets.fetchall()
    ]
    own = [line for line in lines if line.currency == profile.currency]
    budgeted = {line.category for line in own}
    comparison = ComparedMonth(
        query=query,
        profile=profile,
        window=window,
        first_day=first_day,
        today=today,
        as_of=now,
        lines=own,
        other_currencies=[line for line in lines if line.currency != profile.currency],
        without_budget={
            Category(category): sum_rows(rows, profile.currency)
            for category, rows in sorted(spent.items())
            if category not in budgeted
        },
    )
    return replace(comparison, lines=[], other_currencies=[]) if comparison.is_before_records else comparison
