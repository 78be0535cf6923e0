"""How far it is by road, and how long it takes to drive."""

from typing import Any
from uuid import UUID

from pam.answers.known import provenance
from pam.answers.travel_parts import TravelParts
from pam.answers.travellers import read_asker
from pam.answers.whereabouts import find
from pam.platform.errors import NO_ROAD, PamError
from pam.travel.questions import DistanceQuestion
from pam.travel.units import metres_per
from pam.traveller.wording import duration, number
from pam.upstream.deadline import Deadline


def distance(travel: TravelParts, user_id: UUID, question: DistanceQuestion) -> dict[str, Any]:
    """`{origin, destination, distance, unit, duration_s, text, …}`; driving time without stops.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `no_road`, `upstream_unavailable`,
    `source_not_set_up`.
    """
    deadline = Deadline()
    asker = read_asker(travel.parts, user_id)
    origin, destination = (
        find(travel.sources, asker, name, question, deadline) for name in (question.origin, question.destination)
    )
    road = travel.sources.road(origin.point, destination.point, deadline)
    if road.value is None:
        raise no_road(origin.name, destination.name)
    unit = question.unit or asker.units.distance_unit
    far = road.value.distance_m / metres_per(unit)
    return {
        "tier": 2,
        "origin": origin.as_json(),
        "destination": destination.as_json(),
        "distance": round(far, 1),
        "unit": unit,
        "duration_s": round(road.value.duration_s),
        "text": f"It's {number(far, asker.profile)} {unit} by road from {origin.name} to "
        f"{destination.name}: about {duration(road.value.duration_s)} of driving, without stops.",
    } | provenance(asker.profile, travel.parts.clock(), *origin.facts, *destination.facts, road)


def no_road(origin: str, destination: str) -> PamError:
    """The answer for an island."""
    return PamError(NO_ROAD, f"There is no road from {origin} to {destination}.")
