"""The changes of a user's calendar: events created, changed and deleted, and the undo of each.

Every change gives an event another version, and its undo restores the one before, unless it was changed since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from pam.calendar.event import EVENT_COLUMNS, CalendarEvent, event_time
from pam.calendar.times import Days, Span, Times, When, resolve_span
from pam.platform.errors import AMBIGUOUS_EVENT, EVENT_NOT_FOUND, INVALID_END, MODIFIED_SINCE, ErrorChoice, PamError
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_uuid
from pam.users.name_matches import MAX_CHOICES, NameMatch, pick_match
from pam.users.periods import LAST_DAY
from pam.users.profile import Profile
from pam.users.text import TextParser

parse_title = TextParser("title", 100, required=True)
parse_event_place = TextParser("place", 100)
parse_event_notes = TextParser("notes", 500)
parse_event = TextParser("event", 100, required=True)


@dataclass(frozen=True)
class EventChanges:
    """What is to be changed of an event; None stays."""

    title: str | None = None
    place: str | None = None
    notes: str | None = None
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True)
class WrittenEvent:
    """An event before and after a change, and what `restore_event` needs; None where nothing was changed."""

    before: CalendarEvent | None
    after: CalendarEvent
    undo: Mapping[str, Any] | None


_INSERT = """
insert into calendar_events (id, user_id, title, place, notes, first_day, last_day, starts_local, ends_local, time_zone,
                             starts_at, ends_at, created_at, version)
values (%(id)s, %(user)s, %(title)s, %(place)s, %(notes)s, %(first_day)s, %(last_day)s, %(starts_local)s,
        %(ends_local)s, %(time_zone)s, %(starts_at)s, %(ends_at)s, %(now)s, %(version)s)
"""

_UPDATE = """
update calendar_events
   set title = %(title)s, place = %(place)s, notes = %(notes)s, first_day = %(first_day)s, last_day = %(last_day)s,
       starts_local = %(starts_local)s, ends_local = %(ends_local)s, time_zone = %(time_zone)s,
       starts_at = %(starts_at)s, ends_at = %(ends_at)s, deleted_at = %(deleted_at)s, version = %(version)s
 where id = %(id)s and user_id = %(user)s
"""

_DELETE = "delete from calendar_events where id = %(id)s and user_id = %(user)s"

_LOCK = f"select {EVENT_COLUMNS} from calendar_events where id = %(id)s and user_id = %(user)s for update"

_FIND = f"""
select {EVENT_COLUMNS}, lower(title) = lower(%(title)s) as is_whole
  from calendar_events
 where user_id = %(user)s and deleted_at is null
   and (lower(title) = lower(%(title)s) or to_tsvector('simple', title) @@ plainto_tsquery('simple', %(title)s))
 order by coalesce(starts_at, first_day) desc, id
 limit %(limit)s
"""


def create_event(
    connection: Connection, user_id: UUID, title: str, place: str, notes: str, span: Span, now: datetime
) -> WrittenEvent:
    """Insert an event into the user's calendar."""
    event = CalendarEvent(uuid4(), title, place, notes, span)
    version = uuid4()
    connection.execute(_INSERT, event.values() | {"id": event.id, "user": user_id, "now": now, "version": version})
    return WrittenEvent(None, event, _undo(None, None, event, version))


def update_event(connection: Connection, profile: Profile, name: str, changes: EventChanges) -> WrittenEvent:
    """Change the event with this id or title. New times are in the profile's time zone, which becomes the event's.

    A new start without an end keeps the duration. Raises `PamError`: `event_not_found`, `ambiguous_event`, and what
    `resolve_span` raises.
    """
    before, version = _lock(connection, profile, name)
    texts = {field: value for field in ("title", "place", "notes") if (value := getattr(changes, field)) is not None}
    after = replace(before, **texts, span=_changed_span(before.span, changes, profile))
    if after == before:
        return WrittenEvent(before, before, None)
    new_version = uuid4()
    _store(connection, profile.id, after, new_version, None)
    return WrittenEvent(before, after, _undo(before, version, after, new_version))


def delete_event(connection: Connection, profile: Profile, name: str, now: datetime) -> WrittenEvent:
    """Delete the event with this id or title. It stays stored for its undo.

    Raises `PamError`: `event_not_found`, `ambiguous_event`.
    """
    before, version = _lock(connection, profile, name)
    new_version = uuid4()
    _store(connection, profile.id, before, new_version, now)
    return WrittenEvent(before, before, _undo(before, version, before, new_version))


