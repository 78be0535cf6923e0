"""Points of interest near a place, nearest first; none where the source knows none."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.dependencies import TravelDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.nearby_parks import SearchedPlace, count_text, nearest_text
from pam.answers.resolved_place import resolve_place
from pam.answers.search_radius import SearchRadius
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import Latitude, Longitude, travel_provenance
from pam.answers.user_context import read_user_context
from pam.platform.deadline import Deadline
from pam.travel.attractions import AttractionKind
from pam.travel.queries import ParksQuery
from pam.travel.roads import PointOfInterest
from pam.travel.units import metres_per

MAX_ATTRACTIONS = 20


@json_dataclass
class Attraction:
    """A point of interest, in the words of the source."""

    name: str
    kind: AttractionKind
    address: str | None
    latitude: Latitude
    longitude: Longitude
    distance: Annotated[float, Field(ge=0, description="As the crow flies, in `unit`.")]


@json_dataclass
class NearbyAttractions(SearchedPlace):
    """Attractions near a place, the nearest first."""

    kinds: tuple[AttractionKind, ...]
    attractions: Annotated[tuple[Attraction, ...], Field(max_length=MAX_ATTRACTIONS)]


def nearby_attractions(
    dependencies: TravelDependencies,
    user_id: UUID,
    query: ParksQuery,
    kinds: Sequence[AttractionKind],
    deadline: Deadline,
) -> NearbyAttractions:
    """Return attractions of some kinds around a place, at most `MAX_ATTRACTIONS`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `place_too_large`,
    `source_unavailable`, `source_not_configured`.
    """
    user, sources = read_user_context(dependencies, user_id, deadline), dependencies.sources
    place = resolve_place(sources, user, query.place, query, deadline)
    radius = SearchRadius.of(query, user)
    kinds = tuple(dict.fromkeys(kinds))
    with ThreadPoolExecutor(len(kinds)) as threads:
        found = list(threads.map(lambda kind: sources.attractions(kind, place.point, radius.metres, deadline), kinds))
    nearest = _nearest(kinds, found)
    within = radius.text(place, user.profile)
    if nearest:
        count = count_text(len(nearest), MAX_ATTRACTIONS)
        text = f"{count} to visit {within}.{nearest_text([point for _, point in nearest], radius.unit, user.profile)}"
    else:
        named = ", ".join(kind.replace("_", " ") for kind in kinds)
        text = f"{found[0].source} knows none of these {within}: {named}."
    return NearbyAttractions(
        **travel_provenance(user.profile, dependencies.clock(), *place.facts, *found),
        text=text,
        place=place.named_point,
        radius=radius.value,
        radius_unit=radius.unit,
        unit=radius.unit,
        kinds=kinds,
        attractions=tuple(_attraction(kind, point, radius.unit) for kind, point in nearest),
    )


def _nearest(
    kinds: Sequence[AttractionKind], found: Sequence[Sourced[tuple[PointOfInterest, ...]]]
) -> list[tuple[AttractionKind, PointOfInterest]]:
    """Return the nearest of all, each once: a place of two kinds has the first of them."""
    points: dict[tuple[str, float, float], tuple[AttractionKind, PointOfInterest]] = {}
    for kind, fact in zip(kinds, found, strict=True):
        for point in fact.value:
            points.setdefault((point.name, point.latitude, point.longitude), (kind, point))
    return sorted(points.values(), key=lambda pair: pair[1].distance_m)[:MAX_ATTRACTIONS]


def _attraction(kind: AttractionKind, point: PointOfInterest, unit: str) -> Attraction:
    return Attraction(
        name=point.name,
        kind=kind,
        address=point.address,
        latitude=round(point.latitude, 5),
        longitude=round(point.longitude, 5),
        distance=round(point.distance_m / metres_per(unit), 1),
    )
