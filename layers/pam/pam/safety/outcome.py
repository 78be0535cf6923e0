"""The outcome of a message, from the results of both stages."""

from enum import StrEnum

from pam.safety.judge import Judgement, Verdict
from pam.safety.screen import Screening

MIN_RESTRICTED_SCORE = 0.5
"""A message with such a score is restricted even if it was judged safe. The judge that the reference measured missed a
fifth of the attacks (docs/decisions/0034-safety-judge.md)."""


class Outcome(StrEnum):
    """How a message is answered."""

    ALLOW = "allow"
    RESTRICT = "restrict"
    """Only reading tools run by themselves; other effects need the traveller's confirmation."""
    BLOCK = "block"


def decide(screening: Screening, judgement: Judgement | None) -> Outcome:
    """Return the outcome for a message; `judgement` is None where it is late or couldn't be made."""
    if not screening.flagged:
        return Outcome.ALLOW
    if judgement is not None and judgement.verdict is Verdict.INJECTION:
        return Outcome.BLOCK
    if judgement is None or judgement.verdict is Verdict.UNSURE:
        return Outcome.RESTRICT
    if screening.score >= MIN_RESTRICTED_SCORE:
        return Outcome.RESTRICT
    return Outcome.ALLOW
