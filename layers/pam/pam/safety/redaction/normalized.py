"""Text as it is searched for secrets: without invisible characters, with plain ASCII digits and letters."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int, str]
"""Where a secret begins and ends in the searched text, and what it is: the words of its marker."""

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = dict.fromkeys(map(ord, "“”„«»"), '"') | dict.fromkeys(map(ord, "‘’‚"), "'")
_TABLE = _DASHES | _QUOTES


@dataclass(frozen=True)
class NormalizedText:
    """A text to search; `offsets` has the place of each of its characters in the original, None where it's the same."""

    text: str
    offsets: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the bounds of a non-empty part in the original text."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def normalize(text: str) -> NormalizedText:
    """Return the text to search: one character for each visible one."""
    if text.isascii():
        return NormalizedText(text)
    characters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        if not character.isascii():
            if _is_invisible(character):
                continue
            character = _normalize_character(character, text[max(0, offset - 1) : offset + 2])
        characters.append(character)
        offsets.append(offset)
    return NormalizedText("".join(characters), offsets)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Mn", "Me")


def _normalize_character(character: str, beside: str) -> str:
    """Return the plain form of a character; `beside` are itself and those next to it."""
    digit = unicodedata.decimal(character, None)
    if digit is None and unicodedata.digit(character, None) is not None:
        # A circled or raised digit numbers an item or a note, unless a number is written in such digits.
        is_number = sum(map(_is_other_digit, beside)) > 1
        return str(unicodedata.digit(character)) if is_number else character
    if digit is not None:
        return str(int(digit))
    if (code := ord(character)) in _TABLE:
        return _TABLE[code]
    if unicodedata.category(character) == "Zs":
        return " "
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if len(compatible) == 1 else character


def _is_other_digit(character: str) -> bool:
    return unicodedata.decimal(character, None) is None and unicodedata.digit(character, None) is not None
