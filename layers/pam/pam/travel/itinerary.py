"""A long route divided into days of driving."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pam.travel.drive_time import MAX_DRIVING_DAY_S
from pam.travel.geography import great_circle_m
from pam.travel.units import METRES_PER_MILE

MAX_DAY_DISTANCE_M = 300 * METRES_PER_MILE
"""The longest distance of a day in metres, as RVers advise. A day ends there or after `MAX_DRIVING_DAY_S` of driving,
whichever comes first."""

MAX_DRIVING_DAYS = 40
"""The most days of driving in one plan."""

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""


@dataclass(frozen=True)
class Leg:
    """A route between two named places: metres, seconds of driving, and its points."""

    origin: str
    destination: str
    distance_m: float
    duration_s: float
    path: tuple[Point, ...]


@dataclass(frozen=True)
class Stop:
    """The end of a day: at a place, or on the road `metres_after` a place."""

    point: Point
    place: str
    metres_after: float | None = None


@dataclass(frozen=True)
class DrivingDay:
    """A day of driving from stop to stop through `via`: metres by road, and seconds."""

    start: Stop
    end: Stop
    via: tuple[str, ...]
    distance_m: float
    duration_s: float


def split_into_days(legs: Sequence[Leg]) -> tuple[DrivingDay, ...]:
    """Return the legs as days, in order.

    Legs that fit into one day are driven on the same day. A leg that is too long for a day starts a new one and is
    divided into equal parts, at a constant speed. `legs` isn't empty, and each begins where the previous ends.
    """
    days: list[DrivingDay] = []
    for leg in legs:
        first, *others = _parts(leg)
        today = days[-1] if days else None
        if today is not None and not others and _fits(today, first):
            via = (*today.via, leg.origin)
            distance_m, duration_s = today.distance_m + first.distance_m, today.duration_s + first.duration_s
            days[-1] = DrivingDay(today.start, first.end, via, distance_m, duration_s)
        else:
            days += [first, *others]
    return tuple(days)


def point_along(path: Sequence[Point], fraction: float) -> Point:
    """Return the point at a fraction, 0 to 1, of a path's length."""
    lengths = [great_circle_m(*here, *there) for here, there in pairwise(path)]
    left = fraction * sum(lengths)
    for (here, there), length in zip(pairwise(path), lengths, strict=True):
        if left <= length and length > 0:
            part = left / length
            longitude = here[1] + part * _normalise_longitude(there[1] - here[1])
            return here[0] + part * (there[0] - here[0]), _normalise_longitude(longitude)
        left -= length
    return path[-1]


def _parts(leg: Leg) -> Iterator[DrivingDay]:
    count = max(1, math.ceil(leg.distance_m / MAX_DAY_DISTANCE_M), math.ceil(leg.duration_s / MAX_DRIVING_DAY_S))
    stops = [Stop(leg.path[0], leg.origin)]
    for number in range(1, count):
        fraction = number / count
        stops.append(Stop(point_along(leg.path, fraction), leg.origin, fraction * leg.distance_m))
    stops.append(Stop(leg.path[-1], leg.destination))
    for start, end in pairwise(stops):
        yield DrivingDay(start, end, (), leg.distance_m / count, leg.duration_s / count)


def _fits(day: DrivingDay, more: DrivingDay) -> bool:
    return (
        day.distance_m + more.distance_m <= MAX_DAY_DISTANCE_M and day.duration_s + more.duration_s <= MAX_DRIVING_DAY_S
    )


def _normalise_longitude(degrees: float) -> float:
    """Return the longitude from -180 up to, but without, 180."""
    return (degrees + 180) % 360 - 180
