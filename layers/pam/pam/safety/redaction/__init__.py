"""Redaction: card numbers, passwords, keys and government ids are removed from text before anything is stored.

`docs/safety.md` says what is removed, what is kept on purpose, and where this is applied.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pam.safety.redaction.card_numbers import find_card_numbers
from pam.safety.redaction.credentials import find_credentials
from pam.safety.redaction.government_ids import find_government_ids, find_kept_numbers
from pam.safety.redaction.normalized import Span, normalize

_MARKERS = re.compile(r"(\[(?:card number|card code|password|key|government id) removed\])")


# A string that isn't closed goes to the end: looking for its end from each quote would take quadratic time.
_JSON_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def redact(text: str) -> str:
    """Return the text with a marker such as `[card number removed]` in place of each secret, otherwise unchanged.

    Digits may be grouped, fullwidth, or have invisible characters between them. Idempotent, and linear in the length
    of the text.
    """
    while True:
        # What is between markers is read on its own, so a marker is never taken for a part of a secret.
        parts = _MARKERS.split(text)
        redacted = "".join(part if index % 2 else _redact_part(part) for index, part in enumerate(parts))
        if redacted == text:
            return text
        text = redacted


def redact_json_text(text: str) -> str:
    """Return JSON text with its strings redacted and all else, also what isn't valid, unchanged."""
    return _JSON_STRING.sub(_redact_json_string, text)


def redact_json(value: Any) -> Any:
    """Return a JSON value with all its strings redacted; names of fields are kept."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: redact_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact_json(each) for each in value]
    return value


def _redact_json_string(match: "re.Match[str]") -> str:
    try:
        value = json.loads(match[0], strict=False)
    except ValueError:
        return redact(match[0])
    redacted = redact(value)
    return match[0] if redacted == value else json.dumps(redacted)


def _redact_part(text: str) -> str:
    if not text:
        return text
    normalized = normalize(text)
    pieces, end = [], 0
    for start, stop, kind in _without_overlaps(_find(normalized.text)):
        first, last = normalized.original(start, stop)
        pieces += [text[end:first], f"[{kind} removed]"]
        end = last
    return "".join([*pieces, text[end:]])


def _find(text: str) -> Iterator[Span]:
    yield from find_credentials(text)
    has_digit = any(character.isdigit() for character in text)
    if has_digit:
        kept = find_kept_numbers(text)
        yield from find_government_ids(text)
        yield from find_card_numbers(text, kept)


def _without_overlaps(spans: Iterator[Span]) -> Iterator[Span]:
    """Yield the spans in the order of the text; of two that overlap the first, or the longer at the same place.

    What the other one has beyond it is found when the text is read again.
    """
    end = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= end:
            yield span
            end = span[1]
