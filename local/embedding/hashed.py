"""A bag of hashed words: an embedder without a model, which knows equal words and no meaning."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence

from pam.platform.deadline import Deadline
from pam.sources.embedding import EMBEDDING_DIMENSIONS, EmbeddingPurpose, embeddable

_ENDINGS = re.compile(r"(?:ies|es|s|ing|ed|ly)$")
_MIN_STEM = 3


class HashEmbedder:
    """An `Embedder` for tests that need vectors and no meaning: the same text has the same vector everywhere."""

    model = "hash"
    dimensions = EMBEDDING_DIMENSIONS

    def embed(
        self,
        texts: Sequence[str],
        purpose: EmbeddingPurpose,  # noqa: ARG002 - of the interface, as the next
        deadline: Deadline,  # noqa: ARG002
    ) -> list[list[float]]:
        """Return a vector of length 1 for each text, in their order. Raises `SourceError` for a blank text."""
        return [self._vector(text) for text in embeddable(texts)]

    def _vector(self, text: str) -> list[float]:
        # A text of punctuation alone is a word of its own.
        counts = Counter(map(_stem, re.findall(r"\w+", text.lower()))) or Counter([text])
        vector = [0.0] * self.dimensions
        for word, count in counts.items():
            digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
            sign = 1 if digest & 1 else -1
            vector[(digest >> 1) % self.dimensions] += sign * (1 + math.log(count))
        length = math.hypot(*vector)
        if length == 0:  # two words cancel each other
            vector[0] = length = 1.0
        return [value / length for value in vector]


def _stem(word: str) -> str:
    stem = _ENDINGS.sub("", word)
    return stem if len(stem) >= _MIN_STEM else word
