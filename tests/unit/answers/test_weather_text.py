"""The sentence of a weather answer: it states what was asked, for the time that was asked, in the user's units."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from pam.answers.weather_text import weather_text
from pam.travel.forecast import CurrentWeather, DailyForecast, Forecast, HourlyForecast
from pam.travel.outlook import outlook
from pam.travel.queries import WeatherMeasure
from pam.travel.units import Units
from pam.users.profile import Profile

DENVER = ZoneInfo("America/Denver")
MIDNIGHT = datetime(2026, 11, 26, tzinfo=DENVER).astimezone(UTC)
THURSDAY_NOON = datetime(2026, 11, 26, 12, 20, tzinfo=DENVER)
PROFILE = Profile(uuid.UUID(int=1), DENVER, "USD", "en_US")

CALM = HourlyForecast(
    time=MIDNIGHT,
    temperature_c=5.0,
    rain_probability=0.1,
    rain_mm=0.0,
    wind_mps=3.0,
    gusts_mps=6.0,
    condition="overcast",
    feels_like_c=2.0,
    humidity=0.5,
    snow_cm=0.0,
    cloud_cover=0.9,
    uv_index=0.0,
    sunshine_s=0.0,
)
# Of Thursday: rain until 10:00, sun from 12:00 to 15:00, 12 °C at 14:00, gusts at 16:00, snow from 20:00 to 23:00.
SHOWER = {"condition": "rain", "rain_mm": 2.0, "rain_probability": 0.95}
SUN = {"sunshine_s": 1800.0, "uv_index": 5.6, "cloud_cover": 0.2, "humidity": 0.3}
SNOW = {"condition": "snow", "rain_mm": 1.0, "snow_cm": 0.7, "rain_probability": 0.74, "temperature_c": -3.0}
EVENTS = {
    8: SHOWER,
    9: SHOWER,
    12: SUN,
    13: SUN,
    14: {"temperature_c": 12.0, "sunshine_s": 3600.0, "uv_index": 6.6, "humidity": 0.25, "cloud_cover": 0.1},
    16: {"wind_mps": 8.0, "gusts_mps": 12.5},
    20: SNOW,
    21: SNOW,
    22: SNOW,
    30: {"condition": "fog"},
    39: {"condition": "thunderstorm with hail", "rain_mm": 5.0, "rain_probability": 0.6},
}


def forecast() -> Forecast:
    """Return sixteen days from Thursday on, with the events of the first two."""
    hours = tuple(
        replace(CALM, time=MIDNIGHT + timedelta(hours=number), **EVENTS.get(number, {})) for number in range(16 * 24)
    )
    days = tuple(
        DailyForecast(
            date(2026, 11, 26) + timedelta(days=n),
            *(12, -3, 0.9, 7, 8, 12.5, "snow"),
            sunrise=MIDNIGHT + timedelta(days=n, hours=7, minutes=9),
            sunset=MIDNIGHT + timedelta(days=n, hours=16, minutes=57),
        )
        for n in range(16)
    )
    return Forecast("America/Denver", CurrentWeather(THURSDAY_NOON, 8, 4, 7, "overcast", 6.0, 0.5), hours, days)


def text_of(measure: str | None, period: str, part: str | None = None, units: Units = Units.IMPERIAL) -> str:
    """Return the sentence about Moab, asked on Thursday at 12:20."""
    found = outlook(forecast(), period, THURSDAY_NOON, part, first_weekday=6)
    # The CLDR separates the ends of a range of dates by thin spaces.
    return weather_text(found, "in Moab, Utah", measure, PROFILE, units).replace("\u2009", " ")


@pytest.mark.parametrize(
    ("measure", "period", "part", "text"),
    [
        (
            "snow",
            "tonight",
            None,
            "Snow is forecast in Moab, Utah tonight, from around 20:00; about 0.8 in; chance of snow up to 74 %.",
        ),
        (
            "rain",
            "tonight",
            None,
            "No rain is forecast in Moab, Utah tonight, but snow is; chance of rain or snow up to 74 %.",
        ),
        # The morning's rain is over.
        (
            "rain",
            "today",
            None,
            "Overcast in Moab, Utah now. No rain is forecast in the rest of today, but snow is; "
            "chance of rain or snow up to 74 %.",
        ),
        (
            "rain",
            "today",
            "afternoon",
            "Overcast in Moab, Utah now. "
            "No rain is forecast this afternoon (12:00 – 18:00); chance of rain up to 10 %.",
        ),
        (
            "wind",
            "today",
            "afternoon",
            "The wind in Moab, Utah is 9 mph now, with gusts of 16 mph. "
            "Wind this afternoon (12:00 – 18:00): up to 18 mph around 16:00, gusts up to 28 mph.",
        ),
        ("wind", "tomorrow", None, "Wind in Moab, Utah tomorrow: up to 7 mph around 00:00, gusts up to 13 mph."),
        ("humidity", "tomorrow", None, "Humidity in Moab, Utah tomorrow: 50 %."),
        (
            "humidity",
            "now",
            None,
            "The humidity in Moab, Utah is 50 % now. Humidity in the next 24 hours: 25 % to 50 %.",
        ),
        (
            "uv",
            "today",
            None,
            "UV index in Moab, Utah in the rest of today: up to 7 (high) around 14:00. "
            "The WHO recommends sun protection at that level.",
        ),
        (
            "uv",
            "tomorrow",
            None,
            "UV index in Moab, Utah tomorrow: up to 0 (low) around 00:00. "
            "The WHO recommends no sun protection at that level.",
        ),
        (
            "sun",
            "today",
            "afternoon",
            "Overcast in Moab, Utah now. Sunshine this afternoon (12:00 – 18:00): about 2 h.",
        ),
        ("sun", "tomorrow", None, "Sunshine in Moab, Utah tomorrow: none."),
        ("high", "today", None, "High in Moab, Utah today: 54 °F, around 14:00."),
        ("low", "tonight", None, "Low in Moab, Utah tonight: 27 °F, around 20:00."),
        ("freezing", "tonight", None, "Low in Moab, Utah tonight: 27 °F, around 20:00, below freezing (32 °F)."),
        ("freezing", "tomorrow", None, "Low in Moab, Utah tomorrow: 41 °F, around 00:00, above freezing (32 °F)."),
        ("temperature", "tomorrow", "noon", "Temperature in Moab, Utah at noon tomorrow (12:00 – 13:00): 41 °F."),
        (
            "high",
            "next_week",
            None,
            "High in Moab, Utah next week (Nov 29 – Dec 5, 2026): 41 °F, around 00:00 on Sunday.",
        ),
        (
            "fog",
            "tomorrow",
            "morning",
            "Fog is forecast in Moab, Utah tomorrow morning (06:00 – 12:00), from around 06:00.",
        ),
        ("storm", "tomorrow", None, "A thunderstorm is forecast in Moab, Utah tomorrow, from around 15:00."),
        ("hail", "friday", None, "Hail is forecast in Moab, Utah on Friday, from around 15:00."),
        ("high", "thursday", None, "High in Moab, Utah today, Thursday: 54 °F, around 14:00."),
        ("storm", "saturday", None, "No thunderstorm is forecast in Moab, Utah on Saturday."),
        (
            "hail",
            "saturday",
            None,
            "No thunderstorm is forecast in Moab, Utah on Saturday. Hail by itself is forecast in Central Europe only.",
        ),
        ("cloud", "saturday", None, "Cloud cover in Moab, Utah on Saturday: 90 %."),
        ("feels_like", "saturday", None, "Feels-like temperature in Moab, Utah on Saturday: 36 °F."),
        ("sunset", "now", None, "Sunset in Moab, Utah: 16:57 on Nov 26, 2026."),
        ("sunrise", "now", None, "Sunrise in Moab, Utah: 07:09 on Nov 27, 2026."),
        ("sunrise", "saturday", None, "Sunrise in Moab, Utah: 07:09 on Nov 28, 2026."),
        (None, "tonight", None, "In Moab, Utah: 27 °F to 41 °F tonight. Chance of snow up to 74 %."),
        (None, "friday", "night", "In Moab, Utah: 41 °F tomorrow night (18:00 – 06:00). Chance of rain up to 10 %."),
    ],
)
def test_text_states_what_was_asked(measure: str | None, period: str, part: str | None, text: str) -> None:
    """Each measure has its figure; what is over, and what lies outside of the part of the day, doesn't count."""
    assert text_of(measure, period, part) == text


