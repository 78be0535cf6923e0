"""How a month went against its budgets, with a sentence about it."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Date, Money
from pam.answers.budget_item import BudgetStateName
from pam.answers.budget_status import no_budget_sentence
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import (
    Converted,
    NotIncluded,
    conversion_sentences,
    converted_totals,
    excluded_totals,
)
from pam.answers.date_range import PeriodRange, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import QueriedCategory, UserAnswer, user_provenance
from pam.answers.window_text import window_text
from pam.money.amounts import Currency, to_cents
from pam.money.budget_comparison import BudgetComparisonQuery, ComparedMonth, percent_spent, read_budget_comparison
from pam.money.budgets import BudgetState
from pam.money.categories import Category
from pam.platform.deadline import Deadline
from pam.users.formatting import format_dates, format_money, format_number


@json_dataclass
class ComparedBudget:
    """A budget against what was spent."""

    category: Annotated[Category | None, Field(description="Null: all categories together.")]
    currency: Currency
    budgeted: Money
    spent: Money
    difference: Annotated[Money, Field(description="What is left; negative when over.")]
    percent: Annotated[float, Field(description="Spent, in percent of the budget; negative where more was paid back.")]
    state: BudgetStateName
    converted: Converted
    not_included: NotIncluded


@json_dataclass
class CategoryWithoutBudget:
    """What was spent on a category that has no budget."""

    category: Category
    spent: Money
    converted: Converted
    not_included: NotIncluded


@json_dataclass
class BudgetComparison(UserAnswer):
    """How a month went against its budgets."""

    window: PeriodRange
    since: Annotated[
        Date | None,
        Field(description="The first day of the month that the records cover; null where they cover none."),
    ]
    currency: Currency
    category: QueriedCategory
    budgets: Annotated[tuple[ComparedBudget, ...], Field(description="Those in the traveller's currency.")]
    total: Annotated[ComparedBudget | None, Field(description="All of those together.")]
    other_currencies: tuple[ComparedBudget, ...]
    without_budget: tuple[CategoryWithoutBudget, ...]


def budget_comparison(
    dependencies: UserDependencies, user_id: UUID, query: BudgetComparisonQuery, deadline: Deadline
) -> BudgetComparison:
    """Return the comparison, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, BudgetComparison, read_budget_comparison, _answer)


def _answer(comparison: ComparedMonth) -> BudgetComparison:
    profile = comparison.profile
    return BudgetComparison(
        text=_sentence(comparison),
        **user_provenance(comparison),
        window=period_range(comparison.window, profile),
        since=comparison.recorded.start.isoformat() if comparison.recorded else None,
        currency=profile.currency,
        category=comparison.query.category,
        budgets=tuple(_compared(line) for line in comparison.lines),
        total=_compared(comparison.total) if comparison.total else None,
        other_currencies=tuple(_compared(line) for line in comparison.other_currencies),
        without_budget=tuple(
            CategoryWithoutBudget(
                category=category,
                spent=str(to_cents(spent.total)),
                converted=converted_totals(spent),
                not_included=excluded_totals(spent),
            )
            for category, spent in comparison.without_budget.items()
        ),
    )


def _compared(budget: BudgetState) -> ComparedBudget:
    return ComparedBudget(
        category=budget.category,
        currency=budget.currency,
        budgeted=str(budget.limit),
        spent=str(to_cents(budget.spent)),
        difference=str(to_cents(budget.left)),
        percent=float(percent_spent(budget)),
        state=budget.state,
        converted=converted_totals(budget.spending),
        not_included=excluded_totals(budget.spending),
    )


def _sentence(comparison: ComparedMonth) -> str:
    """Render one budget, or all together with the ones that are over, and what has no budget."""
    profile, category = comparison.profile, comparison.query.category
    when = window_text(comparison.window, comparison.today, profile)
    outside = sum((part.total for part in comparison.without_budget.values()), Decimal(0))
    spent_outside = format_money(outside, profile.currency, profile)
    if comparison.is_before_records:
        return f"You have no expenses recorded {when}, so there is nothing to compare. {_start_of_records(comparison)}"
    if comparison.total is None:
        text = no_budget_sentence(category, profile, [line.currency for line in comparison.other_currencies])
        on = f" on {category}" if category else ""
        spent = f" You've spent {spent_outside}{on} {when}." if outside else ""
        return f"{text}{spent}{conversion_sentences(comparison.spending, profile)}"
    name = str(category) if category else "all budgets together"
    sentences = [_budget_sentence(comparison.total, name, when, comparison)]
    over = [str(line.category) for line in comparison.lines if line.state == "over"]
    if not category and over:
        sentences.append(f"Over: {', '.join(over)}.")
    if outside:
        sentences.append(f"Another {spent_outside} went to categories without a budget.")
    if comparison.window.end <= comparison.today:
        if comparison.recorded and comparison.recorded.start > comparison.window.start:
            sentences.append(_start_of_records(comparison))
        sentences.append("The limits are today's.")
    return " ".join(sentences) + conversion_sentences(comparison.spending, profile)


def _start_of_records(comparison: ComparedMonth) -> str:
    if comparison.first_day is None:
        return "You haven't recorded any expense yet."
    first = format_dates(comparison.first_day, comparison.first_day + timedelta(days=1), comparison.profile)
    return f"Your records begin on {first}."


def _budget_sentence(state: BudgetState, name: str, when: str, comparison: ComparedMonth) -> str:
    profile = comparison.profile
    spent, limit, difference = (
        format_money(amount, state.currency, profile) for amount in (state.spent, state.limit, abs(state.left))
    )
    if state.left < 0:
        which = f"{difference} over"
    else:
        which = f"{difference} {'left' if comparison.window.end > comparison.today else 'under'}"
    percent = format_number(percent_spent(state), profile, 1)
    return f"You've spent {spent} of {limit} on {name} {when}: {percent} %, {which}."
