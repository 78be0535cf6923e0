"""Expenses one by one: a page, and the sentence that says what is on it."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.period_text import in_words
from pam.answers.user_answer import UserAnswer, answer_from_figures
from pam.money.expense_list import ExpensePage, ExpensesQuery
from pam.money.expense_list import list_expenses as read_page
from pam.users.formatting import pluralize


def list_expenses(parts: UserDependencies, user_id: UUID, question: ExpensesQuery) -> UserAnswer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"list_expenses|{question.key}",
        lambda connection, profile, now: read_page(connection, profile, question, now),
        _tell,
    )


def _tell(page: ExpensePage) -> dict[str, Any]:
    return {"text": sentence(page)}


def sentence(page: ExpensePage) -> str:
    """How many there are, and from when."""
    subject = f"{page.question.category} expense" if page.question.category else "expense"
    when = "" if page.window.period == "all_time" else f" {in_words(page.window, page.today, page.profile)}"
    if not page.expenses:
        return f"You have no {subject}s recorded{when}."
    if page.next:
        return f"Your latest {pluralize(len(page.expenses), subject)}{when}; there are more."
    return f"Your {pluralize(len(page.expenses), subject)}{when}, newest first."
