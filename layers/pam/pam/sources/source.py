"""Where facts come from, and the ways in which a source can fail to give them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """A source by the name that travellers read."""

    MAPBOX = "Mapbox"
    OPEN_METEO = "Open-Meteo"
    EIA = "EIA"
    CLAUDE = "Claude"


@dataclass(frozen=True)
class Fetched(Generic[T]):
    """A value and who says so: `Mapbox`, or `Mapbox (simulated)` when a stand-in answered."""

    value: T
    source: str


class SourceErrorKind(StrEnum):
    """Why there is no answer."""

    MISSING_KEY = "missing_key"
    """No key is set for the source, so it wasn't asked."""
    UNAUTHORISED = "unauthorised"
    """The source refuses the key (401, 403)."""
    NOT_FOUND = "not_found"
    """The source doesn't have what was asked for (404)."""
    REFUSED = "refused"
    """The source refuses the question (any other 3xx or 4xx)."""
    LIMITED = "limited"
    """Too many questions (429)."""
    DOWN = "down"
    """No connection, or a 5xx."""
    SLOW = "slow"
    """No whole answer before the deadline."""
    MALFORMED = "malformed"
    """An answer that is cut off, too large, no JSON, or of another shape than documented."""


class SourceError(Exception):
    """A source that gave no answer. Holds neither key nor address: it may be logged whole.

    `retry_after` is in seconds, and there only where the source named it.
    """

    def __init__(
        self, source: Source, kind: SourceErrorKind, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{source}: {kind}" + (f" ({detail})" if detail else ""))
        self.source = source
        self.kind = kind
        self.retry_after = retry_after
