"""A long way cut into days, each no longer than a rig and its driver like."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pam.travel.drive_time import MAX_DRIVING_DAY_S
from pam.travel.geography import great_circle_m
from pam.travel.units import METRES_PER_MILE

MAX_DAY_DISTANCE_M = 300 * METRES_PER_MILE
"""The farthest that a day's drive goes, in metres: what RVers advise each other. A day ends there or after
`LONGEST_DAY_S` of driving, whichever comes first."""

MAX_DRIVING_DAYS = 40
"""Days of driving in one plan: enough to go round a continent."""

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""


@dataclass(frozen=True)
class Leg:
    """A way by road between two places by their names: metres, seconds of driving, and the points it runs along."""

    origin: str
    destination: str
    distance_m: float
    duration_s: float
    path: tuple[Point, ...]


@dataclass(frozen=True)
class Stop:
    """Where a day ends: at a place, or on the road, so many metres after a place."""

    point: Point
    place: str
    metres_after: float | None = None


@dataclass(frozen=True)
class DrivingDay:
    """One day's drive, from halt to halt, through `via`: metres along the road, and seconds of driving."""

    start: Stop
    end: Stop
    via: tuple[str, ...]
    distance_m: float
    duration_s: float


def split_into_days(legs: Sequence[Leg]) -> tuple[DrivingDay, ...]:
    """The legs as days, in order.

    Legs that fit into one day together are driven on one. A leg that is too long for a day is begun in the morning
    and cut into equal parts, so that no day of it is much shorter than the others. Along a leg the speed is taken as
    even. `legs` has one or more, each beginning where the one before ends.
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


def point_along(path: Sequence[Point], share: float) -> Point:
    """The point at a share, 0 to 1, of a path's length."""
    lengths = [great_circle_m(*here, *there) for here, there in pairwise(path)]
    left = share * sum(lengths)
    for (here, there), length in zip(pairwise(path), lengths, strict=True):
        if left <= length and length > 0:
            part = left / length
            longitude = here[1] + part * _within_half_a_turn(there[1] - here[1])
            return here[0] + part * (there[0] - here[0]), _within_half_a_turn(longitude)
        left -= length
    return path[-1]


def _parts(leg: Leg) -> Iterator[DrivingDay]:
    count = max(1, math.ceil(leg.distance_m / MAX_DAY_DISTANCE_M), math.ceil(leg.duration_s / MAX_DRIVING_DAY_S))
    halts = [Stop(leg.path[0], leg.origin)]
    for number in range(1, count):
        share = number / count
        halts.append(Stop(point_along(leg.path, share), leg.origin, share * leg.distance_m))
    halts.append(Stop(leg.path[-1], leg.destination))
    for start, end in pairwise(halts):
        yield DrivingDay(start, end, (), leg.distance_m / count, leg.duration_s / count)


def _fits(day: DrivingDay, more: DrivingDay) -> bool:
    return (
        day.distance_m + more.distance_m <= MAX_DAY_DISTANCE_M and day.duration_s + more.duration_s <= MAX_DRIVING_DAY_S
    )


def _within_half_a_turn(degrees: float) -> float:
    """The same direction, from -180 up to but without 180."""
    return (degrees + 180) % 360 - 180
