"""Places to camp near a place, nearest first; none where the source knows none."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
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
from pam.answers.user_context import read_user_context
from pam.platform.deadline import Deadline
from pam.travel.queries import MAX_RADIUS, ParksQuery
from pam.travel.roads import PointOfInterest
from pam.travel.units import metres_per
from pam.users.formatting import format_money, format_number, pluralize
from pam.users.profile import Profile
from pam.users.text import TextParser

MAX_PARKS = 25
"""The source returns at most as many."""

_MAX_NAMES = 3

MAX_AMENITIES = 10
parse_amenity = TextParser("amenity", 50, required=True)


@dataclass(frozen=True)
class ParkWishes:
    """What a place to camp should have, and what a night may cost at most: no source knows either."""

    amenities: tuple[str, ...] = ()
    max_price: Decimal | None = None

    @property
    def names(self) -> list[str]:
        """The parameters that were wished for."""
        given = {"amenities": bool(self.amenities), "max_price": self.max_price is not None}
        return [name for name, is_given in given.items() if is_given]

    def not_checked(self, source: str, profile: Profile) -> str:
        """Say after a space that nothing was filtered by them; empty without wishes."""
        wishes = list(self.amenities)
        if self.max_price is not None:
            wishes.append(f"at most {format_money(self.max_price, profile.currency, profile)} a night")
        if not wishes:
            return ""
        return f" {source} knows neither amenities nor prices, so PAM didn't check for {', '.join(wishes)}: ask there."


NO_WISHES = ParkWishes()


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
class SearchedPlace(TravelAnswer):
    """An answer about what is around a place."""

    place: NamedPoint
    radius: Annotated[float, Field(gt=0, le=MAX_RADIUS, description="In `radius_unit`.", examples=[25])]
    radius_unit: UnitOfDistance
    unit: UnitOfDistance


@json_dataclass
class NearbyParks(SearchedPlace):
    """Places to camp near a place; none where the source knows none."""

    parks: Annotated[tuple[Park, ...], Field(max_length=MAX_PARKS, description="The nearest first.")]


def nearest_text(points: Sequence[PointOfInterest], unit: str, profile: Profile) -> str:
    """Name the nearest points, after a space, with their distances in `unit`; `points` isn't empty."""
    nearest = "; ".join(
        f"{point.name} ({format_number(point.distance_m / metres_per(unit), profile, 1)} {unit})"
        for point in points[:_MAX_NAMES]
    )
    return f"{' The nearest: ' if len(points) > _MAX_NAMES else ' '}{nearest}."


def nearby_parks(
    dependencies: TravelDependencies,
    user_id: UUID,
    query: ParksQuery,
    deadline: Deadline,
    wishes: ParkWishes = NO_WISHES,
) -> NearbyParks:
    """Return places to camp around a place, at most 25; the text says that `wishes` weren't checked.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`,
    `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    profile = user.profile
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    radius = SearchRadius.of(query, user)
    found = dependencies.sources.parks(place.point, radius.metres, deadline)
    return NearbyParks(
        **travel_provenance(profile, dependencies.clock(), *place.facts, found),
        text=_sentence(found, radius.text(place, profile), radius.unit, profile)
        + (wishes.not_checked(found.source, profile) if found.value else ""),
        place=place.named_point,
        radius=radius.value,
        radius_unit=radius.unit,
        unit=radius.unit,
        parks=tuple(_park(park, radius.unit) for park in found.value),
    )


def count_text(count: int, most: int) -> str:
    """Render how many places are found; at `most`, there may be more."""
    return pluralize(count, "place") if count < most else f"The {count} nearest places"


def nearby_parks_from_slots(request: AskRequest, slots: Slots) -> NearbyParks:
    """Answer a question in words."""
    query = ParksQuery(**request.at_location(slots))
    return nearby_parks(request.dependencies, request.user_id, query, request.source_deadline)


def _park(park: PointOfInterest, unit: str) -> Park:
    return Park(
        name=park.name,
        address=park.address,
        latitude=park.latitude,
        longitude=park.longitude,
        distance=round(park.distance_m / metres_per(unit), 1),
        phone=park.phone,
        website=park.website,
    )


def _sentence(found: Sourced[tuple[PointOfInterest, ...]], within: str, unit: str, profile: Profile) -> str:
    if not found.value:
        return f"{found.source} knows no place to camp {within}."
    return f"{count_text(len(found.value), MAX_PARKS)} to camp {within}.{nearest_text(found.value, unit, profile)}"
