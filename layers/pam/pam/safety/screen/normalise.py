"""A message as the screen reads it: one writing for the many in which the same words can be typed."""

import html
import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass

from pam.safety.screen.confusables import (
    LOOK_ALIKES,
    replace_characters,
    replace_enclosed,
    replace_look_alikes,
)
from pam.safety.screen.encodings import decode_cipher, decode_parts, unescape
from pam.safety.screen.rules import WORD

MAX_HEAD_CHARS = 800
MAX_TAIL_CHARS = 400
"""What is read of a longer message. It is flagged for its length anyway, and stage 2 reads all of it."""

MIN_HIDDEN_SELECTORS = 8
"""Variation selectors, beside the one of emoji, in a message that hides text in them."""

_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0e\U000e0100-\U000e01ef]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0e\ufeff\u3164"
    "\uffa0\U000e0000-\U000e01ef]"
)
_INVISIBLE_CODES = frozenset(
    {0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0xFEFF, 0x3164, 0xFFA0}.union(
        range(0x200B, 0x2010),
        range(0x202A, 0x202F),
        range(0x2060, 0x2070),
        range(0xFE00, 0xFE0F),
        range(0xE0000, 0xE01F0),
    )
)
_INVISIBLE_IN_WORD = re.compile("[A-Za-z][\u00ad\u034f\u180e\u200b-\u200d\u2060-\u2064\ufeff][A-Za-z]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_STYLED = frozenset().union(
    range(0x1D400, 0x1D800),
    range(0x2460, 0x2500),
    range(0xFF21, 0xFF5B),
    range(0x1F130, 0x1F18A),
    range(0x1F1E6, 0x1F200),
)
"""Styled ASCII letters: mathematical, enclosed, full-width."""

_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Two letters with several marks each, and three that are struck out or enclosed. The marks are searched for.
_MANY, _STRUCK = r"[\u0300-\u036f\u0489\u20d0-\u20ff]", r"[\u0335-\u0338\u20d0-\u20e3]"
_STACKED_MARKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_MANY}(?<=[A-Za-z]{_MANY}){_MANY}{{1,7}}[A-Za-z]{_MANY}{{2}}",
        rf"{_STRUCK}(?<=[A-Za-z]{_STRUCK})(?:[A-Za-z]{_STRUCK}){{2}}",
    )
)
_PUNCTUATION = dict(zip(map(ord, "‘’‚‛′“”„‟″‐‑‒–—−…•\u00a0\u202f"), "'''''\"\"\"\"\"------.·  ", strict=True))
_RUN = re.compile(r"(.)\1\1", re.DOTALL)
_ACCENTED = {
    code: letter for code in range(0xC0, 0x180) if (letter := unicodedata.normalize("NFD", chr(code))[0]).isascii()
}
"""Latin letters with one accent, without it: most texts of other languages have no other special characters."""

_LETTER_RUN = re.compile(r"([a-z])\1{2,}")
_OTHER_RUN = re.compile(r"([^\w\s])\1{3,}|(\s)\s{2,}")

_SPACED = re.compile(r"(?<![^\W_])(?:[^\W_](?:[ ._*|/~^·•-]{1,3}|\n)){5,200}[^\W_](?![^\W_])")
_SEPARATORS = re.compile(r"[ ._*|/~^·•\n-]")
_SINGLES = b"\1" * 6
"""Whether words have one letter, of as many words as `_SPACED` matches at least."""

_WORD_GAP = re.compile(r" {2,}|[ ._*|/~^·•-]{3}|\n")
# The rarest character first, so that the search skips the others.
_EMOJI_IN_WORD = re.compile(
    "[\u2600-\u27bf\U0001f300-\U0001faff](?<=[a-z][\u2600-\u27bf\U0001f300-\U0001faff])\ufe0f?[a-z]"
)
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]")

_LEET_WORD = re.compile(r"[a-z0-9@$!|+€£]{3,24}")
_LEET = str.maketrans("0134578926@$!|+€£", "oieastbgzgasiitel")
_LEET_WORDS = (
    "ignore ignores disregard forget bypass override overwrite disable all any and are above previous prior earlier "
    "initial original system prompt prompts instruction instructions rule rules guideline guidelines message messages "
    "reveal show print repeat output display tell give write send secret password admin administrator developer mode "
    "debug unrestricted restrictions restriction filter filters safety security policy policies jailbreak pretend act "
    "roleplay from now you your have without limits free data user users other everything hidden confidential api key "
    "keys token database delete access granted enable enabled translate code execute command commands these those "
    "their this that the what instead verbatim context training configuration respond answer say assistant"
)
_LEET_VOCABULARY = frozenset(_LEET_WORDS.split())
MIN_LEET_WORDS = 2
"""Words of attacks, typed with other characters."""
MIN_MIXED_WORDS = 3
MIN_MIXED_SHARE = 0.25
"""Words with digits among their letters, of all: numbers of sites and bookings are fewer."""
_LEET_HINT = re.compile(r"[0-9@$!|+€£](?:[a-z]|(?<=[a-z][0-9@$|+€£]))")
_MIXED = re.compile(r"[a-z][0134578@$]+[a-z]|[0134578@$][a-z]+[0134578@$]")


@dataclass(frozen=True)
class ScreenText:
    """`plain` is the message in lower case; `readings` are others of it: decoded, without spacing, without leetspeak.

    `tricks` names the ways in which the message's writing hides its words.
    """

    plain: str
    words: list[str]
    """Of `plain`."""
    readings: tuple[str, ...]
    tricks: tuple[str, ...]


