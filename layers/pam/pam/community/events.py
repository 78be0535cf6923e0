"""Meetups that users arrange, and who joins them: never more than there are places."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.platform.errors import DATE_IN_PAST, EVENT_FULL, EVENT_NOT_FOUND, INVALID_DATE, PamError
from pam.platform.postgres import Connection
from pam.users.periods import FIRST_DAY, LAST_DAY
from pam.users.profile import Profile
from pam.users.text import TextParser
from pam.users.wall_clocks import resolve_time
from pam.users.whole_numbers import WholeNumberParser

parse_event_title = TextParser("title", 200, required=True)
parse_event_description = TextParser("description", 2000)
parse_max_attendees = WholeNumberParser("max_attendees", 1, 1000)

_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")


@dataclass(frozen=True)
class NewEvent:
    """An event to arrange. `max_attendees` is None where anybody may join."""

    title: str
    starts_at: datetime
    place: str
    description: str = ""
    max_attendees: int | None = None


_INSERT_EVENT = """
insert into events (host_id, title, starts_at, place, description, max_attendees, created_at)
values (%(host)s, %(title)s, %(starts_at)s, %(place)s, %(description)s, %(max_attendees)s, %(now)s)
returning id
"""
_SELECT_EVENT = "select starts_at from events where id = %s"
# Those who join an event do so one after another, and each sees all before.
_LOCK_ATTENDEES = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
_COUNT_ATTENDEES = """
select count(*) as attendees, coalesce(bool_or(user_id = %(user)s), false) as has_joined
  from event_attendees
 where event_id = %(event)s
"""
_SELECT_OWN = "select from event_attendees where event_id = %(event)s and user_id = %(user)s"
_LEAVE = """
delete from event_attendees
 where event_id = %(event)s and user_id = %(user)s and (%(since)s::timestamptz is null or joined_at = %(since)s)
returning seat, joined_at
"""
_RESTORE = """
insert into event_attendees (event_id, user_id, seat, joined_at)
values (%(event)s, %(user)s, %(seat)s, %(since)s)
on conflict do nothing
returning seat
"""
# The first seat that is free: seats of accounts that were deleted are, too.
_JOIN = """
insert into event_attendees (event_id, user_id, seat, joined_at)
select e.id, %(user)s, min(free.seat), %(now)s
  from events e
 cross join lateral generate_series(1, least(e.max_attendees, %(attendees)s + 1)) as free(seat)
 where e.id = %(event)s
   and not exists (select 1 from event_attendees a where a.event_id = e.id and a.seat = free.seat)
 group by e.id
returning seat
"""


def parse_starts_at(value: Any) -> datetime:
    """Return a time such as `2026-12-05T18:00`, with or without an offset. Raises `PamError` (`invalid_date`)."""
    try:
        if not (isinstance(value, str) and _ISO_TIME.fullmatch(value)):
            raise ValueError
        moment = datetime.fromisoformat(value)
        if not FIRST_DAY <= moment.date() <= LAST_DAY:
            raise ValueError
    except ValueError:
        raise PamError(
            INVALID_DATE, "The start must be a day with a time, such as 2026-12-05T18:00.", field="starts_at"
        ) from None
    return moment


def resolve_starts_at(moment: datetime, profile: Profile, now: datetime) -> datetime:
    """Return the instant of an event's start, which is in the profile's time zone unless it has an offset.

    Raises `PamError`: `date_in_past`, and what `resolve_time` raises for a time that a clock change repeats or skips.
    """
    starts_at = moment if moment.tzinfo else resolve_time(moment, profile, "starts_at")
    if starts_at <= now:
        raise PamError(DATE_IN_PAST, "That time is over already. An event starts in the future.", field="starts_at")
    return starts_at


def create_event(connection: Connection, host_id: UUID, event: NewEvent, now: datetime) -> UUID:
    """Insert an event and return its id. Its texts must be results of parsers."""
    row = connection.execute(_INSERT_EVENT, vars(event) | {"host": host_id, "now": now}).fetchone()
    assert row is not None
    event_id: UUID = row["id"]
    return event_id


@dataclass(frozen=True)
class Joined:
    """The number of an event's attendees, the user included, and whether the user hadn't joined before."""

    attendees: int
    is_new: bool


def join_event(connection: Connection, user_id: UUID, event_id: UUID, now: datetime) -> Joined:
    """Join an event, once.

    Raises `PamError`: `event_not_found`, `date_in_past` once it has begun, `event_full`.
    """
    if _read_start(connection, event_id) <= now:
        raise PamError(DATE_IN_PAST, "That event has begun already.")
    connection.execute(_LOCK_ATTENDEES, (str(event_id),))
    scope = {"event": event_id, "user": user_id, "now": now}
    joined = connection.execute(_COUNT_ATTENDEES, scope).fetchone()
    assert joined is not None
    attendees = int(joined["attendees"])
    if joined["has_joined"]:
        return Joined(attendees, is_new=False)
    if connection.execute(_JOIN, scope | {"attendees": attendees}).fetchone() is None:
        raise PamError(EVENT_FULL, "All places of that event are taken.")
    return Joined(attendees + 1, is_new=True)


@dataclass(frozen=True)
class Attendance:
    """The seat that a user had at an event, and since when."""

    seat: int
    since: datetime


def leave_event(
    connection: Connection, user_id: UUID, event_id: UUID, since: datetime | None = None
) -> Attendance | None:
    """Leave an event; return what was given up, None where the user hadn't joined.

    Also one whose host doesn't show it to the user any more. With `since` only one that began then ends.
    """
    connection.execute(_LOCK_ATTENDEES, (str(event_id),))
    row = connection.execute(_LEAVE, {"event": event_id, "user": user_id, "since": since}).fetchone()
    return None if row is None else Attendance(row["seat"], row["joined_at"])


def has_joined(connection: Connection, user_id: UUID, event_id: UUID) -> bool:
    """Return whether the user has joined an event, also one whose host doesn't show it to the user any more."""
    return connection.execute(_SELECT_OWN, {"event": event_id, "user": user_id}).fetchone() is not None


def restore_attendance(
    connection: Connection, user_id: UUID, event_id: UUID, attendance: Attendance, now: datetime
) -> None:
    """Give a user the seat again, or another if somebody has taken it; does nothing for one who has joined.

    Raises `PamError`: `event_not_found`, `event_full`, `date_in_past`.
    """
    _read_start(connection, event_id)
    connection.execute(_LOCK_ATTENDEES, (str(event_id),))
    scope = {"event": event_id, "user": user_id, **vars(attendance)}
    if connection.execute(_RESTORE, scope).fetchone() is None:
        join_event(connection, user_id, event_id, now)


def event_not_found() -> PamError:
    """Return the error for an event that is unknown, or that the user doesn't see: the same."""
    return PamError(EVENT_NOT_FOUND, "PAM finds no such event.")


def _read_start(connection: Connection, event_id: UUID) -> datetime:
    row = connection.execute(_SELECT_EVENT, (event_id,)).fetchone()
    if row is None:
        raise event_not_found()
    starts_at: datetime = row["starts_at"]
    return starts_at
