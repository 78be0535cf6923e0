"""What was saved: the figures, and the sentence that says them."""

from typing import Any
from uuid import UUID

from pam.answers.parts import Parts
from pam.answers.periods import in_words
from pam.answers.private_answer import Answer, answer_from_figures
from pam.money.savings import Savings, SavingsQuestion
from pam.money.savings import savings_total as read_savings
from pam.traveller.wording import counted, money


def savings_total(parts: Parts, user_id: UUID, question: SavingsQuestion) -> Answer:
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
        f"{money(total, savings.profile.currency, savings.profile)} on {kind}"
        for kind, (total, _) in savings.by_kind.items()
    )
    total = money(savings.total, savings.profile.currency, savings.profile)
    return f"You've saved {total} {when}, {counted(savings.count, 'time')}: {kinds}."
