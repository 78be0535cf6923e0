"""Remembered facts as a limit of a day's drive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.day_limit import LimitOrigin, remembered_limit
from pam.travel.units import METRES_PER_MILE


@pytest.mark.parametrize(
    ("fact", "miles", "hours"),
    [
        ("daily driving: at most 250 miles a day", 250, 8),
        ("driving: 200 to 250 miles per day", 250, 8),
        ("daily mileage: 200-mile maximum", 200, 8),
        ("driving: no more than 4 hours a day", 300, 4),
        ("driving: never drives more than 4.5 h or 220 mi in a day, any day", 220, 4.5),
        ("pace: hates driving for more than 300 km a day", 300_000 / METRES_PER_MILE, 8),
        ("time behind the wheel: 5 or 6 hours a day at most", 300, 6),
        ("daily drive limit: 1,000 miles driving", 1000, 8),
        ("driving: prefers 400 kilometres each day", 400_000 / METRES_PER_MILE, 8),
    ],
)
def test_fact_sets_a_limit(fact: str, miles: float, hours: float) -> None:
    """In miles, kilometres or hours; what isn't said is as usual."""
    limit = remembered_limit([fact])
    assert limit is not None and limit.origin is LimitOrigin.REMEMBERED
    assert limit.distance_m == pytest.approx(miles * METRES_PER_MILE)
    assert limit.duration_s == hours * 3600


@pytest.mark.parametrize(
    "fact",
    [
        "pets: two dogs",
        "driving: prefers scenic routes",
        "driving: 250 miles to the next town",  # not of a day
        "daily walk: 3 miles a day",
        "longest drive: 700 miles driving in one day",
        "trip last year: driving 500 miles a day once",
        "driving: at least 100 miles a day",
        "driving: likes more than 300 miles a day",
        "driving: 5 miles a day",  # implausible
        "driving: 24 hours a day",
        "fuel: 10 mpg, drives daily",
        "driving: 250 milligrams a day",
        "driving breaks: stops every 2 hours for the dog, every day",
        "work: drives 30 miles to her job each day",
        "truck: driving range 500 miles, walks the dogs every day",
        "",
    ],
)
def test_other_fact_sets_none(fact: str) -> None:
    """A record, a least distance, another activity, or a number that can't be one."""
    assert remembered_limit([fact]) is None


def test_first_of_several_counts() -> None:
    """They come newest first."""
    limit = remembered_limit(["pets: a cat", "driving: 200 miles a day", "driving pace: 400 miles a day"])
    assert limit is not None and limit.distance_m == 200 * METRES_PER_MILE


@given(st.text(max_size=200))
def test_any_text_is_a_plausible_limit_or_none(text: str) -> None:
    """Never a limit that no plan could keep."""
    limit = remembered_limit([f"driving, daily: {text}"])
    if limit is not None:
        assert 20 * METRES_PER_MILE <= limit.distance_m <= 1000 * METRES_PER_MILE
        assert 3600 <= limit.duration_s <= 14 * 3600
