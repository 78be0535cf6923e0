"""The forecast day by day, and the wind that matters to a rig."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pam.platform.errors import PamError
from pam.travel.forecast import CurrentWeather, DailyForecast, Forecast
from pam.travel.outlook import days_ahead, wind_level


def forecast(first: date, count: int, zone: str) -> Forecast:
    days = tuple(DailyForecast(first + timedelta(days=n), 20, 10, 0.1, 0, 3, 5, "clear sky") for n in range(count))
    return Forecast(zone, CurrentWeather(datetime(2026, 1, 1, tzinfo=UTC), 15.0, 3.0, 5.0, None), (), days)


@pytest.mark.parametrize(
    ("now", "zone", "first"),
    [
        ("2026-03-01T06:59+00:00", "America/Denver", "2026-02-28"),
        ("2026-03-01T07:00+00:00", "America/Denver", "2026-03-01"),
        ("2026-02-28T13:00+00:00", "Australia/Sydney", "2026-03-01"),
        ("2026-11-01T08:30+00:00", "America/Denver", "2026-11-01"),  # the night in which clocks go back
        ("2026-03-08T09:30+00:00", "America/Denver", "2026-03-08"),
    ],
)
def test_today_is_where_the_place_is(now: str, zone: str, first: str) -> None:
    """Days that are over are left out of a forecast that was made before midnight."""
    start = date.fromisoformat(first)
    days = days_ahead(forecast(start - timedelta(days=1), 16, zone), 3, datetime.fromisoformat(now))
    assert [day.date for day in days] == [start, start + timedelta(days=1), start + timedelta(days=2)]


def test_a_forecast_that_ends_before_has_fewer_days() -> None:
    """One of yesterday reaches fifteen days from today; one that is over reaches none."""
    made = forecast(date(2026, 11, 21), 16, "America/Denver")
    assert len(days_ahead(made, 16, datetime(2026, 11, 22, 19, tzinfo=UTC))) == 15
    with pytest.raises(PamError) as refused:
        days_ahead(made, 1, datetime(2026, 12, 7, 19, tzinfo=UTC))
    assert refused.value.error.code == "unknown_period"


@pytest.mark.parametrize(
    ("gusts_mph", "level"),
    [(0, None), (29.9, None), (30, "caution"), (45, "caution"), (46, "warning"), (57, "warning"), (58, "danger")],
)
def test_wind_is_judged_by_its_gusts(gusts_mph: float, level: str | None) -> None:
    """From 30 mph on with care, 46 mph is an advisory for everybody, 58 mph a high wind warning."""
    assert wind_level(gusts_mph * 0.44704) == level
