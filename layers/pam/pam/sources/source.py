"""The third-party sources, what they return, and the ways in which they fail."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

SIMULATED_HEADER = "x-simulated"
"""The response header in which a stand-in sends `true`, so that its data is never taken for real data."""


class Source(StrEnum):
    """A source by its display name."""

    MAPBOX = "Mapbox"
    OPEN_METEO = "Open-Meteo"
    EIA = "EIA"
    ECB = "ECB"
    CLAUDE = "Claude"
    GEMINI = "Gemini"


@dataclass(frozen=True)
class Fetched(Generic[T]):
    """A value from a source.

    `source` is the display name: `Mapbox`, or `Mapbox (simulated)` where a stand-in sent it and `simulated` is true.
    """

    value: T
    source: str
    simulated: bool

    def map(self, function: Callable[[T], U]) -> "Fetched[U]":
        """Return the result of `function` on the value, with the same source."""
        return Fetched(function(self.value), self.source, self.simulated)


class SourceErrorKind(StrEnum):
    """Why a request to a source failed."""

    MISSING_KEY = "missing_key"
    """No API key is set for the source, so no request was sent."""
    UNAUTHORISED = "unauthorised"
    """The source refuses the API key (401, 403)."""
    NOT_FOUND = "not_found"
    """The source doesn't have the resource (404)."""
    REFUSED = "refused"
    """The source refuses the request (any other 3xx or 4xx)."""
    LIMITED = "limited"
    """Too many requests (429)."""
    DOWN = "down"
    """No connection, or a 5xx."""
    SLOW = "slow"
    """No complete response before the deadline."""
    MALFORMED = "malformed"
    """A response that is truncated, too large, no JSON, or of another shape than documented."""


class SourceError(Exception):
    """A request to a source failed. Contains neither key nor URL: it may be logged.

    `retry_after` is in seconds, None where the source didn't send it.
    """

    def __init__(
        self, source: Source, kind: SourceErrorKind, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{source}: {kind}" + (f" ({detail})" if detail else ""))
        self.source = source
        self.kind = kind
        self.retry_after = retry_after
