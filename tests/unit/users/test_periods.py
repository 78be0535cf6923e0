"""Periods and days resolved to dates, in any time zone and across clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.users.periods import (
    MONTHS,
    Window,
    midnight,
    months_between,
    previous_window,
    resolve_day,
    resolve_period,
    window_between,
)

MONDAY, SUNDAY = 0, 6
SUN_22_NOV = date(2026, 11, 22)
THU_29_FEB = date(2024, 2, 29)


def dates(window: Window | None) -> tuple[str, str] | None:
    return (window.start.isoformat(), window.end.isoformat()) if window else None


@pytest.mark.parametrize(
    ("period", "today", "start", "end"),
    [
        ("today", SUN_22_NOV, "2026-11-22", "2026-11-23"),
        ("yesterday", date(2026, 3, 1), "2026-02-28", "2026-03-01"),
        ("this_week", SUN_22_NOV, "2026-11-16", "2026-11-23"),
        ("last_week", SUN_22_NOV, "2026-11-09", "2026-11-16"),
        ("this_weekend", SUN_22_NOV, "2026-11-21", "2026-11-23"),
        ("this_weekend", date(2026, 11, 23), "2026-11-21", "2026-11-23"),
        ("last_weekend", SUN_22_NOV, "2026-11-14", "2026-11-16"),
        ("last_weekend", date(2026, 11, 23), "2026-11-21", "2026-11-23"),
        ("this_month", THU_29_FEB, "2024-02-01", "2024-03-01"),
        ("this_month", date(2026, 12, 31), "2026-12-01", "2027-01-01"),
        ("last_month", date(2026, 1, 31), "2025-12-01", "2026-01-01"),
        ("last_month", date(2026, 3, 31), "2026-02-01", "2026-03-01"),
        ("this_year", SUN_22_NOV, "2026-01-01", "2027-01-01"),
        ("last_year", date(2026, 1, 1), "2025-01-01", "2026-01-01"),
        ("last_14_days", SUN_22_NOV, "2026-11-09", "2026-11-23"),
        ("last_1_days", SUN_22_NOV, "2026-11-22", "2026-11-23"),
        ("november", SUN_22_NOV, "2026-11-01", "2026-12-01"),
        ("december", SUN_22_NOV, "2025-12-01", "2026-01-01"),
        ("february", date(2025, 1, 15), "2024-02-01", "2024-03-01"),
        ("all_time", SUN_22_NOV, "1970-01-01", "2026-11-23"),
    ],
)
def test_period_is_resolved_to_a_half_open_window(period: str, today: date, start: str, end: str) -> None:
    """The window has whole days, from the first to the day after the last."""
    assert dates(resolve_period(period, today, MONDAY)) == (start, end)


def test_week_begins_on_the_given_weekday() -> None:
    """On a Sunday, the week that begins on Sundays has just begun."""
    assert dates(resolve_period("this_week", SUN_22_NOV, SUNDAY)) == ("2026-11-22", "2026-11-29")


@pytest.mark.parametrize("period", ["", "next_month", "last_0_days", "last_99999_days", "March", "last_-1_days", "jan"])
def test_unknown_period_is_rejected(period: str) -> None:
    """Any other name has the error code `unknown_period`."""
    with pytest.raises(PamError) as rejected:
        resolve_period(period, SUN_22_NOV, MONDAY)
    assert rejected.value.error.code == "unknown_period"


@pytest.mark.parametrize(
    ("period", "today", "expected"),
    [
        ("this_month", SUN_22_NOV, ("2026-10-01", "2026-10-23")),
        ("this_month", date(2026, 3, 30), ("2026-02-01", "2026-03-01")),
        ("this_month", date(2026, 3, 31), ("2026-02-01", "2026-03-01")),
        ("this_month", date(2026, 2, 28), ("2026-01-01", "2026-02-01")),
        ("last_month", SUN_22_NOV, ("2026-09-01", "2026-10-01")),
        ("march", SUN_22_NOV, ("2026-02-01", "2026-03-01")),
        ("january", SUN_22_NOV, ("2025-12-01", "2026-01-01")),
        ("this_year", THU_29_FEB, ("2023-01-01", "2023-03-01")),
        ("this_year", date(2024, 2, 28), ("2023-01-01", "2023-03-01")),
        ("last_year", SUN_22_NOV, ("2024-01-01", "2025-01-01")),
        ("this_week", date(2026, 11, 18), ("2026-11-09", "2026-11-12")),
        ("this_weekend", date(2026, 11, 21), ("2026-11-14", "2026-11-15")),
        ("yesterday", SUN_22_NOV, ("2026-11-20", "2026-11-21")),
        ("last_30_days", SUN_22_NOV, ("2026-09-24", "2026-10-24")),
        ("all_time", SUN_22_NOV, None),
        ("today", SUN_22_NOV, None),
        ("this_month", date(2026, 11, 1), ("2026-10-01", "2026-10-02")),
    ],
)
def test_previous_window_of_a_period_has_the_same_elapsed_days(
    period: str, today: date, expected: tuple[str, str] | None
) -> None:
    """It ends at the latest with the previous month, even if that has fewer days."""
    assert dates(previous_window(resolve_period(period, today, MONDAY), today)) == expected


def test_previous_window_of_two_dates_has_the_same_length() -> None:
    """It ends where the window begins."""
    window = window_between(date(2026, 2, 1), date(2026, 3, 1))
    assert dates(previous_window(window, SUN_22_NOV)) == ("2026-01-04", "2026-02-01")


@pytest.mark.parametrize(
    ("start", "end"),
    [("2026-03-01", "2026-03-01"), ("2026-03-02", "2026-03-01"), ("1990-01-01", "2020-01-01")],
)
def test_window_that_is_empty_reversed_or_too_long_is_rejected(start: str, end: str) -> None:
    """The start must be before the end and at most ten years before it."""
    with pytest.raises(PamError) as rejected:
        window_between(date.fromisoformat(start), date.fromisoformat(end))
    assert rejected.value.error.code == "invalid_window"


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("America/Denver", date(2026, 3, 8), "2026-03-08T07:00"),  # clocks go forward at 2
        ("America/Denver", date(2026, 3, 9), "2026-03-09T06:00"),
        ("Australia/Sydney", date(2026, 11, 1), "2026-10-31T13:00"),
        ("Asia/Kathmandu", date(2026, 11, 1), "2026-10-31T18:15"),
        ("America/Havana", date(2026, 3, 8), "2026-03-08T05:00"),  # midnight itself is skipped
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00"),  # midnight comes twice
    ],
)
def test_day_begins_at_its_first_local_midnight(zone: str, day: date, instant: str) -> None:
    """A skipped midnight is the instant of the clock change; of a repeated midnight the first one counts."""
    assert midnight(day, ZoneInfo(zone)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


ZONES = st.sampled_from(
    [
        "Australia/Sydney",
        "America/Denver",
        "Asia/Kathmandu",
        "America/Havana",
        "Pacific/Apia",
        "Europe/London",
    ]
).map(ZoneInfo)
DAYS = st.dates(date(1990, 1, 1), date(2040, 1, 1))


@given(DAYS, ZONES)
def test_consecutive_days_have_no_gap_and_no_overlap(day: date, zone: ZoneInfo) -> None:
    """The first and last instants of a day's window are on that date in the time zone."""
    for one, next_one in pairwise(day + timedelta(days=offset) for offset in range(4)):
        start, end = Window(one, next_one).instants(zone)
        assert start <= end
        if start < end:  # Samoa skipped a whole day in 2011
            assert start.astimezone(zone).date() == one
            assert (end - timedelta(microseconds=1)).astimezone(zone).date() == one


