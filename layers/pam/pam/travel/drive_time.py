"""Driving time of a long route: breaks, and the number of days."""

import math
from dataclasses import dataclass

MAX_DRIVING_DAY_S = 8 * 3600
"""The longest driving time of one day in seconds, without breaks."""

SHORT_BREAK_S = 15 * 60
LONG_BREAK_S = 30 * 60
_SHORT_BREAK_INTERVAL_S = 2 * 3600
_LONG_BREAK_INTERVAL_S = 6 * 3600


@dataclass(frozen=True)
class DriveTime:
    """Seconds of driving and of breaks, and the number of days; nights aren't counted."""

    driving_s: int
    breaks_s: int
    days: int


def drive_time(driving_s: float, *, breaks: bool = True) -> DriveTime:
    """Distribute seconds of driving over days, all but the last as long as a day may be.

    Each day has a break of 15 minutes after every two hours of driving, or of 30 minutes after every six, but none
    at its end.
    """
    driving = round(driving_s)
    days = max(1, math.ceil(driving / MAX_DRIVING_DAY_S))
    last_day_s = driving - (days - 1) * MAX_DRIVING_DAY_S
    breaks_s = (days - 1) * _breaks_s(MAX_DRIVING_DAY_S) + _breaks_s(last_day_s) if breaks else 0
    return DriveTime(driving, breaks_s, days)


def _breaks_s(driving_s: int) -> int:
    """Return the seconds of breaks on one day."""
    return sum(
        SHORT_BREAK_S if driven % _LONG_BREAK_INTERVAL_S else LONG_BREAK_S
        for driven in range(_SHORT_BREAK_INTERVAL_S, driving_s, _SHORT_BREAK_INTERVAL_S)
    )
