"""Expenses one by one: a page of them, and a sentence about it."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.cached_answer import cached_answer
from pam.answers.date_range import PeriodRange, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.expense_item import ExpenseItem, expense_item
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import QueriedCategory, UserAnswer, user_provenance
from pam.answers.window_text import window_text
from pam.money.expense_list import ExpensePage, ExpensesQuery, read_expense_page
from pam.money.expenses import Expense
from pam.platform.deadline import Deadline
from pam.users.formatting import format_dates, format_money, pluralize
from pam.users.profile import Profile

_DAY = timedelta(days=1)
_MAX_IN_TEXT = 5
"""Expenses that the sentence names; the answer has all of the page."""


@json_dataclass
class ExpenseList(UserAnswer):
    """Expenses of a window, newest first."""

    window: PeriodRange
    category: QueriedCategory
    expenses: tuple[ExpenseItem, ...]
    next_cursor: Annotated[str | None, Field(description="Where the next page begins; null on the last.")]


def list_expenses(
    dependencies: UserDependencies, user_id: UUID, query: ExpensesQuery, deadline: Deadline
) -> ExpenseList:
    """Return a page of the user's expenses, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, ExpenseList, read_expense_page, _answer)


def list_expenses_from_slots(request: AskRequest, slots: Slots) -> ExpenseList:
    """Answer a question in words."""
    query = ExpensesQuery(**request.in_zone(slots))
    return list_expenses(request.dependencies, request.user_id, query, request.deadline)


def _answer(page: ExpensePage) -> ExpenseList:
    profile = page.profile
    return ExpenseList(
        text=_sentence(page),
        **user_provenance(page),
        window=period_range(page.window, profile),
        category=page.query.category,
        expenses=tuple(expense_item(expense, profile) for expense in page.expenses),
        next_cursor=str(page.next_cursor) if page.next_cursor else None,
    )


def _sentence(page: ExpensePage) -> str:
    """Render how many expenses there are, from when, and the newest of them; the only one without a count."""
    profile, expenses = page.profile, page.expenses
    subject = f"{page.query.category} expense" if page.query.category else "expense"
    when = "" if page.window.period == "all_time" else f" {window_text(page.window, page.today, profile)}"
    if not expenses:
        return f"You have no {subject}s recorded{when}."
    if len(expenses) == 1:
        which = "next" if page.query.cursor else "latest" if page.next_cursor else "only"
        return f"Your {which} {subject}{when}: {_expense(expenses[0], profile)}."
    listed = "; ".join(_expense(expense, profile) for expense in expenses[:_MAX_IN_TEXT])
    more = "" if len(expenses) <= _MAX_IN_TEXT else "; and more"
    if page.next_cursor:
        return f"Your latest {pluralize(len(expenses), subject)}{when}, and there are more: {listed}{more}."
    return f"Your {pluralize(len(expenses), subject)}{when}, newest first: {listed}{more}."


def _expense(expense: Expense, profile: Profile) -> str:
    """Render an expense, such as `$4.50 for dining (coffee) on Nov 22, 2026`."""
    day = expense.spent_at.astimezone(profile.zone).date()
    amount = format_money(expense.amount, expense.currency, profile)
    described = expense.description and expense.description.casefold() != expense.category.casefold()
    description = f" ({expense.description})" if described else ""
    return f"{amount} for {expense.category}{description} on {format_dates(day, day + _DAY, profile)}"
