"""The events of a window of days, in pages."""

from dataclasses import dataclass

from pam.calendar.event import EVENT_COLUMNS, CalendarEvent
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile

PAGE_SIZE = 10
"""Events in a result: with texts as long as they may be they stay below 8 KB."""


@dataclass(frozen=True)
class EventPage:
    """The events of a page by their start, and how many there are on all pages."""

    events: tuple[CalendarEvent, ...]
    total: int


_SELECT_PAGE = f"""
select {EVENT_COLUMNS}, count(*) over () as total
  from calendar_events
 where user_id = %(user)s and deleted_at is null
   and (starts_at < %(until)s and (starts_at >= %(since)s or ends_at > %(since)s)
        or first_day < %(end)s and last_day >= %(start)s)
 order by coalesce(starts_at, first_day::timestamp at time zone %(zone)s), title, id
 limit %(limit)s offset %(offset)s
"""


def read_events(connection: Connection, profile: Profile, window: Window, page: int) -> EventPage:
    """Return a page of the events in a window of days of the profile's time zone, those that began before it too."""
    since, until = window.instants(profile.zone)
    scope = {
        "user": profile.id,
        "since": since,
        "until": until,
        "start": window.start,
        "end": window.end,
        "zone": profile.zone.key,
        "limit": PAGE_SIZE,
        "offset": (page - 1) * PAGE_SIZE,
    }
    rows = connection.execute(_SELECT_PAGE, scope).fetchall()
    if not rows and page > 1:
        return EventPage((), read_events(connection, profile, window, 1).total)
    return EventPage(tuple(CalendarEvent.from_row(row) for row in rows), rows[0]["total"] if rows else 0)
