"""A time budget, handed down from whoever must answer to whoever may wait."""

import time
from collections.abc import Callable

FAST_ANSWER_S = 2.0
"""What a fast answer may take in all, in seconds: caches, sources and waiting included."""


class Deadline:
    """An instant by which an answer must be there. Made once for each request, and passed on."""

    def __init__(self, seconds: float = FAST_ANSWER_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left, never less than 0."""
        return max(0.0, self._end - self._monotonic())

    def at_most(self, seconds: float) -> "Deadline":
        """A deadline for a part of the work: in `seconds`, or with this one if that comes first."""
        return Deadline(min(seconds, self.left_s), self._monotonic)
