"""How far it is by road, and how long it takes to drive."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.sourced import Sourced, provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import Deadline
from pam.platform.errors import NO_ROUTE, PamError
from pam.travel.queries import DistanceQuery
from pam.travel.roads import Road
from pam.travel.units import metres_per
from pam.users.formatting import format_duration, format_number


@dataclass(frozen=True)
class RouteFound:
    """A way by road between two places, in the unit that it's told in."""

    user: UserContext
    origin: ResolvedPlace
    destination: ResolvedPlace
    road: Road
    fact: Sourced[Any]
    unit: str

    @property
    def length(self) -> str:
        """Such as `It's 354 mi by road from Denver, Colorado to Moab, Utah`."""
        far = format_number(self.road.distance_m / metres_per(self.unit), self.user.profile)
        return f"It's {far} {self.unit} by road from {self.origin.name} to {self.destination.name}"

    def as_json(self, travel: TravelDependencies) -> dict[str, Any]:
        """`{tier, origin, destination, distance, unit, source, as_of, …}`."""
        return {
            "tier": 2,
            "origin": self.origin.as_json(),
            "destination": self.destination.as_json(),
            "distance": round(self.road.distance_m / metres_per(self.unit), 1),
            "unit": self.unit,
        } | provenance(self.user.profile, travel.clock(), *self.origin.facts, *self.destination.facts, self.fact)


def distance(travel: TravelDependencies, user_id: UUID, question: DistanceQuery) -> dict[str, Any]:
    """`{origin, destination, distance, unit, duration_s, text, …}`; driving time without stops.

    Raises what `find_way` raises.
    """
    way = find_way(travel, user_id, question, Deadline())
    return way.as_json(travel) | {
        "duration_s": round(way.road.duration_s),
        "text": f"{way.length}: about {format_duration(way.road.duration_s)} of driving, without stops.",
    }


def find_way(travel: TravelDependencies, user_id: UUID, question: DistanceQuery, deadline: Deadline) -> RouteFound:
    """The way that is asked about.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `no_route`, `source_unavailable`,
    `source_not_configured`.
    """
    user = read_user_context(travel, user_id, deadline)
    origin, destination = (
        resolve_place(travel.sources, user, name, question, deadline)
        for name in (question.origin, question.destination)
    )
    fact = travel.sources.road(origin.point, destination.point, deadline)
    if fact.value is None:
        raise no_route(origin.name, destination.name)
    unit = question.unit or user.units.distance_unit
    return RouteFound(user, origin, destination, fact.value, fact, unit)


def no_route(origin: str, destination: str) -> PamError:
    """The answer for an island."""
    return PamError(NO_ROUTE, f"There is no road from {origin} to {destination}.")
