"""The state of monthly budgets: what of a category's limit is spent in a calendar month of the user's time zone."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Cursor

from pam.money.categories import Category
from pam.platform.postgres import Connection, Row
from pam.users.periods import Window, next_month, resolve_period
from pam.users.profile import Profile

NEAR_LIMIT_RATIO = Decimal("0.8")
"""The spent share of a limit from which a user is warned."""


@dataclass(frozen=True)
class BudgetState:
    """The limit of a calendar month and the amount spent in it, both in `currency`.

    `category` is None for the sum of several budgets. `window` is the month, in days of the user's time zone.
    """

    category: Category | None
    window: Window
    currency: str
    limit: Decimal
    spent: Decimal

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


_SELECT_BUDGET_STATE = """
select b.monthly_limit as limit, b.currency,
       coalesce((select sum(e.amount)
                   from expenses e
                  where e.user_id = b.user_id and e.category = b.category and e.currency = b.currency
                    and e.undone_at is null and e.spent_at >= %(start)s and e.spent_at < %(end)s), 0) as spent
  from budgets b
 where b.user_id = %(user)s and b.category = %(category)s
"""

SELECT_BUDGETS = """
select category, monthly_limit as limit, currency
  from budgets
 where user_id = %(user)s and (%(category)s::text is null or category = %(category)s)
 order by category
"""

SELECT_SPENT_BY_CATEGORY = """
select category, currency, sum(amount) as total
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 group by category, currency
"""

SELECT_FIRST_EXPENSE = "select min(spent_at) as first from expenses where user_id = %(user)s and undone_at is null"

# The month is computed here as well as in `periods`, so that the query can be sent before the profile's time zone is
# known. Its midnights are an hour after 23:00: where midnight comes twice, Postgres would take the second one.
_SELECT_MONTH_BUDGETS = """
with month as (
    select name, date_trunc('month', %(now)s at time zone name) as first_day
      from (select coalesce(%(zone)s::text, (select time_zone from users where id = %(user)s)) as name) as zone
), bounds as (
    select first_day::date as month,
           (first_day - interval '1 hour') at time zone name + interval '1 hour' as "start",
           (first_day + interval '1 month' - interval '1 hour') at time zone name + interval '1 hour' as "end"
      from month
)
select month, b.category, b.monthly_limit as limit, b.currency,
       coalesce((select sum(e.amount)
                   from expenses e
                  where e.user_id = b.user_id and e.category = b.category and e.currency = b.currency
                    and e.undone_at is null and e.spent_at >= "start" and e.spent_at < "end"), 0) as spent
  from budgets b, bounds
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
    row = connection.execute(_SELECT_BUDGET_STATE, scope).fetchone()
    return BudgetState(category, window, row["currency"], row["limit"], row["spent"]) if row else None


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
    return [
        BudgetState(
            category=Category(row["category"]),
            window=Window(row["month"], next_month(row["month"]), "this_month"),
            currency=row["currency"],
            limit=row["limit"],
            spent=row["spent"],
        )
        for row in cursor.fetchall()
    ]


def fetch_spent_by_category(cursor: Cursor[Row]) -> dict[tuple[str, str], Decimal]:
    """Fetch the rows of `SELECT_SPENT_BY_CATEGORY` as sums by category and currency."""
    return {(row["category"], row["currency"]): row["total"] for row in cursor.fetchall()}


def fetch_first_day(cursor: Cursor[Row], profile: Profile) -> date | None:
    """Fetch the row of `SELECT_FIRST_EXPENSE` as the date of the user's first expense; None without expenses."""
    row = cursor.fetchone()
    return row["first"].astimezone(profile.zone).date() if row and row["first"] else None
