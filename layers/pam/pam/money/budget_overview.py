"""All budgets of the current month with their projections: what will probably be spent by its end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from psycopg import Cursor
from pydantic import BaseModel, ConfigDict

from pam.money.amounts import to_cents
from pam.money.budgets import SELECT_BUDGETS, SELECT_SPENT_BY_CATEGORY, BudgetState, fetch_spent_by_category
from pam.money.categories import Category, KnownCategory
from pam.platform.postgres import Connection, Row
from pam.users.periods import Window, midnight, previous_month, resolve_period
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

# How many whole months before the current one are averaged for a projection.
_MAX_PREVIOUS_MONTHS = 3


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
    None if there are no expenses from a whole previous month. `days_elapsed` includes today.
    """

    state: BudgetState
    usual_remainder: Decimal | None
    days_elapsed: int

    @property
    def projected(self) -> Decimal:
        """The projected sum of the month, to the cent.

        The amount spent plus the usual remainder, so that a bill that is already paid isn't counted again. Without a
        usual remainder, the amount spent extrapolated linearly to the whole month.
        """
        if self.usual_remainder is not None:
            return to_cents(self.state.spent + self.usual_remainder)
        return to_cents(self.state.spent * self.state.window.days / self.days_elapsed)


@dataclass(frozen=True)
class BudgetOverview:
    """The budgets of a month: `lines` in the user's currency, and those in other currencies.

    `today` is the date in the profile's time zone; `as_of` is the instant at which the budgets were read.
    """

    query: BudgetQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    lines: list[BudgetProjection]
    other_currencies: list[BudgetProjection]

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
                spent=sum((state.spent for state in states), Decimal(0)),
            ),
            usual_remainder=sum(remainders, Decimal(0)) if len(remainders) == len(self.lines) else None,
            days_elapsed=self.lines[0].days_elapsed,
        )


_SELECT_FIRST_EXPENSE = "select min(spent_at) as first from expenses where user_id = %(user)s and undone_at is null"


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
    first = connection.execute(_SELECT_FIRST_EXPENSE, scope)
    spent_this_month = send_spent_query(window)
    remainders = _previous_remainders(window, today)
    spent_in_remainders = [send_spent_query(remainder) for remainder in remainders]

    spent = fetch_spent_by_category(spent_this_month)
    first_row = first.fetchone()
    first_spent_at = first_row["first"] if first_row and first_row["first"] else now
    # Only months since whose beginning the user has recorded expenses.
    known_remainders = [
        fetch_spent_by_category(cursor)
        for remainder, cursor in zip(remainders, spent_in_remainders, strict=True)
        if midnight(remainder.start.replace(day=1), profile.zone) >= first_spent_at
    ]

    def project(row: Row) -> BudgetProjection:
        key = (row["category"], row["currency"])
        usual_remainder = None
        if known_remainders:
            sums = (totals.get(key, Decimal(0)) for totals in known_remainders)
            usual_remainder = sum(sums, Decimal(0)) / len(known_remainders)
        state = BudgetState(
            Category(row["category"]), window, row["currency"], row["limit"], spent.get(key, Decimal(0))
        )
        return BudgetProjection(state, usual_remainder, (today - window.start).days + 1)

    lines = [project(row) for row in budgets.fetchall()]
    return BudgetOverview(
        query=query,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        lines=[line for line in lines if line.state.currency == profile.currency],
        other_currencies=[line for line in lines if line.state.currency != profile.currency],
    )


def _previous_remainders(window: Window, today: date) -> list[Window]:
    """Return the days after today's day number of each of the previous months, the latest month first."""
    remainders, start = [], window.start
    for _ in range(_MAX_PREVIOUS_MONTHS):
        end, start = start, previous_month(start)
        remainders.append(Window(min(start + timedelta(days=today.day), end), end))
    return remainders
