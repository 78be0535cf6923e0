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
            character = _normalize_character(character)
        characters.append(character)
        offsets.append(offset)
    return NormalizedText("".join(characters), offsets)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Mn", "Me")


def _normalize_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(int(digit))
    if (code := ord(character)) in _TABLE:
        return _TABLE[code]
    if unicodedata.category(character) == "Zs":
        return " "
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if len(compatible) == 1 else character
