"""The amounts that a user spent in a window of days: totals, categories, and the change from the previous window."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import Cursor

from pam.money.amounts import to_cents
from pam.money.categories import Category, KnownCategory
from pam.money.expenses import EXPENSE_COLUMNS, Expense
from pam.money.queries import WindowQuery
from pam.platform.postgres import Connection, Row
from pam.users.periods import Window, previous_window
from pam.users.profile import Profile


class SpendingQuery(WindowQuery):
    """A request for the amount spent in a window, on one category or in total; in this month by default."""

    default_period = "this_month"

    category: KnownCategory | None = None


@dataclass(frozen=True)
class SpendingSum:
    """The sum of a number of expenses and of refunds; `count` is of the expenses alone."""

    total: Decimal = Decimal(0)
    count: int = 0

    def __add__(self, other: "SpendingSum") -> "SpendingSum":
        return SpendingSum(self.total + other.total, self.count + other.count)


@dataclass(frozen=True)
class Spending:
    """The amounts spent in a window, in the user's currency.

    `previous` is the sum of `previous_window`; both are None for a window without a comparable previous one, which is
    one that the user's records cover from its first day.
    `other_currencies` maps a currency to its sum: sums are never converted, because PAM has no exchange rates.
    `first_day` is the date of the user's first expense, None without expenses. `category_in_use` is False if the
    query names a category for which the user has neither an expense nor a budget.
    """

    query: SpendingQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_category: dict[Category, SpendingSum]
    previous_window: Window | None
    previous: SpendingSum | None
    top_expense: Expense | None
    other_currencies: dict[str, SpendingSum]
    first_day: date | None
    category_in_use: bool

    @property
    def overall(self) -> SpendingSum:
        """The sum over all categories."""
        return sum(self.by_category.values(), SpendingSum())

    @property
    def recorded(self) -> Window | None:
        """The elapsed days of the window since the user's first expense; None if there are none."""
        return self.window.recorded(self.first_day, self.today)

    @property
    def daily_average(self) -> Decimal | None:
        """The average per day of `recorded`, to the cent; None if there are none."""
        return to_cents(self.overall.total / self.recorded.days) if self.recorded else None

    @property
    def change_percent(self) -> Decimal | None:
        """The change from the previous window in percent, with one decimal place; None if nothing was spent then.

        Nothing was, too, where more was paid back.
        """
        if not self.previous or self.previous.total <= 0:
            return None
        return ((self.overall.total / self.previous.total - 1) * 100).quantize(Decimal("0.1"))


# One index covers the scans of both windows, so the duration doesn't depend on the length of the history.
_SELECT_SUMS = """
select %(current)s as current, category, currency, sum(amount) as total,
       count(*) filter (where amount > 0) as count
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, currency
"""

_SELECT_TOP_EXPENSE = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s) and currency = %(currency)s
   and amount > 0
 order by amount desc, spent_at desc, id
 limit 1
"""

_SELECT_HISTORY = """
select (select min(spent_at) from expenses where user_id = %(user)s and undone_at is null) as first,
       exists (select from expenses
                where user_id = %(user)s and undone_at is null and category = %(category)s)
    or exists (select from budgets where user_id = %(user)s and category = %(category)s) as category_in_use
"""


def read_spending(connection: Connection, profile: Profile, query: SpendingQuery, now: datetime) -> Spending:
    """Read the amounts spent in the query's window as of the instant `now`; all time begins with the first expense.

    All statements are sent in one round trip. Raises `PamError` (`unknown_period`, `invalid_window`).
    """
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = query.window(today, profile.locale)
    previous = previous_window(window, today)
    scope = {"user": profile.id, "category": query.category, "currency": profile.currency}

    def send_sums_query(part: Window, current: bool) -> Cursor[Row]:
        start, end = part.instants(profile.zone)
        return connection.execute(_SELECT_SUMS, scope | {"current": current, "start": start, "end": end})

    cursors = [send_sums_query(window, True)] + ([send_sums_query(previous, False)] if previous else [])
    start, end = window.instants(profile.zone)
    top_cursor = connection.execute(_SELECT_TOP_EXPENSE, scope | {"start": start, "end": end})
    history_cursor = connection.execute(_SELECT_HISTORY, scope)

    rows = [row for cursor in cursors for row in cursor.fetchall()]
    current = [row for row in rows if row["current"]]
    top = top_cursor.fetchone()
    history = history_cursor.fetchone() or {}
    first_day = history["first"].astimezone(profile.zone).date() if history["first"] else None
    if window.period == "all_time":
        window = Window(min(first_day or today, today), window.end, window.period)
    is_comparable = previous is not None and first_day is not None and first_day <= previous.start
    return Spending(
        query=query,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        by_category=_sums_by_category(row for row in current if row["currency"] == profile.currency),
        previous_window=previous if is_comparable else None,
        previous=_sum_rows(row for row in rows if not row["current"] and row["currency"] == profile.currency)
        if is_comparable
        else None,
        top_expense=Expense.from_row(top) if top else None,
        other_currencies={
            currency: _sum_rows(row for row in current if row["currency"] == currency)
            for currency in sorted({row["currency"] for row in current} - {profile.currency})
        },
        first_day=first_day,
        category_in_use=query.category is None or history["category_in_use"] or first_day is None,
    )


def _sums_by_category(rows: Iterable[Row]) -> dict[Category, SpendingSum]:
    """Return the sum of each category, the largest first."""
    sums = {Category(row["category"]): SpendingSum(row["total"], row["count"]) for row in rows}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].total, item[0])))


def _sum_rows(rows: Iterable[Row]) -> SpendingSum:
    return sum((SpendingSum(row["total"], row["count"]) for row in rows), SpendingSum())
