"""What a traveller has saved: only what they confirmed as real."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pam.money.amounts import to_cents
from pam.money.queries import WindowQuery
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile


class SavingsQuery(WindowQuery):
    """How much was saved; in all where no window is named."""

    default_period = "all_time"


@dataclass(frozen=True)
class Savings:
    """The sums of a window by kind (`gas`, `campground`, `route`, `other`), in the traveller's currency.

    `other_currencies`: currency to total, never added up, since no rate is known.
    """

    profile: Profile
    window: Window
    today: date
    as_of: datetime
    by_kind: dict[str, tuple[Decimal, int]]
    other_currencies: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        """All kinds together."""
        return sum((total for total, _ in self.by_kind.values()), Decimal(0))

    @property
    def count(self) -> int:
        """How many savings make the total."""
        return sum(count for _, count in self.by_kind.values())

    def as_json(self) -> dict[str, Any]:
        """As clients see it; money as decimal strings."""
        return {
            "window": self.window.as_json() | {"period": self.window.period, "time_zone": self.profile.zone.key},
            "currency": self.profile.currency,
            "total": str(to_cents(self.total)),
            "count": self.count,
            "by_kind": [
                {"kind": kind, "total": str(total), "count": count} for kind, (total, count) in self.by_kind.items()
            ],
            "other_currencies": [
                {"currency": currency, "total": str(total)} for currency, total in self.other_currencies.items()
            ],
        }


_SUMS = """
select kind, currency, sum(amount) as total, count(*) as count, min(saved_at) as first
  from savings
 where user_id = %(user)s and saved_at >= %(start)s and saved_at < %(end)s
 group by kind, currency
 order by total desc, kind
"""


def savings_total(connection: Connection, profile: Profile, question: SavingsQuery, now: datetime) -> Savings:
    """The savings of a window as of the instant `now`."""
    profile = profile.somewhere_else(question.timezone)
    today = now.astimezone(profile.zone).date()
    window = question.window(today, profile.locale)
    start, end = window.instants(profile.zone)
    rows = connection.execute(_SUMS, {"user": profile.id, "start": start, "end": end}).fetchall()
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
