"""A long route divided into days of driving."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pam.travel.day_limit import USUAL_LIMIT, DayLimit
from pam.travel.geography import great_circle_m

MAX_DRIVING_DAYS = 40
"""The most days of driving in one plan."""

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""


@dataclass(frozen=True)
class Leg:
    """A route between two named places: metres, seconds of driving, its points, and the nights to stay at its end."""

    origin: str
    destination: str
    distance_m: float
    duration_s: float
    path: tuple[Point, ...]
    nights: int = 0


@dataclass(frozen=True)
class Stop:
    """The end of a day: at a place, or on the road `metres_after` a place."""

    point: Point
    place: str
    metres_after: float | None = None


@dataclass(frozen=True)
class DrivingDay:
    """A day of driving from stop to stop through `via`: metres, seconds, and the nights asked for at its end."""

    start: Stop
    end: Stop
    via: tuple[str, ...]
    distance_m: float
    duration_s: float
    nights: int = 0


@dataclass(frozen=True)
class Visit:
    """When a place of a trip is reached: the index of the day of driving, and how many nights are spent there."""

    day: int
    nights: int


def split_into_days(legs: Sequence[Leg], limit: DayLimit = USUAL_LIMIT) -> tuple[DrivingDay, ...]:
    """Return the legs as days, in order, none longer than the limit.

    Legs that fit into one day are driven on the same day, unless there are nights to stay between them. A leg that is
    too long for a day starts a new one and is divided into equal parts, at a constant speed. `legs` isn't empty, and
    each begins where the previous ends.
    """
    days: list[DrivingDay] = []
    for leg in legs:
        first, *others = _parts(leg, limit)
        today = days[-1] if days else None
        if today is not None and not today.nights and not others and _fits(today, first, limit):
            via = (*today.via, leg.origin)
            distance_m, duration_s = today.distance_m + first.distance_m, today.duration_s + first.duration_s
            days[-1] = DrivingDay(today.start, first.end, via, distance_m, duration_s, first.nights)
        else:
            days += [first, *others]
    return tuple(days)


def night_counts(days: Sequence[DrivingDay]) -> tuple[int, ...]:
    """Return the nights after each day but the last: those asked for, at least one."""
    return tuple(max(1, day.nights) for day in days[:-1])


def day_offsets(days: Sequence[DrivingDay]) -> tuple[int, ...]:
    """Return for each day of driving how many days it is after the first."""
    return (0, *accumulate(night_counts(days)))


def visits(days: Sequence[DrivingDay]) -> tuple[Visit, ...]:
    """Return when each place after the first is reached, in order."""
    nights = (*night_counts(days), 0)
    found: list[Visit] = []
    for index, day in enumerate(days):
        found += [Visit(index, 0)] * len(day.via)
        if day.end.metres_after is None:
            found.append(Visit(index, nights[index]))
    return tuple(found)


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


def _parts(leg: Leg, limit: DayLimit) -> Iterator[DrivingDay]:
    count = max(1, math.ceil(leg.distance_m / limit.distance_m), math.ceil(leg.duration_s / limit.duration_s))
    stops = [Stop(leg.path[0], leg.origin)]
    for number in range(1, count):
        fraction = number / count
        stops.append(Stop(point_along(leg.path, fraction), leg.origin, fraction * leg.distance_m))
    stops.append(Stop(leg.path[-1], leg.destination))
    for start, end in pairwise(stops):
        nights = leg.nights if end is stops[-1] else 0
        yield DrivingDay(start, end, (), leg.distance_m / count, leg.duration_s / count, nights)


def _fits(day: DrivingDay, more: DrivingDay, limit: DayLimit) -> bool:
    return day.distance_m + more.distance_m <= limit.distance_m and day.duration_s + more.duration_s <= limit.duration_s


def _normalise_longitude(degrees: float) -> float:
    """Return the longitude from -180 up to, but without, 180."""
    return (degrees + 180) % 360 - 180
