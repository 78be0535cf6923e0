"""The amounts that a user spent in a window of days: totals, categories, and the change from the previous window."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import Cursor

from pam.money.amounts import to_cents
from pam.money.categories import Category, KnownCategory
from pam.money.counted_sums import SUM_COLUMNS, SUM_GROUPS, CountedSum, sum_rows
from pam.money.exchange_rates import CONVERTED_AMOUNT
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
class Spending:
    """The amounts spent in a window, in the user's currency, with what was converted to it.

    `previous` is the sum of `previous_window`; both are None for a window without a comparable previous one, which is
    one that the user's records cover from its first day, where all amounts of both windows are counted.
    `overall` is the sum over all categories, and names the amounts that have no exchange rate. `by_category` has the
    categories with amounts that count, the largest first. `is_converted` is False if an amount that was read lacks a
    rate. `first_day` is the date of the user's first expense, None without expenses. `category_in_use` is False if the
    query names a category for which the user has neither an expense nor a budget.
    """

    query: SpendingQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_category: dict[Category, CountedSum]
    overall: CountedSum
    previous_window: Window | None
    previous: CountedSum | None
    top_expense: Expense | None
    is_converted: bool
    first_day: date | None
    category_in_use: bool

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""
        return self.overall.rate_sources | (self.previous.rate_sources if self.previous else frozenset())

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
_SELECT_SUMS = f"""
select %(current)s as current, category, {SUM_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, {SUM_GROUPS}
"""

_SELECT_TOP_EXPENSE = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s) and %(currency)s in (currency, rate_currency)
   and amount > 0
 order by case when currency = %(currency)s then amount else {CONVERTED_AMOUNT} end desc, spent_at desc, id
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
    overall = sum_rows(current, profile.currency)
    before = sum_rows((row for row in rows if not row["current"]), profile.currency)
    is_converted = not overall.excluded and not before.excluded
    is_comparable = previous is not None and first_day is not None and first_day <= previous.start and is_converted
    return Spending(
        query=query,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        by_category=_sums_by_category(current, profile.currency),
        overall=overall,
        previous_window=previous if is_comparable else None,
        previous=before if is_comparable else None,
        top_expense=Expense.from_row(top) if top else None,
        is_converted=is_converted,
        first_day=first_day,
        category_in_use=query.category is None or history["category_in_use"] or first_day is None,
    )


def _sums_by_category(rows: list[Row], currency: str) -> dict[Category, CountedSum]:
    """Return the sum of each category with an amount that counts, the largest first."""
    sums = {
        Category(category): sum_rows((row for row in rows if row["category"] == category), currency)
        for category in {row["category"] for row in rows}
    }
    counted = {category: part for category, part in sums.items() if part.count or part.total}
    return dict(sorted(counted.items(), key=lambda item: (-item[1].total, item[0])))
