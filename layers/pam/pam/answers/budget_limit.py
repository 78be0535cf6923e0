"""A monthly limit set or taken back, with how the month stands under it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pam.answers.budget_status import standing
from pam.money.budget_limits import BudgetLimit, set_limit, set_limit_back
from pam.money.budgets import budget_state
from pam.money.categories import Category
from pam.platform.postgres import Connection
from pam.users.formatting import format_money
from pam.users.profile import Profile


def set_budget(
    connection: Connection, profile: Profile, category: Category, amount: Decimal, now: datetime
) -> tuple[dict[str, Any], BudgetLimit, BudgetLimit | None]:
    """Sets a limit in the caller's transaction: `{budget, before, text, source}`, the limit, and the one before."""
    limit, before = set_limit(connection, profile, category, amount, now)
    state = budget_state(connection, profile, category, now)
    assert state is not None
    said = f"Your monthly budget for {category} is {_told(limit, profile)}{_instead(limit, before, profile)}."
    return (
        {
            "budget": state.as_json(),
            "before": {"limit": str(before.amount), "currency": before.currency} if before else None,
            "text": f"{said} {standing(state, profile, category)}",
            "source": profile.expenses_source,
        },
        limit,
        before,
    )


def set_budget_back(
    connection: Connection, profile: Profile, category: Category, limit: BudgetLimit, before: BudgetLimit | None
) -> str:
    """Undoes `set_budget` in the caller's transaction, and says so. Raises `PamError` (`modified_since`)."""
    set_limit_back(connection, profile.id, category, limit, before)
    if before is None:
        return f"The monthly budget for {category} is gone again: there was none before."
    return f"Your monthly budget for {category} is {_told(before, profile)} again."


def _instead(limit: BudgetLimit, before: BudgetLimit | None, profile: Profile) -> str:
    if before is None:
        return "; there was none before"
    if (before.amount, before.currency) == (limit.amount, limit.currency):
        return ", as it was"
    return f" instead of {_told(before, profile)}"


def _told(limit: BudgetLimit, profile: Profile) -> str:
    return format_money(limit.amount, limit.currency, profile)
