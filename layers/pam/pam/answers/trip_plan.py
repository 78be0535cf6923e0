"""A trip by road: its days, where they end, and what fuel it takes. Everything from a source, much of it at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from pam.answers.distance import no_route
from pam.answers.fuel_estimate import average_where, fuel_of
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.sourced import Sourced, replace_sourced
from pam.answers.travel_sources import Point, TravelSources
from pam.answers.user_context import UserContext
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.sources.http_client import MAX_CONNECTIONS
from pam.travel.fuel import Consumption, FuelEstimate, FuelUnitPrice
from pam.travel.itinerary import MAX_DRIVING_DAYS, DrivingDay, Leg, Stop, split_into_days
from pam.travel.queries import LocatedQuery
from pam.travel.roads import PointOfInterest, RoadWithPath

CAMP_WITHIN_M = 40_000.0
"""How far from a day's end a place to camp is looked for, in metres as the crow flies."""

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Night:
    """Where a day ends, and the nearest place to camp; `camp` None: the source knows none, `asked` False: no answer."""

    halt: Stop
    camp: PointOfInterest | None
    asked: bool


@dataclass(frozen=True)
class TripPlan:
    """A trip's places in order, its days, the nights between, its fuel, and what all that rests on."""

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
    sources: TravelSources, user: UserContext, names: tuple[str, ...], here: Point | None, deadline: Deadline
) -> TripPlan:
    """The way through the named places, two or more, in their order.

    Without a price, or places to camp, the plan says so; without a place or a road there is none. Raises `PamError`:
    `location_needed`, `unknown_place`, `ambiguous_place`, `no_route`, `source_unavailable`,
    `source_not_configured`, and
    `invalid_request` where there is nothing to drive, or more than `MOST_DAYS` days of it.
    """
    latitude, longitude = here or (None, None)
    question = LocatedQuery(latitude=latitude, longitude=longitude)
    with ThreadPoolExecutor(MAX_CONNECTIONS) as threads:

        def each(ask: Callable[[T, Deadline], U], of: Iterable[T]) -> list[U]:
            """Asks for each at once; the first fault in order is raised."""
            return list(threads.map(lambda one: ask(one, deadline.at_most(FAST_ANSWER_TIMEOUT_S)), of))

        distinct = list(dict.fromkeys(names))
        found = each(lambda name, left: resolve_place(sources, user, name, question, left), distinct)
        where = dict(zip(distinct, found, strict=True))
        places = tuple(where[name] for name in names)
        price = threads.submit(_price, sources, user, places[0], deadline.at_most(FAST_ANSWER_TIMEOUT_S))
        roads = each(lambda ends, left: _road(sources, *ends, left), pairwise(places))
        legs = [_leg(*ends, road.value) for ends, road in zip(pairwise(places), roads, strict=True)]
        days = split_into_days(legs)
        _refuse_the_endless(days)
        nights = each(lambda day, left: _night(sources, day.end, left), days[:-1])
        known_price = price.result()

    fuel = FuelEstimate(
        sum(leg.distance_m for leg in legs), _consumption(user), known_price.value if known_price else None
    )
    facts = [fact for place in places for fact in place.facts] + roads + [fact for _, fact in nights if fact]
    if known_price is not None and fuel.consumption is not None:
        facts.append(known_price)
    return TripPlan(user, places, days, tuple(night for night, _ in nights), fuel, tuple(facts))


def _refuse_the_endless(days: tuple[DrivingDay, ...]) -> None:
    """Raises `PamError` (`invalid_request`) for a trip that goes nowhere, or on and on."""
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
    road = sources.route(origin.point, destination.point, deadline)
    if road.value is None:
        raise no_route(origin.name, destination.name)
    return replace_sourced(road, road.value)


def _leg(origin: ResolvedPlace, destination: ResolvedPlace, road: RoadWithPath) -> Leg:
    return Leg(origin.name, destination.name, road.distance_m, road.duration_s, road.path)


def _night(sources: TravelSources, halt: Stop, deadline: Deadline) -> tuple[Night, Sourced[Any] | None]:
    try:
        parks = sources.parks(halt.point, CAMP_WITHIN_M, deadline)
    except SourceUnavailable:
        return Night(halt, None, asked=False), None
    return Night(halt, parks.value[0] if parks.value else None, asked=True), parks


def _price(
    sources: TravelSources, user: UserContext, start: ResolvedPlace, deadline: Deadline
) -> Sourced[FuelUnitPrice] | None:
    return average_where(sources, user, start.fact.value if start.fact else None, fuel_of(user), deadline)


def _consumption(user: UserContext) -> Consumption | None:
    if user.rig is None or user.rig.litres_per_100km is None:
        return None
    return Consumption(user.rig.litres_per_100km, user.rig.name)
