"""All budgets of the current month with their projections: what will probably be spent by its end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from psycopg import Cursor
from pydantic import BaseModel, ConfigDict

from pam.money.amounts import to_cents
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
from pam.platform.postgres import Connection, Row
from pam.users.periods import Window, previous_month, resolve_period
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

# How many whole months before the current one are averaged for a projection.
_MAX_PREVIOUS_MONTHS = 3

MIN_PACE_DAYS = 7
"""The days of records in the month from which its pace so far is extrapolated."""


class BudgetQuery(BaseModel):
    """A request for the state of this month's budgets: of one category, or of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: KnownCategory | None = None
    timezone: TimeZone | None = None

    @property
    def key(self) -> str:
        """The cache key: equal for equal queries."""
        return f"{self.category or ''}|{self.timezone.key if self.timezone else ''}"


@dataclass(frozen=True)
class BudgetProjection:
    """The state of a budget and the amount projected for the end of its month.

    `usual_remainder` is what the remaining days brought on average in the previous months, in the budget's currency;
    None if there are no expenses from a whole previous month. `days_recorded` are the days of the month since the
    user's first expense, today included.
    """

    state: BudgetState
    usual_remainder: Decimal | None
    days_recorded: int
    days_left: int

    @property
    def projected(self) -> Decimal | None:
        """The projected sum of the month, to the cent; None if too few days are recorded to project one.

        The amount spent plus the usual remainder, so that a bill that is already paid isn't counted again. Without a
        usual remainder, the amount spent plus its average per recorded day for each day left, once `MIN_PACE_DAYS` of
        the month are recorded.
        """
        if self.usual_remainder is not None:
            return to_cents(self.state.spent + self.usual_remainder)
        if self.days_recorded < MIN_PACE_DAYS:
            return None
        return to_cents(self.state.spent * (self.days_recorded + self.days_left) / self.days_recorded)


@dataclass(frozen=True)
class BudgetOverview:
    """The budgets of a month: `lines` in the user's currency, and those in other currencies.

    `recorded` are the elapsed days of the month since the user's first expense, None if there are none. `today` is the
    date in the profile's time zone; `as_of` is the instant at which the budgets were read. `is_complete` is False if an
    amount of an earlier month has no exchange rate: then no remainder is known.
    """

    query: BudgetQuery
    profile: Profile
    window: Window
    recorded: Window | None
    today: date
    as_of: datetime
    lines: list[BudgetProjection]
    other_currencies: list[BudgetProjection]
    is_complete: bool

    @property
    def is_converted(self) -> bool:
        """Whether all amounts that were read count, those of earlier months included."""
        return self.is_complete and not any(line.state.spending.excluded for line in self.lines)

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""
        return frozenset[str]().union(*(line.state.spending.rate_sources for line in self.lines))

    @property
    def days_left(self) -> int:
        """The number of days of the month after today."""
        return (self.window.end - self.today).days - 1

    @property
    def total(self) -> BudgetProjection | None:
        """The sum of all budgets in the user's currency; None if there is none."""
        if not self.lines:
            return None
        states = [line.state for line in self.lines]
        remainders = [line.usual_remainder for line in self.lines if line.usual_remainder is not None]
        return BudgetProjection(
            BudgetState(
                category=None,
                window=self.window,
                currency=self.profile.currency,
                limit=sum((state.limit for state in states), Decimal(0)),
                spending=sum((state.spending for state in states), CountedSum()),
            ),
            usual_remainder=sum(remainders, Decimal(0)) if len(remainders) == len(self.lines) else None,
            days_recorded=self.lines[0].days_recorded,
            days_left=self.days_left,
        )


def read_budget_overview(connection: Connection, profile: Profile, query: BudgetQuery, now: datetime) -> BudgetOverview:
    """Read the budgets of the month that contains the instant `now`, with their projections.

    All statements are sent in one round trip.
    """
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = resolve_period("this_month", today, first_weekday=0)
    scope = {"user": profile.id, "category": query.category}

    def send_spent_query(part: Window) -> Cursor[Row]:
        start, end = part.instants(profile.zone)
        return connection.execute(SELECT_SPENT_BY_CATEGORY, scope | {"start": start, "end": end})

    budgets = connection.execute(SELECT_BUDGETS, scope)
    first = connection.execute(SELECT_FIRST_EXPENSE, scope)
    spent_this_month = send_spent_query(window)
    remainders = _previous_remainders(window, today)
    spent_in_remainders = [send_spent_query(remainder) for remainder in remainders]

    spent = fetch_spent_by_category(spent_this_month)
    first_day = fetch_first_day(first, profile)
    recorded = window.recorded(first_day, today)
    days_recorded = recorded.days if recorded else 0
    # Only months that the records cover from their first day.
    known_remainders = [
        fetch_spent_by_category(cursor)
        for remainder, cursor in zip(remainders, spent_in_remainders, strict=True)
        if first_day and first_day <= remainder.start.replace(day=1)
    ]

    def project(row: Row) -> tuple[BudgetProjection, bool]:
        category, currency = row["category"], row["currency"]
        remainder = sum((sum_rows(rows.get(category, ()), currency) for rows in known_remainders), CountedSum())
        is_known = bool(known_remainders) and not remainder.excluded
        state = BudgetState(
            Category(category), window, currency, row["limit"], sum_rows(spent.get(category, ()), currency)
        )
        usual_remainder = remainder.total / len(known_remainders) if is_known else None
        line = BudgetProjection(state, usual_remainder, days_recorded, (window.end - today).days - 1)
        return line, not remainder.excluded

    projections = [project(row) for row in budgets.fetchall()]
    lines = [line for line, _ in projections]
    return BudgetOverview(
        query=query,
        profile=profile,
        window=window,
        recorded=recorded,
        today=today,
        as_of=now,
        lines=[line for line in lines if line.state.currency == profile.currency],
        other_currencies=[line for line in lines if line.state.currency != profile.currency],
        is_complete=all(is_complete for line, is_complete in projections if line.state.currency == profile.currency),
    )


def _previous_remainders(window: Window, today: date) -> list[Window]:
    """Return the days after today's day number of each of the previous months, the latest month first."""
    remainders, start = [], window.start
    for _ in range(_MAX_PREVIOUS_MONTHS):
        end, start = start, previous_month(start)
        remainders.append(Window(min(start + timedelta(days=today.day), end), end))
    return remainders
