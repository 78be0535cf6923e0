"""Whether rain, snow, fog or a storm is forecast, in words."""

from collections.abc import Sequence

from pam.answers.weather_times import around, place_text, rest_text, values_of
from pam.travel.forecast import HourlyForecast
from pam.travel.outlook import Outlook
from pam.travel.units import Units
from pam.users.formatting import format_number
from pam.users.profile import Profile

# The words of a source's condition by which an hour has the event, and its name at the start of a sentence.
EVENTS = {
    "rain": (("rain", "drizzle", "showers", "thunderstorm"), "Rain"),
    "snow": (("snow",), "Snow"),
    "sleet": (("freezing rain", "freezing drizzle"), "Freezing rain"),
    "hail": (("hail",), "Hail"),
    "storm": (("thunderstorm",), "A thunderstorm"),
    "fog": (("fog",), "Fog"),
}


def has_event(hour: HourlyForecast, event: str) -> bool:
    """Return whether an hour has the event, by its condition, or by an amount of rain or snow."""
    condition = hour.condition or ""
    snow = bool(hour.snow_cm) or "snow" in condition
    if event == "snow":
        return snow
    if event == "rain" and (snow or hour.rain_mm):
        return not snow
    return any(word in condition for word in EVENTS[event][0])


def precipitation_kind(hours: Sequence[HourlyForecast]) -> str:
    """Return what a chance of precipitation is one of: `rain`, `snow`, or `rain or snow`."""
    rain, snow = (any(has_event(hour, event) for hour in hours) for event in ("rain", "snow"))
    if snow:
        return "rain or snow" if rain else "snow"
    return "rain"


def event_sentence(found: Outlook, locative: str, event: str, profile: Profile, units: Units) -> str:
    """Render whether the event is forecast in the rest of the period: its first hour, the chance and the amount."""
    now = ""
    if found.now and found.now.condition:
        condition = found.now.condition
        now = f"{condition[0].upper()}{condition[1:]}{place_text(locative)} now. "
    where_and_when = f"{'' if now else place_text(locative)} {rest_text(found, profile)}"
    _, title = EVENTS[event]
    known = [hour for hour in found.remaining if hour.condition is not None or hour.rain_mm is not None]
    if not known:
        return f"{now}It isn't forecast whether there is {event}{where_and_when}."
    hours = [hour for hour in known if has_event(hour, event)]
    figures = _figures(found, hours, event, profile, units)
    if hours:
        first = around(hours[0].time, found, profile)
        return f"{now}{title} is forecast{where_and_when}, from{first}{figures}."
    if event == "hail":
        storm = any(has_event(hour, "storm") for hour in known)
        return (
            f"{now}{'A thunderstorm is' if storm else 'No thunderstorm is'} forecast{where_and_when}. "
            "Hail by itself is forecast in Central Europe only."
        )
    other = "snow" if event == "rain" else "rain"
    instead = event in ("rain", "snow") and any(has_event(hour, other) for hour in known)
    but = f", but {other} is" if instead else ""
    return f"{now}No {_plain(title)} is forecast{where_and_when}{but}{figures}."


def _figures(found: Outlook, hours: list[HourlyForecast], event: str, profile: Profile, units: Units) -> str:
    """Render the amount and the chance; sources have a chance of precipitation only, not one of storms or fog."""
    if event not in ("rain", "snow"):
        return ""
    figures = ""
    if event == "rain":
        amount = sum(value for _, value in values_of(hours, lambda hour: hour.rain_mm))
        if amount:
            figures += f"; about {_depth(units.rain(amount), units.rain_unit, profile)}"
    else:
        amount = sum(value for _, value in values_of(hours, lambda hour: hour.snow_cm))
        if amount:
            figures += f"; about {_depth(units.snow(amount), units.snow_unit, profile)}"
    # The chance at the hours of the event; without any, the highest one of either kind.
    chances = [value for _, value in values_of(hours or found.remaining, lambda hour: hour.rain_probability)]
    if chances:
        kind = event if hours or (event == "rain" and precipitation_kind(found.remaining) == "rain") else "rain or snow"
        figures += f"; chance of {kind} {highest_chance(chances, profile)}"
    return figures


def highest_chance(chances: Sequence[float], profile: Profile) -> str:
    """Render the highest of several chances, given as shares: `up to 74 %`, or `0 %` where all are."""
    percent = round(100 * max(chances))
    return f"up to {format_number(percent, profile)} %" if percent else "0 %"


def _depth(amount: float, unit: str, profile: Profile) -> str:
    if unit == "in":
        return f"{format_number(amount, profile, 1)} in" if amount >= 0.05 else "less than 0.1 in"
    return f"{format_number(amount, profile)} {unit}" if amount >= 1 else f"less than 1 {unit}"


def _plain(title: str) -> str:
    return title.removeprefix("A ").lower()
