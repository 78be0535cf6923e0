"""How a month went against its budgets: the figures, and the sentence that says them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.period_text import in_words
from pam.answers.user_answer import UserAnswer, answer_from_figures
from pam.money.budgets import BudgetState
from pam.money.comparison import Comparison, ComparisonQuery, compare, percent
from pam.users.formatting import format_money, format_number


def budget_comparison(parts: UserDependencies, user_id: UUID, question: ComparisonQuery) -> UserAnswer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"budget_comparison|{question.key}",
        lambda connection, profile, now: compare(connection, profile, question, now),
        _tell,
    )


def _tell(comparison: Comparison) -> dict[str, Any]:
    return {"text": sentence(comparison)}


def sentence(comparison: Comparison) -> str:
    """The comparison in words: one budget, or all together with the ones that are over, and what has no budget."""
    profile, category = comparison.profile, comparison.question.category
    when = in_words(comparison.window, comparison.today, profile)
    outside = sum(comparison.without_budget.values(), Decimal(0))
    spent_outside = format_money(outside, profile.currency, profile)
    if comparison.total is None:
        which, on = (f" for {category}", f" on {category}") if category else ("", "")
        said = f"You have no budget{which} in {profile.currency}."
        return f"{said} You've spent {spent_outside}{on} {when}." if outside else said
    name = str(category) if category else "all budgets together"
    told = [_against(comparison.total, name, when, comparison)]
    over = [str(line.category) for line in comparison.lines if line.state == "over"]
    if not category and over:
        told.append(f"Over: {', '.join(over)}.")
    if outside:
        told.append(f"Another {spent_outside} went to categories without a budget.")
    if comparison.window.end <= comparison.today:
        told.append("The limits are today's.")
    return " ".join(told)


def _against(state: BudgetState, name: str, when: str, comparison: Comparison) -> str:
    profile = comparison.profile
    spent, limit, apart = (
        format_money(amount, state.currency, profile) for amount in (state.spent, state.limit, abs(state.left))
    )
    if state.left < 0:
        which = f"{apart} over"
    else:
        which = f"{apart} {'left' if comparison.window.end > comparison.today else 'under'}"
    return f"You've spent {spent} of {limit} on {name} {when}: {format_number(percent(state), profile, 1)} %, {which}."
