"""Letters that look like ASCII letters, and writings of ASCII letters that Unicode's NFKC leaves as they are."""

import re

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

_ENCLOSED = {first + offset: chr(ord("a") + offset) for first in (0x1F150, 0x1F170, 0x1F1E6) for offset in range(26)}
"""Negative circled and squared letters, and regional indicators, which also form flags."""

_WORD = re.compile(r"[^\W\d_]+")


def replace_enclosed(text: str) -> str:
    """Return the text with enclosed letters as ASCII letters; a flag of a country becomes its code."""
    return text.translate(_ENCLOSED)


def replace_look_alikes(text: str) -> tuple[str, int]:
    """Return the text with look-alikes replaced in words that are Latin otherwise, and the number of these words.

    A word that has Latin letters beside the look-alikes counts; one of look-alikes alone does where the text has more
    Latin words than others.
    """
    words = _WORD.findall(text)
    latin = sum(1 for word in words if word.isascii())
    replaced = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal replaced
        word = match[0]
        if word.isascii():
            return word
        changed = word.translate(LOOK_ALIKES)
        if changed == word or not _is_latin(changed):
            return word
        if not _has_latin(word) and latin * 2 < len(words):
            return word
        replaced += 1
        return changed

    return _WORD.sub(replace, text), replaced


def _has_latin(word: str) -> bool:
    return any(character.isascii() for character in word)


def _is_latin(word: str) -> bool:
    return all(character.isascii() or is_latin(character) for character in word)
