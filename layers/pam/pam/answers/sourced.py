"""A fact with its source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Sourced(Generic[T]):
    """A fact with its source's display name. `as_of` is aware; `age_s` is set only where the source gave no newer one.

    A `lasting` fact, such as where a town lies, doesn't date an answer: today's weather isn't as old as the map.
    """

    value: T
    source: str
    simulated: bool
    as_of: datetime
    cached: bool
    age_s: int | None = None
    lasting: bool = False

    def map(self, function: Callable[[T], U]) -> "Sourced[U]":
        """Return the result of `function` on the fact, with the same source."""
        return Sourced(
            function(self.value), self.source, self.simulated, self.as_of, self.cached, self.age_s, self.lasting
        )
