"""What was saved: the figures, and the sentence that says them."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.period_text import in_words
from pam.answers.user_answer import UserAnswer, answer_from_figures
from pam.money.savings import Savings, SavingsQuery
from pam.money.savings import savings_total as read_savings
from pam.users.formatting import format_money, pluralize


def savings_total(parts: UserDependencies, user_id: UUID, question: SavingsQuery) -> UserAnswer:
    """Answers the question for this traveller, from the cache where nothing was written since."""
    return answer_from_figures(
        parts,
        user_id,
        f"savings_total|{question.key}",
        lambda connection, profile, now: read_savings(connection, profile, question, now),
        _tell,
    )


def _tell(savings: Savings) -> dict[str, Any]:
    return {"text": sentence(savings)}


def sentence(savings: Savings) -> str:
    """The sum in words, from the recorded savings alone."""
    when = in_words(savings.window, savings.today, savings.profile)
    if not savings.count:
        return f"You have no savings recorded {when}."
    kinds = ", ".join(
        f"{format_money(total, savings.profile.currency, savings.profile)} on {kind}"
        for kind, (total, _) in savings.by_kind.items()
    )
    total = format_money(savings.total, savings.profile.currency, savings.profile)
    return f"You've saved {total} {when}, {pluralize(savings.count, 'time')}: {kinds}."
