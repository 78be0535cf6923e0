"""What turns texts into vectors: the interface of every embedding model."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from pam.platform.deadline import Deadline


class EmbeddingPurpose(StrEnum):
    """What a text is embedded for: to be found, or to find others."""

    DOCUMENT = "document"
    QUERY = "query"


class Embedder(Protocol):
    """An embedding model. `model` is the name that is stored with each vector."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        """Return a vector of unit length for each text, in order. Raises `SourceError`."""
        ...
