"""The calendar: times of the traveller's zone wherever they are, never the wrong event, exact undos."""

import json
import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pam.platform.errors import PamError
from pam.tools.catalog.calendar import (
    create_calendar_event,
    delete_calendar_event,
    get_calendar_events,
    update_calendar_event,
)
from pam.tools.engine.definition import Tool, ToolResult
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import result_json
from tests.functional.tools.conftest import Caller, ManualClock, error_of

ROUNDS = int(os.environ.get("PAM_CASES", "20"))
"""Of concurrent changes; `make soak` has a thousand."""

NARROW = "\N{NARROW NO-BREAK SPACE}"


def call(caller: Caller, tool: Tool[Any], **arguments: Any) -> ToolResult:
    return caller.call(tool, json.dumps(arguments))


def create(caller: Caller, title: str, start: str, **more: Any) -> str:
    """Create an event and return its id."""
    return str(call(caller, create_calendar_event, title=title, start=start, **more).data["id"])


def error_code(caller: Caller, tool: Tool[Any], **arguments: Any) -> str:
    return error_of(lambda: call(caller, tool, **arguments)).error.code


def titles(caller: Caller, **arguments: Any) -> list[str]:
    return [event["title"] for event in call(caller, get_calendar_events, **arguments).data["events"]]


def rows(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute("select * from calendar_events where user_id = %s order by id", (caller.id,)).fetchall()


@pytest.fixture
def traveller_at_noon(new_caller: Callable[..., Caller], noon: ManualClock) -> Caller:
    """A new user on Sunday, 22 November 2026, noon in Denver."""
    return new_caller(noon)


def test_empty_calendar_has_no_events(traveller_at_noon: Caller) -> None:
    """In the next thirty days, with its source and time."""
    found = call(traveller_at_noon, get_calendar_events)
    assert found.data == {"events": [], "found": 0, "next_page": None}
    assert found.text == "Your calendar has no events from Nov 22 – Dec 21, 2026.".replace(" – ", "\u2009–\u2009")
    assert (found.source, found.as_of) == ("Your calendar in PAM", "2026-11-22T12:00:00-07:00")


def test_event_is_at_the_traveller_s_time(traveller_at_noon: Caller, owner: psycopg.Connection) -> None:
    """Stored as wall clock with its zone; elsewhere it is at the local time there, with the time as it was entered."""
    caller = traveller_at_noon
    made = call(
        caller, create_calendar_event, title="Dentist", start="2026-11-24T09:00", end="2026-11-24T10:15",
        place="Moab", notes="Bring the card.",
    )  # fmt: skip
    assert made.text.replace(NARROW, " ") == ("In your calendar now: Dentist (Nov 24, 2026, 9:00 AM – 10:15 AM, Moab).")
    assert made.data == {
        "id": made.data["id"], "title": "Dentist", "start": "2026-11-24T09:00-07:00", "end": "2026-11-24T10:15-07:00",
        "place": "Moab", "notes": "Bring the card.",
    }  # fmt: skip
    stored = owner.execute(
        "select starts_local::text, ends_local::text, time_zone, starts_at from calendar_events where user_id = %s",
        (caller.id,),
    ).fetchone()
    assert stored == (
        "2026-11-24 09:00:00", "2026-11-24 10:15:00", "America/Denver", datetime(2026, 11, 24, 16, tzinfo=UTC),
    )  # fmt: skip
    there = call(caller.in_zone("America/New_York"), get_calendar_events)
    [event] = there.data["events"]
    assert (event["start"], event["end"]) == ("2026-11-24T11:00-05:00", "2026-11-24T12:15-05:00")
    assert event["entered_as"] == {"start": "2026-11-24T09:00", "time_zone": "America/Denver"}
    assert "11:00 AM – 12:15 PM (9:00 AM in Denver), Moab" in there.text.replace(NARROW, " ")
    create(caller.in_zone("America/New_York"), "Call", "2026-11-24T09:30")
    assert [event["start"] for event in call(caller, get_calendar_events).data["events"]] == [
        "2026-11-24T07:30-07:00", "2026-11-24T09:00-07:00",
    ]  # fmt: skip


def test_all_day_event_is_on_its_days_in_every_zone(traveller_at_noon: Caller) -> None:
    """From its first day to its last, and before the times of the day."""
    caller = traveller_at_noon
    create(caller, "Breakfast", "2026-11-25T00:30")
    made = call(caller, create_calendar_event, title="Rally", start="2026-11-25", end="2026-11-27")
    assert made.text.endswith("Rally (Nov 25, 2026 – Nov 27, 2026, all day).")
    for zone in ("America/Denver", "Pacific/Auckland", "Pacific/Honolulu"):
        there = caller.in_zone(zone)
        data = call(there, get_calendar_events, **{"from": "2026-11-27", "to": "2026-11-28"}).data
        [event] = data["events"]
        assert (event["start"], event["last_day"], event["all_day"]) == ("2026-11-25", "2026-11-27", True)
        assert titles(there, **{"from": "2026-11-28", "to": "2026-11-30"}) == []
        assert titles(there, **{"from": "2026-11-22", "to": "2026-11-25"}) == (
            ["Breakfast"] if zone == "Pacific/Honolulu" else []
        )
    assert titles(caller, period="next_week") == []
    assert titles(caller, **{"from": "2026-11-25", "to": "2026-11-26"}) == ["Rally", "Breakfast"]


def test_events_of_a_window_are_those_that_touch_it(traveller_at_noon: Caller) -> None:
    """An end at its first instant isn't in it, an event without an end is where it starts."""
    caller = traveller_at_noon
    create(caller, "Before", "2026-11-24T23:00", end="2026-11-25T00:00")
    create(caller, "Across", "2026-11-24T23:00", end="2026-11-25T00:01")
    create(caller, "Midnight", "2026-11-25T00:00")
    create(caller, "Late", "2026-11-25T23:59", end="2026-11-26T02:00")
    create(caller, "After", "2026-11-26T00:00")
    assert titles(caller, **{"from": "2026-11-25", "to": "2026-11-26"}) == ["Across", "Midnight", "Late"]
    assert titles(caller, period="wednesday") == ["Across", "Midnight", "Late"]


def test_days_count_from_when_the_question_was_typed(traveller_at_noon: Caller, noon: ManualClock) -> None:
    """A question that is delivered on the next day is about the day of its typing."""
    create(traveller_at_noon, "Dentist", "2026-11-23T09:00")
    noon.now += timedelta(days=1)
    assert titles(traveller_at_noon, period="tomorrow") == []
    assert titles(traveller_at_noon.typed(noon.now - timedelta(days=1)), period="tomorrow") == ["Dentist"]


def test_clock_change_is_asked_about(traveller_at_noon: Caller, owner: psycopg.Connection) -> None:
    """Times that don't exist or come twice aren't stored; with its offset the second one is, and an end after it."""
    caller = traveller_at_noon
    assert error_code(caller, create_calendar_event, title="X", start="2027-03-14T02:30") == "nonexistent_time"
    error = error_of(lambda: call(caller, create_calendar_event, title="X", start="2027-11-07T01:30"))
    assert (error.error.code, error.field) == ("ambiguous_time", "start")
    assert rows(owner, caller) == []
    first, second = (choice.value for choice in error.choices)
    made = call(caller, create_calendar_event, title="X", start=first, end=second)
    assert (made.data["start"], made.data["end"]) == ("2027-11-07T01:30-06:00", "2027-11-07T01:30-07:00")
    [event] = call(caller, get_calendar_events, period="all_time").data["events"]
    assert (event["start"], event["end"]) == (made.data["start"], made.data["end"])
    moved = call(caller, update_calendar_event, event="X", start=second)
    assert (moved.data["start"], moved.data["end"]) == ("2027-11-07T01:30-07:00", "2027-11-07T02:30-07:00")
    same = call(caller, update_calendar_event, event="X", end="2027-11-07T03:00")
    assert same.data["start"] == "2027-11-07T01:30-07:00"


def test_change_keeps_what_is_not_given(traveller_at_noon: Caller) -> None:
    """A new start keeps the duration, also over a clock change; a new kind of time drops the old end."""
    caller = traveller_at_noon
    event = create(caller, "Trip", "2026-11-24T09:00", end="2026-11-24T10:30", place="Moab", notes="Map")

    def change(**arguments: Any) -> dict[str, Any]:
        data = dict(call(caller, update_calendar_event, event=event, **arguments).data)
        assert data.pop("id") == event
        return data

    base = {"title": "Trip", "place": "Moab", "notes": "Map"}
    assert change(start="2027-03-14T01:00") == base | {
        "start": "2027-03-14T01:00-07:00", "end": "2027-03-14T03:30-06:00",
    }  # fmt: skip
    assert change(end="2027-03-14T04:00")["end"] == "2027-03-14T04:00-06:00"
    assert change(notes="", title="Ride") == {
        "title": "Ride", "place": "Moab", "start": "2027-03-14T01:00-07:00", "end": "2027-03-14T04:00-06:00",
    }  # fmt: skip
    assert change(start="2026-12-01", end="2026-12-03")["last_day"] == "2026-12-03"
    assert change(start="2026-12-30")["last_day"] == "2027-01-01"
    assert change(end="2026-12-31")["last_day"] == "2026-12-31"
    assert change(start="2026-12-30T08:00") == {
        "title": "Ride", "place": "Moab", "start": "2026-12-30T08:00-07:00",
    }  # fmt: skip
    for arguments in ({"end": "2026-12-30T08:00"}, {"end": "2026-12-31"}, {"start": "2026-12-31", "end": "2026-12-30"}):
        assert error_code(caller, update_calendar_event, event=event, **arguments) == "invalid_end"
    unchanged = call(caller, update_calendar_event, event=event, title="Ride")
    assert unchanged.text.startswith("It is so already: ")
    assert unchanged.effect is not None and unchanged.effect.undo_until is None


def test_new_times_are_where_the_traveller_is(traveller_at_noon: Caller) -> None:
    """An event of another zone moves to the present one; its other texts can be changed without that."""
    event = create(traveller_at_noon, "Call", "2026-11-24T09:00", end="2026-11-24T10:00")
    there = traveller_at_noon.in_zone("Europe/Oslo")
    renamed = call(there, update_calendar_event, event=event, title="Long call").data
    assert (renamed["start"], renamed["entered_as"]["time_zone"]) == ("2026-11-24T17:00+01:00", "America/Denver")
    moved = call(there, update_calendar_event, event=event, end="2026-11-24T19:00").data
    assert (moved["start"], moved["end"]) == ("2026-11-24T17:00+01:00", "2026-11-24T19:00+01:00")
    assert "entered_as" not in moved


def test_one_of_several_matches_is_never_changed_or_deleted(
    traveller_at_noon: Caller, owner: psycopg.Connection
) -> None:
    """The choices have the times and ids, and one of these is deleted. A whole unambiguous title is enough."""
    caller = traveller_at_noon
    first = create(caller, "Dentist", "2026-11-24T09:00")
    second = create(caller, "dentist for Max", "2026-12-24")
    before = rows(owner, caller)
    for tool, more in ((delete_calendar_event, {}), (update_calendar_event, {"title": "X"})):
        error = error_of(lambda tool=tool, more=more: call(caller, tool, event="Dentist", **more))
        assert (error.error.code, error.field) == ("ambiguous_event", "event")
        assert [choice.value for choice in error.choices] == [second, first]
        assert error.message.replace(NARROW, " ") == (
            "Which event is it: dentist for Max, Dec 24, 2026, all day; Dentist, Nov 24, 2026, 9:00 AM?"
        )
    assert rows(owner, caller) == before
    deleted = call(caller, delete_calendar_event, event=first)
    assert deleted.text.replace(NARROW, " ") == "Deleted from your calendar: Dentist (Nov 24, 2026, 9:00 AM)."
    assert titles(caller, period="all_time") == ["dentist for Max"]
    call(caller, delete_calendar_event, event="DENTIST FOR MAX")
    assert titles(caller, period="all_time") == []
    for _ in range(7):
        create(caller, "Laundry", "2026-11-24T09:00")
    error = error_of(lambda: call(caller, delete_calendar_event, event="laundry"))
    assert len(error.choices) == 5 and error.message.endswith("; or another one?")


def test_part_of_a_title_shows_the_event_first(traveller_at_noon: Caller, owner: psycopg.Connection) -> None:
    """With its day and its id, by which it is changed or deleted then; nothing happens before."""
    caller = traveller_at_noon
    event = create(caller, "Propane inspection in Moab", "2026-12-24")
    before = rows(owner, caller)
    for part in ("inspection", "PROPANE Inspection", "Moab"):
        for tool, more in ((delete_calendar_event, {}), (update_calendar_event, {"title": "X"})):
            error = error_of(lambda tool=tool, more=more, part=part: call(caller, tool, event=part, **more))
            assert error.error.code == "ambiguous_event" and [choice.value for choice in error.choices] == [event]
            assert error.message == "Is it Propane inspection in Moab, Dec 24, 2026, all day?"
    assert rows(owner, caller) == before
    call(caller, update_calendar_event, event="propane inspection in moab", start="2026-12-23")
    call(caller, delete_calendar_event, event=event)
    assert titles(caller, period="all_time") == []


def test_preview_of_a_change_names_the_event_and_its_day(traveller_at_noon: Caller, owner: psycopg.Connection) -> None:
    """As a turn with texts of others shows it; also of a new one, and only an event that it would find."""
    caller = traveller_at_noon
    create(caller, "Rally", "2026-12-05T09:00", end="2026-12-05T11:30", place="Moab", notes="Bring chairs")
    before = rows(owner, caller)

    def preview(tool: Tool[Any], **arguments: Any) -> str:
        return caller.preview(tool, json.dumps(arguments)).replace(NARROW, " ").replace("\N{THIN SPACE}", " ")

    event = "Rally (Dec 5, 2026, 9:00 AM – 11:30 AM, Moab)"
    assert preview(delete_calendar_event, event="rally") == f"Delete from your calendar: {event}."
    assert preview(update_calendar_event, event="Rally", title="Meetup", notes="") == (
        f"Change in your calendar: {event}. notes: none; title: Meetup."
    )
    assert preview(create_calendar_event, title="Hike", start="2026-12-06") == (
        "Adding “Hike” to your calendar: start 2026-12-06, title Hike."
    )
    create(caller, "Rally dinner", "2026-12-06")
    for tool, more in ((delete_calendar_event, {}), (update_calendar_event, {"title": "X"})):
        error = error_of(lambda tool=tool, more=more: preview(tool, event="dinner", **more))
        assert error.error.code == "ambiguous_event"
    assert len(rows(owner, caller)) == len(before) + 1


@pytest.mark.parametrize(
    ("title", "start", "is_same"),
    [
        ("rally", "2026-12-05T09:00", True),
        ("Rally", "2026-12-05T09:00:00", True),
        ("Rally", "2026-12-05T09:00-07:00", True),
        ("Rally", "2026-12-05T09:30", False),
        ("Rally", "2026-12-05", False),
        ("Rally dinner", "2026-12-05T09:00", False),
    ],
)
def test_event_is_recognised_when_its_question_is_asked_again(
    traveller_at_noon: Caller, title: str, start: str, is_same: bool
) -> None:
    """By its title in any case and its start, whatever else is said of it."""
    data = call(traveller_at_noon, create_calendar_event, title="Rally", start="2026-12-05T09:00").data
    raw = json.dumps({"title": title, "start": start, "notes": "in other words"})
    assert create_calendar_event.repeats is not None
    assert create_calendar_event.repeats(parse_arguments(create_calendar_event, raw), data) is is_same


def test_event_of_another_user_does_not_exist(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """The answer is that to an unknown or deleted one, by its id and its title; nothing of it changes."""
    caller, other = new_caller(), new_caller()
    event = create(caller, "Secret", "2026-11-24T09:00")
    gone = create(other, "Gone", "2026-11-24T09:00")
    call(other, delete_calendar_event, event=gone)
    before = rows(owner, caller)
    named = (event, "Secret", str(uuid.uuid4()), "Nothing", gone, "Gone", "?")
    errors: set[tuple[str, str]] = set()
    for name in named:
        for tool, more in ((delete_calendar_event, {}), (update_calendar_event, {"title": "X"})):
            error = error_of(lambda tool=tool, name=name, more=more: call(other, tool, event=name, **more))
            errors.add((error.error.code, error.message))
    assert errors == {("event_not_found", "There is no such event in your calendar.")}
    assert rows(owner, caller) == before and titles(other, period="all_time") == []


@pytest.mark.parametrize("kind", ["times", "days", "start only"])
def test_undo_restores_the_exact_row(new_caller: Callable[..., Caller], owner: psycopg.Connection, kind: str) -> None:
    """Of each write, once, also if repeated; not after a later change, nor for another user."""
    caller, other = new_caller(), new_caller()
    times: dict[str, Any] = {
        "times": {"start": "2027-11-07T01:30-06:00", "end": "2027-11-07T01:30-07:00"},
        "days": {"start": "2027-11-07", "end": "2027-11-09"},
        "start only": {"start": "2027-11-07T08:00"},
    }[kind]
    made = call(caller, create_calendar_event, title="Rally", place="Moab", notes="Two\nlines", **times)
    created = rows(owner, caller)
    moved = call(caller, update_calendar_event, event="Rally", start="2027-12-01", title="Meetup", notes="")
    assert rows(owner, caller) != created
    assert error_of(lambda: caller.undo(made, create_calendar_event)).error.code == "modified_since"
    assert error_of(lambda: other.undo(moved, update_calendar_event)).error.code == "effect_not_found"
    assert caller.undo(moved, update_calendar_event).startswith("Your calendar has it as before: Rally (Nov 7, 2027")
    assert caller.undo(moved, update_calendar_event) and rows(owner, caller) == created
    deleted = call(caller, delete_calendar_event, event="Rally")
    assert error_of(lambda: caller.undo(made, create_calendar_event)).error.code == "modified_since"
    assert caller.undo(deleted, delete_calendar_event) == caller.undo(deleted, delete_calendar_event)
    assert rows(owner, caller) == created
    again = call(caller, delete_calendar_event, event="Rally")
    assert error_of(lambda: caller.undo(deleted, delete_calendar_event)).error.code == "modified_since"
    assert titles(caller, period="all_time") == []
    caller.undo(again, delete_calendar_event)
    assert caller.undo(made, create_calendar_event) == "“Rally” is out of your calendar."
    assert caller.undo(made, create_calendar_event) and rows(owner, caller) == []


def test_undo_is_possible_for_ten_minutes(traveller_at_noon: Caller, noon: ManualClock) -> None:
    """Not longer."""
    create(traveller_at_noon, "Rally", "2026-12-01")
    deleted = call(traveller_at_noon, delete_calendar_event, event="rally")
    noon.now += timedelta(minutes=10, seconds=1)
    assert error_of(lambda: traveller_at_noon.undo(deleted, delete_calendar_event)).error.code == "undo_expired"


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        (create_calendar_event, {"title": "X"}, "invalid_request"),
        (create_calendar_event, {"start": "2026-12-01"}, "invalid_request"),
        (create_calendar_event, {"title": "", "start": "2026-12-01"}, "invalid_text"),
        (create_calendar_event, {"title": "x" * 101, "start": "2026-12-01"}, "invalid_text"),
        (create_calendar_event, {"title": "X\u202e", "start": "2026-12-01"}, "invalid_text"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01", "place": "x" * 101}, "invalid_text"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01", "notes": "x" * 501}, "invalid_text"),
        (create_calendar_event, {"title": "X", "start": "1 December"}, "invalid_date"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01T25:00"}, "invalid_time"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01T09:00-06:00"}, "invalid_time"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01", "end": "2026-11-30"}, "invalid_end"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01T09:00", "end": "2026-12-01T09:00"}, "invalid_end"),
        (create_calendar_event, {"title": "X", "start": "2026-12-01", "user_id": 1}, "invalid_request"),
        (update_calendar_event, {"event": "X"}, "invalid_request"),
        (update_calendar_event, {"title": "X"}, "invalid_request"),
        (update_calendar_event, {"event": "X", "title": ""}, "invalid_text"),
        (update_calendar_event, {"event": "", "title": "X"}, "invalid_text"),
        (delete_calendar_event, {}, "invalid_request"),
        (delete_calendar_event, {"event": "x" * 101}, "invalid_text"),
        (get_calendar_events, {"period": "someday"}, "unknown_period"),
        (get_calendar_events, {"from": "2026-12-01"}, "invalid_window"),
        (get_calendar_events, {"from": "2026-12-01", "to": "2026-12-01"}, "invalid_window"),
        (get_calendar_events, {"from": "2026-12-01", "to": "2037-12-01"}, "invalid_window"),
        (get_calendar_events, {"from": "1 December", "to": "2026-12-02"}, "invalid_date"),
        (get_calendar_events, {"page": 0}, "invalid_request"),
        (get_calendar_events, {"page": 1.5}, "invalid_request"),
        (get_calendar_events, {"page": "1"}, "invalid_request"),
    ],
)
def test_invalid_call_is_rejected(
    traveller_at_noon: Caller, owner: psycopg.Connection, tool: Tool[Any], arguments: dict[str, Any], code: str
) -> None:
    """With an error code of its own; nothing is stored."""
    assert error_code(traveller_at_noon, tool, **arguments) == code
    assert rows(owner, traveller_at_noon) == []


