"""The forecast of a period, and its wind warning."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pam.platform.errors import PamError
from pam.travel.forecast import CurrentWeather, DailyForecast, Forecast, HourlyForecast
from pam.travel.outlook import outlook

DENVER = ZoneInfo("America/Denver")
SUNDAY_NOON = datetime(2026, 11, 22, 12, 20, tzinfo=DENVER)


def forecast(gusts_mps: float = 5.0, gusty_hour: datetime | None = None, zone: str = "America/Denver") -> Forecast:
    """Return sixteen days from Sunday the 22nd, calm except for one hour."""
    midnight = datetime(2026, 11, 22, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    hours = tuple(
        HourlyForecast(
            time=(hour := midnight + timedelta(hours=number)),
            temperature_c=10.0 + number % 24,
            rain_probability=0.1,
            rain_mm=0.0,
            wind_mps=3.0,
            gusts_mps=gusts_mps if hour == (gusty_hour or midnight + timedelta(hours=30)) else 5.0,
            condition="clear sky",
        )
        for number in range(16 * 24)
    )
    days = tuple(
        DailyForecast(date(2026, 11, 22) + timedelta(days=n), 20, 10, 0.1, 0, 3, 5, "clear sky") for n in range(16)
    )
    return Forecast(zone, CurrentWeather(SUNDAY_NOON.astimezone(UTC), 15.0, 3.0, 5.0, "clear sky"), hours, days)


@pytest.mark.parametrize(
    ("period", "start", "end", "hours", "days"),
    [
        ("now", "2026-11-22T12:00", "2026-11-23T12:00", 24, 0),
        ("today", "2026-11-22T00:00", "2026-11-23T00:00", 24, 1),
        ("tonight", "2026-11-22T18:00", "2026-11-23T06:00", 12, 0),
        ("tomorrow", "2026-11-23T00:00", "2026-11-24T00:00", 24, 1),
        ("sunday", "2026-11-22T00:00", "2026-11-23T00:00", 24, 1),
        ("friday", "2026-11-27T00:00", "2026-11-28T00:00", 24, 1),
        ("this_weekend", "2026-11-22T00:00", "2026-11-23T00:00", 24, 1),
        ("this_week", "2026-11-22T00:00", "2026-11-29T00:00", 168, 7),
    ],
)
def test_period_is_in_the_place_s_zone(period: str, start: str, end: str, hours: int, days: int) -> None:
    """It has the hours and whole days between its local bounds."""
    found = outlook(forecast(), period, SUNDAY_NOON)
    assert (f"{found.start:%Y-%m-%dT%H:%M}", f"{found.end:%Y-%m-%dT%H:%M}") == (start, end)
    assert (len(found.hours), len(found.days)) == (hours, days)
    assert (found.now is not None) == (period in ("now", "today"))


def test_tonight_after_midnight_is_the_rest_of_the_night() -> None:
    """At two in the morning it ends at six."""
    found = outlook(forecast(), "tonight", datetime(2026, 11, 23, 2, 10, tzinfo=DENVER))
    assert (f"{found.start:%d %H}", f"{found.end:%d %H}") == ("23 02", "23 06")


def test_tomorrow_is_that_of_the_place() -> None:
    """In Sydney it is Monday morning when it is Sunday noon in Denver."""
    found = outlook(forecast(zone="Australia/Sydney"), "tomorrow", SUNDAY_NOON)
    assert found.start.date() == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("gusts", "level"), [(13.3, None), (13.4, "caution"), (20.5, "warning"), (25.9, "danger"), (40, "danger")]
)
def test_wind_warning_is_for_the_strongest_gust(gusts: float, level: str | None) -> None:
    """It has its time; gusts outside of the period don't count."""
    at = datetime(2026, 11, 23, 15, tzinfo=DENVER)
    wind = outlook(forecast(gusts, at.astimezone(UTC)), "tomorrow", SUNDAY_NOON).wind
    assert (wind.level if wind else None) == level
    assert wind is None or wind.at == at
    assert outlook(forecast(gusts, at.astimezone(UTC)), "today", SUNDAY_NOON).wind is None


@pytest.mark.parametrize("period", ["last_week", "march", "", "in_20_days"])
def test_unknown_period_is_refused(period: str) -> None:
    """The past and the far future have the same code."""
    with pytest.raises(PamError) as raised:
        outlook(forecast(), period, SUNDAY_NOON)
    assert raised.value.error.code == "unknown_period"


def test_period_after_the_forecast_is_refused() -> None:
    """A cached forecast doesn't cover days after its end."""
    with pytest.raises(PamError):
        outlook(forecast(), "tomorrow", SUNDAY_NOON + timedelta(days=20))
