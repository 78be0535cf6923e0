"""Expenses one by one: a page, and the sentence that says what is on it."""

from typing import Any
from uuid import UUID

from pam.answers.parts import Parts
from pam.answers.periods import in_words
from pam.answers.private_answer import Answer, answer_from_figures
from pam.money.listing import ExpensesQuestion, Page
from pam.money.listing import list_expenses as read_page
from pam.traveller.wording import counted


def list_expenses(parts: Parts, user_id: UUID, question: ExpensesQuestion) -> Answer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"list_expenses|{question.key}",
        lambda connection, profile, now: read_page(connection, profile, question, now),
        _tell,
    )


def _tell(page: Page) -> dict[str, Any]:
    return {"text": sentence(page)}


def sentence(page: Page) -> str:
    """How many there are, and from when."""
    subject = f"{page.question.category} expense" if page.question.category else "expense"
    when = "" if page.window.period == "all_time" else f" {in_words(page.window, page.today, page.profile)}"
    if not page.expenses:
        return f"You have no {subject}s recorded{when}."
    if page.next:
        return f"Your latest {counted(len(page.expenses), subject)}{when}; there are more."
    return f"Your {counted(len(page.expenses), subject)}{when}, newest first."