@pytest.mark.parametrize("measure", get_args(WeatherMeasure))
def test_measure_that_is_not_forecast_is_said_to_be_unknown(measure: str) -> None:
    """No figure is invented for a forecast without values."""
    empty = {name: None for name in vars(CALM) if name != "time"}
    whole = forecast()
    hours = tuple(replace(hour, **empty) for hour in whole.hours)
    days = tuple(replace(day, sunrise=None, sunset=None) for day in whole.days)
    found = outlook(replace(whole, hours=hours, days=days), "tomorrow", THURSDAY_NOON)
    text = weather_text(found, "in Moab, Utah", measure, PROFILE, Units.IMPERIAL)
    assert "isn't" in text
    assert not any(character.isdecimal() for character in text)


def test_depths_are_in_the_units_of_the_user() -> None:
    """Snow is in inches or centimetres, temperatures in °F or °C."""
    assert "about 2 cm" in text_of("snow", "tonight", units=Units.METRIC)
    assert "-3 °C" in text_of("low", "tonight", units=Units.METRIC)


def test_sun_that_does_not_set_has_no_time() -> None:
    """The source sends no time, or a whole day, between sunrise and sunset of the polar night and day."""
    whole = forecast()
    for hours, verb in ((0, "rise"), (24, "set")):
        days = tuple(replace(day, sunrise=MIDNIGHT, sunset=MIDNIGHT + timedelta(hours=hours)) for day in whole.days)
        found = outlook(replace(whole, days=days), "today", THURSDAY_NOON)
        text = weather_text(found, "in Utqiagvik", "sunset", PROFILE, Units.IMPERIAL)
        assert text == f"The sun doesn't {verb} in Utqiagvik on Nov 26, 2026."


def test_period_beyond_a_cached_forecast_says_so() -> None:
    """The text of sixteen days from a forecast of yesterday names the gap."""
    found = outlook(forecast(), "next_16_days", THURSDAY_NOON + timedelta(days=1))
    text = weather_text(found, "where you are", None, PROFILE, Units.IMPERIAL)
    assert text.startswith("Where you are: ")
    assert text.endswith("The forecast doesn't reach the end of that time.")
