"""The best order of stops between two fixed ends: the exact optimum by Held and Karp's dynamic programme.

For each set of visited stops and each last one of them, it keeps the cheapest way there: 2^n x n^2 steps for n stops,
about 100,000 for ten. Costs needn't be symmetric.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

MAX_ORDERED_STOPS = 10
"""The most stops whose order is optimised: each one more doubles the work."""

Costs = Sequence[Sequence[float | None]]
"""The cost from each point (row) to each (column), None where there is no way."""


def best_order(costs: Costs) -> tuple[int, ...] | None:
    """Return all points in the order of the least total cost; None where no order has a way.

    The first point stays first and the last one last. The given order is returned where it is among the best. Raises
    ValueError for more than `MAX_ORDERED_STOPS` between them.
    """
    stops, end = len(costs) - 2, len(costs) - 1
    if not 0 <= stops <= MAX_ORDERED_STOPS:
        raise ValueError(f"{stops} stops")
    given = tuple(range(len(costs)))
    # By the set of the stops still to visit and the point where one is: the cost of the rest, and where to go next.
    rest: dict[tuple[int, int], tuple[float, int]] = {}
    for left in range(1 << stops):
        to_visit = [stop for stop in range(1, stops + 1) if left >> (stop - 1) & 1]
        for here in range(stops + 1):
            if here in to_visit:
                continue
            options = [(_cost(costs, here, stop) + rest[left & ~(1 << (stop - 1)), stop][0], stop) for stop in to_visit]
            rest[left, here] = min(options or [(_cost(costs, here, end), end)])
    everything = (1 << stops) - 1
    best = rest[everything, 0][0]
    if best == inf:
        return None
    given_cost = total_cost(costs, given)
    # Both are sums of the same costs in another order, so that they may differ in the last digit.
    if given_cost is not None and given_cost <= best * (1 + 1e-9):
        return given
    order, left = [0], everything
    while left:
        order.append(rest[left, order[-1]][1])
        left &= ~(1 << (order[-1] - 1))
    return (*order, end)


def total_cost(costs: Costs, order: Sequence[int]) -> float | None:
    """Return the cost of an order of points; None where there is no way between two of them."""
    parts = [costs[here][there] for here, there in pairwise(order)]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _cost(costs: Costs, here: int, there: int) -> float:
    cost = costs[here][there]
    return inf if cost is None else cost
