"""A long route divided into days of driving."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.day_limit import MAX_DAY_DISTANCE_M, DayLimit
from pam.travel.drive_time import MAX_DRIVING_DAY_S
from pam.travel.geography import great_circle_m
from pam.travel.itinerary import Leg, Visit, day_offsets, night_counts, point_along, split_into_days, visits

HOUR = 3600.0
DENVER, MOAB, FIJI, SAMOA = (39.74, -104.98), (38.57, -109.55), (-17.0, 178.0), (-14.0, -172.0)


def leg(origin: str, destination: str, distance_m: float, duration_s: float = HOUR, nights: int = 0) -> Leg:
    return Leg(origin, destination, distance_m, duration_s, (DENVER, MOAB), nights)


sizes = st.tuples(st.floats(0, 5_000_000), st.floats(0, 60 * HOUR), st.integers(0, 3))
legs = st.lists(sizes, min_size=1, max_size=21).map(
    lambda sizes: [leg(f"p{n}", f"p{n + 1}", *size) for n, size in enumerate(sizes)]
)
limits = st.builds(DayLimit, st.floats(30_000, 1_000_000), st.floats(HOUR, 14 * HOUR))


@given(legs, limits)
def test_days_are_within_the_limits_and_cover_the_route(legs: list[Leg], limit: DayLimit) -> None:
    """Each day begins where the previous ends, and together they are the whole route with all nights asked for."""
    days = split_into_days(legs, limit)
    assert all(day.distance_m <= limit.distance_m * 1.000001 for day in days)
    assert all(day.duration_s <= limit.duration_s * 1.000001 for day in days)
    assert sum(day.distance_m for day in days) == pytest.approx(sum(leg.distance_m for leg in legs))
    assert sum(day.duration_s for day in days) == pytest.approx(sum(leg.duration_s for leg in legs))
    assert (days[0].start.place, days[-1].end.place) == ("p0", f"p{len(legs)}")
    for day, following in pairwise(days):
        assert (day.end.place, day.end.metres_after) == (following.start.place, following.start.metres_after)
    passed = [name for day in days for name in (*day.via, *([day.end.place] if day.end.metres_after is None else []))]
    assert passed == [f"p{n + 1}" for n in range(len(legs))]
    reached = visits(days)
    assert len(reached) == len(legs)
    assert all(visit.nights >= leg.nights for visit, leg in zip(reached[:-1], legs, strict=False))
    assert [visit.day for visit in reached] == sorted(visit.day for visit in reached)
    assert day_offsets(days)[-1] == sum(night_counts(days))


def test_short_legs_share_a_day() -> None:
    """The day ends before the leg that would exceed it."""
    first, second = split_into_days([leg("a", "b", 200_000), leg("b", "c", 200_000), leg("c", "d", 200_000)])
    assert (first.via, first.end.place, second.end.place) == (("b",), "c", "d")
    assert first.end.metres_after is None


def test_stay_ends_a_day_and_moves_the_following_ones() -> None:
    """Two short legs with two nights between them are two days, the second two days after the first."""
    days = split_into_days([leg("a", "b", 50_000, nights=2), leg("b", "c", 50_000), leg("c", "d", 50_000)])
    assert [(day.end.place, day.via) for day in days] == [("b", ()), ("d", ("c",))]
    assert (night_counts(days), day_offsets(days)) == ((2,), (0, 2))
    assert visits(days) == (Visit(0, 2), Visit(1, 0), Visit(1, 0))


def test_limit_of_the_traveller_divides_the_way() -> None:
    """600 km at 200 km a day are three days, at 4 hours of 10 too."""
    assert len(split_into_days([leg("a", "b", 600_000)], DayLimit(200_000, 8 * HOUR))) == 3
    assert len(split_into_days([leg("a", "b", 400_000, 10 * HOUR)], DayLimit(480_000, 4 * HOUR))) == 3


def test_long_leg_starts_a_day_and_is_divided_evenly() -> None:
    """500 km after a short leg are two days of 250 km."""
    days = split_into_days([leg("a", "b", 50_000), leg("b", "c", 500_000)])
    assert [day.distance_m for day in days] == [50_000, 250_000, 250_000]
    night = days[1].end
    assert (night.place, night.metres_after) == ("b", 250_000)
    assert great_circle_m(*night.point, *DENVER) == pytest.approx(great_circle_m(*night.point, *MOAB), rel=0.01)


def test_day_ends_by_time_or_distance() -> None:
    """A slow road is divided by time, a fast one by distance; a leg exactly at the limits is one day."""
    assert len(split_into_days([leg("a", "b", 100_000, 8.5 * HOUR)])) == 2
    assert len(split_into_days([leg("a", "b", MAX_DAY_DISTANCE_M + 1, HOUR)])) == 2
    assert len(split_into_days([leg("a", "b", MAX_DAY_DISTANCE_M, MAX_DRIVING_DAY_S)])) == 1


def test_stop_lies_on_the_path() -> None:
    """It is a fraction of the length along the bends; a path of a single point is that point."""
    bend = ((0.0, 0.0), (0.0, 1.0), (0.0, 1.0), (1.0, 1.0))
    assert point_along(bend, 0.25) == pytest.approx((0.0, 0.5))
    assert point_along(bend, 0.75) == pytest.approx((0.5, 1.0))
    assert (point_along(bend, 0.0), point_along(bend, 1.0)) == ((0.0, 0.0), (1.0, 1.0))
    assert point_along((MOAB, MOAB), 0.5) == MOAB


@given(st.floats(0, 1))
def test_path_may_cross_the_date_line(fraction: float) -> None:
    """Stops lie between its ends, with longitudes from -180 to 180."""
    latitude, longitude = point_along((FIJI, SAMOA), fraction)
    assert -17 <= latitude <= -14
    assert -180 <= longitude <= 180
    assert longitude >= 178 or longitude <= -172
