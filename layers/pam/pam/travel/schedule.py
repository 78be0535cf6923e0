"""When a trip starts and arrives, and whether it is in time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from pam.money.expenses import parse_date
from pam.platform.errors import INVALID_DATE, PamError
from pam.travel.drive_time import drive_time
from pam.travel.itinerary import DrivingDay, day_offsets

EARLIEST_DEPARTURE = time(7)
"""The time of day at which a plan leaves at the earliest."""

_DATE_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::00)?")


@dataclass(frozen=True)
class ArriveBy:
    """The last day to arrive, and the latest time on it, if that was said; both at the destination."""

    day: date
    at: time | None = None


@dataclass(frozen=True)
class Schedule:
    """The first day of driving, if it is known, and the latest time to leave on the last one, at the destination."""

    start: date | None = None
    leave_by: time | None = None


class ArrivesTooLate(Exception):
    """A trip can't arrive in time: it would on `arrival`, and had to start on `latest_start`, which may be over."""

    def __init__(self, arrival: date, latest_start: date) -> None:
        super().__init__(f"arrives on {arrival}")
        self.arrival = arrival
        self.latest_start = latest_start


def parse_arrive_by(value: Any) -> ArriveBy | None:
    """Return a day, or a day and a time such as `2026-03-14T18:00`, or None. Raises `PamError` (`invalid_date`)."""
    if value is None:
        return None
    with_time = _DATE_AND_TIME.fullmatch(value) if isinstance(value, str) else None
    if with_time is None:
        return ArriveBy(parse_date(value))
    try:
        at = time(int(with_time[2]), int(with_time[3]))
    except ValueError:
        raise PamError(INVALID_DATE, "A time must be one such as 2026-03-14T18:00.", field="arrive_by") from None
    return ArriveBy(parse_date(with_time[1]), at)


def schedule_trip(days: Sequence[DrivingDay], start: date | None, arrive_by: ArriveBy | None, today: date) -> Schedule:
    """Return the dates of a trip: as late as it can start to be in time, where no start is given.

    Raises `ArrivesTooLate`.
    """
    if arrive_by is None:
        return Schedule(start)
    last_day = timedelta(days=day_offsets(days)[-1])
    last, leave_by = arrive_by.day, None
    if arrive_by.at is not None:
        leave = datetime.combine(last, arrive_by.at) - _time_on_the_road(days[-1])
        if leave >= datetime.combine(last, EARLIEST_DEPARTURE):
            leave_by = leave.time()
        else:
            last -= timedelta(days=1)
    latest_start = last - last_day
    if (start or today) > latest_start:
        raise ArrivesTooLate((start or today) + last_day, latest_start)
    start = start or latest_start
    return Schedule(start, leave_by if start + last_day == arrive_by.day else None)


def _time_on_the_road(day: DrivingDay) -> timedelta:
    """Return the time of a day's drive with its breaks."""
    drive = drive_time(day.duration_s)
    return timedelta(seconds=drive.driving_s + drive.breaks_s)
