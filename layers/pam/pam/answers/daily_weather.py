"""The weather at a place day by day, with the days on which the wind matters to a rig."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.resolved_place import resolve_place
from pam.answers.sourced import provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.answers.weather import WIND, day_json, degrees
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.travel.forecast import DailyForecast
from pam.travel.outlook import days_ahead, wind_level
from pam.travel.queries import DaysQuery
from pam.users.formatting import format_dates as dates
from pam.users.formatting import format_number

_DAY = timedelta(days=1)


def daily_weather(
    travel: TravelDependencies, user_id: UUID, question: DaysQuery, within_s: float = FAST_ANSWER_TIMEOUT_S
) -> dict[str, Any]:
    """`{place, time_zone, units, days: [{date, high, low, rain_chance, gusts, wind_warning, …}], text, …}`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    deadline = Deadline(within_s)
    user = read_user_context(travel, user_id, deadline)
    where = resolve_place(travel.sources, user, question.place, question, deadline)
    forecast = travel.sources.forecast(where.point, deadline)
    days = days_ahead(forecast.value, question.days, travel.clock())
    units = user.units
    return {
        "tier": 2,
        "place": where.as_json(),
        "time_zone": forecast.value.zone,
        "units": {"temperature": units.temperature_unit, "speed": units.speed_unit, "rain": "mm"},
        "days": [day_json(day, units) | {"wind_warning": _warning(day)} for day in days],
        "text": sentence(days, question.days, where.name, user),
    } | provenance(user.profile, travel.clock(), *where.facts, forecast)


def sentence(days: tuple[DailyForecast, ...], asked: int, name: str, user: UserContext) -> str:
    """The days in words: how warm, where rain is likeliest, and the strongest wind that matters to a rig."""
    profile, units = user.profile, user.units
    said = [f"In {name}, {dates(days[0].date, days[-1].date + _DAY, profile)}:"]
    lows = [day.low_c for day in days if day.low_c is not None]
    highs = [day.high_c for day in days if day.high_c is not None]
    if lows and highs:
        said.append(f"{degrees(min(lows), profile, units)} to {degrees(max(highs), profile, units)}.")
    else:
        said.append("no temperatures are forecast.")
    wettest = max(days, key=lambda day: day.rain_probability or 0)
    if wettest.rain_probability:
        said.append(
            f"Chance of rain up to {format_number(100 * wettest.rain_probability, profile)} %, {_on(wettest, user)}."
        )
    windiest = max(days, key=lambda day: day.gusts_mps or 0)
    level = _warning(windiest)
    if level:
        gusts = f"{format_number(units.speed(windiest.gusts_mps or 0), profile)} {units.speed_unit}"
        said.append(f"{WIND[level]}, up to {gusts} {_on(windiest, user)}.")
    if len(days) < asked:
        said.append("The forecast reaches no further.")
    return " ".join(said)


def _warning(day: DailyForecast) -> str | None:
    return None if day.gusts_mps is None else wind_level(day.gusts_mps)


def _on(day: DailyForecast, user: UserContext) -> str:
    return f"on {dates(day.date, day.date + _DAY, user.profile)}"
