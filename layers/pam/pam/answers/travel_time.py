"""How long a drive takes with breaks, and over how many days."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Seconds
from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import ResolvedRoad, RoadAnswer, resolve_road
from pam.answers.json_values import json_dataclass
from pam.answers.rig_check import rig_check_text
from pam.platform.deadline import Deadline
from pam.travel.drive_time import MAX_DRIVING_DAY_S, DriveTime, drive_time
from pam.travel.queries import DistanceQuery
from pam.users.formatting import format_duration


@json_dataclass
class TravelTime(RoadAnswer):
    """How long a drive takes."""

    driving_s: Annotated[Seconds, Field(description="Driving time without breaks.")]
    breaks_s: Seconds
    days: Count


def travel_time(
    dependencies: TravelDependencies, user_id: UUID, query: DistanceQuery, deadline: Deadline, *, breaks: bool
) -> TravelTime:
    """Return the duration of a drive. Raises what `resolve_road` raises."""
    resolved = resolve_road(dependencies, user_id, query, deadline)
    duration = drive_time(resolved.road.value.duration_s, breaks=breaks)
    return TravelTime(
        **resolved.fields(dependencies.clock()),
        text=_sentence(resolved, duration),
        driving_s=duration.driving_s,
        breaks_s=duration.breaks_s,
        days=duration.days,
    )


def _sentence(resolved: ResolvedRoad, duration: DriveTime) -> str:
    """Render the duration; over several days without a sum, since it would leave out the nights."""
    text = f"{resolved.length_text}: about {format_duration(duration.driving_s)} of driving by car"
    if duration.breaks_s:
        text += f" and {format_duration(duration.breaks_s)} of breaks"
    if duration.days > 1:
        text += f", over {duration.days} days of at most {format_duration(MAX_DRIVING_DAY_S)} at the wheel"
    elif duration.breaks_s:
        text += f", {format_duration(duration.driving_s + duration.breaks_s)} in all"
    return f"{text}. {rig_check_text(resolved.user)}"
