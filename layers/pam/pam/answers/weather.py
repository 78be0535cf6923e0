"""The weather at a place in a period, in the user's units."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import ZoneName
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.dependencies import TravelDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, resolve_place
from pam.answers.travel_answer import TravelAnswer, travel_provenance
from pam.answers.user_context import read_user_context
from pam.answers.weather_figures import (
    WIND_TEXTS,
    DayForecast,
    MinuteInstant,
    WeatherHour,
    WeatherMoment,
    WeatherUnits,
    WindLevel,
    day_forecast,
    format_degrees,
    in_unit,
    minute_instant,
    weather_hour,
    weather_moment,
    weather_units,
)
from pam.platform.deadline import Deadline
from pam.travel.outlook import Outlook, outlook
from pam.travel.queries import WeatherQuery
from pam.travel.units import Units
from pam.users.formatting import format_number
from pam.users.profile import Profile


@json_dataclass
class HourRange:
    """A span of time where the place is."""

    from_: Annotated[MinuteInstant, Field(alias="from")]
    to: MinuteInstant
    time_zone: ZoneName


@json_dataclass
class GustWarning:
    """What gusts mean for a high-sided rig."""

    level: WindLevel
    gusts: Annotated[float, Field(description="The strongest.")]
    at: MinuteInstant
    text: str


@json_dataclass
class Weather(TravelAnswer):
    """The weather at a place in a period."""

    place: NamedPoint
    period: Annotated[str, Field(examples=["tomorrow"])]
    window: HourRange
    units: WeatherUnits
    now: Annotated[WeatherMoment | None, Field(description="Only for a period that holds this moment.")]
    hours: tuple[WeatherHour, ...]
    days: Annotated[tuple[DayForecast, ...], Field(description="Whole days only.")]
    wind_warning: GustWarning | None


def weather(dependencies: TravelDependencies, user_id: UUID, query: WeatherQuery, deadline: Deadline) -> Weather:
    """Return the forecast for a place and a period.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    forecast = dependencies.sources.forecast(place.point, deadline)
    found = outlook(forecast.value, query.period, dependencies.clock())
    zone, units = found.zone, user.units
    return Weather(
        **travel_provenance(user.profile, dependencies.clock(), *place.facts, forecast),
        text=_sentence(found, place.locative, user.profile, units),
        place=place.named_point,
        period=found.period,
        window=HourRange(from_=minute_instant(found.start), to=minute_instant(found.end), time_zone=zone.key),
        units=weather_units(units),
        now=weather_moment(found.now, zone, units) if found.now else None,
        hours=tuple(weather_hour(hour, zone, units) for hour in found.hours),
        days=tuple(day_forecast(day, units) for day in found.days),
        wind_warning=_gust_warning(found, units),
    )


def weather_from_slots(request: AskRequest, slots: Slots) -> Weather:
    """Answer a question in words."""
    query = WeatherQuery(**request.at_location(slots))
    return weather(request.dependencies, request.user_id, query, request.source_deadline)


def _gust_warning(found: Outlook, units: Units) -> GustWarning | None:
    wind = found.wind
    if wind is None:
        return None
    return GustWarning(
        level=wind.level,
        gusts=in_unit(units.speed, wind.gusts_mps),
        at=minute_instant(wind.at),
        text=WIND_TEXTS[wind.level],
    )


def _sentence(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    """Render the period in words: the weather now, temperatures, rain, and wind that matters to a rig."""
    sentences = []
    if found.now:
        now = found.now
        temperature = format_degrees(now.temperature_c, profile, units)
        wind = f"{format_number(units.speed(now.wind_mps), profile)} {units.speed_unit}"
        condition = f", {now.condition}" if now.condition else ""
        sentences.append(f"It's {temperature}{condition} {locative} now, with wind of {wind}.")
    temperatures = [hour.temperature_c for hour in found.hours if hour.temperature_c is not None]
    if temperatures:
        low, high = (format_degrees(bound, profile, units) for bound in (min(temperatures), max(temperatures)))
        when = _PERIOD_TEXTS.get(found.period, f"on {found.period.capitalize()}")
        sentences.append(f"{'' if found.now else f'{locative[0].upper()}{locative[1:]}: '}{low} to {high} {when}.")
    chances = [hour.rain_probability for hour in found.hours if hour.rain_probability is not None]
    if chances:
        sentences.append(f"Chance of rain up to {format_number(100 * max(chances), profile)} %.")
    if found.wind:
        gusts = f"{format_number(units.speed(found.wind.gusts_mps), profile)} {units.speed_unit}"
        day = f" on {found.wind.at:%A}" if len(found.days) > 1 else ""
        sentences.append(f"{WIND_TEXTS[found.wind.level]}, up to {gusts} around {found.wind.at:%H:%M}{day}.")
    return " ".join(sentences)


_PERIOD_TEXTS = {
    "now": "in the next 24 hours",
    "today": "today",
    "tonight": "tonight",
    "tomorrow": "tomorrow",
    "this_weekend": "this weekend",
    "this_week": "in the next seven days",
}
