"""The forecast by day, and the levels of wind."""

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
def test_first_day_is_today_in_the_place_s_zone(now: str, zone: str, first: str) -> None:
    """Past days of a forecast that was made before midnight are omitted."""
    start = date.fromisoformat(first)
    days = days_ahead(forecast(start - timedelta(days=1), 16, zone), 3, datetime.fromisoformat(now))
    assert [day.date for day in days] == [start, start + timedelta(days=1), start + timedelta(days=2)]


def test_forecast_that_ends_early_has_fewer_days() -> None:
    """One of yesterday has fifteen days from today; one that has ended is an error."""
    made = forecast(date(2026, 11, 21), 16, "America/Denver")
    assert len(days_ahead(made, 16, datetime(2026, 11, 22, 19, tzinfo=UTC))) == 15
    with pytest.raises(PamError) as raised:
        days_ahead(made, 1, datetime(2026, 12, 7, 19, tzinfo=UTC))
    assert raised.value.error.code == "unknown_period"


@pytest.mark.parametrize(
    ("gusts_mph", "level"),
    [(0, None), (29.9, None), (30, "caution"), (45, "caution"), (46, "warning"), (57, "warning"), (58, "danger")],
)
def test_wind_level_follows_the_gusts(gusts_mph: float, level: str | None) -> None:
    """Caution from 30 mph, an advisory for all vehicles from 46 mph, a high wind warning from 58 mph."""
    assert wind_level(gusts_mph * 0.44704) == level
