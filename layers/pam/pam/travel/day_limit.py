"""How far a traveller drives in one day: as they said, as they had PAM remember, or as RVers advise."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pam.travel.drive_time import MAX_DRIVING_DAY_S
from pam.travel.units import METRES_PER_MILE

MAX_DAY_DISTANCE_M = 300 * METRES_PER_MILE
"""The longest distance of a day in metres, as RVers advise, where the traveller has no limit of their own."""


class LimitOrigin(StrEnum):
    """Who set a limit."""

    USUAL = "usual"
    STATED = "stated"
    REMEMBERED = "remembered"


@dataclass(frozen=True)
class DayLimit:
    """The longest day of driving, in metres and in seconds without breaks: it ends at whichever comes first."""

    distance_m: float = MAX_DAY_DISTANCE_M
    duration_s: float = MAX_DRIVING_DAY_S
    origin: LimitOrigin = LimitOrigin.USUAL


USUAL_LIMIT = DayLimit()

_AMOUNT = re.compile(
    r"(?<![\w.,])(\d{1,4}|\d,\d{3}|\d{1,2}\.\d)[\s-]*(miles?|mi|kilomet(?:er|re)s?|kms?|hours?|hrs?|h)\b", re.IGNORECASE
)
_DRIVING = re.compile(r"\b(?:driv(?:e|es|ing)|mileage|behind the wheel|at the wheel)\b", re.IGNORECASE)
_PER_DAY = re.compile(r"\b(?:a|per|each|every|any|one) day\b|/\s*day\b|\bdaily\b", re.IGNORECASE)
# What was driven once is no limit, and neither is a least distance.
_NO_LIMIT = re.compile(
    r"\b(?:drove|driven|longest|record|once|yesterday|last (?:week|month|year|trip)|at least|minimum|more than"
    r"|commute|to work|job|school|range|every \d+)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:no|not|never|nothing|hates?|dislikes?|won't|doesn't|don't)\b[^.;]{0,40}?\bmore than\b", re.IGNORECASE
)

_METRES = {"mi": METRES_PER_MILE, "k": 1000.0}
_MIN_DISTANCE_M, _MAX_DISTANCE_M = 20 * METRES_PER_MILE, 1000 * METRES_PER_MILE
_MIN_DURATION_S, _MAX_DURATION_S = 3600.0, 14 * 3600.0


def remembered_limit(facts: Iterable[str]) -> DayLimit | None:
    """Return the limit that one of the remembered facts sets, the first that does; None without any.

    A fact is one line, such as `daily driving: at most 250 miles a day`. Of a range its end counts: `200 to 250 miles`.
    """
    return next((limit for limit in map(_limit_of, facts) if limit is not None), None)


def _limit_of(fact: str) -> DayLimit | None:
    if not _DRIVING.search(fact) or not _PER_DAY.search(fact) or _NO_LIMIT.search(_NEGATED.sub("at most", fact)):
        return None
    distances: list[float] = []
    durations: list[float] = []
    for number, unit in _AMOUNT.findall(fact):
        amount = float(number.replace(",", ""))
        if unit.lower().startswith("h"):
            durations.append(amount * 3600)
        else:
            distances.append(amount * _METRES["mi" if unit.lower().startswith("m") else "k"])
    distances = [metres for metres in distances if _MIN_DISTANCE_M <= metres <= _MAX_DISTANCE_M]
    durations = [seconds for seconds in durations if _MIN_DURATION_S <= seconds <= _MAX_DURATION_S]
    if not distances and not durations:
        return None
    return DayLimit(
        max(distances, default=MAX_DAY_DISTANCE_M), max(durations, default=MAX_DRIVING_DAY_S), LimitOrigin.REMEMBERED
    )
