"""What the numbers in PAM's results measure, by the names of their fields.

A number whose field isn't here counts as one without a unit, which covers a figure of any kind.
"""

from collections.abc import Mapping
from typing import Any

from pam.safety.figures.figure import (
    BARE,
    CELSIUS,
    CENTIMETRES,
    COUNT,
    DAYS,
    FAHRENHEIT,
    GALLONS,
    HOURS,
    KILOMETRES,
    KMH,
    LITRES,
    LITRES_PER_100KM,
    MILES,
    MILLIMETRES,
    MPG,
    MPH,
    PERCENT,
    SECONDS,
    Measure,
)

_UNITS = {
    "mi": MILES,
    "km": KILOMETRES,
    "gal": GALLONS,
    "l": LITRES,
    "°F": FAHRENHEIT,
    "°C": CELSIUS,
    "mph": MPH,
    "km/h": KMH,
    "mm": MILLIMETRES,
    "cm": CENTIMETRES,
    "mpg": MPG,
    "l_per_100km": LITRES_PER_100KM,
}

_WEATHER_UNITS = {
    "high": "temperature",
    "low": "temperature",
    "temperature": "temperature",
    "feels_like": "temperature",
    "wind": "speed",
    "gusts": "speed",
    "rain": "rain",
    "snow": "snow",
}
"""The name of each figure's unit among the `units` of a forecast."""

_FRACTIONS = frozenset({"share", "rain_chance", "humidity", "cloud_cover"})
_COUNTS = {"days": DAYS, "nights": DAYS, "day": COUNT, "count": COUNT, "camping_expenses": COUNT, "uv_index": COUNT}

NOT_DATA = frozenset({"id", "created_at", "source", "latitude", "longitude", "currency", "rate_source", "tool_use_id"})
"""Fields that no answer quotes a figure from: ids, positions, and instants of recording."""

RATES = frozenset({"rate"})
"""Exchange rates, which are decimal strings as amounts are."""

CONVERTED = frozenset({"value"})
"""An amount in the currency of what is around its object: the `currency` beside it is the one that it was paid in."""

DAILY = {"daily_average": "day"}
"""Amounts for a period."""


def measure_of(name: str, siblings: Mapping[str, Any], units: Mapping[str, Any]) -> tuple[Measure, float]:
    """Return the unit of a number in a field, and what to multiply it by first.

    `siblings` are the fields beside it, `units` the nearest `units` of a forecast and, as "", the nearest `unit`.
    """
    if name in _FRACTIONS:
        return PERCENT, 100.0
    if name == "percent":
        return PERCENT, 1.0
    if name.endswith("_s"):
        return SECONDS, 1.0
    if name.endswith("_hours"):
        return HOURS, 1.0
    if name in _COUNTS:
        return _COUNTS[name], 1.0
    named = siblings.get(f"{name}_unit") or units.get(_WEATHER_UNITS.get(name, "")) or units.get("")
    return _UNITS.get(str(named), BARE), 1.0
