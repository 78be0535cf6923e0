"""Temperatures, wind, humidity, UV, sunshine and clouds of a forecast, in words."""

from collections.abc import Callable, Sequence
from statistics import fmean

from pam.answers.weather_figures import format_degrees
from pam.answers.weather_times import around, place_text, rest_text, time_text, values_of
from pam.travel.forecast import HourlyForecast
from pam.travel.outlook import Outlook
from pam.travel.units import Units
from pam.users.formatting import format_duration, format_number
from pam.users.profile import Profile


def _not_forecast(subject: str, found: Outlook, locative: str, profile: Profile) -> str:
    return f"{subject}{place_text(locative)} isn't forecast {time_text(found, profile)}."


def _temperature(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    now = ""
    if found.now:
        now = f"It's {format_degrees(found.now.temperature_c, profile, units)}{place_text(locative)} now. "
    temperatures = values_of(found.hours, lambda hour: hour.temperature_c)
    if not temperatures:
        return now.strip() or _not_forecast("The temperature", found, locative, profile)
    bounds = _bounds(temperatures, lambda value: format_degrees(value, profile, units))
    return f"{now}Temperature{'' if now else place_text(locative)} {time_text(found, profile)}: {bounds}."


def _high(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    return _extreme("high", max, found, locative, profile, units)


def _low(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    return _extreme("low", min, found, locative, profile, units)


def _extreme(
    word: str,
    choose: Callable[..., tuple[HourlyForecast, float]],
    found: Outlook,
    locative: str,
    profile: Profile,
    units: Units,
) -> str:
    temperatures = values_of(found.hours, lambda hour: hour.temperature_c)
    if not temperatures:
        return _not_forecast(f"The {word}", found, locative, profile)
    hour, value = choose(temperatures, key=lambda pair: pair[1])
    degrees = format_degrees(value, profile, units)
    at = around(hour.time, found, profile)
    return f"{word.capitalize()}{place_text(locative)} {time_text(found, profile)}: {degrees},{at}."


def _freezing(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    temperatures = values_of(found.remaining, lambda hour: hour.temperature_c)
    if not temperatures:
        return _not_forecast("The temperature", found, locative, profile)
    hour, value = min(temperatures, key=lambda pair: pair[1])
    low, freezing = (format_degrees(celsius, profile, units) for celsius in (value, 0.0))
    compared = f"about freezing ({freezing})"
    if low != freezing:
        compared = f"{'below' if value < 0 else 'above'} freezing ({freezing})"
    now = (
        f"It's {format_degrees(found.now.temperature_c, profile, units)}{place_text(locative)} now. "
        if found.now
        else ""
    )
    where_and_when = f"{'' if now else place_text(locative)} {rest_text(found, profile)}"
    return f"{now}Low{where_and_when}: {low},{around(hour.time, found, profile)}, {compared}."


def _feels_like(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    now = ""
    if found.now and found.now.feels_like_c is not None:
        now = f"It feels like {format_degrees(found.now.feels_like_c, profile, units)}{place_text(locative)} now. "
    felt = values_of(found.hours, lambda hour: hour.feels_like_c)
    if not felt:
        return now.strip() or _not_forecast("How it feels", found, locative, profile)
    bounds = _bounds(felt, lambda value: format_degrees(value, profile, units))
    where = "" if now else place_text(locative)
    return f"{now}Feels-like temperature{where} {time_text(found, profile)}: {bounds}."


def _wind(found: Outlook, locative: str, profile: Profile, units: Units) -> str:
    def speed(value: float) -> str:
        return f"{format_number(units.speed(value), profile)} {units.speed_unit}"

    now = ""
    if found.now:
        gust = speed(found.now.gusts_mps)
        now = f"The wind{place_text(locative)} is {speed(found.now.wind_mps)} now, with gusts of {gust}. "
    winds = values_of(found.remaining, lambda hour: hour.wind_mps)
    gusts = values_of(found.remaining, lambda hour: hour.gusts_mps)
    if not winds:
        return now.strip() or _not_forecast("The wind", found, locative, profile)
    hour, strongest = max(winds, key=lambda pair: pair[1])
    with_gusts = f", gusts up to {speed(max(value for _, value in gusts))}" if gusts else ""
    where_and_when = f"{'' if now else place_text(locative)} {rest_text(found, profile)}"
    return f"{now}Wind{where_and_when}: up to {speed(strongest)}{around(hour.time, found, profile)}{with_gusts}."


def _humidity(found: Outlook, locative: str, profile: Profile, _: Units) -> str:
    now = ""
    if found.now and found.now.humidity is not None:
        now = f"The humidity{place_text(locative)} is {_percent(found.now.humidity, profile)} now. "
    values = values_of(found.remaining, lambda hour: hour.humidity)
    if not values:
        return now.strip() or _not_forecast("The humidity", found, locative, profile)
    bounds = _bounds(values, lambda value: _percent(value, profile))
    return f"{now}Humidity{'' if now else place_text(locative)} {rest_text(found, profile)}: {bounds}."


# The categories of the World Health Organization's Global Solar UV Index, by their lowest rounded values.
_UV_CATEGORIES = ((11, "extreme"), (8, "very high"), (6, "high"), (3, "moderate"), (0, "low"))
_UV_PROTECTION = 3
"""The rounded index from which the same guide recommends protection."""


def _uv(found: Outlook, locative: str, profile: Profile, _: Units) -> str:
    values = values_of(found.remaining, lambda hour: hour.uv_index)
    if not values:
        return _not_forecast("The UV index", found, locative, profile)
    hour, highest = max(values, key=lambda pair: pair[1])
    index = int(highest + 0.5)
    category = next(text for lowest, text in _UV_CATEGORIES if index >= lowest)
    advice = "recommends" if index >= _UV_PROTECTION else "recommends no"
    highest_text = f"up to {index} ({category}){around(hour.time, found, profile)}"
    return (
        f"UV index{place_text(locative)} {rest_text(found, profile)}: {highest_text}. "
        f"The WHO {advice} sun protection at that level."
    )


def _sun(found: Outlook, locative: str, profile: Profile, _: Units) -> str:
    values = values_of(found.remaining, lambda hour: hour.sunshine_s)
    now = _condition_now(found, locative)
    if not values:
        return now.strip() or _not_forecast("The sunshine", found, locative, profile)
    seconds = sum(value for _, value in values)
    duration = f"about {format_duration(seconds)}" if seconds >= 60 else "none"
    return f"{now}Sunshine{'' if now else place_text(locative)} {rest_text(found, profile)}: {duration}."


def _cloud(found: Outlook, locative: str, profile: Profile, _: Units) -> str:
    values = values_of(found.remaining, lambda hour: hour.cloud_cover)
    now = _condition_now(found, locative)
    if not values:
        return now.strip() or _not_forecast("The cloud cover", found, locative, profile)
    bounds = _bounds(values, lambda value: _percent(value, profile))
    mean = _percent(fmean(value for _, value in values), profile)
    on_average = "" if bounds == mean else f", {mean} on average"
    return f"{now}Cloud cover{'' if now else place_text(locative)} {rest_text(found, profile)}: {bounds}{on_average}."


def _condition_now(found: Outlook, locative: str) -> str:
    if found.now is None or not found.now.condition:
        return ""
    return f"{found.now.condition[0].upper()}{found.now.condition[1:]}{place_text(locative)} now. "


def _bounds(values: Sequence[tuple[HourlyForecast, float]], render: Callable[[float], str]) -> str:
    """Render the lowest and the highest value, or the one where they look the same."""
    low, high = (render(bound(value for _, value in values)) for bound in (min, max))
    return low if low == high else f"{low} to {high}"


def _percent(fraction: float, profile: Profile) -> str:
    return f"{format_number(100 * fraction, profile)} %"


QUANTITIES: dict[str, Callable[[Outlook, str, Profile, Units], str]] = {
    "temperature": _temperature,
    "high": _high,
    "low": _low,
    "freezing": _freezing,
    "feels_like": _feels_like,
    "wind": _wind,
    "humidity": _humidity,
    "uv": _uv,
    "sun": _sun,
    "cloud": _cloud,
}
"""The sentences by what the question asks for."""
