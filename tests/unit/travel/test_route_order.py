"""The best order of stops, compared with all orders."""

from itertools import permutations
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pam.travel.route_order import MAX_ORDERED_STOPS, Costs, best_order, total_cost

MAX_BRUTE_FORCE_STOPS = 8
cost = st.one_of(st.none(), st.floats(0, 100_000), st.integers(0, 5).map(float))


def matrices(max_stops: int) -> st.SearchStrategy[list[list[float | None]]]:
    """Return asymmetric costs between two ends and up to `max_stops` stops, some without a way."""
    sizes = st.integers(2, max_stops + 2)
    return sizes.flatmap(
        lambda size: st.lists(st.lists(cost, min_size=size, max_size=size), min_size=size, max_size=size)
    )


def least_cost(costs: Costs) -> float:
    """Return the least cost of all orders; infinite where none has a way."""
    end = len(costs) - 1
    totals = (total_cost(costs, (0, *order, end)) for order in permutations(range(1, end)))
    return min((total for total in totals if total is not None), default=inf)


def check(costs: Costs) -> None:
    order, least = best_order(costs), least_cost(costs)
    if order is None:
        assert least == inf
        return
    assert sorted(order) == list(range(len(costs))) and (order[0], order[-1]) == (0, len(costs) - 1)
    assert total_cost(costs, order) == pytest.approx(least, rel=1e-8)


@given(matrices(5))
def test_no_order_is_better(costs: Costs) -> None:
    """Every stop is visited once between the ends, at the least cost, unless no order has a way."""
    check(costs)


@settings(max_examples=4)
@given(st.lists(st.lists(st.floats(1, 1000), min_size=10, max_size=10), min_size=10, max_size=10))
def test_no_order_of_eight_stops_is_better(costs: Costs) -> None:
    """All 40,320 orders."""
    assert len(costs) - 2 == MAX_BRUTE_FORCE_STOPS
    check(costs)


def test_worked_example_goes_along_the_line() -> None:
    """Stops at 30, 10 and 20 between ends at 0 and 40 are visited in the order of their place."""
    places = (0, 30, 10, 20, 40)
    costs = [[float(abs(a - b)) for b in places] for a in places]
    assert best_order(costs) == (0, 2, 3, 1, 4)
    assert (total_cost(costs, (0, 2, 3, 1, 4)), total_cost(costs, (0, 1, 2, 3, 4))) == (40, 80)


def test_one_way_roads_are_followed() -> None:
    """Where the way back is long, the order follows the direction; where there is none, too."""
    far, none = 100.0, None
    for back in (far, none):
        costs = [[0, 9, 1, 9], [back, 0, 9, 1], [back, 1, 0, 9], [back, back, back, 0]]
        assert best_order(costs) == (0, 2, 1, 3)
    assert best_order([[0, none, 1], [1, 0, 1], [1, none, 0]]) is None


def test_given_order_is_kept_among_equals() -> None:
    """A traveller isn't sent another way for nothing."""
    assert best_order([[0.1] * 6] * 6) == (0, 1, 2, 3, 4, 5)
    assert best_order([[0, 7], [7, 0]]) == (0, 1)


def test_ten_stops_are_ordered_and_eleven_refused() -> None:
    """Ten stops on a line are visited along it."""
    places = (0, 50, 20, 90, 10, 70, 30, 100, 60, 40, 80, 110)
    order = best_order([[float(abs(a - b)) for b in places] for a in places])
    assert order is not None and [places[index] for index in order] == sorted(places)
    assert len(places) - 2 == MAX_ORDERED_STOPS
    with pytest.raises(ValueError, match="11 stops"):
        best_order([[1.0] * 13] * 13)
