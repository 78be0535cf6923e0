"""Places to camp near a place, nearest first; none where the source knows none."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.dependencies import TravelDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, resolve_place
from pam.answers.search_radius import SearchRadius
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import Latitude, Longitude, TravelAnswer, UnitOfDistance, travel_provenance
from pam.answers.user_context import UserContext, read_user_context
from pam.platform.deadline import Deadline
from pam.travel.queries import ParksQuery
from pam.travel.roads import PointOfInterest
from pam.travel.units import Units
from pam.users.formatting import format_number, pluralize

_MAX_NAMES = 3


@json_dataclass
class Park:
    """A place to camp."""

    name: str
    address: str | None
    latitude: Latitude
    longitude: Longitude
    distance: Annotated[float, Field(ge=0, description="As the crow flies, in `unit`.", examples=[4.2])]
    phone: str | None
    website: str | None


@json_dataclass
class NearbyParks(TravelAnswer):
    """Places to camp near a place; none where the source knows none."""

    place: NamedPoint
    radius: Annotated[float, Field(gt=0, le=500, description="In `radius_unit`.", examples=[25])]
    radius_unit: UnitOfDistance
    unit: UnitOfDistance
    parks: Annotated[tuple[Park, ...], Field(max_length=25, description="The nearest first.")]


def nearby_parks(dependencies: TravelDependencies, user_id: UUID, query: ParksQuery, deadline: Deadline) -> NearbyParks:
    """Return places to camp around a place, at most 25.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    units, profile = user.units, user.profile
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    radius = SearchRadius.of(query, user)
    found = dependencies.sources.parks(place.point, radius.metres, deadline)
    return NearbyParks(
        **travel_provenance(profile, dependencies.clock(), *place.facts, found),
        text=_sentence(found, radius.text(place, profile), user),
        place=place.named_point,
        radius=radius.value,
        radius_unit=radius.unit,
        unit=units.distance_unit,
        parks=tuple(_park(park, units) for park in found.value),
    )


def nearby_parks_from_slots(request: AskRequest, slots: Slots) -> NearbyParks:
    """Answer a question in words."""
    query = ParksQuery(**request.at_location(slots))
    return nearby_parks(request.dependencies, request.user_id, query, request.source_deadline)


def _park(park: PointOfInterest, units: Units) -> Park:
    return Park(
        name=park.name,
        address=park.address,
        latitude=park.latitude,
        longitude=park.longitude,
        distance=round(units.distance(park.distance_m), 1),
        phone=park.phone,
        website=park.website,
    )


def _sentence(found: Sourced[tuple[PointOfInterest, ...]], within: str, user: UserContext) -> str:
    parks, units = found.value, user.units
    if not parks:
        return f"{found.source} knows no place to camp {within}."
    nearest = "; ".join(
        f"{park.name} ({format_number(units.distance(park.distance_m), user.profile, 1)} {units.distance_unit})"
        for park in parks[:_MAX_NAMES]
    )
    intro = " The nearest: " if len(parks) > _MAX_NAMES else " "
    return f"{pluralize(len(parks), 'place')} to camp {within}.{intro}{nearest}."
