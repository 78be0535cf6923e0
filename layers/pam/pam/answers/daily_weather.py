"""The weather at a place day by day, with the days on which the wind matters to a rig."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.answers.answer import ZoneName
from pam.answers.dependencies import TravelDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, resolve_place
from pam.answers.travel_answer import TravelAnswer, travel_provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.answers.weather_figures import (
    WIND_TEXTS,
    DayForecast,
    WeatherUnits,
    WindLevel,
    day_forecast,
    format_degrees,
    weather_units,
)
from pam.answers.weather_times import place_title
from pam.platform.deadline import Deadline
from pam.travel.forecast import DailyForecast
from pam.travel.outlook import days_ahead, wind_level
from pam.travel.queries import DaysQuery
from pam.users.formatting import format_dates, format_number

_DAY = timedelta(days=1)


@json_dataclass
class DayWithWind(DayForecast):
    """One day's weather, and the level of its wind where that matters to a rig."""

    wind_warning: WindLevel | None


@json_dataclass
class DailyWeather(TravelAnswer):
    """The weather at a place day by day."""

    place: NamedPoint
    time_zone: ZoneName
    units: WeatherUnits
    days: tuple[DayWithWind, ...]


def daily_weather(
    dependencies: TravelDependencies, user_id: UUID, query: DaysQuery, deadline: Deadline
) -> DailyWeather:
    """Return the forecast for a number of days, fewer where it ends before.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    forecast = dependencies.sources.forecast(place.point, deadline)
    days = days_ahead(forecast.value, query.days, dependencies.clock())
    zone = ZoneInfo(forecast.value.zone)
    return DailyWeather(
        **travel_provenance(user.profile, dependencies.clock(), *place.facts, forecast),
        text=_sentence(days, query.days, place.locative, user),
        place=place.named_point,
        time_zone=forecast.value.zone,
        units=weather_units(user.units),
        days=tuple(
            DayWithWind(**vars(day_forecast(day, zone, user.units)), wind_warning=_wind_level(day)) for day in days
        ),
    )


def _sentence(days: tuple[DailyForecast, ...], requested: int, locative: str, user: UserContext) -> str:
    """Render the days in words: temperatures, the likeliest rain, and the strongest wind that matters to a rig."""
    profile, units = user.profile, user.units
    sentences = [f"{place_title(locative)}, {format_dates(days[0].date, days[-1].date + _DAY, profile)}:"]
    lows = [day.low_c for day in days if day.low_c is not None]
    highs = [day.high_c for day in days if day.high_c is not None]
    if lows and highs:
        sentences.append(
            f"{format_degrees(min(lows), profile, units)} to {format_degrees(max(highs), profile, units)}."
        )
    else:
        sentences.append("no temperatures are forecast.")
    wettest = max(days, key=lambda day: day.rain_probability or 0)
    if wettest.rain_probability:
        chance = format_number(100 * wettest.rain_probability, profile)
        kind = "rain or snow" if wettest.snow_cm or "snow" in (wettest.condition or "") else "rain"
        sentences.append(f"Chance of {kind} up to {chance} %, {_on(wettest, user)}.")
    windiest = max(days, key=lambda day: day.gusts_mps or 0)
    level = _wind_level(windiest)
    if level:
        gusts = f"{format_number(units.speed(windiest.gusts_mps or 0), profile)} {units.speed_unit}"
        sentences.append(f"{WIND_TEXTS[level]}, up to {gusts} {_on(windiest, user)}.")
    if len(days) < requested:
        sentences.append("The forecast reaches no further.")
    return " ".join(sentences)


def _wind_level(day: DailyForecast) -> str | None:
    return None if day.gusts_mps is None else wind_level(day.gusts_mps)


def _on(day: DailyForecast, user: UserContext) -> str:
    return f"on {format_dates(day.date, day.date + _DAY, user.profile)}"