def clip(text: str) -> str:
    """Return the beginning and the end of a long text: the work on it is bounded."""
    if len(text) <= MAX_HEAD_CHARS + MAX_TAIL_CHARS:
        return text
    return f"{text[:MAX_HEAD_CHARS]}\n{text[-MAX_TAIL_CHARS:]}"


def normalise(text: str) -> ScreenText:
    """Return the readings of a text that is clipped."""
    tricks: dict[str, None] = {}
    readings: list[str] = []
    if not text.isascii():
        special = {ord(character) for character in set(text) if character > "\x7f"}
        text = replace_characters(text, _PUNCTUATION, special)
        if not text.isascii():
            special = {each for code in special if (each := ord(_PUNCTUATION.get(code, chr(code)))) > 0x7F}
            text = _to_plain_letters(text, special, tricks)
    unescaped = html.unescape(text) if text.count("&") >= 4 and text.count(";") >= 4 else text
    unescaped = unescape(unescaped)
    if unescaped != text:
        tricks["escaped"] = None
        text = unescaped
    for part in decode_parts(text):
        tricks["encoded"] = None
        readings.append(part.lower())
    plain = text.lower()
    if _RUN.search(plain):
        plain = _LETTER_RUN.sub(r"\1", _OTHER_RUN.sub(r"\1\1\2", plain))
    words = WORD.findall(plain)
    is_single = bytes(map((1).__eq__, map(len, words)))
    if _SINGLES in is_single and (joined := _join_spaced(plain)):
        tricks["spaced"] = None
        readings.append(joined)
    if not plain.isascii() and _EMOJI_IN_WORD.search(plain):
        tricks["emoji_in_words"] = None
        readings.append(_EMOJI.sub("", plain))
    letters, is_leet = _replace_leet(plain) if _LEET_HINT.search(plain) else (plain, False)
    if is_leet:
        tricks["leet"] = None
        readings.append(letters)
    cipher = decode_cipher(plain)
    if cipher is not None:
        tricks["cipher"] = None
        readings.append(cipher)
    return ScreenText(plain, words, tuple(readings), tuple(tricks))


def _to_plain_letters(text: str, special: Set[int], tricks: dict[str, None]) -> str:
    """Return the text without what shows nothing, and with other writings of ASCII letters as ASCII letters.

    `special` are its characters that aren't ASCII.
    """
    if _ACCENTED.keys() >= special:
        return replace_characters(text, _ACCENTED, special)
    if not special.isdisjoint(_INVISIBLE_CODES):
        text = _remove_invisible(text, tricks)
    # One character may stand for a whole phrase.
    composed = unicodedata.normalize("NFKC", replace_enclosed(text, special))[: MAX_HEAD_CHARS + MAX_TAIL_CHARS]
    if composed != text and not special.isdisjoint(_STYLED) and sum(map(text.count, map(chr, special & _STYLED))) >= 4:
        tricks["styled_letters"] = None
    decomposed = unicodedata.normalize("NFD", composed)
    if marks := set(_MARKS.findall(decomposed)):
        if any(pattern.search(decomposed) for pattern in _STACKED_MARKS):
            tricks["combining_marks"] = None
        for mark in marks:
            decomposed = decomposed.replace(mark, "")
    if not special.isdisjoint(LOOK_ALIKES):
        decomposed, words = replace_look_alikes(decomposed)
        if words:
            tricks["mixed_script"] = None
    return decomposed


def _remove_invisible(text: str, tricks: dict[str, None]) -> str:
    # A flag of a region is written with a few tags.
    if any(len(each) > 6 for each in _TAGS.findall(text)):
        tricks["tag_characters"] = None
        text = _TAGS.sub(lambda match: "".join(chr(ord(each) - 0xE0000) for each in match[0]), text)
    if (
        len(_SELECTORS.findall(text)) >= MIN_HIDDEN_SELECTORS
        or _INVISIBLE_IN_WORD.search(text)
        or _OVERRIDES.search(text)
    ):
        tricks["invisible"] = None
    return _INVISIBLE.sub("", text)


def _join_spaced(text: str) -> str:
    """Return the words that are written with gaps between their letters, without these."""
    spaced = [match[0] for match in _SPACED.finditer(text) if _is_word_like(match[0])]
    return " ".join(_SEPARATORS.sub("", word) for part in spaced for word in _WORD_GAP.split(part))


def _is_word_like(spaced: str) -> bool:
    """Return whether spaced characters are letters: sequences of digits are phone numbers and lists."""
    letters = [character for character in spaced if character.isalnum()]
    return sum(character.isalpha() for character in letters) * 4 >= 3 * len(letters)


def _replace_leet(text: str) -> tuple[str, bool]:
    """Return the text with the letters of leetspeak, and whether it is written in it."""
    words = _LEET_WORD.findall(text)
    unusual = [word for word in words if not (word.isalpha() or word.isdigit())]
    mixed = sum(_MIXED.search(word) is not None for word in unusual)
    if mixed >= MIN_MIXED_WORDS and mixed >= MIN_MIXED_SHARE * len(words):
        return text.translate(_LEET), True
    known = {word: letters for word in unusual if (letters := _leet_word(word))}
    if sum(map(known.__contains__, unusual)) < MIN_LEET_WORDS:
        return text, False
    return _LEET_WORD.sub(lambda match: known.get(match[0], match[0]), text), True


def _leet_word(word: str) -> str | None:
    """Return the word of attacks that is written like this; None where there is none."""
    if word.rstrip("!").isalpha():
        return None
    letters = word.translate(_LEET)
    candidates = (letters, letters.rstrip("i"), letters.replace("i", "l"))
    return next((candidate for candidate in candidates if candidate in _LEET_VOCABULARY), None)
