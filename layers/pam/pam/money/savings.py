"""The amounts that a user has saved: only savings that the user confirmed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

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
    savings. `other_currencies` maps a currency to its sum: sums are never converted, because PAM has no exchange rates.
    """

    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_kind: dict[str, tuple[Decimal, int]]
    other_currencies: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        """The sum over all kinds, in the user's currency."""
        return sum((total for total, _ in self.by_kind.values()), Decimal(0))

    @property
    def count(self) -> int:
        """The number of savings in the user's currency."""
        return sum(count for _, count in self.by_kind.values())


_SELECT_SAVINGS_BY_KIND = """
select kind, currency, sum(amount) as total, count(*) as count, min(saved_at) as first
  from savings
 where user_id = %(user)s and saved_at >= %(start)s and saved_at < %(end)s
 group by kind, currency
 order by total desc, kind
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
    others: dict[str, Decimal] = {}
    for row in rows:
        if row["currency"] != profile.currency:
            others[row["currency"]] = others.get(row["currency"], Decimal(0)) + row["total"]
    return Savings(
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        by_kind={row["kind"]: (row["total"], row["count"]) for row in rows if row["currency"] == profile.currency},
        other_currencies=dict(sorted(others.items())),
    )
