"""The decision of stage 1 about a message."""

from dataclasses import dataclass

from pam.safety.screen.features import feature_buckets
from pam.safety.screen.languages import LanguageKind, has_other_script, language_kind
from pam.safety.screen.linear_model import LinearModel, load_model
from pam.safety.screen.normalise import clip, normalise
from pam.safety.screen.rules import WORD, match_rules

MAX_UNFLAGGED_CHARS = 800
"""A longer message is flagged whatever it says: most attacks that rest on a story are longer."""


@dataclass(frozen=True)
class Screening:
    """What stage 1 says of a message. `score` is between 0 and 1; `strict` is whether a strict rule matched.

    `reasons` are stable names, without words of the message: `rule:...`, `trick:...`, `long`, `language`, `score`.
    """

    flagged: bool
    score: float
    reasons: tuple[str, ...]
    strict: bool


def screen(text: str, model: LinearModel | None = None) -> Screening:
    """Screen one message, with the model of the package by default.

    Takes less than a millisecond up to 2,000 characters, and bounded time for any text.
    """
    model = model or load_model()
    normalised = normalise(clip(text))
    rules: dict[str, None] = {}
    score = 0.0
    words = normalised.words
    for reading in (normalised.plain, *normalised.readings):
        read_words = words if reading is normalised.plain else WORD.findall(reading)
        matched = dict.fromkeys(match_rules(reading, read_words))
        rules |= matched
        score = max(score, model.score(feature_buckets(read_words, matched)))
    language = LanguageKind.OTHER if has_other_script(words) else language_kind(words)
    threshold = model.threshold_trained_language if language is LanguageKind.TRAINED else model.threshold
    reasons = [f"rule:{name}" for name in rules] + [f"trick:{name}" for name in normalised.tricks]
    if len(text) > MAX_UNFLAGGED_CHARS:
        reasons.append("long")
    if language is LanguageKind.OTHER:
        reasons.append("language")
    if score >= threshold:
        reasons.append("score")
    return Screening(bool(reasons), round(score, 4), tuple(reasons), bool(rules))
