"""What turns texts into embeddings: the interface of each embedder, and the texts that they accept."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from pam.platform.deadline import Deadline
from pam.platform.sendable import sendable
from pam.sources.source import Source, SourceError, SourceErrorKind

EMBEDDING_DIMENSIONS = 1536
"""Length of each embedding: the width of the columns that store them."""

MAX_EMBEDDED_CHARACTERS = 8_000
"""A longer text is cut here. In most scripts that is within the 8,192 tokens of gemini-embedding-2."""


class EmbeddingPurpose(StrEnum):
    """What an embedding is for. The vectors of both purposes are comparable, and are not the same."""

    DOCUMENT = "document"
    """A text that is stored and searched."""
    QUERY = "query"
    """A text that documents are searched with."""


class Embedder(Protocol):
    """An embedding model. Vectors of different models are not comparable."""

    model: str
    """The name to store with each vector."""
    dimensions: int
    """The length of each vector."""

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        """Return a vector of length 1 for each text, in their order.

        A text is cut after `MAX_EMBEDDED_CHARACTERS`. Raises `SourceError`: for a blank text `refused`, without
        embedding any of them.
        """
        ...


def embeddable(texts: Sequence[str]) -> list[str]:
    """Return the texts as an embedder sends them: encodable, and cut. Raises `SourceError` for a blank one."""
    blank = next((number for number, text in enumerate(texts) if not text.strip()), None)
    if blank is not None:
        raise SourceError(Source.GEMINI, SourceErrorKind.REFUSED, f"text {blank} is blank")
    return [sendable(text.strip()[:MAX_EMBEDDED_CHARACTERS]) for text in texts]
