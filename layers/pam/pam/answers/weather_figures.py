"""Forecasts in the user's units, for answers about a period and about days."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, overload
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Date, one_of
from pam.answers.json_values import json_dataclass
from pam.travel.forecast import CurrentWeather, DailyForecast, HourlyForecast
from pam.travel.units import Units
from pam.users.formatting import format_number
from pam.users.profile import Profile

WIND_TEXTS = {
    "caution": "Gusty for a high-sided rig",
    "warning": "Strong gusts: driving a high-sided rig is hard",
    "danger": "Dangerous gusts: better not drive a high-sided rig",
}
"""What each level of `travel.outlook.wind_level` means."""

MinuteInstant = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}$",
        description="ISO 8601, to the minute.",
        examples=["2026-11-22T10:15-07:00"],
    ),
]
WindLevel = Annotated[str, one_of(*WIND_TEXTS)]
Gusts = Annotated[float | None, Field(ge=0, examples=[19.6])]
RainChance = Annotated[float | None, Field(ge=0, le=1, examples=[0.15])]
Fraction = Annotated[float | None, Field(ge=0, le=1, examples=[0.4])]
SnowDepth = Annotated[float | None, Field(ge=0, description="In cm.")]
UvIndex = Annotated[float | None, Field(ge=0, examples=[5.2])]
RainDepth = Annotated[float | None, Field(ge=0, description="In mm.")]
Condition = Annotated[str | None, Field(examples=["partly cloudy"])]


@json_dataclass
class WeatherUnits:
    """The units of the figures."""

    temperature: Annotated[str, one_of("°F", "°C")]
    speed: Annotated[str, one_of("mph", "km/h")]
    rain: Literal["mm"]
    snow: Literal["cm"]


@json_dataclass
class WeatherMoment:
    """The weather at a time. Null: not forecast."""

    time: MinuteInstant
    temperature: Annotated[float | None, Field(examples=[54.3])]
    wind: Annotated[float | None, Field(ge=0, examples=[8.1])]
    gusts: Gusts
    condition: Condition
    feels_like: Annotated[float | None, Field(examples=[51.2])]
    humidity: Fraction


@json_dataclass
class WeatherHour(WeatherMoment):
    """One hour's weather."""

    rain_chance: RainChance
    rain: RainDepth
    snow: SnowDepth
    cloud_cover: Fraction
    uv_index: UvIndex


@json_dataclass
class DayForecast:
    """One day's weather."""

    date: Date
    high: Annotated[float | None, Field(examples=[57.9])]
    low: Annotated[float | None, Field(examples=[31.1])]
    gusts: Gusts
    condition: Condition
    rain_chance: RainChance
    rain: RainDepth
    snow: SnowDepth
    uv_index: UvIndex
    sunshine_hours: Annotated[float | None, Field(ge=0, le=24)]
    sunrise: Annotated[MinuteInstant | None, Field(description="Equal to the sunset in the polar night.")]
    sunset: Annotated[MinuteInstant | None, Field(description="A day after the sunrise in the polar day.")]


def weather_units(units: Units) -> WeatherUnits:
    """Return the units of the figures as clients get them."""
    return WeatherUnits(temperature=units.temperature_unit, speed=units.speed_unit, rain="mm", snow="cm")


def weather_moment(now: CurrentWeather, zone: ZoneInfo, units: Units) -> WeatherMoment:
    """Return the current weather as clients get it."""
    return WeatherMoment(
        time=minute_instant(now.time.astimezone(zone)),
        temperature=in_unit(units.temperature, now.temperature_c),
        wind=in_unit(units.speed, now.wind_mps),
        gusts=in_unit(units.speed, now.gusts_mps),
        condition=now.condition,
        feels_like=in_unit(units.temperature, now.feels_like_c),
        humidity=now.humidity,
    )


def weather_hour(hour: HourlyForecast, zone: ZoneInfo, units: Units) -> WeatherHour:
    """Return an hour as clients get it."""
    return WeatherHour(
        time=minute_instant(hour.time.astimezone(zone)),
        temperature=in_unit(units.temperature, hour.temperature_c),
        wind=in_unit(units.speed, hour.wind_mps),
        gusts=in_unit(units.speed, hour.gusts_mps),
        condition=hour.condition,
        feels_like=in_unit(units.temperature, hour.feels_like_c),
        humidity=hour.humidity,
        rain_chance=hour.rain_probability,
        rain=hour.rain_mm,
        snow=hour.snow_cm,
        cloud_cover=hour.cloud_cover,
        uv_index=hour.uv_index,
    )


def day_forecast(day: DailyForecast, zone: ZoneInfo, units: Units) -> DayForecast:
    """Return a day as clients get it."""
    return DayForecast(
        date=day.date.isoformat(),
        high=in_unit(units.temperature, day.high_c),
        low=in_unit(units.temperature, day.low_c),
        gusts=in_unit(units.speed, day.gusts_mps),
        condition=day.condition,
        rain_chance=day.rain_probability,
        rain=day.rain_mm,
        snow=day.snow_cm,
        uv_index=day.uv_index,
        sunshine_hours=None if day.sunshine_s is None else round(day.sunshine_s / 3600, 1),
        sunrise=None if day.sunrise is None else minute_instant(day.sunrise.astimezone(zone)),
        sunset=None if day.sunset is None else minute_instant(day.sunset.astimezone(zone)),
    )


def minute_instant(moment: datetime) -> str:
    """Return an aware datetime as ISO 8601, to the minute."""
    return moment.isoformat(timespec="minutes")


@overload
def in_unit(convert: Callable[[float], float], value: float) -> float: ...
@overload
def in_unit(convert: Callable[[float], float], value: float | None) -> float | None: ...
def in_unit(convert: Callable[[float], float], value: float | None) -> float | None:
    """Convert a value to the user's unit, to a tenth; None where it isn't forecast."""
    return None if value is None else round(convert(value), 1)


def format_degrees(celsius: float, profile: Profile, units: Units) -> str:
    """Render a temperature, such as `61 °F`."""
    return f"{format_number(units.temperature(celsius), profile)} {units.temperature_unit}"
