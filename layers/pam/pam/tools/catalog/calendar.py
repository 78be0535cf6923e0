"""Tools for the traveller's calendar. Times are those that clocks show where the traveller is."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from pam.answers.answer import instant
from pam.answers.calendar import calendar_source, event_data, event_text, page_data, page_text
from pam.calendar.event import CalendarEvent
from pam.calendar.event_pages import read_events
from pam.calendar.events import (
    EventChanges,
    create_event,
    delete_event,
    find_event,
    parse_event,
    parse_event_notes,
    parse_event_place,
    parse_title,
    restore_event,
    update_event,
)
from pam.calendar.times import When, parse_when, resolve_span
from pam.calendar.windows import CalendarQuery, parse_page
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.money.queries import Day, Period
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import Tool, ToolContext, ToolResult, read_tool, write_tool
from pam.users.profile import read_profile
from pam.users.typed_at import resolve_typed_at

_STRING = WithJsonSchema({"type": "string"})


def _when(field: str) -> BeforeValidator:
    return optional(lambda value: parse_when(value, field))


_Title = Annotated[str, BeforeValidator(parse_title), parse_title.schema]
_Place = Annotated[str, BeforeValidator(parse_event_place), parse_event_place.schema]
_Notes = Annotated[str, BeforeValidator(parse_event_notes), parse_event_notes.schema]
_NewTitle = Annotated[str | None, optional(parse_title), parse_title.schema]
_NewPlace = Annotated[str | None, optional(parse_event_place), parse_event_place.schema]
_NewNotes = Annotated[str | None, optional(parse_event_notes), parse_event_notes.schema]
_Event = Annotated[str, BeforeValidator(parse_event), parse_event.schema]
_Start = Annotated[When, BeforeValidator(lambda value: parse_when(value, "start")), _STRING]
_NewStart = Annotated[When | None, _when("start"), _STRING]
_End = Annotated[When | None, _when("end"), _STRING]
_Date = Annotated[Day, WithJsonSchema({"type": "string", "format": "date"})]
_Period = Annotated[Period, _STRING]
_Page = Annotated[int, BeforeValidator(parse_page), WithJsonSchema({"type": "integer"})]

_TIME = "2026-03-14T09:30, or a day."


class CreateCalendarEvent(ToolArguments):
    """An event to put into the calendar."""

    end: _End = None
    notes: _Notes = ""
    place: _Place = ""
    start: _Start = Field(description=_TIME)
    title: _Title

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Adding “{self.title}” to your calendar"


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    event = restore_event(context.connection, context.profile.id, undo)
    if event is None:
        return UndoResult(f"“{undo['title']}” is out of your calendar.")
    return UndoResult(f"Your calendar has it as before: {event_text(event, context.profile)}.")


def _is_created(arguments: CreateCalendarEvent, data: Mapping[str, Any]) -> bool:
    """Return whether a recorded event is the same by its title and start."""
    title, start = str(data.get("title", "")), str(data.get("start", ""))
    local = arguments.start.isoformat()[:16]
    return title.casefold() == arguments.title.casefold() and start[:16] == local


def _result(context: WriteContext, text: str, event: CalendarEvent, undo: Mapping[str, Any] | None) -> WriteResult:
    profile = context.profile
    sentence = f"{text}: {event_text(event, profile)}."
    return WriteResult(sentence, event_data(event, profile), calendar_source(profile), undo, profile.simulated)


@write_tool(summary=CreateCalendarEvent.summary, undo=_undo, repeats=_is_created)
def create_calendar_event(context: WriteContext, arguments: CreateCalendarEvent) -> WriteResult:
    """Add to their private calendar. A day alone lasts all day."""
    span = resolve_span(arguments.start, arguments.end, context.profile)
    written = create_event(
        context.connection,
        context.profile.id,
        arguments.title,
        arguments.place,
        arguments.notes,
        span,
        context.now,
    )
    return _result(context, "In your calendar now", written.after, written.undo)


class UpdateCalendarEvent(ToolArguments):
    """The event to change, and what is to be changed."""

    end: _End = None
    event: _Event
    notes: _NewNotes = None
    place: _NewPlace = None
    start: _NewStart = None
    title: _NewTitle = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_dump(exclude={"event"}, exclude_none=True):
            raise PamError(INVALID_REQUEST, "Say what to change: the title, the time, the place or the notes.")
        return self


def _preview_change(context: WriteContext, arguments: UpdateCalendarEvent) -> str:
    event = find_event(context.connection, context.profile, arguments.event)
    given = arguments.model_dump(exclude={"event"}, exclude_none=True)
    changes = "; ".join(f"{name}: {value or 'none'}" for name, value in given.items())
    return f"Change in your calendar: {event_text(event, context.profile)}. {changes}."


@write_tool(summary=lambda _: "Changing your calendar", undo=_undo, preview=_preview_change)
def update_calendar_event(context: WriteContext, arguments: UpdateCalendarEvent) -> WriteResult:
    """Change only what is given. A new start keeps the length."""
    changes = EventChanges(arguments.title, arguments.place, arguments.notes, arguments.start, arguments.end)
    written = update_event(context.connection, context.profile, arguments.event, changes)
    return _result(context, "Changed" if written.undo else "It is so already", written.after, written.undo)


class DeleteCalendarEvent(ToolArguments):
    """The event to delete."""

    event: _Event


def _preview_deletion(context: WriteContext, arguments: DeleteCalendarEvent) -> str:
    event = find_event(context.connection, context.profile, arguments.event)
    return f"Delete from your calendar: {event_text(event, context.profile)}."


@write_tool(summary=lambda _: "Deleting from your calendar", undo=_undo, preview=_preview_deletion)
def delete_calendar_event(context: WriteContext, arguments: DeleteCalendarEvent) -> WriteResult:
    """Delete an event of the calendar."""
    written = delete_event(context.connection, context.profile, arguments.event, context.now)
    return _result(context, "Deleted from your calendar", written.after, written.undo)


class GetCalendarEvents(ToolArguments):
    """The days to look at."""

    from_: _Date | None = Field(default=None, alias="from")
    page: _Page = 1
    period: _Period | None = Field(default=None, description="this_week; default next_30_days")
    to: _Date | None = Field(default=None, description="Exclusive.")


@read_tool(summary=lambda _: "Looking at your calendar")
def get_calendar_events(context: ToolContext, arguments: GetCalendarEvents) -> ToolResult:
    """Events of their calendar, with ids."""
    query = CalendarQuery(**arguments.model_dump(by_alias=True, mode="json", exclude_none=True))
    now = context.dependencies.clock()
    with context.dependencies.database.session(context.user_id, context.deadline) as connection:
        profile = read_profile(connection, context.user_id).in_zone(context.zone)
        today = resolve_typed_at(context.typed_at, now).astimezone(profile.zone).date()
        window = query.window(today, profile.locale)
        page = read_events(connection, profile, window, query.page)
    return ToolResult(
        page_text(page, window, profile, query.page),
        page_data(page, profile, query.page),
        calendar_source(profile),
        instant(now.astimezone(profile.zone)),
        profile.simulated,
    )


TOOLS: tuple[Tool[Any], ...] = (
    create_calendar_event,
    update_calendar_event,
    delete_calendar_event,
    get_calendar_events,
)
