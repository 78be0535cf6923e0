"""How long a way takes as it is driven: with breaks, and over days."""

from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import RouteFound, find_way
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.travel.drive_time import MAX_DRIVING_DAY_S, DriveTime, drive_time
from pam.travel.queries import DistanceQuery
from pam.users.formatting import format_duration


def travel_time(
    travel: TravelDependencies,
    user_id: UUID,
    question: DistanceQuery,
    *,
    breaks: bool,
    within_s: float = FAST_ANSWER_TIMEOUT_S,
) -> dict[str, Any]:
    """`{origin, destination, distance, unit, driving_s, breaks_s, days, text, …}`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `no_route`, `source_unavailable`,
    `source_not_configured`.
    """
    way = find_way(travel, user_id, question, Deadline(within_s))
    took = drive_time(way.road.duration_s, breaks=breaks)
    return way.as_json(travel) | vars(took) | {"text": sentence(way, took)}


def sentence(way: RouteFound, took: DriveTime) -> str:
    """The time in words; over several days without a sum, since it would leave out the nights."""
    said = f"{way.length}: about {format_duration(took.driving_s)} of driving"
    if took.breaks_s:
        said += f" and {format_duration(took.breaks_s)} of breaks"
    if took.days > 1:
        return f"{said}, over {took.days} days of at most {format_duration(MAX_DRIVING_DAY_S)} at the wheel."
    return f"{said}, {format_duration(took.driving_s + took.breaks_s)} in all." if took.breaks_s else f"{said}."
