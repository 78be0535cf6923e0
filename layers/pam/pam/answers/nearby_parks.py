"""Places to camp near a place, nearest first; none where the source knows none."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.resolved_place import resolve_place
from pam.answers.sourced import provenance
from pam.answers.user_context import read_user_context
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.travel.queries import ParksQuery
from pam.travel.units import METRES_PER_MILE, metres_per
from pam.users.formatting import format_number, pluralize

_FARTHEST_M = 500 * METRES_PER_MILE
_USUAL_RADIUS = {"mi": 25.0, "km": 40.0}
_NAMED = 3


def nearby_parks(
    travel: TravelDependencies, user_id: UUID, question: ParksQuery, within_s: float = FAST_ANSWER_TIMEOUT_S
) -> dict[str, Any]:
    """`{place, radius, unit, parks: [{name, address, distance, …}], text, …}`: at most 25, as the crow flies.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `source_unavailable`,
    `source_not_configured`.
    """
    deadline = Deadline(within_s)
    user = read_user_context(travel, user_id, deadline)
    units, profile = user.units, user.profile
    where = resolve_place(travel.sources, user, question.place, question, deadline)
    unit = question.unit or units.distance_unit
    radius = question.radius or _USUAL_RADIUS[unit]
    radius_m = min(radius * metres_per(unit), _FARTHEST_M)
    found = travel.sources.parks(where.point, radius_m, deadline)
    within = f"within {format_number(radius, profile, 0 if radius == round(radius) else 1)} {unit} of {where.name}"
    parks = [
        {
            "name": park.name,
            "address": park.address,
            "latitude": park.latitude,
            "longitude": park.longitude,
            "distance": round(units.distance(park.distance_m), 1),
            "phone": park.phone,
            "website": park.website,
        }
        for park in found.value
    ]
    if parks:
        nearest = "; ".join(
            f"{park.name} ({format_number(units.distance(park.distance_m), profile, 1)} {units.distance_unit})"
            for park in found.value[:_NAMED]
        )
        more = " The nearest: " if len(parks) > _NAMED else " "
        text = f"{pluralize(len(parks), 'place')} to camp {within}.{more}{nearest}."
    else:
        text = f"{found.source} knows no place to camp {within}."
    return {
        "tier": 2,
        "place": where.as_json(),
        "radius": radius,
        "radius_unit": unit,
        "unit": units.distance_unit,
        "parks": parks,
        "text": text,
    } | provenance(profile, travel.clock(), *where.facts, found)
