"""The expenses, budgets and savings of a window, row by row, for a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pam.money.conversions import CONVERSION_COLUMNS, conversion_from_row
from pam.money.exchange_rates import Conversion
from pam.money.queries import WindowQuery
from pam.platform.errors import EXPORT_TOO_LARGE, PamError
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile

MAX_REPORT_ROWS = 20_000


class ReportQuery(WindowQuery):
    """A request for a report; of this month by default."""

    default_period = "this_month"


@dataclass(frozen=True)
class ReportRow:
    """A row of a report. `record` is `expense`, `refund`, `saving` or `budget`, whose amount is its monthly limit.

    A budget has no day: it is as it is set now. `kind` is that of a saving. `conversion` is the one at which an amount
    in another currency counts in the user's.
    """

    record: str
    day: date | None
    category: str
    kind: str
    description: str
    amount: Decimal
    currency: str
    conversion: Conversion | None = None


@dataclass(frozen=True)
class BudgetReport:
    """The rows of a window: expenses and refunds, budgets, savings, each in order."""

    profile: Profile
    window: Window
    today: date
    as_of: datetime
    rows: Sequence[ReportRow]

    def count(self, *records: str) -> int:
        """Return how many rows there are of these records."""
        return sum(row.record in records for row in self.rows)


_SELECT_EXPENSES = f"""
select case when amount < 0 then 'refund' else 'expense' end as record, spent_at as at, category, '' as kind,
       description, amount, currency, {", ".join(CONVERSION_COLUMNS)}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
 order by spent_at, id
 limit %(limit)s
"""

_SELECT_LIMITS = """
select 'budget' as record, null::timestamptz as at, category, '' as kind, '' as description,
       monthly_limit as amount, currency, null as exchange_rate, null as rate_currency, null as rate_date,
       null as rate_source
  from budgets
 where user_id = %(user)s
 order by category
"""

_SELECT_SAVED = f"""
select 'saving' as record, saved_at as at, coalesce(category, '') as category, kind, description, amount, currency,
       {", ".join(CONVERSION_COLUMNS)}
  from savings
 where user_id = %(user)s and saved_at >= %(start)s and saved_at < %(end)s
 order by saved_at, id
 limit %(limit)s
"""


def read_budget_report(connection: Connection, profile: Profile, query: ReportQuery, now: datetime) -> BudgetReport:
    """Read a report as of the instant `now`.

    Raises `PamError` (`unknown_period`, `invalid_window`; `export_too_large` for more than `MAX_REPORT_ROWS` rows).
    """
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = query.window(today, profile.locale)
    start, end = window.instants(profile.zone)
    scope = {"user": profile.id, "start": start, "end": end, "limit": MAX_REPORT_ROWS + 1}
    cursors = [connection.execute(sql, scope) for sql in (_SELECT_EXPENSES, _SELECT_LIMITS, _SELECT_SAVED)]
    rows = [_row(row, profile) for cursor in cursors for row in cursor.fetchall()]
    if len(rows) > MAX_REPORT_ROWS:
        raise PamError(
            EXPORT_TOO_LARGE,
            f"A report holds at most {MAX_REPORT_ROWS:,} rows. Ask for a shorter period.",
            field="period",
        )
    return BudgetReport(profile, window, today, now, rows)


def _row(row: dict[str, Any], profile: Profile) -> ReportRow:
    fields = {name: value for name, value in row.items() if name not in CONVERSION_COLUMNS and name != "at"}
    conversion = conversion_from_row(row)
    is_own = conversion is not None and conversion.currency == profile.currency != row["currency"]
    day = row["at"].astimezone(profile.zone).date() if row["at"] else None
    return ReportRow(**fields, day=day, conversion=conversion if is_own else None)
