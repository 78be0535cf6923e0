"""The features of the linear model: words and short phrases, hashed."""

from collections.abc import Iterable, Sequence
from zlib import crc32

BUCKETS = 1 << 16
MAX_FIRST_WORDS = 130
MAX_LAST_WORDS = 50
"""The words of a long text that are features: its beginning and its end."""

_MASK = BUCKETS - 1


def feature_buckets(words: Sequence[str], rules: Iterable[str]) -> set[int]:
    """Return the buckets of a text's features.

    Features are words, pairs and triples of neighbours, pairs with one word between them, beginnings and ends of words,
    and the rules that the text matches.
    """
    if len(words) > MAX_FIRST_WORDS + MAX_LAST_WORDS:
        words = [*words[:MAX_FIRST_WORDS], *words[-MAX_LAST_WORDS:]]
    encoded = [word.encode("utf-8", "replace") for word in words]
    features = encoded.copy()
    before = [b"^", *encoded]
    two_before = [b"^", *before]
    features += [a + b" " + c for a, c in zip(before, encoded, strict=False)]
    features += [a + b" " + b + b" " + c for a, b, c in zip(two_before, before, encoded, strict=False)]
    features += [a + b" * " + c for a, c in zip(two_before, encoded, strict=False)]
    long_words = [word for word in encoded if len(word) > 5]
    features += [b"<" + word[:4] for word in long_words]
    features += [b">" + word[-4:] for word in long_words]
    features += [b"rule " + rule.encode() for rule in rules]
    return {code & _MASK for code in map(crc32, features)}
