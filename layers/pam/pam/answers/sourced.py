"""A fact with who says so and since when, and how several of them are told together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pam.users.profile import Profile

T = TypeVar("T")


@dataclass(frozen=True)
class Sourced(Generic[T]):
    """A fact. `as_of` is aware; `age_s` is there only where the source gave no newer one.

    A `lasting` fact, such as where a town lies, doesn't date an answer: today's weather isn't as old as the map.
    """

    value: T
    source: str
    as_of: datetime
    cached: bool
    age_s: int | None = None
    lasting: bool = False


U = TypeVar("U")


def replace_sourced(known: Sourced[Any], value: U) -> Sourced[U]:
    """Another value that rests on the same fact."""
    return Sourced(value, known.source, known.as_of, known.cached, known.age_s, known.lasting)


def provenance(profile: Profile, now: datetime, *facts: Sourced[Any], own: str | None = None) -> dict[str, Any]:
    """`{source, as_of, cached, stale, age_s?, reason?}` of an answer that rests on these facts.

    The oldest of them that isn't lasting dates the answer; each source is named once; `own` names what is the
    traveller's. Without any fact the answer is computed `now` from what was asked.
    """
    names = list(dict.fromkeys([fact.source for fact in facts] + ([own] if own else [])))
    dated = min((fact.as_of for fact in facts if not fact.lasting), default=now)
    told: dict[str, Any] = {
        "source": ", ".join(names) or "Computed from what you said",
        "cached": bool(facts) and all(fact.cached for fact in facts),
        "stale": any(fact.age_s is not None for fact in facts),
        "as_of": dated.astimezone(profile.zone).isoformat(timespec="seconds"),
    }
    if told["stale"]:
        told |= {"age_s": max(fact.age_s or 0 for fact in facts), "reason": "source_unavailable"}
    return told
