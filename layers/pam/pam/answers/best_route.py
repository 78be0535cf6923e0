"""The best order of stops by the real durations or lengths of the roads between them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Seconds
from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import RoadAnswer
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import ResolvedPlace, resolve_places
from pam.answers.rig_check import rig_check, rig_check_text
from pam.answers.travel_answer import travel_provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import Deadline
from pam.platform.errors import NO_ROUTE, PamError
from pam.sources.http_exchange import MAX_CONNECTIONS
from pam.travel.queries import LocatedQuery
from pam.travel.roads import Road, RoadMatrix
from pam.travel.route_order import best_order, total_cost
from pam.users.formatting import format_duration, format_number

Measure = Literal["time", "distance"]
"""What the best order has the least of."""


@json_dataclass
class RouteLeg:
    """The road to the next place."""

    to: str
    distance: Annotated[float, Field(ge=0)]
    driving_s: Seconds


@json_dataclass
class BestRoute(RoadAnswer):
    """The best order of stops; `saved_…` is what it saves against the given order, null where that has no road."""

    by: Measure
    driving_s: Seconds
    stops: tuple[str, ...]
    legs: tuple[RouteLeg, ...]
    saved_distance: float | None
    saved_s: int | None


def best_route(
    dependencies: TravelDependencies,
    user_id: UUID,
    names: tuple[str, ...],
    query: LocatedQuery,
    by: Measure,
    deadline: Deadline,
) -> BestRoute:
    """Return the best order of the places between the first and the last: the exact optimum of the source's figures.

    Raises `PamError`: `no_route`, and what `resolve_places` and the source raise.
    """
    user = read_user_context(dependencies, user_id, deadline)
    with ThreadPoolExecutor(MAX_CONNECTIONS) as threads:
        places = resolve_places(dependencies.sources, user, names, query, deadline, threads)
    found = dependencies.sources.matrix([place.point for place in places], deadline)
    matrix = found.value
    order = best_order(matrix.durations_s if by == "time" else matrix.distances_m)
    if order is None:
        raise PamError(NO_ROUTE, _why_no_route(places, matrix))
    total, given = _total(matrix, order), _total(matrix, range(len(places)))
    assert total is not None, "the best order has roads all the way"
    saved = None if given is None else Road(given.distance_m - total.distance_m, given.duration_s - total.duration_s)
    units, ordered = user.units, [places[index] for index in order]
    facts = [fact for place in places for fact in place.facts]
    return BestRoute(
        **travel_provenance(user.profile, dependencies.clock(), *facts, found),
        text=_sentence(user, ordered, by, total, None if order == tuple(range(len(places))) else saved),
        origin=ordered[0].named_point,
        destination=ordered[-1].named_point,
        distance=round(units.distance(total.distance_m), 1),
        unit=units.distance_unit,
        rig_check=rig_check(user),
        by=by,
        driving_s=round(total.duration_s),
        stops=tuple(place.name for place in ordered[1:-1]),
        legs=tuple(_leg(user, places, matrix, here, there) for here, there in pairwise(order)),
        saved_distance=None if saved is None else round(units.distance(saved.distance_m), 1),
        saved_s=None if saved is None else round(saved.duration_s),
    )


def _total(matrix: RoadMatrix, order: Sequence[int]) -> Road | None:
    """Return the length and the time of an order; None where a road is missing."""
    distance_m, duration_s = total_cost(matrix.distances_m, order), total_cost(matrix.durations_s, order)
    return None if distance_m is None or duration_s is None else Road(distance_m, duration_s)


def _leg(user: UserContext, places: tuple[ResolvedPlace, ...], matrix: RoadMatrix, here: int, there: int) -> RouteLeg:
    return RouteLeg(
        to=places[there].name,
        distance=round(user.units.distance(matrix.distances_m[here][there] or 0.0), 1),
        driving_s=round(matrix.durations_s[here][there] or 0.0),
    )


def _why_no_route(places: tuple[ResolvedPlace, ...], matrix: RoadMatrix) -> str:
    """Name a place that can't be reached from the first, or say that no order has roads all the way."""
    for place, duration_s in zip(places[1:], matrix.durations_s[0][1:], strict=True):
        if duration_s is None:
            return f"There is no road from {places[0].name} to {place.name}."
    return f"There is no road from {places[0].name} to {places[-1].name} through all of these places."


def _sentence(user: UserContext, ordered: list[ResolvedPlace], by: Measure, total: Road, saved: Road | None) -> str:
    """Render the order; `saved` is what it saves against the given one, None where that is the same or has no road."""
    best = "quickest" if by == "time" else "shortest"
    stops = "; ".join(place.name for place in ordered[1:-1])
    text = (
        f"The {best} order of the stops from {ordered[0].name} to {ordered[-1].name}: {stops}. That is "
        f"{_distance(total.distance_m, user)} by road, about {format_duration(total.duration_s)} of driving by car"
    )
    if saved is not None:
        distance = f"{_distance(abs(saved.distance_m), user)} {_less(saved.distance_m)}"
        text += (
            f", {distance} and {format_duration(abs(saved.duration_s))} {_less(saved.duration_s)} than in your order"
        )
    return f"{text}. {rig_check_text(user)}"


def _less(saved: float) -> str:
    return "less" if saved >= 0 else "more"


def _distance(metres: float, user: UserContext) -> str:
    return f"{format_number(user.units.distance(metres), user.profile)} {user.units.distance_unit}"
