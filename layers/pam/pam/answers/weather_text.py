"""The weather in words: a summary of a period, or the figure that the question asked for."""

from pam.answers.weather_events import EVENTS, event_sentence, highest_chance, precipitation_kind
from pam.answers.weather_figures import WIND_TEXTS, format_degrees
from pam.answers.weather_quantities import QUANTITIES
from pam.answers.weather_sun_times import sun_time_sentence
from pam.answers.weather_times import around, place_text, place_title, time_text, values_of
from pam.travel.outlook import Outlook
from pam.travel.units import Units
from pam.users.formatting import format_number
from pam.users.profile import Profile


def weather_text(found: Outlook, locative: str, measure: str | None, profile: Profile, units: Units) -> str:
    """Render the weather at a place: what `measure` asks for, or a summary, and wind that matters to a rig."""
    if measure in ("sunrise", "sunset"):
        return sun_time_sentence(found, locative, measure, profile)
    if measure is None:
        sentences = _summary(found, locative, profile, units)
    elif measure in EVENTS:
        sentences = [event_sentence(found, locative, measure, profile, units)]
    else:
        sentences = [QUANTITIES[measure](found, locative, profile, units)]
    if found.wind:
        gusts = f"{format_number(units.speed(found.wind.gusts_mps), profile)} {units.speed_unit}"
        sentences.append(f"{WIND_TEXTS[found.wind.level]}, up to {gusts}{around(found.wind.at, found, profile)}.")
    if not found.is_complete:
        sentences.append("The forecast doesn't reach the end of that time.")
    return " ".join(sentences)


def _summary(found: Outlook, locative: str, profile: Profile, units: Units) -> list[str]:
    sentences = []
    if found.now:
        now = found.now
        temperature = format_degrees(now.temperature_c, profile, units)
        wind = f"{format_number(units.speed(now.wind_mps), profile)} {units.speed_unit}"
        condition = f", {now.condition}" if now.condition else ""
        sentences.append(f"It's {temperature}{condition}{place_text(locative)} now, with wind of {wind}.")
    temperatures = [value for _, value in values_of(found.hours, lambda hour: hour.temperature_c)]
    if temperatures:
        low, high = (format_degrees(bound, profile, units) for bound in (min(temperatures), max(temperatures)))
        where = "" if found.now else f"{place_title(locative)}: "
        bounds = low if low == high else f"{low} to {high}"
        sentences.append(f"{where}{bounds} {time_text(found, profile)}.")
    chances = [value for _, value in values_of(found.remaining, lambda hour: hour.rain_probability)]
    if chances:
        kind = precipitation_kind(found.remaining)
        sentences.append(f"Chance of {kind} {highest_chance(chances, profile)}.")
    return sentences
