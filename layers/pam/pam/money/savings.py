"""The amounts that a user has saved: only savings that the user confirmed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pam.money.counted_sums import SUM_COLUMNS, SUM_GROUPS, CountedSum, sum_rows
from pam.money.queries import WindowQuery
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile


class SavingsQuery(WindowQuery):
    """A request for the savings of a window; of all time by default."""

    default_period = "all_time"


@dataclass(frozen=True)
class Savings:
    """The savings of a window.

    `by_kind` maps a kind (`gas`, `campground`, `route`, `other`) to the sum in the user's currency and the number of
    savings. `overall` is their sum, with what was converted, and names the savings that have no exchange rate.
    """

    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_kind: dict[str, tuple[Decimal, int]]
    overall: CountedSum

    @property
    def is_converted(self) -> bool:
        """Whether all savings count."""
        return not self.overall.excluded

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""
        return self.overall.rate_sources


_SELECT_SAVINGS_BY_KIND = f"""
select kind, min(saved_at) as first, {SUM_COLUMNS}
  from savings
 where user_id = %(user)s and saved_at >= %(start)s and saved_at < %(end)s
 group by kind, {SUM_GROUPS}
"""


def read_savings(connection: Connection, profile: Profile, query: SavingsQuery, now: datetime) -> Savings:
    """Read the savings of the query's window as of the instant `now`; all time begins with the first saving.

    Raises `PamError` (`unknown_period`, `invalid_window`).
    """
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = query.window(today, profile.locale)
    start, end = window.instants(profile.zone)
    scope = {"user": profile.id, "start": start, "end": end}
    rows = connection.execute(_SELECT_SAVINGS_BY_KIND, scope).fetchall()
    if window.period == "all_time":
        first = min((row["first"].astimezone(profile.zone).date() for row in rows), default=today)
        window = Window(min(first, today), window.end, window.period)
    sums = [
        (kind, sum_rows((row for row in rows if row["kind"] == kind), profile.currency))
        for kind in sorted({row["kind"] for row in rows})
    ]
    return Savings(
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        by_kind={
            kind: (part.total, part.count) for kind, part in sorted(sums, key=lambda item: -item[1].total) if part.count
        },
        overall=sum_rows(rows, profile.currency),
    )
