"""Events as others find them: the coming ones, with who joins them. Postgres decides which of them a user sees."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.community.events import event_not_found
from pam.community.place_words import matches_place
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_row_id
from pam.users.whole_numbers import WholeNumberParser

EVENTS_PER_PAGE = 5
MAX_LISTED_ATTENDEES = 3

parse_event_page = WholeNumberParser("page", 1, 100)


@dataclass(frozen=True)
class PublishedEvent:
    """An event as a user sees it. `host` is None for one without a name; `attendees` counts, the user included.

    `names` are those of the first attendees who show the user what they do.
    """

    id: UUID
    title: str
    starts_at: datetime
    place: str
    description: str
    max_attendees: int | None
    host: str | None
    is_own: bool
    attendees: int
    has_joined: bool
    names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The event in a few words, such as `Dan's event “Potluck”`."""
        whose = "your event" if self.is_own else f"{self.host}'s event" if self.host else "the event"
        return f"{whose} “{self.title}”"


_SELECT_EVENTS = """
select e.id, e.title, e.starts_at, e.place, e.description, e.max_attendees, host.display_name as host,
       e.host_id = %(user)s as is_own,
       (select count(*) from event_attendees a where a.event_id = e.id) as attendees,
       exists (select from event_attendees a where a.event_id = e.id and a.user_id = %(user)s) as has_joined
  from events e
  left join public_profiles host on host.user_id = e.host_id
"""
_SELECT_EVENT = f"{_SELECT_EVENTS} where e.id = %(event)s"
_SELECT_COMING = f"""
{_SELECT_EVENTS}
 where e.starts_at > %(now)s and {matches_place("e.place")}
 order by e.starts_at, e.id
 limit %(limit)s offset %(offset)s
"""
_SELECT_NAMES = """
select event_id, name
  from (select a.event_id, p.display_name as name, a.seat,
               row_number() over (partition by a.event_id order by a.seat) as number
          from event_attendees a
          join public_profiles p on p.user_id = a.user_id
         where a.event_id = any (%(events)s) and a.user_id <> %(user)s and sees_activity(a.user_id)) as listed
 where number <= %(max)s
 order by event_id, number
"""


def parse_event_id(value: Any) -> UUID:
    """Return the id of an event. Raises `PamError` (`invalid_request`) for what can't be one."""
    return parse_row_id(value, "an event", "event")


def find_event(connection: Connection, user_id: UUID, event_id: UUID) -> PublishedEvent | None:
    """Read an event without names of attendees; None for one that the user doesn't see."""
    row = connection.execute(_SELECT_EVENT, {"user": user_id, "event": event_id}).fetchone()
    return None if row is None else PublishedEvent(**row)


def read_event(connection: Connection, user_id: UUID, event_id: UUID) -> PublishedEvent:
    """Read an event as `find_event` does. Raises `PamError` (`event_not_found`) for one that the user doesn't see."""
    event = find_event(connection, user_id, event_id)
    if event is None:
        raise event_not_found()
    return event


def read_coming_events(
    connection: Connection, user_id: UUID, place: str, page: int, now: datetime
) -> tuple[list[PublishedEvent], bool]:
    """Read a page of the events still to begin, soonest first, and whether there are more.

    `place` has words of theirs, or is empty.
    """
    scope: dict[str, Any] = {"user": user_id, "place": place, "now": now}
    bounds = {"limit": EVENTS_PER_PAGE + 1, "offset": (page - 1) * EVENTS_PER_PAGE}
    rows = connection.execute(_SELECT_COMING, scope | bounds).fetchall()
    listed = rows[:EVENTS_PER_PAGE]
    scope = {"user": user_id, "events": [row["id"] for row in listed], "max": MAX_LISTED_ATTENDEES}
    names: dict[UUID, list[str]] = defaultdict(list)
    for row in connection.execute(_SELECT_NAMES, scope):
        names[row["event_id"]].append(row["name"])
    return [PublishedEvent(**row, names=tuple(names[row["id"]])) for row in listed], len(rows) > len(listed)
