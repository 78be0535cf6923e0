"""Where a question is about: a place by its name, or where the device is."""

from dataclasses import dataclass

from pam.answers.sourced import Sourced
from pam.answers.travel_sources import Point, TravelSources
from pam.answers.user_context import UserContext
from pam.platform.deadline import Deadline
from pam.platform.errors import LOCATION_NEEDED, PamError
from pam.travel.places import Place
from pam.travel.queries import HERE, LocatedQuery


@dataclass(frozen=True)
class ResolvedPlace:
    """A point and what to call it; `fact` is the place it was found as, None for where the device is."""

    point: Point
    name: str
    fact: Sourced[Place] | None

    @property
    def facts(self) -> tuple[Sourced[Place], ...]:
        """What the answer rests on here."""
        return (self.fact,) if self.fact else ()

    @property
    def lasting_name(self) -> str:
        """What to keep it under: a full name, or for where the device is degrees, which are still right tomorrow."""
        return self.fact.value.full_name if self.fact else f"{self.point[0]:.4f}, {self.point[1]:.4f}"

    def as_json(self) -> dict[str, object]:
        """As clients see it: a name and degrees."""
        return {"name": self.name, "latitude": self.point[0], "longitude": self.point[1]}


def resolve_place(
    sources: TravelSources, user: UserContext, name: str, question: LocatedQuery, deadline: Deadline
) -> ResolvedPlace:
    """The place of that name. Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`."""
    if name.casefold() == HERE:
        if question.location is None:
            raise PamError(LOCATION_NEEDED, "PAM doesn't know where you are. Name a place, or share your location.")
        return ResolvedPlace(question.location, "where you are", None)
    fact = sources.place(name, question.location, user.country_code, deadline)
    return ResolvedPlace((fact.value.latitude, fact.value.longitude), display_name(fact.value, user), fact)


def display_name(place: Place, user: UserContext) -> str:
    """The full name, without the country at home: `Moab, Utah` to an American."""
    if place.country_code == user.country_code and ", " in place.full_name:
        return place.full_name.rpartition(", ")[0]
    return place.full_name
