"""Tools for events of the community: published, found, and joined."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from pam.answers.event_list import SOURCE, coming_events, places_text
from pam.answers.publication import as_whom_and_for_whom
from pam.community import events
from pam.community.event_list import PublishedEvent, find_event, parse_event_id, parse_event_page, read_event
from pam.community.events import (
    Attendance,
    NewEvent,
    event_not_found,
    has_joined,
    leave_event,
    parse_event_description,
    parse_event_title,
    parse_max_attendees,
    parse_starts_at,
    resolve_starts_at,
    restore_attendance,
)
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.platform.errors import MODIFIED_SINCE, PamError
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult, approval_tool, read_tool, write_tool
from pam.tools.engine.results import to_tool_result
from pam.travel.queries import PlaceName
from pam.users.formatting import format_instant

_Title = Annotated[str, BeforeValidator(parse_event_title), parse_event_title.schema]
_Description = Annotated[str, BeforeValidator(parse_event_description), parse_event_description.schema]
_StartsAt = Annotated[
    datetime, BeforeValidator(parse_starts_at), WithJsonSchema({"type": "string", "format": "date-time"})
]
_MaxAttendees = Annotated[int | None, optional(parse_max_attendees), parse_max_attendees.schema]
_EventId = Annotated[UUID, BeforeValidator(parse_event_id), WithJsonSchema({"type": "string", "format": "uuid"})]
_Page = Annotated[int, BeforeValidator(parse_event_page), parse_event_page.schema]


class CreateEvent(ToolArguments):
    """An event to publish."""

    description: _Description = ""
    max_attendees: _MaxAttendees = None
    place: PlaceName
    starts_at: _StartsAt
    title: _Title


def _preview_event(context: WriteContext, new: CreateEvent) -> str:
    profile = context.profile
    starts_at = resolve_starts_at(new.starts_at, profile, context.now)
    lines = [f"Publish this event {as_whom_and_for_whom(context)} to see and join:", new.title]
    lines += [f"Start: {format_instant(starts_at, profile)} ({profile.zone.key})", f"Place: {new.place}"]
    lines += [new.description] if new.description else []
    lines += [f"Attendees: at most {new.max_attendees}"] if new.max_attendees else []
    return "\n".join([*lines, "It can't be changed or deleted."])


@approval_tool(EffectKind.OUTWARD, summary=lambda new: f"Publishing the event “{new.title}”", preview=_preview_event)
def create_event(context: WriteContext, new: CreateEvent) -> WriteResult:
    """Publish a meetup that others see."""
    profile = context.profile
    starts_at = resolve_starts_at(new.starts_at, profile, context.now)
    event = NewEvent(new.title, starts_at, new.place, new.description, new.max_attendees)
    event_id = events.create_event(context.connection, profile.id, event, context.now)
    data = {
        "event_id": str(event_id),
        "title": new.title,
        "starts_at": starts_at.astimezone(profile.zone).isoformat(timespec="seconds"),
        "place": new.place,
        "max_attendees": new.max_attendees,
    }
    text = (
        f"Your event “{new.title}” on {format_instant(starts_at, profile)} at {new.place} is published. "
        "Who sees it can join it."
    )
    return WriteResult(text, data, SOURCE, simulated=profile.simulated)


class FindEvents(ToolArguments):
    """Where the events are, and which of them."""

    page: _Page = 1
    place: PlaceName | None = None


@read_tool(summary=lambda _: "Looking for events", returns_others_text=True)
def find_events(context: ToolContext, arguments: FindEvents) -> ToolResult:
    """Coming events that others publish."""
    return to_tool_result(
        coming_events(
            context.dependencies,
            context.user_id,
            arguments.place or "",
            arguments.page,
            context.deadline,
            context.zone,
        )
    )


class JoinEvent(ToolArguments):
    """The event to join, or to leave."""

    event: _EventId
    leave: StrictBool | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Leaving an event" if self.leave else "Joining an event"


def _preview_attendance(context: WriteContext, arguments: JoinEvent) -> str:
    connection, user_id = context.connection, context.profile.id
    event = find_event(connection, user_id, arguments.event)
    if event is None:
        if arguments.leave and has_joined(connection, user_id, arguments.event):
            return f"Leave {_label(event)}."
        raise event_not_found()
    starts_at = format_instant(event.starts_at, context.profile)
    return f"{'Leave' if arguments.leave else 'Join'} {event.label} on {starts_at} at {event.place}."


def _label(event: PublishedEvent | None) -> str:
    # A host may have hidden an event since, but who has joined it can leave.
    return event.label if event else "that event"


def _undo_attendance(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    connection, user_id = context.connection, context.profile.id
    event_id, since = UUID(undo["event"]), datetime.fromisoformat(undo["since"])
    if undo["leave"]:
        restore_attendance(connection, user_id, event_id, Attendance(undo["seat"], since), context.now)
        return UndoResult(f"You have joined {read_event(connection, user_id, event_id).label} again.")
    if leave_event(connection, user_id, event_id, since) is None and has_joined(connection, user_id, event_id):
        raise PamError(MODIFIED_SINCE, "You have joined that event anew since. Leave it, if you want to.")
    return UndoResult(f"You haven't joined {_label(find_event(connection, user_id, event_id))} any more.")


@write_tool(summary=JoinEvent.summary, undo=_undo_attendance, preview=_preview_attendance, returns_others_text=True)
def join_event(context: WriteContext, arguments: JoinEvent) -> WriteResult:
    """Join or leave an event that was found."""
    connection, user_id, event_id = context.connection, context.profile.id, arguments.event
    undo: dict[str, Any] | None = None
    if arguments.leave:
        left = leave_event(connection, user_id, event_id)
        event = find_event(connection, user_id, event_id)
        if left is None and event is None:
            raise event_not_found()
        done = f"You have left {_label(event)}" if left else f"You hadn't joined {_label(event)}"
        if left:
            undo = {"event": str(event_id), "leave": True, "seat": left.seat, "since": left.since.isoformat()}
    else:
        joined = events.join_event(connection, user_id, event_id, context.now)
        event = read_event(connection, user_id, event_id)
        done = f"You have joined {event.label}" if joined.is_new else f"You had joined {event.label} already"
        if joined.is_new:
            undo = {"event": str(event_id), "leave": False, "since": context.now.isoformat()}
    return _attendance_result(context, event_id, event, done, undo)


def _attendance_result(
    context: WriteContext, event_id: UUID, event: PublishedEvent | None, done: str, undo: dict[str, Any] | None
) -> WriteResult:
    profile = context.profile
    changed = undo is not None
    if event is None:
        data: dict[str, Any] = {"event": str(event_id), "joined": False, "changed": changed}
        return WriteResult(f"{done}.", data, SOURCE, undo, profile.simulated)
    data = {
        "event": str(event_id),
        "title": event.title,
        "starts_at": event.starts_at.astimezone(profile.zone).isoformat(timespec="seconds"),
        "place": event.place,
        "joined": event.has_joined,
        "attendees": event.attendees,
        "max_attendees": event.max_attendees,
        "changed": changed,
    }
    text = (
        f"{done}, {format_instant(event.starts_at, profile)} at {event.place}: "
        f"{places_text(event.attendees, event.max_attendees)}."
    )
    return WriteResult(text, data, SOURCE, undo, profile.simulated)


TOOLS: tuple[Tool[Any], ...] = (create_event, find_events, join_event)
