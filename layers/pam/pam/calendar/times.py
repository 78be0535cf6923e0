"""When an event is: a wall clock in a time zone with the instant that it means there, or whole days."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pam.money.expenses import parse_date
from pam.platform.errors import INVALID_END, INVALID_TIME, PamError
from pam.users.profile import Profile
from pam.users.wall_clocks import resolve_time, to_local

# `fromisoformat` alone also takes week dates, separators of any kind, and fractions.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00)?(Z|[+-][0-9]{2}:[0-9]{2})?")

When = date | datetime
"""A day, or a wall clock; the latter with a UTC offset only if one was given."""


@dataclass(frozen=True)
class Days:
    """Whole days, the same wherever the user is; `last` is part of them."""

    first: date
    last: date


@dataclass(frozen=True)
class Times:
    """A start, and an end if there is one: instants in UTC, entered as wall clocks of `zone`."""

    zone: ZoneInfo
    starts: datetime
    ends: datetime | None

    @property
    def starts_local(self) -> datetime:
        """The wall clock of the start in `zone`."""
        return to_local(self.starts, self.zone)

    @property
    def ends_local(self) -> datetime | None:
        """The wall clock of the end in `zone`."""
        return None if self.ends is None else to_local(self.ends, self.zone)


Span = Days | Times


def parse_when(value: Any, field: str) -> When:
    """Return the day of `2026-03-14`, or the wall clock of `2026-03-14T09:30`, with its UTC offset if it has one.

    Raises `PamError`: `invalid_date`, `invalid_time`.
    """
    if isinstance(value, str) and "T" not in value:
        return parse_date(value)
    try:
        if not (isinstance(value, str) and _TIME.fullmatch(value)):
            raise ValueError
        parse_date(value[:10])
        return datetime.fromisoformat(value)
    except ValueError:
        raise PamError(
            INVALID_TIME,
            "The time must be one such as 2026-03-14T09:30 where you are, or a day such as 2026-03-14.",
            field=field,
        ) from None


def resolve_span(start: When, end: When | None, profile: Profile) -> Span:
    """Return when an event is. `profile` has the time zone that times are in.

    Raises `PamError`: `invalid_end` unless it ends after its start, as a day or a time like it; and what
    `resolve_time` raises.
    """
    if end is not None and isinstance(start, datetime) != isinstance(end, datetime):
        raise PamError(INVALID_END, "Start and end must both be times, or both be days.", field="end")
    if isinstance(start, datetime):
        starts = resolve_time(start, profile, "start")
        ends = resolve_time(end, profile, "end") if isinstance(end, datetime) else None
        if ends is not None and ends <= starts:
            raise PamError(INVALID_END, "The end must be after the start.", field="end")
        return Times(profile.zone, starts, ends)
    if end is not None and end < start:
        raise PamError(INVALID_END, "The last day must not be before the first.", field="end")
    return Days(start, end or start)
