"""Data in a prompt: JSON in which no text can end the section or the result that contains it, or hide from a reader.

Everything in a prompt that is neither PAM's own nor the user's question passes `encode`: results of tools, lines of the
context, reports of writes. What the model itself wrote is its own message, and passes `clean`.
"""

import json
import math
import re
from collections.abc import Mapping, Set
from typing import Any

MAX_TEXT_CHARS = 24_000
"""The longest text in a value, as long as a whole tool result may be; what is longer is shortened."""

SHORTENED = " (shortened)"

CHARS_PER_TOKEN = 2.5
"""As the provider documents for the current tokenizer: an estimate on the safe side."""

# By the last character of a range, what a character of it counts in addition: an alphabet other than the Latin one has
# about 1.2 characters a token, scripts without spaces less than one, and a symbol of an upper plane takes about three.
_EXTRA_LENGTHS = (("\u036f", 0), ("\u1dff", 1), ("\u2dff", 0), ("\uffff", 2), ("\U0010ffff", 6))

# Characters that show nothing and count as printable all the same: fillers, and selectors of variants, which can carry
# hidden text. The others of Unicode's Default_Ignorable_Code_Point are format characters, which aren't printable.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# With its look-alikes, since a model reads them as the same.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<\ufe64\uff1c"}


def encode(value: Any) -> str:
    """Return a value as JSON text without `<`. What isn't JSON becomes its string; infinite numbers become null."""
    text = json.dumps(_prepare(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPED)


def encode_line(line: str) -> str:
    """Return a line of text as JSON: as the object that it is the JSON of, otherwise as a string."""
    if line.startswith("{"):
        try:
            return encode(json.loads(line))
        except (ValueError, RecursionError):
            pass
    return encode(line)


def prompt_length(text: str) -> int:
    """Return the length of a line in the prompt, without its quotation marks, in characters of English text.

    Each `<` takes six, and a character of another script as many as have its tokens: `CHARS_PER_TOKEN` for one.
    """
    return max(len(text), len(encode_line(text)) - 2) + _extra_length(text)


def _extra_length(text: str) -> int:
    if text.isascii():
        return 0
    return sum(next((extra for last, extra in _EXTRA_LENGTHS if character <= last), 0) for character in text)


def clean(value: Any) -> Any:
    """Return JSON whose texts and names have no control, invisible and direction characters, and no half characters."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        return {_clean(str(name)): clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return value


def _prepare(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_bounded(str(name)): _prepare(each) for name, each in value.items()}
    if isinstance(value, list | tuple | Set):
        return [_prepare(each) for each in value]
    return _bounded(str(value))


def _bounded(text: str) -> str:
    # Cut first: the work is bounded, too.
    return _clean(text) if len(text) <= MAX_TEXT_CHARS else _clean(text[:MAX_TEXT_CHARS]) + SHORTENED


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))
    # A space of another width isn't printable in Python's sense.
    return "".join(
        character if character.isprintable() or character in "\n\t" else " " if character.isspace() else ""
        for character in text
    )
