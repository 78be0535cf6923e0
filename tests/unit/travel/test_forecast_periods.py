"""Periods and parts of days, for any time of the question."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.travel.forecast_periods import DAY_PERIODS, PART_HOURS, span_of
from pam.users.periods import WEEKDAYS

DENVER = ZoneInfo("America/Denver")
THURSDAY_AFTERNOON = datetime(2026, 11, 26, 15, 20, tzinfo=DENVER)

ZONES = st.sampled_from(["America/Denver", "Australia/Sydney", "Asia/Kathmandu", "Europe/London", "Etc/GMT+9"])
INSTANTS = st.integers(1_767_225_600, 1_861_920_000).map(lambda unix: datetime.fromtimestamp(unix, UTC))
PARTS = st.sampled_from(sorted(PART_HOURS))
FIRST_WEEKDAYS = st.integers(0, 6)


def days_of(period: str, today: date) -> int:
    """Return the days from today to a single day, counted one by one."""
    fixed = {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}
    if period in fixed:
        return fixed[period]
    return next(ahead for ahead in range(7) if (today + timedelta(days=ahead)).strftime("%A").lower() == period)


@pytest.mark.parametrize(
    ("period", "part", "start", "end"),
    [
        ("today", "afternoon", "26 12", "26 18"),
        ("today", "evening", "26 18", "26 22"),
        ("tonight", "evening", "26 18", "26 22"),
        ("tonight", "night", "26 18", "27 06"),
        ("tomorrow", "morning", "27 06", "27 12"),
        ("tomorrow", "noon", "27 12", "27 13"),
        ("saturday", "night", "28 18", "29 06"),
        ("now", "noon", "27 12", "27 13"),
        ("now", "morning", "27 06", "27 12"),
        ("now", "afternoon", "26 12", "26 18"),
        ("day_after_tomorrow", None, "28 00", "29 00"),
        ("next_3_days", None, "26 00", "29 00"),
        ("next_1_days", None, "26 00", "27 00"),
    ],
)
def test_period_asked_on_a_thursday_afternoon(period: str, part: str | None, start: str, end: str) -> None:
    """A day without its part begins at midnight; a part without its day is the next one."""
    found = span_of(period, part, THURSDAY_AFTERNOON, DENVER, 0)
    assert tuple(f"{bound:%d %H}" for bound in found) == (start, end)


@pytest.mark.parametrize(("first_weekday", "start"), [(0, "11-30"), (6, "11-29"), (5, "11-28"), (3, "12-03")])
def test_next_week_begins_on_the_first_weekday_of_the_locale(first_weekday: int, start: str) -> None:
    """On Thursday it begins on Monday or Sunday; where weeks begin on Thursdays, in seven days."""
    found, end = span_of("next_week", None, THURSDAY_AFTERNOON, DENVER, first_weekday)
    assert f"{found:%m-%d}" == start
    assert end.date() - found.date() == timedelta(days=7)


@pytest.mark.parametrize(
    ("period", "part"),
    [
        ("today", "morning"),
        ("this_week", "morning"),
        ("next_week", "night"),
        ("next_3_days", "noon"),
        ("tonight", "morning"),
        ("today", "teatime"),
        ("next_17_days", None),
        ("next_0_days", None),
        ("next_days", None),
        ("last_week", None),
    ],
)
def test_span_that_is_over_or_unknown_is_refused(period: str, part: str | None) -> None:
    """So is a part of several days, and more days than a forecast has."""
    with pytest.raises(PamError) as raised:
        span_of(period, part, THURSDAY_AFTERNOON, DENVER, 0)
    assert raised.value.error.code == "unknown_period"


@given(INSTANTS, ZONES, st.sampled_from(DAY_PERIODS), PARTS)
def test_part_lies_in_its_day_and_is_not_over(instant: datetime, zone_name: str, period: str, part: str) -> None:
    """For any day, part, zone and time of the question: the local hours are those of the part, or it is refused."""
    zone = ZoneInfo(zone_name)
    here = instant.astimezone(zone)
    day = here.date() + timedelta(days=days_of(period, here.date()))
    first, last = PART_HOURS[part]
    try:
        start, end = span_of(period, part, here, zone, 0)
    except PamError:
        assert period == "today" or day == here.date()
        assert here.hour >= last
        return
    assert (start.date(), start.hour) == (day, first)
    assert (end.date(), end.hour) == (day + timedelta(days=last // 24), last % 24)
    assert end > here


@given(INSTANTS, ZONES, PARTS)
def test_part_without_a_day_is_the_next_one(instant: datetime, zone_name: str, part: str) -> None:
    """It ends in the future, at most a day after the question, and is the current one where it has begun."""
    zone = ZoneInfo(zone_name)
    here = instant.astimezone(zone)
    start, end = span_of("now", part, here, zone, 0)
    assert end > here
    # A clock change adds or removes an hour.
    assert start - here <= timedelta(hours=25)
    assert (start.hour, end.hour) == (PART_HOURS[part][0], PART_HOURS[part][1] % 24)


@given(INSTANTS, ZONES, FIRST_WEEKDAYS)
def test_next_week_follows_the_current_one(instant: datetime, zone_name: str, first_weekday: int) -> None:
    """It begins on the first weekday, one to seven days ahead."""
    zone = ZoneInfo(zone_name)
    here = instant.astimezone(zone)
    start, end = span_of("next_week", None, here, zone, first_weekday)
    assert start.weekday() == first_weekday
    assert 1 <= (start.date() - here.date()).days <= 7
    assert (end.date() - start.date()).days == 7


@given(INSTANTS, ZONES, st.integers(1, 16))
def test_number_of_days_includes_today(instant: datetime, zone_name: str, count: int) -> None:
    """It begins at the local midnight before the question."""
    zone = ZoneInfo(zone_name)
    here = instant.astimezone(zone)
    start, end = span_of(f"next_{count}_days", None, here, zone, 0)
    assert start.date() == here.date()
    assert (end.date() - start.date()).days == count


def test_every_weekday_is_a_day_period() -> None:
    """Each can have a part."""
    assert set(WEEKDAYS) < set(DAY_PERIODS)
