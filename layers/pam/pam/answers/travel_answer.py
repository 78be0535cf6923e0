"""Answers about travel: from sources that are the same for all users, in the user's units."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict, get_args

from pydantic import Field

from pam.answers.answer import Answer, Instant, Seconds, instant, one_of
from pam.answers.json_values import json_dataclass
from pam.answers.sourced import Sourced
from pam.travel.queries import DistanceUnit, VolumeUnit
from pam.users.profile import Profile

UnitOfDistance = Annotated[str, one_of(*get_args(DistanceUnit))]
UnitOfVolume = Annotated[str, one_of(*get_args(VolumeUnit))]
UnitPrice = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{3}$", examples=["3.459"])]
Latitude = Annotated[float, Field(ge=-90, le=90, examples=[38.57])]
Longitude = Annotated[float, Field(ge=-180, le=180, examples=[-109.55])]


@json_dataclass
class TravelAnswer(Answer):
    """An answer from sources that are the same for all users."""

    as_of: Annotated[Instant, Field(description="When the oldest fact was fetched; now, where no source was needed.")]
    tier: Literal[2] = 2
    cached: Annotated[bool, Field(description="Whether no source had to be called.")]
    stale: Annotated[
        bool, Field(description="Whether a fact is older than it should be, because its source gives no newer one.")
    ]
    age_s: Annotated[Seconds | None, Field(description="Of a stale answer: its age in seconds.")] = None
    reason: Annotated[Literal["source_unavailable"] | None, Field(description="Of a stale answer: why.")] = None


class TravelProvenance(TypedDict):
    """The fields of a `TravelAnswer` that say where it comes from."""

    source: str
    simulated: bool
    as_of: str
    cached: bool
    stale: bool
    age_s: int | None
    reason: Literal["source_unavailable"] | None


def travel_provenance(
    profile: Profile, now: datetime, *facts: Sourced[Any], own: str | None = None
) -> TravelProvenance:
    """Return where an answer from these facts comes from, and since when it holds.

    The oldest fact that isn't lasting dates the answer; each source is named once; `own` names what is the user's.
    Without any fact the answer is computed `now` from the question alone.
    """
    names = list(dict.fromkeys([fact.source for fact in facts] + ([own] if own else [])))
    oldest = min((fact.as_of for fact in facts if not fact.lasting), default=now)
    ages_s = [fact.age_s for fact in facts if fact.age_s is not None]
    return {
        "source": ", ".join(names) or "Computed from what you said",
        "simulated": any(fact.simulated for fact in facts) or (own is not None and profile.simulated),
        "as_of": instant(oldest.astimezone(profile.zone)),
        "cached": bool(facts) and all(fact.cached for fact in facts),
        "stale": bool(ages_s),
        "age_s": max(ages_s, default=None),
        "reason": "source_unavailable" if ages_s else None,
    }
