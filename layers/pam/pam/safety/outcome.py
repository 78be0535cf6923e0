"""What becomes of a message: the decision of both stages."""

from enum import StrEnum

from pam.safety.judge import Judgement, Verdict
from pam.safety.screen import Screening

MIN_STRICT_SCORE = 0.5
"""A message that a strict rule matches and the model scores as high is restricted, even if it was judged safe."""


class Outcome(StrEnum):
    """How a message is answered."""

    ALLOW = "allow"
    RESTRICT = "restrict"
    """Only reading tools run by themselves; other effects need the traveller's confirmation, memory isn't changed."""
    BLOCK = "block"


def decide(screening: Screening, judgement: Judgement | None) -> Outcome:
    """Return the outcome for a message; `judgement` is None where it hasn't come in time."""
    if not screening.flagged:
        return Outcome.ALLOW
    if judgement is not None and judgement.verdict is Verdict.INJECTION:
        return Outcome.BLOCK
    if judgement is None or judgement.verdict is Verdict.UNSURE:
        return Outcome.RESTRICT
    if screening.strict and screening.score >= MIN_STRICT_SCORE:
        return Outcome.RESTRICT
    return Outcome.ALLOW
