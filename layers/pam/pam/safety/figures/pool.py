"""Sorted values of one unit, which answer whether an interval has one, and how likely that would be by chance."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

_NEIGHBOURHOOD = 0.4
"""How far around an interval values are counted, as a fraction of its centre."""


class Pool:
    """Values in a base unit; built once, then only read."""

    def __init__(self, values: Iterable[float]) -> None:
        # The same value by two ways is one.
        self._values = sorted({round(value, 9) for value in values})

    def __len__(self) -> int:
        return len(self._values)

    def has(self, low: float, high: float) -> bool:
        """Return whether a value is in the interval."""
        at = bisect_left(self._values, low)
        return at < len(self._values) and self._values[at] <= high

    def find(self, low: float, high: float) -> float | None:
        """Return the value in the interval that is nearest to its centre."""
        values = self._values
        at = bisect_left(values, low)
        if at == len(values) or values[at] > high:
            return None
        nearest, centre = values[at], (low + high) / 2
        while at + 1 < len(values) and abs(values[at + 1] - centre) < abs(nearest - centre):
            at += 1
            nearest = values[at]
        return nearest

    def has_by_more_than_chance(self, low: float, high: float, max_expected: float) -> bool:
        """Return whether a value is in the interval where few others are near.

        `max_expected` bounds how many values an interval of this width would have, if those around it were spread
        evenly: sums of any two of thirty amounts cover most whole dollars, and hardly any cents.
        """
        if not self.has(low, high):
            return False
        reach = _NEIGHBOURHOOD * abs(low + high) / 2 + (high - low)
        around = bisect_right(self._values, high + reach) - bisect_left(self._values, low - reach)
        return (around - 1) * (high - low) <= max_expected * 2 * reach


EMPTY = Pool(())