def test_long_calendar_is_read_in_pages_below_8_kb(traveller_at_noon: Caller) -> None:
    """Each event is on one page, with texts of any length."""
    caller = traveller_at_noon
    for number in range(23):
        texts = {"place": "ø" * 100, "notes": "ø" * 500}
        create(
            caller, f"{number:02}".ljust(100, "ø"), f"2026-12-{number + 1:02}T09:00", end="2026-12-30T10:00", **texts
        )
    there, seen, page = caller.in_zone("America/Argentina/ComodRivadavia"), [], 1
    while page:
        result = call(there, get_calendar_events, period="december", page=page)
        assert len(result_json(result).encode()) <= 8192 and result.data["found"] == 23
        seen += [int(event["title"][:2]) for event in result.data["events"]]
        page = result.data["next_page"]
    assert seen == list(range(23))
    assert call(there, get_calendar_events, period="december", page=4).text.startswith(
        "Your calendar has no more events"
    )


@pytest.mark.soak
def test_changes_at_once_are_all_applied(caller: Caller, owner: psycopg.Connection) -> None:
    """Each changes one field of the same event: none is lost."""
    event = create(caller, "Rally", "2026-12-01")
    changes = ({"title": "Meetup"}, {"place": "Moab"}, {"notes": "Map"}, {"start": "2026-12-05"})
    barrier = threading.Barrier(len(changes))

    def change(arguments: dict[str, Any]) -> None:
        barrier.wait(30)
        call(caller, update_calendar_event, event=event, **arguments)

    for _ in range(ROUNDS):
        call(caller, update_calendar_event, event=event, title="Rally", place="", notes="", start="2026-12-01")
        with ThreadPoolExecutor(len(changes)) as pool:
            list(pool.map(change, changes))
        assert owner.execute(
            "select title, place, notes, first_day::text from calendar_events where id = %s", (event,)
        ).fetchone() == ("Meetup", "Moab", "Map", "2026-12-05")


def test_event_is_deleted_once_by_calls_at_once(caller: Caller) -> None:
    """The others find none."""
    event = create(caller, "Rally", "2026-12-01")
    barrier = threading.Barrier(4)

    def delete(_: int) -> str:
        barrier.wait(30)
        try:
            call(caller, delete_calendar_event, event=event)
        except PamError as error:
            return error.error.code
        return ""

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(delete, range(4))) == ["", *["event_not_found"] * 3]
