"""An event of the calendar, as it is stored, and as a sentence says when it is."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.calendar.times import Days, Span, Times
from pam.platform.postgres import Row
from pam.users.formatting import format_clock, format_day
from pam.users.profile import Profile
from pam.users.time_zones import parse_time_zone
from pam.users.wall_clocks import stored_instant

EVENT_COLUMNS = """
id, title, place, notes, first_day, last_day, starts_local, ends_local, time_zone, starts_at, ends_at, version,
deleted_at
"""


@dataclass(frozen=True)
class CalendarEvent:
    """An event, and when it is."""

    id: UUID
    title: str
    place: str
    notes: str
    span: Span

    def values(self) -> dict[str, Any]:
        """Return the values of the columns that a change may concern."""
        days = self.span if isinstance(self.span, Days) else None
        times = self.span if isinstance(self.span, Times) else None
        return {
            "title": self.title,
            "place": self.place,
            "notes": self.notes,
            "first_day": days and days.first,
            "last_day": days and days.last,
            "starts_local": times and times.starts_local,
            "ends_local": times and times.ends_local,
            "time_zone": times and times.zone.key,
            "starts_at": times and times.starts,
            "ends_at": times and times.ends,
        }

    @classmethod
    def from_row(cls, row: Row) -> "CalendarEvent":
        """Return the event from a row of `EVENT_COLUMNS`."""
        return cls(row["id"], row["title"], row["place"], row["notes"], _span(row))


def event_time(span: Span, profile: Profile) -> str:
    """Render when an event is where the user is, such as `Nov 24, 2026, 9:00 AM – 10:00 AM`.

    An event of another time zone also has its start there, unless clocks show the same.
    """
    if isinstance(span, Days):
        days = [format_day(span.first, profile)] + ([format_day(span.last, profile)] if span.last > span.first else [])
        return f"{' – '.join(days)}, all day"
    starts = span.starts.astimezone(profile.zone)
    text = f"{format_day(starts.date(), profile)}, {format_clock(starts, profile)}"
    if span.ends is not None:
        ends = span.ends.astimezone(profile.zone)
        day = "" if ends.date() == starts.date() else f"{format_day(ends.date(), profile)}, "
        text += f" – {day}{format_clock(ends, profile)}"
    if span.starts_local != starts.replace(tzinfo=None):
        there = span.zone.key.rpartition("/")[2].replace("_", " ")
        text += f" ({format_clock(span.starts_local, profile)} in {there})"
    return text


def _span(row: Row) -> Span:
    if row["first_day"] is not None:
        return Days(row["first_day"], row["last_day"])
    zone: ZoneInfo = parse_time_zone(row["time_zone"])
    starts = stored_instant(row["starts_local"], zone, row["starts_at"])
    ends = row["ends_local"] and stored_instant(row["ends_local"], zone, row["ends_at"])
    return Times(zone, starts, ends)
