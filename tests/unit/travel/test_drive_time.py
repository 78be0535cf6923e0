"""Driving time with breaks and days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.drive_time import MAX_DRIVING_DAY_S, drive_time

HOUR, MINUTE = 3600, 60


@pytest.mark.parametrize(
    ("hours", "breaks_min", "days"),
    [
        (0, 0, 1),
        (1.99, 0, 1),
        (2, 0, 1),  # arrived
        (2.01, 15, 1),
        (4, 15, 1),
        (4.01, 30, 1),
        (6, 30, 1),
        (6.01, 60, 1),
        (8, 60, 1),
        (8.01, 60, 2),
        (10.01, 75, 2),
        (16, 120, 2),
        (16.01, 120, 3),
        (24, 180, 3),
    ],
)
def test_breaks_and_days_of_a_route(hours: float, breaks_min: int, days: int) -> None:
    """15 minutes follow every two hours, or 30 minutes every six, but none at the end of a day."""
    time = drive_time(hours * HOUR)
    assert (time.breaks_s, time.days) == (breaks_min * MINUTE, days)
    assert time.driving_s == round(hours * HOUR)


@given(st.floats(0, 500 * HOUR))
def test_no_day_exceeds_eight_hours(driving_s: float) -> None:
    """There is no day too many; without breaks there are as many days."""
    time = drive_time(driving_s)
    assert (time.days - 1) * MAX_DRIVING_DAY_S < max(time.driving_s, 1) <= time.days * MAX_DRIVING_DAY_S
    alone = drive_time(driving_s, breaks=False)
    assert (alone.driving_s, alone.days, alone.breaks_s) == (time.driving_s, time.days, 0)


@given(st.floats(0, 500 * HOUR), st.floats(0, 500 * HOUR))
def test_longer_route_has_no_fewer_breaks(one: float, other: float) -> None:
    """Breaks never decrease as the driving time grows."""
    shorter, longer = sorted((one, other))
    assert drive_time(shorter).breaks_s <= drive_time(longer).breaks_s
