"""A clock that can be advanced."""

import time


class Clock:
    """Returns monotonic seconds."""

    def __init__(self) -> None:
        self._advance_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._advance_s

    def advance(self, seconds: float) -> None:
        self._advance_s += seconds
