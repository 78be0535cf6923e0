"""Sorted values of one unit, which answer whether an interval has one, and how likely that would be by chance."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

_NEIGHBOURHOOD = 0.4
"""How far around an interval values are counted, as a fraction of its centre."""


_SAME = 1e-8


class Pool:
    """Values in a base unit; built once, then only read."""

    def __init__(self, values: Iterable[float]) -> None:
        # The same value by two ways is one.
        self._members = {round(value, 9) for value in values}
        self._values = sorted(self._members)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, value: float) -> bool:
        return value in self._members

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

    def count(self, low: float, high: float) -> int:
        """Return how many values are in the interval."""
        return max(0, bisect_right(self._values, high) - bisect_left(self._values, low))

    def has_by_more_than_chance(self, low: float, high: float, max_expected: float) -> bool:
        """Return whether a value is in the interval where few others are near.

        `max_expected` bounds how many values an interval of this width would have, if those around it were spread
        evenly: sums of any two of thirty amounts cover most whole dollars, and hardly any cents.
        """
        values = self._values
        at = bisect_left(values, low)
        if at == len(values) or values[at] > high:
            return False
        reach = _reach(low, high)
        return (self.count(low - reach, high + reach) - 1) * (high - low) <= max_expected * 2 * reach

    def pairs_by_more_than_chance(self, values: Sequence[float], low: float, high: float, max_expected: float) -> bool:
        """Return the same of the sums and differences of one of `values` and one of this pool, which isn't the same."""
        if not self._has_pair(values, low, high):
            return False
        reach = _reach(low, high)
        return (self._count_pairs(values, low - reach, high + reach) - 1) * (high - low) <= max_expected * 2 * reach

    def _has_pair(self, values: Sequence[float], low: float, high: float) -> bool:
        own = self._values
        if not own:
            return False
        smallest, largest, length = own[0], own[-1], len(own)
        for value in values:
            for first, last in ((low - value, high - value), (value - high, value - low), (value + low, value + high)):
                if last < smallest or first > largest:
                    continue
                at = bisect_left(own, first)
                if at < length and abs(own[at] - value) < _SAME:
                    at += 1
                if at < length and own[at] <= last:
                    return True
        return False

    def _count_pairs(self, values: Sequence[float], low: float, high: float) -> int:
        own, pairs = self._values, 0
        for value in values:
            has_same = self.has(value - _SAME, value + _SAME)
            for first, last in ((low - value, high - value), (value - high, value - low), (value + low, value + high)):
                pairs += max(0, bisect_right(own, last) - bisect_left(own, first))
                pairs -= has_same and first <= value <= last
        return pairs


def _reach(low: float, high: float) -> float:
    return _NEIGHBOURHOOD * abs(low + high) / 2 + (high - low)


EMPTY = Pool(())
