"""The place that a question is about: found by its name, or where the device is."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pam.answers.json_values import json_dataclass
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import Latitude, Longitude
from pam.answers.travel_sources import Point, TravelSources
from pam.answers.user_context import UserContext
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import LOCATION_NEEDED, PamError
from pam.travel.places import Place, PlaceError, PlaceUse
from pam.travel.queries import HERE, LocatedQuery


@json_dataclass
class NamedPoint:
    """A place on the map."""

    name: Annotated[str, Field(examples=["Moab, Utah, United States"])]
    latitude: Latitude
    longitude: Longitude


@dataclass(frozen=True)
class ResolvedPlace:
    """A point and its display name; `fact` is the place that was found, None for where the device is."""

    point: Point
    name: str
    fact: Sourced[Place] | None

    @property
    def facts(self) -> tuple[Sourced[Place], ...]:
        """The facts that an answer about this place rests on."""
        return (self.fact,) if self.fact else ()

    @property
    def locative(self) -> str:
        """The place with its preposition, `in Moab, Utah`; where the device is takes none."""
        return f"in {self.name}" if self.fact else self.name

    @property
    def lasting_name(self) -> str:
        """A name to store: the full name, or degrees for where the device is, which are still right tomorrow."""
        return self.fact.value.full_name if self.fact else f"{self.point[0]:.4f}, {self.point[1]:.4f}"

    @property
    def named_point(self) -> NamedPoint:
        """The place as clients get it."""
        return NamedPoint(name=self.name, latitude=self.point[0], longitude=self.point[1])


def resolve_place(
    sources: TravelSources,
    user: UserContext,
    name: str,
    query: LocatedQuery,
    deadline: Deadline,
    *,
    field: str = "place",
    near: Point | None = None,
    use: PlaceUse = "point",
) -> ResolvedPlace:
    """Find a place by its name.

    `field` is that of the name in the query; `near` is a point that the place is likely near, by default that of the
    device. Raises `PamError`: `location_needed`, and what `choose_place` raises.
    """
    if name.casefold() == HERE:
        if query.location is None:
            raise PamError(LOCATION_NEEDED, "PAM doesn't know where you are. Name a place, or share your location.")
        return ResolvedPlace(query.location, "where you are", None)
    try:
        fact = sources.place(name, near or query.location, user.country_code, deadline, use)
    except PlaceError as error:
        error.field = field
        raise
    place = fact.value
    return ResolvedPlace((place.latitude, place.longitude), place.name_for(user.country_code), fact)


def resolve_ends(
    sources: TravelSources, user: UserContext, names: tuple[str, str], query: LocatedQuery, deadline: Deadline
) -> tuple[ResolvedPlace, ResolvedPlace]:
    """Find the `origin` and the `destination` of a way, likely near the origin. Raises what `resolve_place` raises."""
    origin = resolve_place(sources, user, names[0], query, deadline, field="origin")
    destination = resolve_place(sources, user, names[1], query, deadline, field="destination", near=origin.point)
    return origin, destination


def resolve_places(
    sources: TravelSources,
    user: UserContext,
    names: Sequence[str],
    query: LocatedQuery,
    deadline: Deadline,
    threads: Executor,
) -> tuple[ResolvedPlace, ...]:
    """Find many places at once, in the order of their names. Raises what `resolve_place` raises for the first error."""

    def resolve(name: str) -> ResolvedPlace:
        return resolve_place(sources, user, name, query, deadline.at_most(FAST_ANSWER_TIMEOUT_S))

    distinct = list(dict.fromkeys(names))
    by_name = dict(zip(distinct, threads.map(resolve, distinct), strict=True))
    return tuple(by_name[name] for name in names)
