"""The state of monthly budgets: what of a category's limit is spent in a calendar month of the user's time zone."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Cursor

from pam.money.categories import Category
from pam.money.counted_sums import SUM_COLUMNS, SUM_GROUPS, CountedSum, sum_rows
from pam.platform.postgres import Connection, Row
from pam.users.periods import Window, next_month, resolve_period
from pam.users.profile import Profile

NEAR_LIMIT_RATIO = Decimal("0.8")
"""The spent share of a limit from which a user is warned."""


@dataclass(frozen=True)
class BudgetState:
    """The limit of a calendar month and the amount spent in it, both in `currency`.

    `spending` is the amount spent, with what was converted to `currency` and what has no exchange rate to it.

    `category` is None for the sum of several budgets. `window` is the month, in days of the user's time zone.
    """

    category: Category | None
    window: Window
    currency: str
    limit: Decimal
    spending: CountedSum

    @property
    def spent(self) -> Decimal:
        """The amount spent, as far as it is in `currency` or converted to it."""
        return self.spending.total

    @property
    def left(self) -> Decimal:
        """The limit minus the amount spent; negative when the budget is exceeded."""
        return self.limit - self.spent

    @property
    def state(self) -> str:
        """`good`, `near` (from `NEAR_LIMIT_RATIO` of the limit) or `over`."""
        if self.spent > self.limit:
            return "over"
        return "near" if self.spent >= NEAR_LIMIT_RATIO * self.limit else "good"


SELECT_BUDGETS = """
select category, monthly_limit as limit, currency
  from budgets
 where user_id = %(user)s and (%(category)s::text is null or category = %(category)s)
 order by category
"""

SELECT_SPENT_BY_CATEGORY = f"""
select category, {SUM_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, {SUM_GROUPS}
"""

SELECT_FIRST_EXPENSE = "select min(spent_at) as first from expenses where user_id = %(user)s and undone_at is null"

# The month is computed here as well as in `periods`, so that the query can be sent before the profile's time zone is
# known. Its midnights are an hour after 23:00: where midnight comes twice, Postgres would take the second one.
_SELECT_MONTH_BUDGETS = f"""
with month as (
    select name, date_trunc('month', %(now)s at time zone name) as first_day
      from (select coalesce(%(zone)s::text, (select time_zone from users where id = %(user)s)) as name) as zone
), bounds as (
    select first_day::date as month,
           (first_day - interval '1 hour') at time zone name + interval '1 hour' as "start",
           (first_day + interval '1 month' - interval '1 hour') at time zone name + interval '1 hour' as "end"
      from month
)
select month, b.category, b.monthly_limit as limit, b.currency as budget_currency, spent.*
  from bounds cross join budgets b left join lateral (
           select {SUM_COLUMNS}
             from expenses e
            where e.user_id = b.user_id and e.category = b.category and e.undone_at is null
              and e.spent_at >= bounds.start and e.spent_at < bounds.end
            group by {SUM_GROUPS}) as spent on true
 where b.user_id = %(user)s
 order by b.category
"""


def read_budget_state(connection: Connection, profile: Profile, category: Category, at: datetime) -> BudgetState | None:
    """Return the budget of a category for the month of the user's time zone that contains the instant `at`.

    None if the user has no budget for the category.
    """
    window = resolve_period("this_month", at.astimezone(profile.zone).date(), first_weekday=0)
    start, end = window.instants(profile.zone)
    scope = {"user": profile.id, "category": category, "start": start, "end": end}
    budgets = connection.execute(SELECT_BUDGETS, scope)
    spent = connection.execute(SELECT_SPENT_BY_CATEGORY, scope)
    row = budgets.fetchone()
    if row is None:
        return None
    return BudgetState(category, window, row["currency"], row["limit"], sum_rows(spent.fetchall(), row["currency"]))


def send_month_budgets_query(
    connection: Connection, user_id: UUID, zone: ZoneInfo | None, now: datetime
) -> Cursor[Row]:
    """Send the query for all budgets of the month that contains `now`; pass the cursor to `fetch_month_budgets`.

    The month is that of `zone`, or of the user's saved time zone if `zone` is None, so the query needs no other query
    first and can travel in one round trip with others of the same transaction.
    """
    scope = {"user": user_id, "zone": zone.key if zone else None, "now": now}
    return connection.execute(_SELECT_MONTH_BUDGETS, scope)


def fetch_month_budgets(cursor: Cursor[Row]) -> list[BudgetState]:
    """Fetch the budgets selected by `send_month_budgets_query`, ordered by category."""
    budgets = []
    for category, group in groupby(cursor.fetchall(), key=lambda row: str(row["category"])):
        rows = list(group)
        month, currency, limit = (rows[0][name] for name in ("month", "budget_currency", "limit"))
        # Without an expense, a budget has one row whose `currency` is null.
        spending = sum_rows((row for row in rows if row["currency"]), currency)
        window = Window(month, next_month(month), "this_month")
        budgets.append(BudgetState(Category(category), window, currency, limit, spending))
    return budgets


def fetch_spent_by_category(cursor: Cursor[Row]) -> dict[str, list[Row]]:
    """Fetch the rows of `SELECT_SPENT_BY_CATEGORY` by category; `sum_rows` sums them up in a currency."""
    rows: dict[str, list[Row]] = {}
    for row in cursor.fetchall():
        rows.setdefault(row["category"], []).append(row)
    return rows


def fetch_first_day(cursor: Cursor[Row], profile: Profile) -> date | None:
    """Fetch the row of `SELECT_FIRST_EXPENSE` as the date of the user's first expense; None without expenses."""
    row = cursor.fetchone()
    return row["first"].astimezone(profile.zone).date() if row and row["first"] else None
