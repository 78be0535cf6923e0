"""A month by category, each against its limit: over it, near it, or good."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Date, Money
from pam.answers.budget_comparison import BudgetComparison, CategoryWithoutBudget, ComparedBudget, budget_comparison
from pam.answers.budget_item import BudgetStateName
from pam.answers.date_range import PeriodRange
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import UserAnswer
from pam.answers.user_context import read_user_context
from pam.money.amounts import Currency
from pam.money.budget_comparison import BudgetComparisonQuery
from pam.platform.deadline import Deadline
from pam.users.formatting import format_number
from pam.users.profile import Profile

_STATES: tuple[tuple[str, str], ...] = (("over", "Over"), ("near", "Near the limit"), ("good", "Good"))


@json_dataclass
class AnalyzedCategory:
    """A category against its limit."""

    category: str
    currency: Currency
    limit: Money
    spent: Money
    percent: float
    state: BudgetStateName


@json_dataclass
class BudgetAnalysis(UserAnswer):
    """A month's categories against their limits, those furthest over first."""

    window: PeriodRange
    since: Annotated[Date | None, Field(description="The first day of the month that the records cover.")]
    currency: Currency
    categories: tuple[AnalyzedCategory, ...]
    without_budget: tuple[CategoryWithoutBudget, ...]


def budget_analysis(
    dependencies: UserDependencies, user_id: UUID, query: BudgetComparisonQuery, deadline: Deadline
) -> BudgetAnalysis:
    """Return the analysis of a month; it is the comparison with the budgets, in the order of their states."""
    comparison = budget_comparison(dependencies, user_id, query, deadline)
    profile = read_user_context(dependencies, user_id, deadline).profile
    listed = sorted((*comparison.budgets, *comparison.other_currencies), key=lambda each: -each.percent)
    return BudgetAnalysis(
        text=_sentence(comparison, listed, profile),
        source=comparison.source,
        simulated=comparison.simulated,
        as_of=comparison.as_of,
        cached=comparison.cached,
        stale=comparison.stale,
        age_s=comparison.age_s,
        reason=comparison.reason,
        window=comparison.window,
        since=comparison.since,
        currency=comparison.currency,
        categories=tuple(_category(each) for each in listed),
        without_budget=comparison.without_budget,
    )


def _category(budget: ComparedBudget) -> AnalyzedCategory:
    return AnalyzedCategory(
        category=str(budget.category),
        currency=budget.currency,
        limit=budget.budgeted,
        spent=budget.spent,
        percent=budget.percent,
        state=budget.state,
    )


def _sentence(comparison: BudgetComparison, listed: Iterable[ComparedBudget], profile: Profile) -> str:
    """Render the comparison, and each category with its per cent after the name of its state."""
    parts = []
    for state, label in _STATES:
        names = [
            f"{each.category} ({format_number(each.percent, profile)} %)" for each in listed if each.state == state
        ]
        if names:
            parts.append(f"{label}: {', '.join(names)}.")
    return " ".join([comparison.text, *parts])
