"""How far it is by road, and how long it takes to drive."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.dependencies import TravelDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, ResolvedPlace, resolve_ends
from pam.answers.rig_check import RigCheck, rig_check, rig_check_text
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import TravelAnswer, TravelProvenance, UnitOfDistance, travel_provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import Deadline
from pam.platform.errors import NO_ROUTE, PamError
from pam.travel.queries import DistanceQuery
from pam.travel.roads import Road
from pam.travel.units import metres_per
from pam.users.formatting import format_duration, format_number

R = TypeVar("R", bound=Road)


@json_dataclass
class RoadAnswer(TravelAnswer):
    """An answer about the road between two places."""

    origin: NamedPoint
    destination: NamedPoint
    distance: Annotated[float, Field(ge=0, description="By road, in `unit`.", examples=[355.2])]
    unit: UnitOfDistance
    rig_check: RigCheck


@json_dataclass
class Distance(RoadAnswer):
    """How far it is by road."""

    duration_s: Annotated[int, Field(ge=0, description="Driving time without stops, in seconds.", examples=[20640])]


class RoadFields(TravelProvenance):
    """The fields of a `RoadAnswer`, without its text."""

    origin: NamedPoint
    destination: NamedPoint
    distance: float
    unit: str
    rig_check: RigCheck


@dataclass(frozen=True)
class ResolvedRoad:
    """The road between two resolved places, and the unit of its length in the answer."""

    user: UserContext
    origin: ResolvedPlace
    destination: ResolvedPlace
    road: Sourced[Road]
    unit: str

    @property
    def length_text(self) -> str:
        """Such as `It's 354 mi by road from Denver, Colorado to Moab, Utah`."""
        length = format_number(self.road.value.distance_m / metres_per(self.unit), self.user.profile)
        return f"It's {length} {self.unit} by road from {self.origin.name} to {self.destination.name}"

    def fields(self, now: datetime) -> RoadFields:
        """Return the fields of an answer about this road."""
        profile, places = self.user.profile, (*self.origin.facts, *self.destination.facts)
        return {
            **travel_provenance(profile, now, *places, self.road),
            "origin": self.origin.named_point,
            "destination": self.destination.named_point,
            "distance": round(self.road.value.distance_m / metres_per(self.unit), 1),
            "unit": self.unit,
            "rig_check": rig_check(self.user),
        }


def distance(dependencies: TravelDependencies, user_id: UUID, query: DistanceQuery, deadline: Deadline) -> Distance:
    """Return the distance and the driving time without stops. Raises what `resolve_road` raises."""
    resolved = resolve_road(dependencies, user_id, query, deadline)
    duration_s = resolved.road.value.duration_s
    return Distance(
        **resolved.fields(dependencies.clock()),
        text=f"{resolved.length_text}: about {format_duration(duration_s)} of driving by car, without stops. "
        f"{rig_check_text(resolved.user)}",
        duration_s=round(duration_s),
    )


def distance_from_slots(request: AskRequest, slots: Slots) -> Distance:
    """Answer a question in words. Distance and time are in every answer, whichever was asked for as `measure`."""
    fields = {_FIELDS.get(name, name): value for name, value in slots.items() if name != "measure"}
    query = DistanceQuery(**request.at_location(fields))
    return distance(request.dependencies, request.user_id, query, request.source_deadline)


# The fields of a query whose slots have another name.
_FIELDS = {"answer_unit": "unit"}


def resolve_road(
    dependencies: TravelDependencies, user_id: UUID, query: DistanceQuery, deadline: Deadline
) -> ResolvedRoad:
    """Return the road that a query is about.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`, `no_route`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    origin, destination = resolve_ends(dependencies.sources, user, (query.origin, query.destination), query, deadline)
    road = existing_road(dependencies.sources.road(origin.point, destination.point, deadline), origin, destination)
    return ResolvedRoad(user, origin, destination, road, query.unit or user.units.distance_unit)


def existing_road(road: Sourced[R | None], origin: ResolvedPlace, destination: ResolvedPlace) -> Sourced[R]:
    """Return a road that exists. Raises `PamError` (`no_route`) where there is none, such as to an island."""

    def existing(road: R | None) -> R:
        if road is None:
            raise PamError(NO_ROUTE, f"There is no road from {origin.name} to {destination.name}.")
        return road

    return road.map(existing)
