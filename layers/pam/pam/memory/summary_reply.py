"""The model's summary of an episode: its JSON schema, and what of a reply is accepted.

The schema has no bounds, which the API doesn't support. They are validated here; a fact that breaks one, or that the
traveller didn't state, is left out alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pam.memory.episode_windows import EpisodeMessage
from pam.memory.facts import MAX_SUBJECT_CHARS, MAX_VALUE_CHARS
from pam.memory.words import all_stems, stems_of, words_of
from pam.platform.envelope import clean

MAX_TOPIC_CHARS = 200
MAX_SUMMARY_CHARS = 2000
MAX_FACTS = 30

_MIN_GROUNDED = 0.5
"""The share of a value's words that its sources must have."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "description": "A few words, as a title"},
        "summary": {"type": "string", "description": "Two or three sentences"},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "subject": {"type": "string"},
                    "value": {"type": "string"},
                    "standing": {"type": "boolean"},
                    "sources": {"type": "array", "items": {"type": "integer"}},
                    "confidence": {"type": "number"},
                },
                "required": ["subject", "value", "standing", "sources", "confidence"],
                "additionalProperties": False,
            },
        },
        "sentiment": {"type": "string", "enum": ["positive", "neutral", "negative"]},
    },
    "required": ["topic", "summary", "facts", "sentiment"],
    "additionalProperties": False,
}
"""Of the reply, within what the API supports: all fields required, no others, no bounds."""

_Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SUBJECT_CHARS)]
_Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_VALUE_CHARS)]


class SummaryFact(BaseModel):
    """A fact as the model states it. `sources` are numbers of messages, from 1 on."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    subject: _Subject
    value: _Value
    standing: bool
    sources: Annotated[list[int], Field(min_length=1)]
    confidence: Annotated[float, Field(ge=0, le=1)]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    facts: list[Any]
    sentiment: Literal["positive", "neutral", "negative"]


@dataclass(frozen=True)
class EpisodeSummary:
    """A summary with its accepted facts; `dropped` is the number of the others."""

    topic: str
    summary: str
    facts: tuple[SummaryFact, ...]
    sentiment: Literal["positive", "neutral", "negative"]
    dropped: int


class InvalidSummary(ValueError):
    """The reply isn't a summary."""


def parse_summary(text: str, messages: Sequence[EpisodeMessage]) -> EpisodeSummary:
    """Return the summary in a reply's text. Raises `InvalidSummary`."""
    try:
        # Python's own parser: one half of a character in one fact must not make the reply invalid.
        reply = _Reply.model_validate(clean(json.loads(text)))
    except ValidationError as error:
        raise InvalidSummary(f"{error.error_count()} fields of the summary are invalid") from None
    except (ValueError, RecursionError):
        raise InvalidSummary("the reply is no JSON") from None
    stated = list(map(_parse_fact, reply.facts))
    facts = tuple(fact for fact in stated if fact is not None and _is_stated(fact, messages))[:MAX_FACTS]
    return EpisodeSummary(reply.topic, reply.summary, facts, reply.sentiment, len(stated) - len(facts))


def _parse_fact(value: Any) -> SummaryFact | None:
    try:
        return SummaryFact.model_validate(value)
    except ValidationError:
        return None


def _is_stated(fact: SummaryFact, messages: Sequence[EpisodeMessage]) -> bool:
    """Return whether the fact's sources are the traveller's own messages of this episode, and have its words.

    PAM's messages may quote tools, posts and other people: no fact is taken from them, whatever the model states.
    """
    if not all(1 <= number <= len(messages) and messages[number - 1].role == "user" for number in fact.sources):
        return False
    stated = {stem for number in fact.sources for stem in all_stems(messages[number - 1].text)}
    stems = stems_of(fact.value)
    # Without a word, nothing is stated.
    return bool(stems and words_of(fact.subject)) and sum(stem in stated for stem in stems) >= _MIN_GROUNDED * len(
        stems
    )
