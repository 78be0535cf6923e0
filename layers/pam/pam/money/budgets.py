"""Monthly limits for each category, and how far along they are."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pam.money.categories import Category
from pam.money.window import Window, resolve_period
from pam.platform.postgres import Connection
from pam.traveller.profile import Profile

# From here on a budget is near its limit: the share at which travellers are warned.
NEAR = Decimal("0.8")


@dataclass(frozen=True)
class BudgetState:
    """A category's limit for a calendar month and what of it is spent, in the budget's currency."""

    category: Category
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
            "window": {"from": self.window.start.isoformat(), "to": self.window.end.isoformat()},
            "currency": self.currency,
            "limit": str(self.limit),
            "spent": str(self.spent),
            "left": str(self.left),
            "state": self.state,
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


def budget_state(connection: Connection, profile: Profile, category: Category, at: datetime) -> BudgetState | None:
    """A budget's state for the traveller's month that holds the instant `at`; None without a budget."""
    window = resolve_period("this_month", at.astimezone(profile.zone).date(), first_weekday=0)
    start, end = window.instants(profile.zone)
    row = connection.execute(_STATE, {"user": profile.id, "category": category, "start": start, "end": end}).fetchone()
    return BudgetState(category, window, row["currency"], row["limit"], row["spent"]) if row else None
