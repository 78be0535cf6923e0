"""What was spent in a window: the figures, and the sentence that says them."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.period_text import in_words
from pam.answers.user_answer import UserAnswer, answer_from_figures
from pam.money.spending import Spending, SpendingQuery, summarise
from pam.users.formatting import format_dates, format_money, pluralize


def spend_summary(parts: UserDependencies, user_id: UUID, question: SpendingQuery) -> UserAnswer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"spend_summary|{question.key}",
        lambda connection, profile, now: summarise(connection, profile, question, now),
        _tell,
    )


def _tell(spending: Spending) -> dict[str, Any]:
    return {"text": sentence(spending), "category_in_use": spending.known}


def sentence(spending: Spending) -> str:
    """The answer in words, each figure from the rows alone."""
    profile = spending.profile
    total = spending.in_all
    subject = f" on {spending.question.category}" if spending.question.category else ""
    when = in_words(spending.window, spending.today, profile)
    if not total.count:
        return f"You have no expenses{subject} recorded {when}." + _elsewhere(spending)
    said = [f"You've spent {format_money(total.total, profile.currency, profile)}{subject} {when}"]
    said.append(f", in {pluralize(total.count, 'expense')}")
    if spending.window.until(spending.today).days > 1:
        said.append(f": {format_money(spending.daily_average, profile.currency, profile)} a day")
    said.append(".")
    return "".join(said) + _compared(spending) + _elsewhere(spending)


def _compared(spending: Spending) -> str:
    """The change, where the records reach back far enough to make it a fair one."""
    if spending.before is None or spending.before_window is None or not spending.before.count:
        return ""
    if spending.first_day and spending.first_day > spending.before_window.start:
        return ""
    difference = spending.in_all.total - spending.before.total
    dates = format_dates(spending.before_window.start, spending.before_window.end, spending.profile)
    when = f"in {dates}" if spending.before_window.days > 1 else f"on {dates}"
    if not difference:
        return f" That's the same as {when}."
    size = format_money(abs(difference), spending.profile.currency, spending.profile)
    return f" That's {size} {'more' if difference > 0 else 'less'} than {when}."


def _elsewhere(spending: Spending) -> str:
    parts = [
        format_money(part.total, currency, spending.profile) for currency, part in spending.other_currencies.items()
    ]
    return f" In other currencies, not added up: {', '.join(parts)}." if parts else ""
