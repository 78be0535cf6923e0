"""Embeddings by Gemini."""

import math
from collections.abc import Sequence
from typing import Any

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.embedding import EMBEDDING_DIMENSIONS, EmbeddingPurpose, embeddable
from pam.sources.gemini.connection import GeminiConnection
from pam.sources.model_call import ModelCall
from pam.sources.source import Source, SourceError, SourceErrorKind

MAX_BATCH = 100
"""Texts in a request: the service refuses more."""

# gemini-embedding-2 ignores the task type: it reads the task from the text.
# https://ai.google.dev/gemini-api/docs/embeddings
_INSTRUCTED_MODELS = "gemini-embedding-2"
_INSTRUCTIONS = {
    EmbeddingPurpose.DOCUMENT: "title: none | text: {}",
    EmbeddingPurpose.QUERY: "task: search result | query: {}",
}
_TASK_TYPES = {
    EmbeddingPurpose.DOCUMENT: "retrieval_document",
    EmbeddingPurpose.QUERY: "retrieval_query",
}

_EMBED_METHOD = "embedContent"


class GeminiEmbedder:
    """An `Embedder`. Thread-safe. A request is sent once: its caller knows whether a retry has the time."""

    def __init__(self, base_url: str, key: ApiKey, model: str, dimensions: int = EMBEDDING_DIMENSIONS) -> None:
        """Opens no connection, reads no key, and doesn't import the SDK. `model` is a name without `models/`."""
        self.model = model
        self.dimensions = dimensions
        self._connection = GeminiConnection(base_url, key)

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        """Return a vector of length 1 for each text, in their order, in requests of at most `MAX_BATCH` texts.

        A text is cut after `MAX_EMBEDDED_CHARACTERS`. Raises `SourceError`: for a blank text `refused` without a
        request, else whatever the first failing request means. Vectors of earlier requests are lost then.
        """
        prepared = embeddable(texts)
        task_type: str | None = _TASK_TYPES[purpose]
        if self.model.startswith(_INSTRUCTED_MODELS):
            prepared = [_INSTRUCTIONS[purpose].format(text) for text in prepared]
            task_type = None
        vectors: list[list[float]] = []
        for first in range(0, len(prepared), MAX_BATCH):
            vectors += self._embed_batch(prepared[first : first + MAX_BATCH], task_type, deadline)
        return vectors

    def verify(self, deadline: Deadline) -> None:
        """Check that the key, the model and the dimensions are valid, by two requests. Raises `SourceError`.

        It is `not_found` for an unknown model, `refused` for one without embeddings, `malformed` where vectors have
        other dimensions.
        """
        methods = self._connection.call(
            lambda sdk, timeout_s: sdk.methods_of(f"models/{self.model}", timeout_s), deadline
        )
        if _EMBED_METHOD not in methods:
            raise SourceError(Source.GEMINI, SourceErrorKind.REFUSED, f"{self.model} makes no embeddings")
        self.embed(["dimensions"], EmbeddingPurpose.QUERY, deadline)

    def preload(self) -> None:
        """Import the SDK and build its clients, for a SnapStart snapshot. Opens no connection and reads no key."""
        self._connection.preload()

    def _embed_batch(self, texts: list[str], task_type: str | None, deadline: Deadline) -> list[list[float]]:
        with ModelCall("embeddings", "gcp.gemini", self.model):
            vectors = self._connection.call(
                lambda sdk, timeout_s: sdk.embed(f"models/{self.model}", texts, task_type, self.dimensions, timeout_s),
                deadline,
            )
        if len(vectors) != len(texts):
            raise _malformed(f"{len(vectors)} vectors for {len(texts)} texts")
        return [self._unit(vector) for vector in vectors]

    def _unit(self, vector: Any) -> list[float]:
        """Return the vector with length 1. Raises `SourceError` for one of other dimensions, zero, or not finite."""
        if not isinstance(vector, list) or len(vector) != self.dimensions:
            raise _malformed(f"a vector without {self.dimensions} dimensions")
        try:
            length = math.hypot(*vector)
        except TypeError:  # the SDK returns the text "NaN" or "Infinity" for such a number
            length = math.nan
        if not math.isfinite(length) or length == 0:
            raise _malformed("a vector without a direction")
        return [value / length for value in vector]


def _malformed(detail: str) -> SourceError:
    return SourceError(Source.GEMINI, SourceErrorKind.MALFORMED, detail)
