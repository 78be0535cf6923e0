"""The weather at a place: what the forecast says of the period, in the traveller's units."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.sourced import provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.travel.forecast import CurrentWeather, DailyForecast, HourlyForecast
from pam.travel.outlook import Outlook, outlook
from pam.travel.queries import WeatherQuery
from pam.travel.units import Units
from pam.users.formatting import format_number
from pam.users.profile import Profile

WIND = {
    "caution": "Gusty for a high-sided rig",
    "warning": "Strong gusts: driving a high-sided rig is hard",
    "danger": "Dangerous gusts: better not drive a high-sided rig",
}
"""What each level of `travel.weather.wind_level` means, in words."""


def weather(
    travel: TravelDependencies, user_id: UUID, question: WeatherQuery, within_s: float = FAST_ANSWER_TIMEOUT_S
) -> dict[str, Any]:
    """`{place, period, window, units, now, hours, days, wind_warning, text, …}`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    deadline = Deadline(within_s)
    user = read_user_context(travel, user_id, deadline)
    where = resolve_place(travel.sources, user, question.place, question, deadline)
    forecast = travel.sources.forecast(where.point, deadline)
    asked = outlook(forecast.value, question.period, travel.clock())
    return _told(asked, where, user) | provenance(user.profile, travel.clock(), *where.facts, forecast)


def _told(asked: Outlook, where: ResolvedPlace, user: UserContext) -> dict[str, Any]:
    units = user.units
    wind = asked.wind
    return {
        "tier": 2,
        "place": where.as_json(),
        "period": asked.period,
        "window": {
            "from": asked.start.isoformat(timespec="minutes"),
            "to": asked.end.isoformat(timespec="minutes"),
            "time_zone": asked.zone.key,
        },
        "units": {"temperature": units.temperature_unit, "speed": units.speed_unit, "rain": "mm"},
        "now": _moment(asked.now, asked, units) if asked.now else None,
        "hours": [_moment(hour, asked, units) | _rain(hour) for hour in asked.hours],
        "days": [day_json(day, units) for day in asked.days],
        "wind_warning": wind
        and {
            "level": wind.level,
            "gusts": _in(units.speed, wind.gusts_mps),
            "at": wind.at.isoformat(timespec="minutes"),
            "text": WIND[wind.level],
        },
        "text": sentence(asked, where.name, user.profile, units),
    }


def sentence(asked: Outlook, name: str, profile: Profile, units: Units) -> str:
    """The period in words: what it's like now, how warm it gets, rain, and wind that matters to a rig."""
    said = []
    if asked.now:
        now = asked.now
        warm = degrees(now.temperature_c, profile, units)
        wind = f"{format_number(units.speed(now.wind_mps), profile)} {units.speed_unit}"
        condition = f", {now.condition}" if now.condition else ""
        said.append(f"It's {warm}{condition} in {name} now, with wind of {wind}.")
    temperatures = [hour.temperature_c for hour in asked.hours if hour.temperature_c is not None]
    if temperatures:
        low, high = degrees(min(temperatures), profile, units), degrees(max(temperatures), profile, units)
        when = _WHEN.get(asked.period, f"on {asked.period.capitalize()}")
        said.append(f"{'' if asked.now else f'In {name}: '}{low} to {high} {when}.")
    chances = [hour.rain_probability for hour in asked.hours if hour.rain_probability is not None]
    if chances:
        said.append(f"Chance of rain up to {format_number(100 * max(chances), profile)} %.")
    if asked.wind:
        gusts = f"{format_number(units.speed(asked.wind.gusts_mps), profile)} {units.speed_unit}"
        day = f" on {asked.wind.at:%A}" if len(asked.days) > 1 else ""
        said.append(f"{WIND[asked.wind.level]}, up to {gusts} around {asked.wind.at:%H:%M}{day}.")
    return " ".join(said)


_WHEN = {
    "now": "in the next 24 hours",
    "today": "today",
    "tonight": "tonight",
    "tomorrow": "tomorrow",
    "this_weekend": "this weekend",
    "this_week": "in the next seven days",
}


def _moment(moment: CurrentWeather | HourlyForecast, asked: Outlook, units: Units) -> dict[str, Any]:
    return {
        "time": moment.time.astimezone(asked.zone).isoformat(timespec="minutes"),
        "temperature": _in(units.temperature, moment.temperature_c),
        "wind": _in(units.speed, moment.wind_mps),
        "gusts": _in(units.speed, moment.gusts_mps),
        "condition": moment.condition,
    }


def _rain(part: HourlyForecast | DailyForecast) -> dict[str, Any]:
    return {"rain_chance": part.rain_probability, "rain": part.rain_mm}


def day_json(day: DailyForecast, units: Units) -> dict[str, Any]:
    """A day as clients see it, in the traveller's units."""
    return {
        "date": day.date.isoformat(),
        "high": _in(units.temperature, day.high_c),
        "low": _in(units.temperature, day.low_c),
        "gusts": _in(units.speed, day.gusts_mps),
        "condition": day.condition,
    } | _rain(day)


def _in(unit: Callable[[float], float], value: float | None) -> float | None:
    """The value in the traveller's unit, to a tenth; None where it isn't forecast."""
    return None if value is None else round(unit(value), 1)


def degrees(celsius: float, profile: Profile, units: Units) -> str:
    """Such as `61 °F`."""
    return f"{format_number(units.temperature(celsius), profile)} {units.temperature_unit}"
