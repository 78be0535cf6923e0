"""Wall clocks and instants, over the clock changes of time zones; and the periods of a calendar."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.calendar.times import Days, Times, parse_when, resolve_span
from pam.calendar.windows import resolve_calendar_period
from pam.platform.errors import PamError
from pam.users.profile import Profile, default_profile
from pam.users.wall_clocks import instants_of, resolve_time, stored_instant, to_local

ZONES = (
    "America/Denver",
    "America/Phoenix",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Europe/Oslo",
    "Asia/Kathmandu",
)


def profile(zone: str) -> Profile:
    return default_profile(UUID(int=1)).in_zone(ZoneInfo(zone))


# Days on which clocks change in these zones, and others.
DAYS = ("2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "1994-10-30", "2026-07-01")


def error_of(call: Callable[[], Any]) -> PamError:
    """Return the error that the call raises."""
    with pytest.raises(PamError) as raised:
        call()
    return raised.value


@given(
    local=st.builds(
        lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
        st.sampled_from(DAYS),
        st.integers(-60, 240),
    ),
    zone=st.sampled_from(ZONES),
)
def test_wall_clock_is_resolved_to_instants_that_show_it(local: datetime, zone: str) -> None:
    """All of them, and no others; one of two is chosen by its offset."""
    there = ZoneInfo(zone)
    near = [local.replace(tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(-60, 61)]
    expected = [instant for instant in near if to_local(instant, there) == local]
    assert instants_of(local, there) == expected
    for instant in expected:
        aware = instant.astimezone(there)
        assert resolve_time(datetime.fromisoformat(aware.isoformat()), profile(zone), "start") == instant
        assert stored_instant(local, there, instant) == instant
    if len(expected) == 1:
        assert resolve_time(local, profile(zone), "start") == expected[0]
    else:
        error = error_of(lambda: resolve_time(local, profile(zone), "start"))
        assert error.error.code == ("ambiguous_time" if expected else "nonexistent_time")
        for choice in error.choices:
            chosen = parse_when(choice.value, "start")
            assert isinstance(chosen, datetime) and resolve_time(chosen, profile(zone), "start")


@pytest.mark.parametrize(
    ("zone", "at", "choices"),
    [
        ("America/Denver", "2026-03-08T02:30", ["2026-03-08T01:30", "2026-03-08T03:30"]),
        ("Europe/Oslo", "2026-03-29T02:00", ["2026-03-29T01:00", "2026-03-29T03:00"]),
        ("Australia/Lord_Howe", "2026-10-04T02:15", ["2026-10-04T01:45", "2026-10-04T02:45"]),
    ],
)
def test_time_that_clocks_skip_is_rejected(zone: str, at: str, choices: list[str]) -> None:
    """With the times before and after the change; also where it is half an hour."""
    error = error_of(lambda: resolve_time(datetime.fromisoformat(at), profile(zone), "start"))
    assert (error.error.code, error.field) == ("nonexistent_time", "start")
    assert [choice.value for choice in error.choices] == choices


def test_time_that_comes_twice_needs_its_offset() -> None:
    """The choices have it; an offset that the zone doesn't have then is rejected, also in summer or UTC."""
    error = error_of(lambda: resolve_time(datetime.fromisoformat("2026-11-01T01:30"), profile("America/Denver"), "end"))
    assert error.error.code == "ambiguous_time"
    assert [choice.value for choice in error.choices] == ["2026-11-01T01:30-06:00", "2026-11-01T01:30-07:00"]
    assert error.message == (
        "On Nov 1, 2026 the clocks go back in America/Denver, and 1:30\u202fAM comes twice. Is it the first, "
        "1:30\u202fAM (UTC-0600), or the second, 1:30\u202fAM (UTC-0700)?"
    )
    for at in ("2026-07-01T09:00-07:00", "2026-07-01T09:00Z", "2026-11-01T01:30+01:00"):
        when = datetime.fromisoformat(at)
        assert error_of(lambda when=when: resolve_time(when, profile("America/Denver"), "start")).error.code == (
            "invalid_time"
        )


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-02-30", "invalid_date"),
        ("2026-02-30T10:00", "invalid_date"),
        ("1969-12-31T23:00", "invalid_date"),
        ("9001-01-01", "invalid_date"),
        ("tomorrow", "invalid_date"),
        ("2026-03-14T24:00", "invalid_time"),
        ("2026-03-14T9:00", "invalid_time"),
        ("2026-03-14T09:00:30", "invalid_time"),
        ("2026-03-14T09", "invalid_time"),
        ("2026-W11-6T09:00", "invalid_time"),
        ("2026-03-14T09:00+25:00", "invalid_time"),
        (1773478800, "invalid_time"),
        (None, "invalid_time"),
        (True, "invalid_time"),
    ],
)
def test_value_that_is_no_time_is_rejected(value: object, code: str) -> None:
    """It is never guessed."""
    assert error_of(lambda: parse_when(value, "start")).error.code == code