def restore_event(connection: Connection, user_id: UUID, undo: Mapping[str, Any]) -> CalendarEvent | None:
    """Undo the change with this `undo` and return the event, None where there was none before.

    Does nothing if it is undone already. Raises `PamError` (`modified_since`) if the event was changed since.
    """
    scope = {"id": UUID(undo["event"]), "user": user_id}
    row = connection.execute(_LOCK, scope).fetchone()
    before = undo["before"]
    if row is None and before is None:
        return None
    version = row and str(row["version"])
    if row is not None and before is not None and version == before["version"]:
        return CalendarEvent.from_row(row)
    if row is None or version != undo["version"]:
        raise PamError(MODIFIED_SINCE, "That event was changed again or deleted since, so it stays as it is.")
    if before is None:
        connection.execute(_DELETE, scope)
        return None
    event = CalendarEvent.from_row({"id": scope["id"]} | _read_values(before["values"]))
    _store(connection, user_id, event, UUID(before["version"]), None)
    return event


def _changed_span(before: Span, changes: EventChanges, profile: Profile) -> Span:
    start, end = changes.start, changes.end
    if start is None and end is None:
        return before
    if start is None:
        start = before.first if isinstance(before, Days) else before.starts.astimezone(profile.zone)
    elif end is None:
        try:
            moved = _moved(before, resolve_span(start, None, profile))
        except OverflowError:
            raise _too_late() from None
        if (moved.last if isinstance(moved, Days) else (moved.ends or moved.starts).date()) > LAST_DAY:
            raise _too_late()
        return moved
    return resolve_span(start, end, profile)


def _moved(before: Span, to: Span) -> Span:
    """Return a span that begins with `to`, as long as `before` was if both are days or times."""
    if isinstance(before, Days) and isinstance(to, Days):
        return Days(to.first, to.first + (before.last - before.first))
    if isinstance(before, Times) and isinstance(to, Times) and before.ends is not None:
        return replace(to, ends=to.starts + (before.ends - before.starts))
    return to


def find_event(connection: Connection, profile: Profile, name: str) -> CalendarEvent:
    """Return the event with this id or title, locked. Raises `PamError` (`event_not_found`, `ambiguous_event`)."""
    return _lock(connection, profile, name)[0]


def _lock(connection: Connection, profile: Profile, name: str) -> tuple[CalendarEvent, UUID]:
    """Lock the event with this id or title, and return it with its version."""
    try:
        event_id = parse_uuid(name)
    except ValueError:
        event_id = _find_by_title(connection, profile, name)
    row = connection.execute(_LOCK, {"id": event_id, "user": profile.id}).fetchone()
    if row is None or row["deleted_at"] is not None:
        raise _not_found()
    return CalendarEvent.from_row(row), row["version"]


def _find_by_title(connection: Connection, profile: Profile, title: str) -> UUID:
    """Return the id of the only event with this title; titles of several may be equal."""
    rows = connection.execute(_FIND, {"user": profile.id, "title": title, "limit": MAX_CHOICES + 1}).fetchall()
    matches = []
    for row in rows:
        event, is_whole = CalendarEvent.from_row(row), row["is_whole"]
        choice = ErrorChoice(f"{event.title}, {event_time(event.span, profile)}", str(event.id))
        matches.append(NameMatch(event.id, is_whole, choice))
    found = pick_match(matches, "Which event is it", error=AMBIGUOUS_EVENT, field="event", changes_row=True)
    if found is None:
        raise _not_found()
    return found


def _too_late() -> PamError:
    return PamError(INVALID_END, "That would end too late.", field="end")


def _not_found() -> PamError:
    return PamError(EVENT_NOT_FOUND, "There is no such event in your calendar.", field="event")


def _store(
    connection: Connection, user_id: UUID, event: CalendarEvent, version: UUID, deleted_at: datetime | None
) -> None:
    scope = {"id": event.id, "user": user_id, "version": version, "deleted_at": deleted_at}
    connection.execute(_UPDATE, event.values() | scope)


def _undo(
    before: CalendarEvent | None, version_before: UUID | None, after: CalendarEvent, version: UUID
) -> dict[str, Any]:
    """Return what `restore_event` needs, as JSON values."""
    values = {} if before is None else before.values()
    written = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return {
        "event": str(after.id),
        "title": after.title,
        "version": str(version),
        "before": before and {"values": written, "version": str(version_before)},
    }


def _read_values(values: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the values that `_undo` wrote."""

    def parse(name: str, value: str | None) -> Any:
        if value is None or name in ("title", "place", "notes", "time_zone"):
            return value
        return date.fromisoformat(value) if name.endswith("_day") else datetime.fromisoformat(value)

    return {name: parse(name, value) for name, value in values.items()}
