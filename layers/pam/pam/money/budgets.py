"""Monthly limits for each category: how far along they are, and where the month is heading."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from pam.money.amounts import to_cents
from pam.money.categories import Category, KnownCategory
from pam.platform.postgres import Connection
from pam.users.periods import Window, midnight, previous_month, resolve_period
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

# From here on a budget is near its limit: the share at which travellers are warned.
NEAR = Decimal("0.8")

# How many whole months before this one say what the rest of a month usually brings.
_MONTHS_BACK = 3


class BudgetQuery(BaseModel):
    """How this month's budgets stand, all or one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: KnownCategory | None = None
    timezone: TimeZone | None = None

    @property
    def key(self) -> str:
        """The same text for the same question."""
        return f"{self.category or ''}|{self.timezone.key if self.timezone else ''}"


@dataclass(frozen=True)
class BudgetState:
    """A limit for a calendar month and what of it is spent, in its currency; of all categories where it names none."""

    category: Category | None
    window: Window
    currency: str
    limit: Decimal
    spent: Decimal

    @property
    def left(self) -> Decimal:
        """What may still be spent; negative when over."""
        return self.limit - self.spent

    @property
    def state(self) -> str:
        """`good`, `near` (from 80 %) or `over`."""
        if self.spent > self.limit:
            return "over"
        return "near" if self.spent >= NEAR * self.limit else "good"

    def as_json(self) -> dict[str, Any]:
        """As clients see it; money as decimal strings."""
        return {
            "category": self.category,
            "window": self.window.as_json(),
            "currency": self.currency,
            "limit": str(self.limit),
            "spent": str(to_cents(self.spent)),
            "left": str(self.left),
            "state": self.state,
        }


@dataclass(frozen=True)
class BudgetLine:
    """One budget of the overview. `usual_rest` is what the rest of the month usually brings in its category, or None
    without a whole month to tell from."""

    state: BudgetState
    usual_rest: Decimal | None
    days_gone: int

    @property
    def projected(self) -> Decimal:
        """The likely sum at the month's end.

        What is spent, and what the same remaining days brought on average in up to three months before: so a bill
        that is paid already isn't expected again. Without such a month, the month's pace so far.
        """
        if self.usual_rest is not None:
            return to_cents(self.state.spent + self.usual_rest)
        return to_cents(self.state.spent * self.state.window.days / self.days_gone)

    def as_json(self) -> dict[str, Any]:
        """As clients see it; `projection_basis` says what the projection rests on."""
        return self.state.as_json() | {
            "projected": str(self.projected),
            "projection_basis": "pace" if self.usual_rest is None else "months_before",
        }


@dataclass(frozen=True)
class Budgets:
    """All budgets of a month that are in the traveller's currency, and those that are not."""

    question: BudgetQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    lines: list[BudgetLine]
    other_currencies: list[BudgetLine]

    @property
    def days_left(self) -> int:
        """Days of the month after today."""
        return (self.window.end - self.today).days - 1

    @property
    def total(self) -> BudgetLine | None:
        """All lines of the traveller's currency together; None without any."""
        if not self.lines:
            return None
        states = [line.state for line in self.lines]
        rests = [line.usual_rest for line in self.lines]
        return BudgetLine(
            BudgetState(
                category=None,
                window=self.window,
                currency=self.profile.currency,
                limit=sum((state.limit for state in states), Decimal(0)),
                spent=sum((state.spent for state in states), Decimal(0)),
            ),
            usual_rest=None if None in rests else sum((rest for rest in rests if rest is not None), Decimal(0)),
            days_gone=self.lines[0].days_gone,
        )

    def as_json(self) -> dict[str, Any]:
        """The overview as clients see it."""
        return {
            "window": self.window.as_json() | {"period": "this_month", "time_zone": self.profile.zone.key},
            "currency": self.profile.currency,
            "category": self.question.category,
            "days_left": self.days_left,
            "budgets": [line.as_json() for line in self.lines],
            "total": self.total.as_json() if self.total else None,
            "other_currencies": [line.as_json() for line in self.other_currencies],
        }


_STATE = """
select b.monthly_limit as limit, b.currency,
       coalesce((select sum(e.amount)
                   from expenses e
                  where e.user_id = b.user_id and e.category = b.category and e.currency = b.currency
                    and e.undone_at is null and e.spent_at >= %(start)s and e.spent_at < %(end)s), 0) as spent
  from budgets b
 where b.user_id = %(user)s and b.category = %(category)s
"""

BUDGETS = """
select category, monthly_limit as limit, currency
  from budgets
 where user_id = %(user)s and (%(category)s::text is null or category = %(category)s)
 order by category
"""

SPENT = """
select category, currency, sum(amount) as total
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, currency
"""

_FIRST = "select min(spent_at) as first from expenses where user_id = %(user)s and undone_at is null"


def budget_state(connection: Connection, profile: Profile, category: Category, at: datetime) -> BudgetState | None:
    """A budget's state for the traveller's month that holds the instant `at`; None without a budget."""
    window = resolve_period("this_month", at.astimezone(profile.zone).date(), first_weekday=0)
    start, end = window.instants(profile.zone)
    row = connection.execute(_STATE, {"user": profile.id, "category": category, "start": start, "end": end}).fetchone()
    return BudgetState(category, window, row["currency"], row["limit"], row["spent"]) if row else None


def budget_overview(connection: Connection, profile: Profile, question: BudgetQuery, now: datetime) -> Budgets:
    """How the budgets of the traveller's month stand at the instant `now`, and where they are heading."""
    profile = profile.somewhere_else(question.timezone)
    today = now.astimezone(profile.zone).date()
    window = resolve_period("this_month", today, first_weekday=0)
    fixed = {"user": profile.id, "category": question.category}

    def spent_in(part: Window) -> Any:
        start, end = part.instants(profile.zone)
        return connection.execute(SPENT, fixed | {"start": start, "end": end})

    budgets, first = connection.execute(BUDGETS, fixed), connection.execute(_FIRST, fixed)
    this_month = spent_in(window)
    rests = _rests_before(window, today)
    before = [spent_in(rest) for rest in rests]

    spent = sums_of(this_month)
    began = first.fetchone()
    since = began["first"] if began and began["first"] else now
    told = [
        sums_of(scan)
        for rest, scan in zip(rests, before, strict=True)
        if midnight(rest.start.replace(day=1), profile.zone) >= since
    ]

    def line(row: dict[str, Any]) -> BudgetLine:
        key = (row["category"], row["currency"])
        rest = sum((totals.get(key, Decimal(0)) for totals in told), Decimal(0)) / len(told) if told else None
        state = BudgetState(
            Category(row["category"]), window, row["currency"], row["limit"], spent.get(key, Decimal(0))
        )
        return BudgetLine(state, rest, (today - window.start).days + 1)

    lines = [line(row) for row in budgets.fetchall()]
    return Budgets(
        question=question,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        lines=[one for one in lines if one.state.currency == profile.currency],
        other_currencies=[one for one in lines if one.state.currency != profile.currency],
    )


def _rests_before(window: Window, today: date) -> list[Window]:
    """Of each of the months before, the days after today's number."""
    rests, start = [], window.start
    for _ in range(_MONTHS_BACK):
        end, start = start, previous_month(start)
        rests.append(Window(min(start + timedelta(days=today.day), end), end))
    return rests


def sums_of(scan: Any) -> dict[tuple[str, str], Decimal]:
    """What `SPENT` found, by category and currency."""
    return {(row["category"], row["currency"]): row["total"] for row in scan.fetchall()}
