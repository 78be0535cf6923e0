"""A long way as it is driven: hours at the wheel, breaks, and on how many days."""

import math
from dataclasses import dataclass

MAX_DRIVING_DAY_S = 8 * 3600
"""Driving on one day, in seconds, without breaks."""

SHORT_BREAK_S = 15 * 60
LONG_BREAK_S = 30 * 60
_SHORT_EVERY_S = 2 * 3600
_LONG_EVERY_S = 6 * 3600


@dataclass(frozen=True)
class DriveTime:
    """Seconds of driving and of breaks, over so many days; the nights between aren't counted."""

    driving_s: int
    breaks_s: int
    days: int


def drive_time(driving_s: float, *, breaks: bool = True) -> DriveTime:
    """What so many seconds of driving come to, with all days but the last as long as a day may be.

    On each day, a break of 15 minutes after every two hours of driving, and of 30 minutes instead after every six;
    none at the day's end.
    """
    driving = round(driving_s)
    days = max(1, math.ceil(driving / MAX_DRIVING_DAY_S))
    last = driving - (days - 1) * MAX_DRIVING_DAY_S
    rests = (days - 1) * _breaks_s(MAX_DRIVING_DAY_S) + _breaks_s(last) if breaks else 0
    return DriveTime(driving, rests, days)


def _breaks_s(driving_s: int) -> int:
    """The breaks of one day."""
    return sum(
        SHORT_BREAK_S if driven % _LONG_EVERY_S else LONG_BREAK_S
        for driven in range(_SHORT_EVERY_S, driving_s, _SHORT_EVERY_S)
    )
