"""What a traveller spent in a window: the question, the query and the figures."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pam.money.amounts import to_cents
from pam.money.categories import Category, KnownCategory
from pam.money.expenses import EXPENSE_COLUMNS, Expense
from pam.money.queries import WindowQuery
from pam.platform.postgres import Connection
from pam.users.periods import Window, window_before
from pam.users.profile import Profile


class SpendingQuery(WindowQuery):
    """How much was spent, in all or on one category; this month where no window is named."""

    default_period = "this_month"

    category: KnownCategory | None = None


@dataclass(frozen=True)
class SpendingSum:
    """An amount and the number of expenses that make it."""

    total: Decimal = Decimal(0)
    count: int = 0

    def __add__(self, other: "SpendingSum") -> "SpendingSum":
        return SpendingSum(self.total + other.total, self.count + other.count)


@dataclass(frozen=True)
class Spending:
    """The figures of a window, in the traveller's currency. `before` is None where nothing compares.

    `other_currencies` holds what was spent in other money: never added up, since no rate is known.
    `first_day` is that of the oldest expense, if there is one. `known` is False
    for a category in which this traveller has neither an expense nor a budget.
    """

    question: SpendingQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_category: dict[Category, SpendingSum]
    before_window: Window | None
    before: SpendingSum | None
    top: Expense | None
    other_currencies: dict[str, SpendingSum]
    first_day: date | None
    known: bool

    @property
    def in_all(self) -> SpendingSum:
        """All categories together."""
        return sum(self.by_category.values(), SpendingSum())

    @property
    def daily_average(self) -> Decimal:
        """Per day of the window that has been, to the cent."""
        return to_cents(self.in_all.total / max(1, self.window.until(self.today).days))

    @property
    def change_percent(self) -> Decimal | None:
        """Against the same days of the period before, one decimal; None where those had no expense."""
        if not self.before or not self.before.total:
            return None
        return ((self.in_all.total / self.before.total - 1) * 100).quantize(Decimal("0.1"))

    def as_json(self) -> dict[str, Any]:
        """The figures as clients see them; money as decimal strings."""
        total = self.in_all.total
        return {
            "window": self.window.as_json() | {"period": self.window.period, "time_zone": self.profile.zone.key},
            "currency": self.profile.currency,
            "category": self.question.category,
            "total": str(to_cents(total)),
            "count": self.in_all.count,
            "daily_average": str(self.daily_average),
            "by_category": [
                {
                    "category": category,
                    "total": str(part.total),
                    "count": part.count,
                    "share": float(round(part.total / total, 4)) if total else 0.0,
                }
                for category, part in self.by_category.items()
            ],
            "change": self._change_json(),
            "top_expense": self.top.as_json(self.profile.zone) if self.top else None,
            "other_currencies": [
                {"currency": currency, "total": str(part.total), "count": part.count}
                for currency, part in self.other_currencies.items()
            ],
        }

    def _change_json(self) -> dict[str, Any] | None:
        if self.before is None or self.before_window is None:
            return None
        percent = self.change_percent
        return {
            "window": self.before_window.as_json(),
            "total": str(to_cents(self.before.total)),
            "amount": str(to_cents(self.in_all.total - self.before.total)),
            "percent": None if percent is None else float(percent),
        }


# One index serves both scans and holds all that they read, so a long history costs nothing.
_SUMS = """
select %(now)s as now, category, currency, sum(amount) as total, count(*) as count
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, currency
"""

_TOP = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s) and currency = %(currency)s
 order by amount desc, spent_at desc, id
 limit 1
"""

_FACTS = """
select (select min(spent_at) from expenses where user_id = %(user)s and undone_at is null) as first,
       exists (select from expenses
                where user_id = %(user)s and undone_at is null and category = %(category)s)
    or exists (select from budgets where user_id = %(user)s and category = %(category)s) as used
"""


def summarise(connection: Connection, profile: Profile, question: SpendingQuery, now: datetime) -> Spending:
    """The figures for a question as of the instant `now`.

    All statements travel to Postgres together. Raises `PamError` for a window that makes no sense.
    """
    profile = profile.somewhere_else(question.timezone)
    today = now.astimezone(profile.zone).date()
    window = question.window(today, profile.locale)
    before_window = window_before(window, today)
    fixed = {"user": profile.id, "category": question.category, "currency": profile.currency}

    def scan(part: Window, is_now: bool) -> Any:
        start, end = part.instants(profile.zone)
        return connection.execute(_SUMS, fixed | {"now": is_now, "start": start, "end": end})

    scans = [scan(window, True)] + ([scan(before_window, False)] if before_window else [])
    start, end = window.instants(profile.zone)
    top_row = connection.execute(_TOP, fixed | {"start": start, "end": end})
    fact_row = connection.execute(_FACTS, fixed)

    rows = [row for cursor in scans for row in cursor.fetchall()]
    own = [row for row in rows if row["currency"] == profile.currency]
    top = top_row.fetchone()
    facts = fact_row.fetchone() or {}
    first_day = facts["first"].astimezone(profile.zone).date() if facts["first"] else None
    if window.period == "all_time":
        window = Window(min(first_day or today, today), window.end, window.period)
    return Spending(
        question=question,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        by_category=_by_category(row for row in own if row["now"]),
        before_window=before_window,
        before=sum((_sum(row) for row in own if not row["now"]), SpendingSum()) if before_window else None,
        top=Expense.from_row(top) if top else None,
        other_currencies={
            currency: sum((_sum(row) for row in rows if row["now"] and row["currency"] == currency), SpendingSum())
            for currency in sorted({row["currency"] for row in rows if row["now"]} - {profile.currency})
        },
        first_day=first_day,
        known=question.category is None or facts["used"] or first_day is None,
    )


def _by_category(rows: Any) -> dict[Category, SpendingSum]:
    sums = {Category(row["category"]): _sum(row) for row in rows}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].total, item[0])))


def _sum(row: dict[str, Any]) -> SpendingSum:
    return SpendingSum(row["total"], row["count"])