def test_end_must_be_after_the_start() -> None:
    """By the instants, also over a clock change; a day may be its own last one."""
    denver = profile("America/Denver")
    day, nine = date(2026, 3, 14), datetime.fromisoformat("2026-03-14T09:00")
    assert resolve_span(day, None, denver) == resolve_span(day, day, denver) == Days(day, day)
    for start, end in (
        (nine, nine),
        (nine, datetime.fromisoformat("2026-03-14T08:00")),
        (nine, day),
        (day, nine),
        (day, date(2026, 3, 13)),
    ):
        assert error_of(lambda start=start, end=end: resolve_span(start, end, denver)).error.code == "invalid_end"
    first, second = (datetime.fromisoformat(f"2026-11-01T01:30-0{hours}:00") for hours in (6, 7))
    span = resolve_span(first, second, denver)
    assert isinstance(span, Times) and span.ends is not None and span.ends - span.starts == timedelta(hours=1)
    assert error_of(lambda: resolve_span(second, first, denver)).error.code == "invalid_end"


def test_wall_clock_holds_where_the_rules_of_its_zone_were_changed() -> None:
    """The stored instant counts only as one of those that the clock shows."""
    denver, nine = ZoneInfo("America/Denver"), datetime.fromisoformat("2026-07-01T09:00")
    assert stored_instant(nine, denver, datetime(2026, 7, 1, 16, tzinfo=UTC)) == datetime(2026, 7, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("today", "2026-11-27", "2026-11-28"),
        ("tomorrow", "2026-11-28", "2026-11-29"),
        ("yesterday", "2026-11-26", "2026-11-27"),
        ("this_week", "2026-11-22", "2026-11-29"),
        ("next_week", "2026-11-29", "2026-12-06"),
        ("this_weekend", "2026-11-28", "2026-11-30"),
        ("next_weekend", "2026-12-05", "2026-12-07"),
        ("next_month", "2026-12-01", "2027-01-01"),
        ("november", "2026-11-01", "2026-12-01"),
        ("march", "2027-03-01", "2027-04-01"),
        ("friday", "2026-11-27", "2026-11-28"),
        ("thursday", "2026-12-03", "2026-12-04"),
        ("next_10_days", "2026-11-27", "2026-12-07"),
        ("last_2_days", "2026-11-26", "2026-11-28"),
        ("all_time", "1970-01-01", "9001-01-01"),
    ],
)
def test_periods_are_those_to_come(period: str, start: str, end: str) -> None:
    """As of Friday, 27 November 2026, where weeks begin on Sunday."""
    window = resolve_calendar_period(period, date(2026, 11, 27), 6)
    assert (window.start.isoformat(), window.end.isoformat()) == (start, end)


@pytest.mark.parametrize("day", ["2026-11-28", "2026-11-29"])
def test_weekend_under_way_is_this_one(day: str) -> None:
    """On its Saturday and its Sunday."""
    window = resolve_calendar_period("this_weekend", date.fromisoformat(day), 6)
    assert (window.start, window.end) == (date(2026, 11, 28), date(2026, 11, 30))
    assert resolve_calendar_period("next_weekend", date.fromisoformat(day), 6).start == date(2026, 12, 5)


@pytest.mark.parametrize("period", ["", "next_0_days", "next_1000_days", "next_year_or_so", "Tomorrow"])
def test_unknown_period_is_rejected(period: str) -> None:
    with pytest.raises(PamError, match="PAM doesn't know that period"):
        resolve_calendar_period(period, date(2026, 11, 27), 6)
