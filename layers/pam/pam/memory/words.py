"""The words of a text by which its statement is compared with another one's."""

import re
from collections.abc import Iterable

# Scripts that are written without spaces between words: Thai, Lao, Burmese, Khmer, Han, kana. Hangul has spaces, but
# attaches particles to words.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
"""The ranges of their characters, as in a set of characters of a regular expression."""

_STEM_CHARS = 4

_WORD = re.compile(rf"[\w{UNSPACED}]+")  # vowel signs of Thai are no letters
_RUN = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")
# Words that any text has.
_COMMON = re.compile(
    r"a|an|and|are|as|at|be|been|by|do|does|for|from|has|have|i|in|is|it|its|my|of|on|or|our|so|than|that|"
    r"the|their|them|they|this|to|us|was|we|were|who|with|you|your"
)
# Words that say nothing of what a value is about.
_GENERAL = re.compile(
    r"[0-9]|always|call|called|drive|drives|eight|five|four|go|goes|had|like|likes|live|lives|love|name|named|names|"
    r"never|nine|no|not|now|one|own|owns|prefer|prefers|seven|six|ten|three|travel|two|use|uses|yes"
)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; of a script without spaces, each pair of adjacent characters."""
    return [word for match in _WORD.findall(text.casefold()) for run in _RUN.findall(match) for word in _split(run)]


def all_stems(text: str) -> list[str]:
    """Return the beginnings of all words: "camping" and "campground" are the same."""
    return _stems(words_of(text))


def stems_of(text: str) -> list[str]:
    """Return the beginnings of the words that say something, or of all where none does."""
    words = words_of(text)
    return _stems(word for word in words if not _COMMON.fullmatch(word)) or _stems(words)


def distinctive_stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words that tell what a text is about: without numbers up to ten and usual verbs."""
    words = (word for word in words_of(text) if not (_COMMON.fullmatch(word) or _GENERAL.fullmatch(word)))
    return frozenset(_stems(words))


def is_unspaced(text: str) -> bool:
    """Return whether a text has characters of a script without spaces."""
    return bool(_UNSPACED.search(text))


def _stems(words: Iterable[str]) -> list[str]:
    return [word[:_STEM_CHARS] for word in words]


def _split(run: str) -> list[str]:
    if len(run) < 2 or not _UNSPACED.match(run):
        return [run]
    return [run[start : start + 2] for start in range(len(run) - 1)]
