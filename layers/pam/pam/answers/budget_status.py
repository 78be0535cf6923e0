"""How this month's budgets stand, where they are heading, and a sentence about it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Date
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.budget_item import ProjectedBudget, projected_budget
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import conversion_sentences
from pam.answers.date_range import PeriodRange, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import QueriedCategory, UserAnswer, user_provenance
from pam.money.amounts import Currency
from pam.money.budget_overview import BudgetOverview, BudgetQuery, read_budget_overview
from pam.money.budgets import BudgetState
from pam.money.categories import Category
from pam.platform.deadline import Deadline
from pam.users.formatting import format_money, pluralize
from pam.users.profile import Profile


@json_dataclass
class BudgetStatus(UserAnswer):
    """How this month's budgets stand."""

    window: PeriodRange
    currency: Currency
    category: QueriedCategory
    since: Annotated[
        Date | None,
        Field(description="The first day of the month that the records cover; null without an expense until today."),
    ]
    days_left: Annotated[int, Field(ge=0, le=30, description="Days of the month after today.")]
    budgets: Annotated[tuple[ProjectedBudget, ...], Field(description="Those in the traveller's currency.")]
    total: Annotated[ProjectedBudget | None, Field(description="All of those together.")]
    other_currencies: tuple[ProjectedBudget, ...]


def budget_status(
    dependencies: UserDependencies, user_id: UUID, query: BudgetQuery, deadline: Deadline
) -> BudgetStatus:
    """Return the state of the user's budgets, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, BudgetStatus, read_budget_overview, _answer)


def budget_status_from_slots(request: AskRequest, slots: Slots) -> BudgetStatus | None:
    """Answer a question in words; None for another month. Without a budget, say how to set one."""
    if slots.get("period", "this_month") != "this_month":
        return None
    fields = {name: value for name, value in slots.items() if name != "period"}
    query = BudgetQuery(**request.in_zone(fields))
    answer = budget_status(request.dependencies, request.user_id, query, request.deadline)
    if answer.budgets:
        return answer
    return replace(answer, text=f"{answer.text} To set one, write “Set a budget for {query.category or 'fuel'}”.")


def _answer(budgets: BudgetOverview) -> BudgetStatus:
    profile = budgets.profile
    return BudgetStatus(
        text=_sentence(budgets),
        **user_provenance(budgets),
        window=period_range(budgets.window, profile),
        currency=profile.currency,
        category=budgets.query.category,
        since=budgets.recorded.start.isoformat() if budgets.recorded else None,
        days_left=budgets.days_left,
        budgets=tuple(projected_budget(line) for line in budgets.lines),
        total=projected_budget(budgets.total) if budgets.total else None,
        other_currencies=tuple(projected_budget(line) for line in budgets.other_currencies),
    )


def _sentence(budgets: BudgetOverview) -> str:
    """Render the state in words: one budget as it stands, several as their sum and the ones that are over or near."""
    if budgets.total is None:
        others = [line.state.currency for line in budgets.other_currencies]
        return no_budget_sentence(budgets.query.category, budgets.profile, others)
    if budgets.query.category:
        state = budget_sentence(budgets.lines[0].state, budgets.profile, budgets.query.category)
        return f"{state} {_projection(budgets)}"
    sentences = [budget_sentence(budgets.total.state, budgets.profile, "all budgets together"), _projection(budgets)]
    for state, label in (("over", "Over"), ("near", "Near the limit")):
        names = [str(line.state.category) for line in budgets.lines if line.state.state == state]
        if names:
            sentences.append(f"{label}: {', '.join(names)}.")
    return " ".join(sentences)


def no_budget_sentence(category: Category | None, profile: Profile, other_currencies: Iterable[str]) -> str:
    """Render that there is no budget in the user's currency, and in which other currencies there is one."""
    which = f" for {category}" if category else ""
    text = f"You have no budget{which} in {profile.currency}"
    others = " and ".join(sorted(set(other_currencies)))
    return f"{text}: what you have set is in {others}." if others else f"{text}."


def budget_sentence(state: BudgetState, profile: Profile, name: str) -> str:
    """Render a budget such as `You've $90.00 left on fuel: $10.00 of $100.00 this month.`; `name` is what it's for.

    What was converted is named, and what isn't included.
    """
    limit, spent = (format_money(amount, state.currency, profile) for amount in (state.limit, state.spent))
    if state.left < 0:
        over = format_money(-state.left, state.currency, profile)
        text = f"You're {over} over on {name}: {spent} of {limit} this month."
    else:
        left = format_money(state.left, state.currency, profile)
        text = f"You've {left} left on {name}: {spent} of {limit} this month."
    return text + conversion_sentences(state.spending, profile)


def _projection(budgets: BudgetOverview) -> str:
    assert budgets.total is not None
    if budgets.total.projected is None:
        return "Your records are too short to say where the month is heading."
    projected = format_money(budgets.total.projected, budgets.profile.currency, budgets.profile)
    if not budgets.days_left:
        return f"Today is the last day, and the month is heading for {projected}."
    return f"With {pluralize(budgets.days_left, 'day')} left, the month is heading for {projected}."
