"""A trip by road: its days, where they end, and the fuel. All facts are from sources, fetched concurrently."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from pam.answers.distance import existing_road
from pam.answers.fuel_estimate import average_unit_price, rig_consumption, rig_fuel
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.sourced import Sourced
from pam.answers.travel_sources import Point, TravelSources
from pam.answers.user_context import UserContext
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.sources.http_exchange import MAX_CONNECTIONS
from pam.travel.fuel import FuelEstimate
from pam.travel.itinerary import MAX_DRIVING_DAYS, DrivingDay, Leg, Stop, split_into_days
from pam.travel.queries import LocatedQuery
from pam.travel.roads import PointOfInterest, RoadWithPath

CAMP_RADIUS_M = 40_000.0
"""How far from a day's end places to camp are searched, in metres as the crow flies."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Night:
    """Where a day ends, and the nearest place to camp: None where the source knows none, or wasn't `searched`."""

    stop: Stop
    camp: PointOfInterest | None
    searched: bool


@dataclass(frozen=True)
class TripPlan:
    """A trip's places in order, its days, the nights between, its fuel, and the facts that it rests on."""

    user: UserContext
    places: tuple[ResolvedPlace, ...]
    days: tuple[DrivingDay, ...]
    nights: tuple[Night, ...]
    fuel: FuelEstimate
    facts: tuple[Sourced[Any], ...]

    @property
    def distance_m(self) -> float:
        """Metres by road in all."""
        return sum(day.distance_m for day in self.days)

    @property
    def duration_s(self) -> float:
        """Seconds of driving in all."""
        return sum(day.duration_s for day in self.days)


def plan_by_road(
    sources: TravelSources, user: UserContext, names: tuple[str, ...], location: Point | None, deadline: Deadline
) -> TripPlan:
    """Plan the way through the named places, two or more, in their order. `location` is that of the device.

    A missing price or missing places to camp are part of the plan; without a place or a road there is none. Raises
    `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`, `no_route`,
    `source_unavailable`, `source_not_configured`, and `invalid_request` for a trip without a distance, or of more than
    `MAX_DRIVING_DAYS`.
    """
    latitude, longitude = location or (None, None)
    query = LocatedQuery(latitude=latitude, longitude=longitude)
    with ThreadPoolExecutor(MAX_CONNECTIONS) as threads:

        def map_concurrently(function: Callable[[T, Deadline], U], items: Iterable[T]) -> list[U]:
            """Call the function for all items at once; the first error in their order is raised."""
            return list(threads.map(lambda item: function(item, deadline.at_most(FAST_ANSWER_TIMEOUT_S)), items))

        distinct = list(dict.fromkeys(names))
        found = map_concurrently(lambda name, left: resolve_place(sources, user, name, query, left), distinct)
        by_name = dict(zip(distinct, found, strict=True))
        places = tuple(by_name[name] for name in names)
        start = places[0].fact.value if places[0].fact else None
        pending_price = threads.submit(
            average_unit_price, sources, user, start, rig_fuel(user), deadline.at_most(FAST_ANSWER_TIMEOUT_S)
        )
        roads = map_concurrently(lambda ends, left: _road(sources, *ends, left), pairwise(places))
        legs = [_leg(*ends, road.value) for ends, road in zip(pairwise(places), roads, strict=True)]
        days = split_into_days(legs)
        _check_length(days)
        nights = map_concurrently(lambda day, left: _night(sources, day.end, left), days[:-1])
        price = pending_price.result()

    fuel = FuelEstimate(sum(leg.distance_m for leg in legs), rig_consumption(user), price.value if price else None)
    facts = [fact for place in places for fact in place.facts] + roads + [fact for _, fact in nights if fact]
    if price is not None and fuel.consumption is not None:
        facts.append(price)
    return TripPlan(user, places, days, tuple(night for night, _ in nights), fuel, tuple(facts))


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


def _leg(origin: ResolvedPlace, destination: ResolvedPlace, road: RoadWithPath) -> Leg:
    return Leg(origin.name, destination.name, road.distance_m, road.duration_s, road.path)


def _night(sources: TravelSources, stop: Stop, deadline: Deadline) -> tuple[Night, Sourced[Any] | None]:
    """Return a night, and the fact that it rests on, if places to camp could be searched."""
    try:
        parks = sources.parks(stop.point, CAMP_RADIUS_M, deadline)
    except SourceUnavailable:
        return Night(stop, None, searched=False), None
    return Night(stop, parks.value[0] if parks.value else None, searched=True), parks
