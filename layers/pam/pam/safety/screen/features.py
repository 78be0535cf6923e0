"""The features of the linear model: words and short phrases, hashed."""

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from zlib import crc32

BUCKETS = 1 << 16
MAX_FIRST_WORDS = 130
MAX_LAST_WORDS = 50
"""The words of a long text that are features: its beginning and its end."""

_LOW_HALF = slice(0 if sys.byteorder == "little" else 1, None, 2)
"""The places of the lower halves of 32-bit codes among 16-bit ones: a bucket is a code modulo `BUCKETS`."""

_START = crc32(b"^")
_TWO_STARTS = crc32(b" ^", _START)


def feature_buckets(words: Sequence[str], rules: Iterable[str]) -> set[int]:
    """Return the buckets of a text's features.

    Features are words, pairs and triples of neighbours, pairs with one word between them, beginnings and ends of words,
    and the rules that the text matches.
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
    codes.extend(crc32(b"rule " + rule.encode()) for rule in rules)
    return set(array("H", codes.tobytes())[_LOW_HALF])