@given(
    DAYS,
    st.sampled_from(["this_month", "this_week", "this_year", "this_weekend", "today", "last_7_days", *MONTHS]),
)
def test_window_of_a_period_and_its_previous_window_begin_in_the_past(today: date, period: str) -> None:
    """No period begins after today, and its previous window ends before it begins; today has none."""
    window = resolve_period(period, today, SUNDAY)
    assert window.start <= today
    before = previous_window(window, today)
    assert (before is None) == (period == "today")
    if before is None:
        return
    assert before.end <= window.start
    assert window.elapsed(today).end - timedelta(days=1) <= today


@pytest.mark.parametrize(
    ("name", "expected"),
    [("today", "2026-11-22"), ("yesterday", "2026-11-21"), ("sunday", "2026-11-22"), ("monday", "2026-11-16"),
     ("2026-03-14", "2026-03-14"), ("07-14", "2026-07-14"), ("11-22", "2026-11-22"), ("2025-12-24", "2025-12-24"),
     ("02-30", None), ("2026-02-30", None), ("someday", None), ("13-01", None)],
)  # fmt: skip
def test_day_is_resolved_to_its_latest_date(name: str, expected: str | None) -> None:
    """Weekdays and dates without a year are today or in the past; other names are no days."""
    day = resolve_day(name, SUN_22_NOV)
    assert (day.isoformat() if day else None) == expected


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-01-31", "2026-01-31", 0),
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),
        ("2024-01-31", "2024-02-28", 0),
        ("2024-01-31", "2024-02-29", 1),
        ("2025-12-15", "2026-01-14", 0),
        ("2025-12-15", "2026-01-15", 1),
        ("2020-02-29", "2026-02-28", 72),
    ],
)
def test_whole_months_between_two_days(first: str, last: str, months: int) -> None:
    """The last day of a shorter month completes one."""
    assert months_between(date.fromisoformat(first), date.fromisoformat(last)) == months
