"""A monthly limit that is set or restored, with how the month stands under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pam.answers.budget_item import budget_item
from pam.answers.budget_status import budget_sentence
from pam.answers.json_values import to_json
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.budget_limits import BudgetLimit, restore_budget_limit, set_budget_limit
from pam.money.budgets import read_budget_state
from pam.money.categories import Category
from pam.users.formatting import format_money
from pam.users.profile import Profile


@dataclass(frozen=True)
class NewLimit:
    """A monthly limit to set, in the user's currency."""

    category: Category
    amount: Decimal


def _set(context: WriteContext, new: NewLimit) -> WriteResult:
    connection, profile, category = context.connection, context.profile, new.category
    limit, before = set_budget_limit(connection, profile, category, new.amount, context.now)
    state = read_budget_state(connection, profile, category, context.now)
    assert state is not None
    change = f"Your monthly budget for {category} is {_money(limit, profile)}{_instead_of(limit, before, profile)}."
    return WriteResult(
        text=f"{change} {budget_sentence(state, profile, category)}",
        data={
            "budget": to_json(budget_item(state)),
            "before": {"limit": str(before.amount), "currency": before.currency} if before else None,
        },
        source=profile.expenses_source,
        undo={
            "category": category,
            "limit": limit.as_json(),
            "before": before.as_json() if before else None,
        },
        simulated=profile.simulated,
    )


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    category, limit = Category(undo["category"]), BudgetLimit.from_json(undo["limit"])
    before = BudgetLimit.from_json(undo["before"]) if undo["before"] else None
    restore_budget_limit(context.connection, context.profile.id, category, limit, before)
    if before is None:
        return UndoResult(f"The monthly budget for {category} is gone again: there was none before.")
    return UndoResult(f"Your monthly budget for {category} is {_money(before, context.profile)} again.")


UPDATE_BUDGET = WriteOperation("update_budget", _set, _restore)
"""Sets a category's monthly limit."""


def _instead_of(limit: BudgetLimit, before: BudgetLimit | None, profile: Profile) -> str:
    if before is None:
        return "; there was none before"
    if (before.amount, before.currency) == (limit.amount, limit.currency):
        return ", as it was"
    return f" instead of {_money(before, profile)}"


def _money(limit: BudgetLimit, profile: Profile) -> str:
    return format_money(limit.amount, limit.currency, profile)
