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
    in_unit,
    minute_instant,
    weather_hour,
    weather_moment,
    weather_units,
)
from pam.answers.weather_text import weather_text
from pam.platform.deadline import Deadline
from pam.travel.outlook import Outlook, outlook
from pam.travel.queries import PartOfDay, WeatherMeasure, WeatherQuery
from pam.travel.units import Units
from pam.users.weeks import first_weekday


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
    part_of_day: PartOfDay | None
    measure: Annotated[WeatherMeasure | None, Field(description="What the text states; null for a summary.")]
    window: HourRange
    units: WeatherUnits
    now: Annotated[WeatherMoment | None, Field(description="Only for a period that holds this moment.")]
    hours: tuple[WeatherHour, ...]
    days: Annotated[tuple[DayForecast, ...], Field(description="Whole days only.")]
    wind_warning: GustWarning | None


def weather(dependencies: TravelDependencies, user_id: UUID, query: WeatherQuery, deadline: Deadline) -> Weather:
    """Return the forecast for a place and a period.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    forecast = dependencies.sources.forecast(place.point, deadline)
    week_start = first_weekday(user.profile.locale)
    found = outlook(forecast.value, query.period, dependencies.clock(), query.part_of_day, week_start)
    zone, units = found.zone, user.units
    return Weather(
        **travel_provenance(user.profile, dependencies.clock(), *place.facts, forecast),
        text=weather_text(found, place.locative, query.measure, user.profile, units),
        place=place.named_point,
        period=found.period,
        part_of_day=query.part_of_day,
        measure=query.measure,
        window=HourRange(from_=minute_instant(found.start), to=minute_instant(found.end), time_zone=zone.key),
        units=weather_units(units),
        now=weather_moment(found.now, zone, units) if found.now else None,
        hours=tuple(weather_hour(hour, zone, units) for hour in found.hours),
        days=tuple(day_forecast(day, zone, units) for day in found.days),
        wind_warning=_gust_warning(found, units),
    )


def weather_from_slots(request: AskRequest, slots: Slots) -> Weather:
    """Answer a question in words."""
    named = {"measure" if name == "weather_measure" else name: value for name, value in slots.items()}
    query = WeatherQuery(**request.at_location(named))
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
