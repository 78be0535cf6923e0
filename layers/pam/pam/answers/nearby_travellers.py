"""Users near a place who share theirs with the user now, nearest first."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Instant, instant
from pam.answers.dependencies import TravelDependencies
from pam.answers.excerpt import excerpt
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, resolve_place
from pam.answers.search_radius import SearchRadius
from pam.answers.travel_answer import TravelAnswer, UnitOfDistance, travel_provenance
from pam.answers.user_context import read_user_context
from pam.community.shared_places import read_shared_places
from pam.platform.deadline import Deadline
from pam.travel.geography import box_around, great_circle_m
from pam.travel.queries import MAX_RADIUS, ParksQuery
from pam.travel.units import metres_per
from pam.users.formatting import format_number, pluralize
from pam.users.profile import Profile

SOURCE = "Places that travellers share in PAM"

_MAX_LISTED = 20
_MAX_TEXT_BYTES = 120
"""Of a name, and of a place."""
_MAX_NAMES = 3


@json_dataclass
class NearbyTraveller:
    """A user who shares a place."""

    name: str
    place: str
    distance: Annotated[float, Field(ge=0, description="As the crow flies, in `unit`.", examples=[4.2])]
    shared_until: Instant


@json_dataclass
class NearbyTravellers(TravelAnswer):
    """Users near a place, the nearest first; the number may be larger than that of those listed."""

    place: NamedPoint
    radius: Annotated[float, Field(gt=0, le=MAX_RADIUS, description="In `unit`.", examples=[25])]
    unit: UnitOfDistance
    count: Annotated[int, Field(ge=0)]
    travellers: Annotated[tuple[NearbyTraveller, ...], Field(max_length=_MAX_LISTED)]


def nearby_travellers(
    dependencies: TravelDependencies, user_id: UUID, query: ParksQuery, deadline: Deadline, zone: ZoneInfo | None
) -> NearbyTravellers:
    """Return the users who share a place within the radius with this user. Raises what `resolve_place` raises."""
    user = read_user_context(dependencies, user_id, deadline)
    profile = user.profile.in_zone(zone)
    place = resolve_place(dependencies.sources, user, query.place, query, deadline)
    radius = SearchRadius.of(query, user)
    _, south, _, north = box_around(*place.point, radius.metres)
    with dependencies.database.session(user_id, deadline) as connection:
        shared = read_shared_places(connection, user_id, south, north)
    distances = ((great_circle_m(*place.point, *each.point), each) for each in shared)
    near = sorted((pair for pair in distances if pair[0] <= radius.metres), key=lambda pair: (pair[0], pair[1].name))
    listed = tuple(
        NearbyTraveller(
            name=excerpt(each.name, _MAX_TEXT_BYTES),
            place=excerpt(each.place, _MAX_TEXT_BYTES),
            distance=round(metres / metres_per(radius.unit), 1),
            shared_until=instant(each.expires_at.astimezone(profile.zone)),
        )
        for metres, each in near[:_MAX_LISTED]
    )
    return NearbyTravellers(
        **travel_provenance(profile, dependencies.clock(), *place.facts, own=SOURCE),
        text=_sentence(listed, len(near), radius.text(place, profile), radius.unit, profile),
        place=place.named_point,
        radius=radius.value,
        unit=radius.unit,
        count=len(near),
        travellers=listed,
    )


def _sentence(listed: Sequence[NearbyTraveller], count: int, within: str, unit: str, profile: Profile) -> str:
    if not listed:
        return f"Nobody shares their place with you {within} now."
    nearest = "; ".join(
        f"{each.name} ({format_number(each.distance, profile, 1)} {unit})" for each in listed[:_MAX_NAMES]
    )
    intro = " The nearest: " if count > _MAX_NAMES else " "
    return f"{pluralize(count, 'traveller')} sharing their place with you {within}.{intro}{nearest}."
