"""A weather forecast: now, by hour and by day. °C, m/s at 10 m above ground, mm, probabilities from 0 to 1."""

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


@dataclass(frozen=True)
class DailyForecast:
    """One calendar day in the place's time zone. None: not forecast."""

    date: date
    high_c: float | None
    low_c: float | None
    rain_probability: float | None
    rain_mm: float | None
    wind_mps: float | None
    gusts_mps: float | None
    condition: str | None


@dataclass(frozen=True)
class Forecast:
    """The forecast of a place; `zone` is its IANA time zone, in which its days are counted."""

    zone: str
    now: CurrentWeather
    hours: tuple[HourlyForecast, ...]
    days: tuple[DailyForecast, ...]
