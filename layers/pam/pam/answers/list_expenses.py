"""Expenses one by one: a page of them, and a sentence about it."""

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
from pam.platform.deadline import Deadline
from pam.users.formatting import pluralize


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
        expenses=tuple(expense_item(expense, profile.zone) for expense in page.expenses),
        next_cursor=str(page.next_cursor) if page.next_cursor else None,
    )


def _sentence(page: ExpensePage) -> str:
    """Render how many expenses there are, and from when."""
    subject = f"{page.query.category} expense" if page.query.category else "expense"
    when = "" if page.window.period == "all_time" else f" {window_text(page.window, page.today, page.profile)}"
    if not page.expenses:
        return f"You have no {subject}s recorded{when}."
    if page.next_cursor:
        return f"Your latest {pluralize(len(page.expenses), subject)}{when}; there are more."
    return f"Your {pluralize(len(page.expenses), subject)}{when}, newest first."
