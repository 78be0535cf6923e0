"""How long a way takes as it is driven: with breaks, and over days."""

from typing import Any
from uuid import UUID

from pam.answers.distance import Way, find_way
from pam.answers.travel_parts import TravelParts
from pam.travel.drive_time import LONGEST_DAY_S, DriveTime, drive_time
from pam.travel.questions import DistanceQuestion
from pam.traveller.wording import duration
from pam.upstream.deadline import FAST_ANSWER_S, Deadline


def travel_time(
    travel: TravelParts, user_id: UUID, question: DistanceQuestion, *, breaks: bool, within_s: float = FAST_ANSWER_S
) -> dict[str, Any]:
    """`{origin, destination, distance, unit, driving_s, breaks_s, days, text, …}`.

    Raises `PamError`: `location_needed`, `unknown_place`, `ambiguous_place`, `no_route`, `source_unavailable`,
    `source_not_configured`.
    """
    way = find_way(travel, user_id, question, Deadline(within_s))
    took = drive_time(way.road.duration_s, breaks=breaks)
    return way.as_json(travel) | vars(took) | {"text": sentence(way, took)}


def sentence(way: Way, took: DriveTime) -> str:
    """The time in words; over several days without a sum, since it would leave out the nights."""
    said = f"{way.length}: about {duration(took.driving_s)} of driving"
    if took.breaks_s:
        said += f" and {duration(took.breaks_s)} of breaks"
    if took.days > 1:
        return f"{said}, over {took.days} days of at most {duration(LONGEST_DAY_S)} at the wheel."
    return f"{said}, {duration(took.driving_s + took.breaks_s)} in all." if took.breaks_s else f"{said}."
