"""A weather forecast: now, by hour and by day.

°C, m/s at 10 m above ground, mm of rain (snow melted), cm of snow, seconds of sunshine; probabilities, humidity and
cloud cover from 0 to 1. The figures with a default are unknown in forecasts that were cached before they existed.
"""

from dataclasses import dataclass
from datetime import date, datetime

MAX_FORECAST_DAYS = 16
"""Days that a forecast covers, today included."""


@dataclass(frozen=True)
class CurrentWeather:
    """Current conditions. `time` is aware, in UTC."""

    time: datetime
    temperature_c: float
    wind_mps: float
    gusts_mps: float
    condition: str | None
    feels_like_c: float | None = None
    humidity: float | None = None


@dataclass(frozen=True)
class HourlyForecast:
    """One hour from `time` on (aware, in UTC). None: not forecast."""

    time: datetime
    temperature_c: float | None
    rain_probability: float | None
    rain_mm: float | None
    wind_mps: float | None
    gusts_mps: float | None
    condition: str | None
    feels_like_c: float | None = None
    humidity: float | None = None
    snow_cm: float | None = None
    cloud_cover: float | None = None
    uv_index: float | None = None
    sunshine_s: float | None = None


@dataclass(frozen=True)
class DailyForecast:
    """One calendar day in the place's time zone. None: not forecast.

    `sunrise` and `sunset` (aware, in UTC) are equal in the polar night, and 24 hours apart in the polar day.
    """

    date: date
    high_c: float | None
    low_c: float | None
    rain_probability: float | None
    rain_mm: float | None
    wind_mps: float | None
    gusts_mps: float | None
    condition: str | None
    snow_cm: float | None = None
    uv_index: float | None = None
    sunshine_s: float | None = None
    sunrise: datetime | None = None
    sunset: datetime | None = None


@dataclass(frozen=True)
class Forecast:
    """The forecast of a place; `zone` is its IANA time zone, in which its days are counted."""

    zone: str
    now: CurrentWeather
    hours: tuple[HourlyForecast, ...]
    days: tuple[DailyForecast, ...]
