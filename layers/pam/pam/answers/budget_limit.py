"""A monthly limit set or restored, with how the month stands under it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pam.answers.answer import Answer, Money, instant
from pam.answers.budget_item import BudgetItem, budget_item
from pam.answers.budget_status import budget_sentence
from pam.money.amounts import Currency
from pam.money.budget_limits import BudgetLimit, restore_budget_limit, set_budget_limit
from pam.money.budgets import read_budget_state
from pam.money.categories import Category
from pam.platform.postgres import Connection
from pam.users.formatting import format_money
from pam.users.profile import Profile


@dataclass(frozen=True, kw_only=True)
class PreviousLimit:
    """The limit that a category had before."""

    limit: Money
    currency: Currency


@dataclass(frozen=True, kw_only=True)
class BudgetSet(Answer):
    """A budget after its limit was set."""

    budget: BudgetItem
    before: PreviousLimit | None


def set_budget(
    connection: Connection, profile: Profile, category: Category, amount: Decimal, now: datetime
) -> tuple[BudgetSet, BudgetLimit, BudgetLimit | None]:
    """Set a limit in the caller's transaction; return the answer, the limit, and the one from before."""
    limit, before = set_budget_limit(connection, profile, category, amount, now)
    state = read_budget_state(connection, profile, category, now)
    assert state is not None
    change = f"Your monthly budget for {category} is {_money(limit, profile)}{_instead_of(limit, before, profile)}."
    answer = BudgetSet(
        text=f"{change} {budget_sentence(state, profile, category)}",
        source=profile.expenses_source,
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        budget=budget_item(state),
        before=PreviousLimit(limit=str(before.amount), currency=before.currency) if before else None,
    )
    return answer, limit, before


def restore_budget(
    connection: Connection, profile: Profile, category: Category, limit: BudgetLimit, before: BudgetLimit | None
) -> str:
    """Undo `set_budget` in the caller's transaction; return a sentence. Raises `PamError` (`modified_since`)."""
    restore_budget_limit(connection, profile.id, category, limit, before)
    if before is None:
        return f"The monthly budget for {category} is gone again: there was none before."
    return f"Your monthly budget for {category} is {_money(before, profile)} again."


def _instead_of(limit: BudgetLimit, before: BudgetLimit | None, profile: Profile) -> str:
    if before is None:
        return "; there was none before"
    if (before.amount, before.currency) == (limit.amount, limit.currency):
        return ", as it was"
    return f" instead of {_money(before, profile)}"


def _money(limit: BudgetLimit, profile: Profile) -> str:
    return format_money(limit.amount, limit.currency, profile)
