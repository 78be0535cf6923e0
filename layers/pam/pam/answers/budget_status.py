"""How this month's budgets stand: the figures, and the sentence that says them."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.user_answer import UserAnswer, answer_from_figures
from pam.money.budgets import BudgetQuery, Budgets, BudgetState, budget_overview
from pam.users.formatting import format_money, pluralize
from pam.users.profile import Profile


def budget_status(parts: UserDependencies, user_id: UUID, question: BudgetQuery) -> UserAnswer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"budget_status|{question.key}",
        lambda connection, profile, now: budget_overview(connection, profile, question, now),
        _tell,
    )


def _tell(budgets: Budgets) -> dict[str, Any]:
    return {"text": sentence(budgets)}


def sentence(budgets: Budgets) -> str:
    """The state in words: one budget as it stands, several as their sum and the ones that are over or near."""
    if budgets.total is None:
        which = f" for {budgets.question.category}" if budgets.question.category else ""
        return f"You have no budget{which} in {budgets.profile.currency}."
    if budgets.question.category:
        return f"{standing(budgets.lines[0].state, budgets.profile, budgets.question.category)} {_rest(budgets)}"
    said = [standing(budgets.total.state, budgets.profile, "all budgets together"), _rest(budgets)]
    for state, words in (("over", "Over"), ("near", "Near the limit")):
        names = [str(line.state.category) for line in budgets.lines if line.state.state == state]
        if names:
            said.append(f"{words}: {', '.join(names)}.")
    return " ".join(said)


def standing(state: BudgetState, profile: Profile, name: str) -> str:
    """Such as `You've $90.00 left on fuel: $10.00 of $100.00 this month.`; `name` is what the budget is for."""
    limit, spent = (format_money(amount, state.currency, profile) for amount in (state.limit, state.spent))
    if state.left < 0:
        over = format_money(-state.left, state.currency, profile)
        return f"You're {over} over on {name}: {spent} of {limit} this month."
    return f"You've {format_money(state.left, state.currency, profile)} left on {name}: {spent} of {limit} this month."


def _rest(budgets: Budgets) -> str:
    assert budgets.total is not None
    projected = format_money(budgets.total.projected, budgets.profile.currency, budgets.profile)
    return f"With {pluralize(budgets.days_left, 'day')} left, the month is heading for {projected}."
