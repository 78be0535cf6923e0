"""The weather at a place day by day, with the days on which the wind matters to a rig."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pam.answers.known import provenance
from pam.answers.travel_parts import TravelParts
from pam.answers.travellers import Asker, read_asker
from pam.answers.weather import WIND, day_json, degrees
from pam.answers.whereabouts import find
from pam.travel.questions import DaysQuestion
from pam.travel.weather import days_ahead, wind_level
from pam.traveller.wording import days as dates
from pam.traveller.wording import number
from pam.upstream.deadline import FAST_ANSWER_S, Deadline
from pam.upstream.open_meteo import Day

_DAY = timedelta(days=1)


def daily_weather(
    travel: TravelParts, user_id: UUID, question: DaysQuestion, within_s: float = FAST_ANSWER_S
) -> dict[str, Any]:
    """`{place, time_zone, units, days: [{date, high, low, rain_chance, gusts, wind_warning, …}], text, …}`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `unknown_period`,
    `source_unavailable`, `source_not_configured`.
    """
    deadline = Deadline(within_s)
    asker = read_asker(travel.parts, user_id)
    where = find(travel.sources, asker, question.place, question, deadline)
    forecast = travel.sources.forecast(where.point, deadline)
    days = days_ahead(forecast.value, question.days, travel.parts.clock())
    units = asker.units
    return {
        "tier": 2,
        "place": where.as_json(),
        "time_zone": forecast.value.zone,
        "units": {"temperature": units.temperature_unit, "speed": units.speed_unit, "rain": "mm"},
        "days": [day_json(day, units) | {"wind_warning": _warning(day)} for day in days],
        "text": sentence(days, question.days, where.name, asker),
    } | provenance(asker.profile, travel.parts.clock(), *where.facts, forecast)


def sentence(days: tuple[Day, ...], asked: int, name: str, asker: Asker) -> str:
    """The days in words: how warm, where rain is likeliest, and the strongest wind that matters to a rig."""
    profile, units = asker.profile, asker.units
    said = [f"In {name}, {dates(days[0].date, days[-1].date + _DAY, profile)}:"]
    lows = [day.low_c for day in days if day.low_c is not None]
    highs = [day.high_c for day in days if day.high_c is not None]
    if lows and highs:
        said.append(f"{degrees(min(lows), profile, units)} to {degrees(max(highs), profile, units)}.")
    else:
        said.append("no temperatures are forecast.")
    wettest = max(days, key=lambda day: day.rain_probability or 0)
    if wettest.rain_probability:
        said.append(f"Chance of rain up to {number(100 * wettest.rain_probability, profile)} %, {_on(wettest, asker)}.")
    windiest = max(days, key=lambda day: day.gusts_mps or 0)
    level = _warning(windiest)
    if level:
        gusts = f"{number(units.speed(windiest.gusts_mps or 0), profile)} {units.speed_unit}"
        said.append(f"{WIND[level]}, up to {gusts} {_on(windiest, asker)}.")
    if len(days) < asked:
        said.append("The forecast reaches no further.")
    return " ".join(said)


def _warning(day: Day) -> str | None:
    return None if day.gusts_mps is None else wind_level(day.gusts_mps)


def _on(day: Day, asker: Asker) -> str:
    return f"on {dates(day.date, day.date + _DAY, asker.profile)}"
