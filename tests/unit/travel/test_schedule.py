"""When a trip starts and arrives, and in which season."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.travel.itinerary import DrivingDay, Stop
from pam.travel.schedule import (
    EARLIEST_DEPARTURE,
    ArriveBy,
    ArrivesTooLate,
    Schedule,
    parse_arrive_by,
    schedule_trip,
)
from pam.travel.seasons import Season, may_close_for_winter, season_of

TODAY = date(2026, 11, 22)
END = Stop((0.0, 0.0), "p")


def days_of(*hours_and_nights: tuple[float, int]) -> tuple[DrivingDay, ...]:
    return tuple(DrivingDay(END, END, (), 1000.0, hours * 3600, nights) for hours, nights in hours_and_nights)


# Three days of driving, with three nights after the first: from a Monday to a Friday.
THREE_DAYS = days_of((5, 3), (6, 0), (5, 0))


def test_start_is_as_late_as_possible() -> None:
    """Without a start, the trip ends on the last day."""
    assert schedule_trip(THREE_DAYS, None, ArriveBy(date(2026, 12, 4)), TODAY).start == date(2026, 11, 30)
    assert schedule_trip(THREE_DAYS, date(2026, 11, 25), ArriveBy(date(2026, 12, 4)), TODAY).start == date(2026, 11, 25)
    assert schedule_trip(THREE_DAYS, None, None, TODAY) == Schedule(None, None)


def test_time_of_arrival_sets_the_time_to_leave() -> None:
    """Five hours of driving have two breaks of 15 minutes: to be there at 18:00, one leaves at 12:30."""
    in_time = schedule_trip(THREE_DAYS, None, ArriveBy(date(2026, 12, 4), time(18)), TODAY)
    assert in_time == Schedule(date(2026, 11, 30), time(12, 30))
    early = schedule_trip(THREE_DAYS, date(2026, 11, 25), ArriveBy(date(2026, 12, 4), time(18)), TODAY)
    assert early.leave_by is None


def test_early_arrival_is_the_day_before() -> None:
    """To be there at 12:29 one would have to leave before seven."""
    edge = schedule_trip(THREE_DAYS, None, ArriveBy(date(2026, 12, 4), time(12, 30)), TODAY)
    assert edge == Schedule(date(2026, 11, 30), time(7))
    before = schedule_trip(THREE_DAYS, None, ArriveBy(date(2026, 12, 4), time(12, 29)), TODAY)
    assert before == Schedule(date(2026, 11, 29), None)


def test_late_arrival_names_the_latest_start() -> None:
    """With a start, or from today on."""
    with pytest.raises(ArrivesTooLate) as raised:
        schedule_trip(THREE_DAYS, date(2026, 12, 1), ArriveBy(date(2026, 12, 4)), TODAY)
    assert (raised.value.arrival, raised.value.latest_start) == (date(2026, 12, 5), date(2026, 11, 30))
    with pytest.raises(ArrivesTooLate) as raised:
        schedule_trip(THREE_DAYS, None, ArriveBy(date(2026, 11, 25)), TODAY)
    assert (raised.value.arrival, raised.value.latest_start) == (date(2026, 11, 26), date(2026, 11, 21))


plans = st.lists(st.tuples(st.floats(0.1, 8), st.integers(0, 5)), min_size=1, max_size=9)


@given(plans, st.integers(-3, 60), st.none() | st.times(), st.none() | st.integers(0, 60))
def test_schedule_is_in_time_or_refused(
    sizes: list[tuple[float, int]], until: int, at: time | None, start: int | None
) -> None:
    """The last day ends in time, leaves at seven or later, and a refusal's latest start would be in time."""
    days, arrive_by = days_of(*sizes), ArriveBy(TODAY + timedelta(days=until), at)
    chosen = None if start is None else TODAY + timedelta(days=start)
    nights = sum(max(1, asked) for _, asked in sizes[:-1])
    try:
        schedule = schedule_trip(days, chosen, arrive_by, TODAY)
    except ArrivesTooLate as late:
        assert (chosen or TODAY) > late.latest_start and late.arrival == (chosen or TODAY) + timedelta(days=nights)
        assert schedule_trip(days, late.latest_start, arrive_by, TODAY).start == late.latest_start
        return
    assert schedule.start is not None and chosen in (None, schedule.start)
    arrival = schedule.start + timedelta(days=nights)
    assert arrival <= arrive_by.day
    if schedule.leave_by is not None:
        assert arrival == arrive_by.day and at is not None
        assert EARLIEST_DEPARTURE <= schedule.leave_by <= at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("2026-12-05", ArriveBy(date(2026, 12, 5))),
        ("2026-12-05T18:00", ArriveBy(date(2026, 12, 5), time(18))),
        ("2026-12-05 06:30:00", ArriveBy(date(2026, 12, 5), time(6, 30))),
    ],
)
def test_arrival_is_a_day_or_a_time(text: str | None, expected: ArriveBy | None) -> None:
    """Local at the destination."""
    assert parse_arrive_by(text) == expected


@pytest.mark.parametrize(
    "value",
    ["", "tomorrow", "2026-02-29", "2026-12-05T24:00", "2026-12-05T18:00Z", "18:00", 5, True, "2026-12-05T1:00"],
)
def test_invalid_arrival_is_rejected(value: object) -> None:
    """With a code and an example."""
    with pytest.raises(PamError) as raised:
        parse_arrive_by(value)
    assert raised.value.error.code == "invalid_date"


@pytest.mark.parametrize(
    ("day", "latitude", "season", "closes"),
    [
        (date(2026, 12, 1), 39.7, Season.WINTER, True),
        (date(2027, 2, 28), 39.7, Season.WINTER, True),
        (date(2027, 3, 1), 39.7, Season.SPRING, True),
        (date(2026, 7, 4), 39.7, Season.SUMMER, False),
        (date(2026, 9, 1), 39.7, Season.AUTUMN, False),
        (date(2026, 10, 1), 39.7, Season.AUTUMN, True),
        (date(2026, 12, 1), -33.9, Season.SUMMER, False),
        (date(2026, 7, 4), -33.9, Season.WINTER, True),
        (date(2026, 3, 1), -33.9, Season.AUTUMN, False),
        (date(2026, 1, 1), 21.3, None, False),
    ],
)
def test_season_is_that_of_the_hemisphere(day: date, latitude: float, season: Season | None, closes: bool) -> None:
    """By whole months; the tropics have none."""
    assert (season_of(day, latitude), may_close_for_winter(day, latitude)) == (season, closes)
