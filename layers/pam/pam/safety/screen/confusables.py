"""Letters that look like ASCII letters, and writings of ASCII letters that Unicode's NFKC leaves as they are."""

import re
from collections.abc import Iterable, Mapping

from pam.safety.screen.languages import is_latin

_LOOK_ALIKES = {
    "a": "аɑαᴀɐ",
    "b": "ьвƅʙ",
    "c": "сϲᴄ",
    "d": "ԁɗᴅ",
    "e": "еєҽᴇǝ",
    "f": "ғꜰϝ",
    "g": "ɡɢԍ",
    "h": "һнʜɥ",
    "i": "іιɪɩїᴉ",
    "j": "јᴊɾ",
    "k": "кκᴋʞ",
    "l": "ӏʟⅼ",
    "m": "мᴍɯ",
    "n": "пηɴո",
    "o": "оοσօᴏ",
    "p": "рρᴘ",
    "q": "ԛզǫ",
    "r": "гʀɹᴦ",
    "s": "ѕꜱʂ",
    "t": "тτᴛʇ",
    "u": "цυᴜս",
    "v": "νѵᴠʌ",
    "w": "ѡωᴡʍ",
    "x": "хχ",
    "y": "уγʏʎ",
    "z": "ʐᴢᴣ",
}

LOOK_ALIKES = {ord(character): letter for letter, characters in _LOOK_ALIKES.items() for character in characters}
_LOOK_ALIKE_LETTERS = frozenset(map(chr, LOOK_ALIKES))

_ENCLOSED = {first + offset: chr(ord("a") + offset) for first in (0x1F150, 0x1F170, 0x1F1E6) for offset in range(26)}
"""Negative circled and squared letters, and regional indicators, which also form flags."""

_WORD = re.compile(r"[^\W\d_]+")


def replace_characters(text: str, replacements: Mapping[int, str], special: Iterable[int]) -> str:
    """Return the text with those of its `special` characters replaced that are among the replacements.

    Faster than `str.translate`, which looks up each character, where few different ones are special.
    """
    for code in special:
        if code in replacements:
            text = text.replace(chr(code), replacements[code])
    return text


def replace_enclosed(text: str, special: Iterable[int]) -> str:
    """Return the text with enclosed letters as ASCII letters; a flag of a country becomes its code."""
    return replace_characters(text, _ENCLOSED, special)


def replace_look_alikes(text: str) -> tuple[str, int]:
    """Return the text with look-alikes replaced in words that are Latin otherwise, and the number of these words.

    A word that has Latin letters beside the look-alikes counts; one of look-alikes alone does where the text has more
    Latin words than others.
    """
    words = _WORD.findall(text)
    others = [word for word in words if not word.isascii()]
    is_latin_text = (len(words) - len(others)) * 2 >= len(words)
    changed: dict[str, str] = {}
    for word in set(others):
        if _LOOK_ALIKE_LETTERS.isdisjoint(word) or not (is_latin_text or any(map(str.isascii, word))):
            continue
        letters = word.translate(LOOK_ALIKES)
        if _is_latin(letters):
            changed[word] = letters
    if not changed:
        return text, 0
    replaced = _WORD.sub(lambda match: changed.get(match[0], match[0]), text)
    return replaced, sum(map(changed.__contains__, others))


def _is_latin(word: str) -> bool:
    return word.isascii() or all(character.isascii() or is_latin(character) for character in word)
