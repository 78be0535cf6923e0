"""The features of the linear model: words, short phrases, groups of letters and classes of words, hashed."""

import sys
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice, pairwise
from zlib import crc32

from pam.safety.screen.vocabulary import classes_of

BUCKETS = 1 << 16
MAX_FIRST_WORDS = 130
MAX_LAST_WORDS = 50
"""The words of a long text that are features: its beginning and its end."""

MAX_GROUPED_WORDS = 60
"""Different words whose groups of letters are features: a longer text has enough others."""

_MAX_LETTERS = 24
"""Of a word, whose groups of letters are features: they are kept for the next text with the word."""

_LOW_HALF = slice(0 if sys.byteorder == "little" else 1, None, 2)
"""The places of the lower halves of 32-bit codes among 16-bit ones: a bucket is a code modulo `BUCKETS`."""

_START = crc32(b"^")
_TWO_STARTS = crc32(b" ^", _START)


def feature_buckets(words: Sequence[str], rules: Iterable[str]) -> set[int]:
    """Return the buckets of a text's features.

    Features are words, pairs and triples of neighbours, pairs with one word between them, beginnings and ends of words,
    any three letters in a row, the classes of the rules' vocabulary that words are of, each with the next such word's,
    and the rules that the text matches. Groups of letters find words that the model wasn't trained with by their stems,
    and classes find the same attack in another language.
    """
    if len(words) > MAX_FIRST_WORDS + MAX_LAST_WORDS:
        words = [*words[:MAX_FIRST_WORDS], *words[-MAX_LAST_WORDS:]]
    encoded = " ".join(words).encode("utf-8", "replace").split(b" ") if words else []
    following = [b" " + word for word in encoded]
    skipping = [b" * " + word for word in encoded]
    # The code of a longer text goes on from that of its beginning.
    singles = list(map(crc32, encoded))
    pairs = list(map(crc32, following, chain((_START,), singles)))
    long_words = [word for word in encoded if len(word) > 5]
    codes = array("I", singles)
    codes.extend(pairs)
    codes.extend(map(crc32, following, chain((_TWO_STARTS,), pairs)))  # triples
    codes.extend(map(crc32, skipping, chain((_START, _START), singles)))
    codes.extend(map(crc32, [b"<" + word[:4] for word in long_words]))
    codes.extend(map(crc32, [b">" + word[-4:] for word in long_words]))
    grouped = islice(dict.fromkeys(encoded), MAX_GROUPED_WORDS)
    codes.extend(chain.from_iterable(map(_letter_groups, [word[:_MAX_LETTERS] for word in grouped])))
    classes = list(filter(None, map(classes_of, words)))
    codes.extend(map(_class_code, set(classes)))
    codes.extend(map(_class_pair_code, pairwise(classes)))
    codes.extend(crc32(b"rule " + rule.encode()) for rule in rules)
    return set(array("H", codes.tobytes())[_LOW_HALF])


@lru_cache(maxsize=8192)
def _letter_groups(word: bytes) -> tuple[int, ...]:
    bounded = b"_" + word + b"_"
    return tuple(crc32(b"c" + bounded[at : at + 3]) for at in range(len(bounded) - 2))


@lru_cache(maxsize=512)
def _class_code(classes: str) -> int:
    return crc32(f"cls {classes}".encode())


@lru_cache(maxsize=4096)
def _class_pair_code(pair: tuple[str, str]) -> int:
    return crc32(f"clp {pair[0]} {pair[1]}".encode())
