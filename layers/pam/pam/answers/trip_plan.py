"""A trip by road: its days, where they end, and the fuel. All facts are from sources, fetched concurrently."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from pam.answers.distance import existing_road
from pam.answers.fuel_estimate import average_unit_price, rig_consumption, rig_fuel
from pam.answers.resolved_place import ResolvedPlace, resolve_places
from pam.answers.sourced import Sourced
from pam.answers.travel_sources import Point, TravelSources
from pam.answers.user_context import UserContext
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.sources.http_exchange import MAX_CONNECTIONS
from pam.travel.day_limit import USUAL_LIMIT, DayLimit
from pam.travel.fuel import FuelEstimate
from pam.travel.itinerary import MAX_DRIVING_DAYS, DrivingDay, Leg, Stop, night_counts, split_into_days
from pam.travel.queries import LocatedQuery
from pam.travel.roads import PointOfInterest, Road, RoadWithPath

CAMP_RADIUS_M = 40_000.0
"""How far from a day's end places to camp are searched, in metres as the crow flies."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Night:
    """Where a day ends, and the nearest place to camp: None where the source knows none, or wasn't `searched`.

    `count` is the number of nights there.
    """

    stop: Stop
    camp: PointOfInterest | None
    searched: bool
    count: int = 1


@dataclass(frozen=True)
class TripPlan:
    """A trip's places in order, its days, the nights between, its fuel, and the facts that it rests on.

    `detours` are how much longer each stop makes the way, compared with the road from the place before to the one
    after it; None where that isn't known.
    """

    user: UserContext
    places: tuple[ResolvedPlace, ...]
    days: tuple[DrivingDay, ...]
    nights: tuple[Night, ...]
    fuel: FuelEstimate
    facts: tuple[Sourced[Any], ...]
    limit: DayLimit = USUAL_LIMIT
    detours: tuple[Road | None, ...] = ()

    @property
    def distance_m(self) -> float:
        """Metres by road in all."""
        return sum(day.distance_m for day in self.days)

    @property
    def night_count(self) -> int:
        """The nights in all."""
        return sum(night.count for night in self.nights)

    @property
    def duration_s(self) -> float:
        """Seconds of driving in all."""
        return sum(day.duration_s for day in self.days)


def plan_by_road(
    sources: TravelSources,
    user: UserContext,
    names: tuple[str, ...],
    location: Point | None,
    deadline: Deadline,
    *,
    limit: DayLimit = USUAL_LIMIT,
    stays: tuple[int, ...] = (),
) -> TripPlan:
    """Plan the way through the named places, two or more, in their order. `location` is that of the device.

    `stays` are the nights asked for at the stops, in their order; the others have as many as the days need. A missing
    price, detour or place to camp is part of the plan; without a place or a road there is none. Raises `PamError`:
    `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`, `no_route`, `source_unavailable`,
    `source_not_configured`, and `invalid_request` for a trip without a distance, or of more than `MAX_DRIVING_DAYS`.
    """
    latitude, longitude = location or (None, None)
    query = LocatedQuery(latitude=latitude, longitude=longitude)
    with ThreadPoolExecutor(MAX_CONNECTIONS) as threads:

        def map_concurrently(function: Callable[[T, Deadline], U], items: Iterable[T]) -> list[U]:
            """Call the function for all items at once; the first error in their order is raised."""
            return list(threads.map(lambda item: function(item, deadline.at_most(FAST_ANSWER_TIMEOUT_S)), items))

        places = resolve_places(sources, user, names, query, deadline, threads)
        start = places[0].fact.value if places[0].fact else None
        pending_price = threads.submit(
            average_unit_price, sources, user, start, rig_fuel(user), deadline.at_most(FAST_ANSWER_TIMEOUT_S)
        )
        roads = map_concurrently(lambda ends, left: _road(sources, *ends, left), pairwise(places))
        asked = (*stays, *[0] * len(roads))
        legs = [
            Leg(origin.name, end.name, road.value.distance_m, road.value.duration_s, road.value.path, nights)
            for (origin, end), road, nights in zip(pairwise(places), roads, asked, strict=False)
        ]
        days = split_into_days(legs, limit)
        _check_length(days)
        pending_detours = [
            threads.submit(_detour, sources, ends, via, deadline.at_most(FAST_ANSWER_TIMEOUT_S))
            for ends, via in zip(zip(places, places[2:], strict=False), pairwise(legs), strict=True)
        ]
        nights = map_concurrently(
            lambda night, left: _night(sources, *night, left), zip(days, night_counts(days), strict=False)
        )
        price = pending_price.result()
        detours = [pending.result() for pending in pending_detours]

    fuel = FuelEstimate(sum(leg.distance_m for leg in legs), rig_consumption(user), price.value if price else None)
    facts: list[Sourced[Any]] = [*(fact for place in places for fact in place.facts), *roads]
    facts += [fact for _, fact in (*nights, *detours) if fact]
    if price is not None and fuel.consumption is not None:
        facts.append(price)
    return TripPlan(
        user=user,
        places=places,
        days=days,
        nights=tuple(night for night, _ in nights),
        fuel=fuel,
        facts=tuple(facts),
        limit=limit,
        detours=tuple(detour for detour, _ in detours),
    )


def _check_length(days: tuple[DrivingDay, ...]) -> None:
    """Raise `PamError` (`invalid_request`) for a trip without a distance, or of too many days."""
    if not any(day.distance_m for day in days):
        raise PamError(INVALID_REQUEST, "That trip ends where it begins, with nowhere in between.", field="destination")
    if len(days) > MAX_DRIVING_DAYS:
        raise PamError(
            INVALID_REQUEST,
            f"That is {len(days)} days of driving, and PAM plans {MAX_DRIVING_DAYS} at most. Plan it in parts.",
            field="destination",
        )


def _road(
    sources: TravelSources, origin: ResolvedPlace, destination: ResolvedPlace, deadline: Deadline
) -> Sourced[RoadWithPath]:
    return existing_road(sources.route(origin.point, destination.point, deadline), origin, destination)


def _night(
    sources: TravelSources, day: DrivingDay, count: int, deadline: Deadline
) -> tuple[Night, Sourced[Any] | None]:
    """Return the nights after a day, and the fact that they rest on, if places to camp could be searched."""
    try:
        parks = sources.parks(day.end.point, CAMP_RADIUS_M, deadline)
    except SourceUnavailable:
        return Night(day.end, None, searched=False, count=count), None
    return Night(day.end, parks.value[0] if parks.value else None, searched=True, count=count), parks


def _detour(
    sources: TravelSources, ends: tuple[ResolvedPlace, ResolvedPlace], via: tuple[Leg, Leg], deadline: Deadline
) -> tuple[Road | None, Sourced[Any] | None]:
    """Return how much longer a stop makes the way between its neighbours, and the fact that this rests on."""
    try:
        direct = sources.road(ends[0].point, ends[1].point, deadline)
    except SourceUnavailable:
        return None, None
    if direct.value is None:
        return None, direct
    distance_m = sum(leg.distance_m for leg in via) - direct.value.distance_m
    duration_s = sum(leg.duration_s for leg in via) - direct.value.duration_s
    # A stop on the way may be a few metres nearer by the rounding of positions.
    return Road(max(0.0, distance_m), max(0.0, duration_s)), direct
