"""A long way as it is driven."""

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
        (2, 0, 1),  # there already
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
def test_breaks_come_between_and_days_end(hours: float, breaks_min: int, days: int) -> None:
    """Fifteen minutes after each two hours, thirty instead after six, and none where the day is over."""
    took = drive_time(hours * HOUR)
    assert (took.breaks_s, took.days) == (breaks_min * MINUTE, days)
    assert took.driving_s == round(hours * HOUR)


@given(st.floats(0, 500 * HOUR))
def test_no_day_is_longer_than_eight_hours(driving_s: float) -> None:
    """And none is wasted; without breaks, the same days."""
    took = drive_time(driving_s)
    assert (took.days - 1) * MAX_DRIVING_DAY_S < max(took.driving_s, 1) <= took.days * MAX_DRIVING_DAY_S
    alone = drive_time(driving_s, breaks=False)
    assert (alone.driving_s, alone.days, alone.breaks_s) == (took.driving_s, took.days, 0)


@given(st.floats(0, 500 * HOUR), st.floats(0, 500 * HOUR))
def test_who_drives_longer_rests_no_less(one: float, other: float) -> None:
    """Breaks never shrink as the way grows."""
    shorter, longer = sorted((one, other))
    assert drive_time(shorter).breaks_s <= drive_time(longer).breaks_s
