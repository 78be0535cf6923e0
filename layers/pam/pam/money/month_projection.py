"""The projection of the current month's spending: fixed monthly costs apart from running ones, with a range.

The projected sum is what is spent so far, plus the fixed costs that are still due, plus the usual running costs of the
days that are left. These are what the same number of days at the end of each of the last three whole months brought, on
average and without fixed costs; without such a month, this month's pace, once seven days of it are recorded.

The range is from the lowest to the highest of these months, this month's pace included. Where there is one figure only,
it is wider by the standard deviation of a day's running costs for the days that are left: the daily one times their
square root. A fixed cost counts with its lowest and its highest amount; one whose day is over without a payment counts
in the upper end alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from pam.money.amounts import to_cents
from pam.money.budget_overview import MIN_PACE_DAYS, BudgetQuery
from pam.money.budgets import SELECT_FIRST_EXPENSE, fetch_first_day
from pam.money.counted_sums import CountedSum
from pam.money.entries import Entry, read_entries
from pam.money.monthly_costs import (
    MAX_DAYS_APART,
    MonthlyCost,
    find_monthly_costs,
    months_before,
    split_by_month,
)
from pam.platform.postgres import Connection
from pam.users.periods import Window, next_month, resolve_period
from pam.users.profile import Profile

MAX_MONTHS_BEFORE = 3


@dataclass(frozen=True)
class DueCost:
    """A fixed cost that isn't paid yet this month. `is_late` is whether its day is over by more than four days."""

    cost: MonthlyCost
    day: date
    is_late: bool


@dataclass(frozen=True)
class RunningCosts:
    """Running costs of the days that are left: the usual sum, the lowest and the highest. `months` is what shows it.

    With 0 months it is this month's pace.
    """

    usual: Decimal
    lowest: Decimal
    highest: Decimal
    months: int


@dataclass(frozen=True)
class MonthProjection:
    """The projection of a month in the user's currency. `running` is None with too few days of records."""

    query: BudgetQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    spent: Decimal
    paid: Sequence[Entry]
    due: Sequence[DueCost]
    running: RunningCosts | None
    excluded: CountedSum
    rate_sources: frozenset[str]

    @property
    def is_converted(self) -> bool:
        """Whether all amounts count."""
        return not self.excluded.excluded

    @property
    def days_left(self) -> int:
        """The number of days of the month after today."""
        return (self.window.end - self.today).days - 1

    @property
    def due_total(self) -> Decimal:
        """The fixed costs that are still due, without late ones."""
        return sum((due.cost.amount for due in self.due if not due.is_late), Decimal(0))

    @property
    def projected(self) -> Decimal | None:
        """The likely sum of the month, to the cent."""
        return None if self.running is None else to_cents(self.spent + self.due_total + self.running.usual)

    @property
    def range(self) -> tuple[Decimal, Decimal] | None:
        """The lowest and the highest likely sum, to the cent."""
        if self.running is None:
            return None
        lowest = sum((due.cost.lowest for due in self.due if not due.is_late), self.spent + self.running.lowest)
        highest = sum((due.cost.highest for due in self.due), self.spent + self.running.highest)
        return to_cents(lowest), to_cents(highest)


def read_month_projection(
    connection: Connection, profile: Profile, query: BudgetQuery, now: datetime
) -> MonthProjection:
    """Read the expenses of this month and of the last three, and project the month that contains the instant `now`."""
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = resolve_period("this_month", today, first_weekday=0)
    first_day = fetch_first_day(connection.execute(SELECT_FIRST_EXPENSE, {"user": profile.id}), profile)
    before = months_before(window.start, MAX_MONTHS_BEFORE, first_day)
    read = read_entries(connection, profile, Window((before or [window.start])[-1], window.end), query.category)
    current = [entry for entry in read.entries if window.start <= entry.day]
    months = split_by_month(read.entries, before)
    costs = find_monthly_costs(months)
    payments = {cost: cost.find_payment(current) for cost in costs}
    paid = [entry for entry in payments.values() if entry]
    fixed = {entry.id for cost in costs for entry in cost.entries} | {entry.id for entry in paid}
    recorded = window.recorded(first_day, today)
    days_left = (window.end - today).days - 1
    return MonthProjection(
        query=query,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        spent=sum((entry.amount for entry in current), Decimal(0)),
        paid=paid,
        due=[_due(cost, window.start, today) for cost, entry in payments.items() if entry is None],
        running=_running_costs(
            [_without(month, fixed) for month in months],
            before,
            Window(recorded.start, today + timedelta(days=1)) if recorded else None,
            _without(current, fixed),
            days_left,
        ),
        excluded=read.excluded,
        rate_sources=read.rate_sources,
    )


def _due(cost: MonthlyCost, month: date, today: date) -> DueCost:
    day = cost.day_in(month)
    return DueCost(cost, day, is_late=(today - day).days > MAX_DAYS_APART)


def _without(entries: Sequence[Entry], fixed: set[UUID]) -> list[Entry]:
    return [entry for entry in entries if entry.id not in fixed]


def _running_costs(
    months: Sequence[Sequence[Entry]],
    starts: Sequence[date],
    recorded: Window | None,
    current: Sequence[Entry],
    days_left: int,
) -> RunningCosts | None:
    """Return the running costs of the days that are left.

    `months` are the running costs of the months that begin on `starts`, `current` those of the days `recorded`.
    """
    figures = [
        _sum_from(month, next_month(start) - timedelta(days=days_left))
        for month, start in zip(months, starts, strict=True)
    ]
    usual = sum(figures, Decimal(0)) / len(figures) if figures else None
    if recorded and recorded.days >= MIN_PACE_DAYS:
        pace = _sum_from(current, recorded.start) * days_left / recorded.days
        figures.append(pace)
        usual = pace if usual is None else usual
    if usual is None:
        return None
    spread = Decimal(0)
    if len(figures) == 1:
        days = Window(starts[0], next_month(starts[0])) if months else recorded
        assert days is not None
        spread = _daily_deviation(months[0] if months else current, days) * Decimal(days_left).sqrt()
    lowest = max(min(figures) - spread, min(*figures, Decimal(0)))
    return RunningCosts(usual, lowest, max(figures) + spread, len(months))


def _sum_from(entries: Sequence[Entry], first: date) -> Decimal:
    return sum((entry.amount for entry in entries if entry.day >= first), Decimal(0))


def _daily_deviation(entries: Sequence[Entry], days: Window) -> Decimal:
    """Return the standard deviation of the sums of single days."""
    sums = [
        sum((entry.amount for entry in entries if entry.day == days.start + timedelta(days=at)), Decimal(0))
        for at in range(days.days)
    ]
    mean = sum(sums, Decimal(0)) / days.days
    return (sum(((each - mean) ** 2 for each in sums), Decimal(0)) / days.days).sqrt()
