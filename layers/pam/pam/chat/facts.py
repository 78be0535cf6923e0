"""Facts at hand: what a question is likely to need and costs nothing to know. Each saves Claude a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pam.money.amounts import to_cents
from pam.money.budgets import NEAR_LIMIT_RATIO
from pam.platform.postgres import Row
from pam.travel.rig import Rig
from pam.users.formatting import format_money
from pam.users.profile import Profile

BUDGETS = """
with zone as (
    select coalesce(%(zone)s::text, (select time_zone from users where id = %(user)s)) as name
), month as (
    select date_trunc('month', %(now)s at time zone name) at time zone name as first,
           (date_trunc('month', %(now)s at time zone name) + interval '1 month') at time zone name as after
      from zone
)
select b.category, b.monthly_limit as limit, b.currency,
       coalesce((select sum(e.amount) from expenses e, month
                  where e.user_id = b.user_id and e.category = b.category and e.currency = b.currency
                    and e.undone_at is null and e.spent_at >= first and e.spent_at < after), 0) as spent
  from budgets b
 where b.user_id = %(user)s
 order by b.category
"""
"""The budgets of the traveller's month, in one query that needs no other first."""


@dataclass(frozen=True)
class Facts:
    """This month's budgets, one row of `BUDGETS` each, and the rig."""

    budgets: Sequence[Row]
    rig: Rig | None

    def lines(self, profile: Profile) -> list[str]:
        """As they stand in the prompt, each with its source."""
        lines = [_budget(row, profile) for row in self.budgets]
        if lines:
            lines.insert(0, f"Budgets of this month so far ({profile.expenses_source}):")
        return lines


def about(profile: Profile, rig: Rig | None) -> str:
    """What the prompt says of a traveller all through a conversation."""
    lines = [
        f"Currency: {profile.currency}",
        f"Units: {profile.units} ({'miles, gallons' if profile.units == 'imperial' else 'kilometres, litres'})",
        f"Language and country: {profile.locale}",
    ]
    if rig is not None:
        known: list[Any] = [rig.name, rig.fuel_type and f"fuel {rig.fuel_type}"]
        if rig.litres_per_100km is not None:
            known.append(f"uses {rig.litres_per_100km:g} l/100 km")
        lines.append("Rig: " + ", ".join(str(each) for each in known if each))
    else:
        lines.append("Rig: not told")
    if profile.simulated:
        lines.append("A made-up traveller, who shows PAM: their figures are simulated.")
    return "<traveller>\n" + "\n".join(lines) + "\n</traveller>"


def _budget(row: Row, profile: Profile) -> str:
    limit, spent = row["limit"], to_cents(Decimal(row["spent"]))
    amounts = [format_money(amount, row["currency"], profile) for amount in (spent, limit)]
    told = f"- {row['category']}: {' of '.join(amounts)}"
    if spent > limit:
        return f"{told}, over by {format_money(spent - limit, row['currency'], profile)}"
    near = ", close to its limit" if spent >= NEAR_LIMIT_RATIO * limit else ""
    return f"{told}, {format_money(limit - spent, row['currency'], profile)} left{near}"
