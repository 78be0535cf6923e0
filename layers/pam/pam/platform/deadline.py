"""A time limit that is passed from the Lambda invocation down to every source, query and tool."""

import time
from collections.abc import Callable
from typing import Protocol

FAST_ANSWER_TIMEOUT_S = 2.0
"""Time for a fast answer in seconds, caches, sources and retries included."""

RESPONSE_RESERVE_S = 0.5
"""Time in seconds that an invocation keeps for its response, its logs and its metrics."""


class InvocationContext(Protocol):
    """The part of Lambda's context that a deadline is made from."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


class Deadline:
    """An instant by which a result is needed. Made once per invocation and passed on."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    @classmethod
    def of_invocation(cls, context: InvocationContext, reserve_s: float = RESPONSE_RESERVE_S) -> "Deadline":
        """Return the deadline of a Lambda invocation: its remaining time without `reserve_s`."""
        return cls(context.get_remaining_time_in_millis() / 1000 - reserve_s)

    @property
    def left_s(self) -> float:
        """Seconds left, never less than 0."""
        return max(0.0, self._end - self._monotonic())

    def at_most(self, seconds: float) -> "Deadline":
        """Return a deadline for a part of the work: in `seconds`, or this one if it comes first."""
        return Deadline(min(seconds, self.left_s), self._monotonic)
