"""Seasons by date and latitude, and when mountain roads may be closed for winter."""

from datetime import date
from enum import StrEnum

_TROPIC_DEGREES = 23.4
# From the first snow to the last ploughing: high passes of the western United States are closed as long.
_WINTER_ROAD_MONTHS = frozenset({10, 11, 12, 1, 2, 3, 4, 5})
_HALF_YEAR = 6


class Season(StrEnum):
    """A meteorological season: three whole months."""

    WINTER = "winter"
    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "fall"


def season_of(day: date, latitude: float) -> Season | None:
    """Return the season of a day at a latitude in degrees; None in the tropics, which have others."""
    if abs(latitude) < _TROPIC_DEGREES:
        return None
    return tuple(Season)[_northern_month(day, latitude) % 12 // 3]


def may_close_for_winter(day: date, latitude: float) -> bool:
    """Return whether mountain roads at a latitude may be closed for winter on a day."""
    return abs(latitude) >= _TROPIC_DEGREES and _northern_month(day, latitude) in _WINTER_ROAD_MONTHS


def _northern_month(day: date, latitude: float) -> int:
    """Return the month with the same season in the northern hemisphere, 1 to 12."""
    return day.month if latitude >= 0 else (day.month + _HALF_YEAR - 1) % 12 + 1
