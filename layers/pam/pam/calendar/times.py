"""When an event is: a wall clock in a time zone with the instant that it means there, or whole days."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pam.money.expenses import parse_date
from pam.platform.errors import (
    AMBIGUOUS_TIME,
    INVALID_END,
    INVALID_TIME,
    NONEXISTENT_TIME,
    ErrorChoice,
    PamError,
)
from pam.users.formatting import format_clock, format_day
from pam.users.profile import Profile

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


def resolve_time(when: datetime, profile: Profile, field: str) -> datetime:
    """Return the instant in UTC that a wall clock means in the profile's time zone.

    Raises `PamError`: `nonexistent_time` where clocks go forward over it, `ambiguous_time` where they go back to it and
    no offset says which is meant, `invalid_time` for an offset that the time zone doesn't have then.
    """
    local, zone = when.replace(tzinfo=None), profile.zone
    found = instants_of(local, zone)
    if not found:
        raise _nonexistent(local, profile, field)
    if when.tzinfo is not None:
        if when.astimezone(UTC) not in found:
            raise PamError(
                INVALID_TIME, f"That isn't the time in {zone.key}. Write it as clocks show it there.", field=field
            )
        return when.astimezone(UTC)
    if len(found) > 1:
        raise _ambiguous(local, found, profile, field)
    return found[0]


def instants_of(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants at which clocks of a time zone show `local`: none, one or two, the earlier first."""
    found = dict.fromkeys(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return [instant for instant in found if to_local(instant, zone) == local]


def stored_instant(local: datetime, zone: ZoneInfo, stored: datetime) -> datetime:
    """Return the instant of a stored wall clock: the stored one unless the rules of its time zone were changed since.

    The wall clock holds then.
    """
    found = instants_of(local, zone)
    return stored if stored in found or not found else found[0]


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks of a time zone show at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _nonexistent(local: datetime, profile: Profile, field: str) -> PamError:
    near = sorted(
        to_local(local.replace(tzinfo=profile.zone, fold=fold).astimezone(UTC), profile.zone) for fold in (0, 1)
    )
    choices = [ErrorChoice(format_clock(time, profile), time.isoformat(timespec="minutes")) for time in near]
    clock = format_clock(local, profile)
    return PamError(
        NONEXISTENT_TIME,
        f"On {format_day(local, profile)} the clocks go forward in {profile.zone.key}, and {clock} doesn't exist."
        f" Is it {choices[0].text} or {choices[1].text}?",
        field=field,
        choices=choices,
    )


def _ambiguous(local: datetime, found: list[datetime], profile: Profile, field: str) -> PamError:
    aware = [instant.astimezone(profile.zone) for instant in found]
    clock = format_clock(local, profile)
    texts = [f"{clock} ({time:UTC%z})" for time in aware]
    return PamError(
        AMBIGUOUS_TIME,
        f"On {format_day(local, profile)} the clocks go back in {profile.zone.key}, and {clock} comes twice."
        f" Is it the first, {texts[0]}, or the second, {texts[1]}?",
        field=field,
        choices=[
            ErrorChoice(text, time.isoformat(timespec="minutes")) for text, time in zip(texts, aware, strict=True)
        ],
    )
