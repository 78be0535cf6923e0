"""Tools for events of the community: published, found, and joined."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from pam.answers.event_list import SOURCE, coming_events, places_text
from pam.answers.publication import as_whom_and_for_whom
from pam.community import events
from pam.community.event_list import parse_event_id, parse_event_page, read_event
from pam.community.events import (
    Attendance,
    NewEvent,
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
    starts_at = resolve_starts_at(new.starts_at, profile.zone, context.now)
    lines = [f"Publish this event {as_whom_and_for_whom(context)} to see and join:", new.title]
    lines += [f"Start: {format_instant(starts_at, profile)} ({profile.zone.key})", f"Place: {new.place}"]
    lines += [new.description] if new.description else []
    lines += [f"Attendees: at most {new.max_attendees}"] if new.max_attendees else []
    return "\n".join([*lines, "It can't be changed or deleted."])


@approval_tool(EffectKind.OUTWARD, summary=lambda new: f"Publishing the event “{new.title}”", preview=_preview_event)
def create_event(context: WriteContext, new: CreateEvent) -> WriteResult:
    """Publish a meetup that others see."""
    profile = context.profile
    starts_at = resolve_starts_at(new.starts_at, profile.zone, context.now)
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
    event = read_event(context.connection, context.profile.id, arguments.event)
    starts_at = format_instant(event.starts_at, context.profile)
    return f"{'Leave' if arguments.leave else 'Join'} {event.label} on {starts_at} at {event.place}."


def _undo_attendance(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    connection, user_id = context.connection, context.profile.id
    event_id, since = UUID(undo["event"]), datetime.fromisoformat(undo["since"])
    label = read_event(connection, user_id, event_id).label
    if undo["leave"]:
        restore_attendance(connection, user_id, event_id, Attendance(undo["seat"], since), context.now)
        return UndoResult(f"You have joined {label} again.")
    is_left = leave_event(connection, user_id, event_id, since)
    if is_left is None and read_event(connection, user_id, event_id).has_joined:
        raise PamError(MODIFIED_SINCE, "You have joined that event anew since. Leave it, if you want to.")
    return UndoResult(f"You haven't joined {label} any more.")


@write_tool(summary=JoinEvent.summary, undo=_undo_attendance, preview=_preview_attendance, returns_others_text=True)
def join_event(context: WriteContext, arguments: JoinEvent) -> WriteResult:
    """Join or leave an event that was found."""
    connection, user_id, profile = context.connection, context.profile.id, context.profile
    before = read_event(connection, user_id, arguments.event)
    undo: dict[str, Any] | None = None
    if arguments.leave:
        left = leave_event(connection, user_id, before.id)
        done = f"You have left {before.label}" if left else f"You hadn't joined {before.label}"
        if left:
            undo = {"leave": True, "seat": left.seat, "since": left.since.isoformat()}
    else:
        events.join_event(connection, user_id, before.id, context.now)
        done = f"You had joined {before.label} already" if before.has_joined else f"You have joined {before.label}"
        if not before.has_joined:
            undo = {"leave": False, "since": context.now.isoformat()}
    after = read_event(connection, user_id, before.id)
    return WriteResult(
        f"{done}, {format_instant(after.starts_at, profile)} at {after.place}: "
        f"{places_text(after.attendees, after.max_attendees)}.",
        {
            "event": str(after.id),
            "title": after.title,
            "starts_at": after.starts_at.astimezone(profile.zone).isoformat(timespec="seconds"),
            "place": after.place,
            "joined": after.has_joined,
            "attendees": after.attendees,
            "max_attendees": after.max_attendees,
            "changed": undo is not None,
        },
        SOURCE,
        undo and undo | {"event": str(after.id)},
        profile.simulated,
    )


TOOLS: tuple[Tool[Any], ...] = (create_event, find_events, join_event)
