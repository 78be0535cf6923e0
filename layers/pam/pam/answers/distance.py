"""How far it is by road, and how long it takes to drive."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.known import Known, provenance
from pam.answers.travel_parts import TravelParts
from pam.answers.travellers import Asker, read_asker
from pam.answers.whereabouts import Whereabouts, find
from pam.platform.errors import NO_ROUTE, PamError
from pam.travel.questions import DistanceQuestion
from pam.travel.units import metres_per
from pam.traveller.wording import duration, number
from pam.upstream.deadline import Deadline
from pam.upstream.mapbox import Road


@dataclass(frozen=True)
class Way:
    """A way by road between two places, in the unit that it's told in."""

    asker: Asker
    origin: Whereabouts
    destination: Whereabouts
    road: Road
    fact: Known[Any]
    unit: str

    @property
    def length(self) -> str:
        """Such as `It's 354 mi by road from Denver, Colorado to Moab, Utah`."""
        far = number(self.road.distance_m / metres_per(self.unit), self.asker.profile)
        return f"It's {far} {self.unit} by road from {self.origin.name} to {self.destination.name}"

    def as_json(self, travel: TravelParts) -> dict[str, Any]:
        """`{tier, origin, destination, distance, unit, source, as_of, …}`."""
        return {
            "tier": 2,
            "origin": self.origin.as_json(),
            "destination": self.destination.as_json(),
            "distance": round(self.road.distance_m / metres_per(self.unit), 1),
            "unit": self.unit,
        } | provenance(self.asker.profile, travel.parts.clock(), *self.origin.facts, *self.destination.facts, self.fact)


def distance(travel: TravelParts, user_id: UUID, question: DistanceQuestion) -> dict[str, Any]:
    """`{origin, destination, distance, unit, duration_s, text, …}`; driving time without stops.

    Raises what `find_way` raises.
    """
    way = find_way(travel, user_id, question, Deadline())
    return way.as_json(travel) | {
        "duration_s": round(way.road.duration_s),
        "text": f"{way.length}: about {duration(way.road.duration_s)} of driving, without stops.",
    }


def find_way(travel: TravelParts, user_id: UUID, question: DistanceQuestion, deadline: Deadline) -> Way:
    """The way that is asked about.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `no_route`, `source_unavailable`,
    `source_not_configured`.
    """
    asker = read_asker(travel.parts, user_id)
    origin, destination = (
        find(travel.sources, asker, name, question, deadline) for name in (question.origin, question.destination)
    )
    fact = travel.sources.road(origin.point, destination.point, deadline)
    if fact.value is None:
        raise no_route(origin.name, destination.name)
    unit = question.unit or asker.units.distance_unit
    return Way(asker, origin, destination, fact.value, fact, unit)


def no_route(origin: str, destination: str) -> PamError:
    """The answer for an island."""
    return PamError(NO_ROUTE, f"There is no road from {origin} to {destination}.")
