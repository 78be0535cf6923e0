"""Tools to be found by others and to meet them: shared places, users nearby."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pam.answers.nearby_travellers import SOURCE as SHARED_PLACES
from pam.answers.nearby_travellers import nearby_travellers
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.travel_sources import Point
from pam.answers.user_context import read_user_context
from pam.community.audiences import Audience, require_public_settings
from pam.community.shared_places import (
    DEFAULT_HOURS,
    blur,
    parse_hours,
    read_effective_audience,
    share_place,
    stop_sharing,
)
from pam.ledger.operation import WriteContext, WriteResult
from pam.platform.validation import optional
from pam.tools.catalog.place_arguments import location_of, place_text
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult, approval_tool, read_tool
from pam.tools.engine.results import to_tool_result
from pam.travel.queries import HERE, LocatedQuery, ParksQuery, PlaceName, Radius
from pam.users.formatting import format_instant, pluralize

_Hours = Annotated[int | None, optional(parse_hours), parse_hours.schema]
_AUDIENCES = {"friends": Audience.FRIENDS, "followers": Audience.FOLLOWERS, "public": Audience.EVERYBODY}


class ShareLocation(ToolArguments):
    """The place to share, with whom, and for how long."""

    audience: Literal["friends", "followers", "public"]
    hours: _Hours = Field(default=None, description="0 stops it.")
    place: PlaceName

    @property
    def is_end(self) -> bool:
        """Whether sharing is to stop."""
        return self.hours == 0

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Stopping to share your place" if self.is_end else "Sharing your place"


def _resolve_place(context: ToolContext, new: ShareLocation) -> ResolvedPlace | None:
    if new.is_end:
        return None
    user = read_user_context(context.dependencies, context.user_id, context.deadline)
    query = LocatedQuery(**location_of(context))
    return resolve_place(context.dependencies.sources, user, new.place, query, context.deadline)


def _preview_sharing(context: WriteContext, new: ShareLocation) -> str:
    if new.is_end:
        return "Stop sharing your place."
    audience = _AUDIENCES[new.audience]
    effective = read_effective_audience(context.connection, context.profile.id, audience)
    name = require_public_settings(context.connection, context.profile.id).name
    place = "where you are to about a kilometre" if new.place.casefold() == HERE else new.place
    limit = "" if effective is audience else " (your privacy settings show it to nobody else)"
    time = pluralize(new.hours or DEFAULT_HOURS, "hour")
    return f"Show your place, {place}, as “{name}” to {effective.text}{limit} for {time}."


def _shared(where: ResolvedPlace) -> tuple[str, Point]:
    """Return what others see of a place: where the device is only to about a kilometre."""
    if where.fact:
        return where.lasting_name, where.point
    latitude, longitude = blur(where.point)
    return f"{latitude:.2f}, {longitude:.2f}", (latitude, longitude)


@approval_tool(EffectKind.OUTWARD, summary=ShareLocation.summary, preview=_preview_sharing, prepare=_resolve_place)
def share_location(context: WriteContext, new: ShareLocation, where: ResolvedPlace | None) -> WriteResult:
    """Show others where they are for some hours, if they asked."""
    connection, profile = context.connection, context.profile
    if where is None:
        stopped = stop_sharing(connection, profile.id)
        text = "Your place isn't shared any more." if stopped else "You didn't share your place."
        return WriteResult(text, {"shared": False}, SHARED_PLACES, simulated=profile.simulated)
    audience = _AUDIENCES[new.audience]
    effective = read_effective_audience(connection, profile.id, audience)
    place, point = _shared(where)
    ends = share_place(connection, profile.id, place, point, audience, new.hours or DEFAULT_HOURS)
    return WriteResult(
        text=f"Until {format_instant(ends, profile)}, {effective.text} can see that you are at {place}.",
        data={
            "shared": True,
            "place": place,
            "seen_by": effective.value,
            "until": ends.astimezone(profile.zone).isoformat(timespec="seconds"),
        },
        source=", ".join([SHARED_PLACES, *(fact.source for fact in where.facts)]),
        simulated=profile.simulated or any(fact.simulated for fact in where.facts),
    )


class FindNearbyRvers(ToolArguments):
    """The place and the radius around it."""

    place: PlaceName
    radius: Radius = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking for travellers near {place_text(self.place)}"


@read_tool(summary=FindNearbyRvers.summary, timeout_s=6.0, returns_others_text=True)
def find_nearby_rvers(context: ToolContext, arguments: FindNearbyRvers) -> ToolResult:
    """Users near a place who share theirs now."""
    query = ParksQuery(place=arguments.place, radius=arguments.radius, **location_of(context))
    return to_tool_result(
        nearby_travellers(context.dependencies, context.user_id, query, context.deadline, context.zone)
    )


TOOLS: tuple[Tool[Any], ...] = (share_location, find_nearby_rvers)
