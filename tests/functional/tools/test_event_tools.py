"""The tools to publish an event, to find those of others, and to join and leave them."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pam.tools.catalog.events import create_event, find_events, join_event
from pam.tools.engine.results import result_json
from tests.functional.tools.community import Community
from tests.functional.tools.conftest import Caller, ManualClock, error_of

NARROW = "\N{NARROW NO-BREAK SPACE}"
EVENT = {"title": "Chili cook-off", "starts_at": "2026-12-05T18:00", "place": "Site 12, Moab"}


def test_event_is_published_as_previewed(community: Community) -> None:
    """Its start is in the time zone of the device; nothing is written before the confirmation."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    host = community.join("Host", clock, who_sees_activity="friends").in_zone("America/New_York")
    raw = json.dumps(EVENT | {"description": "Bring a bowl.\nAnd a chair.", "max_attendees": 12})
    time = "Sat, Dec 5, 2026, 6:00\N{NARROW NO-BREAK SPACE}PM"
    assert host.preview(create_event, raw) == (
        f"Publish this event as “{community.name('Host')}”, for your friends to see and join:\nChili cook-off\n"
        f"Start: {time} (America/New_York)\nPlace: Site 12, Moab\nBring a bowl.\nAnd a chair.\nAttendees: at most 12\n"
        "It can't be changed or deleted."
    )
    assert community.rows("events", "host_id", host.id) == []
    result = host.call(create_event, raw)
    assert result.text == (
        f"Your event “Chili cook-off” on {time} at Site 12, Moab is published. Who sees it can join it."
    )
    assert result.data["starts_at"] == "2026-12-05T18:00:00-05:00"
    [row] = community.rows("events", "host_id", host.id)
    assert (str(row[0]), row[2], row[4:7]) == (
        result.data["event_id"],
        "Chili cook-off",
        ("Site 12, Moab", "Bring a bowl.\nAnd a chair.", 12),
    )
    assert row[3] == datetime(2026, 12, 5, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "zone", "instant"),
    [
        ("2026-12-31T23:30", "America/Denver", "2027-01-01T06:30+00:00"),
        ("2027-02-28T23:59:59", "Pacific/Auckland", "2027-02-28T10:59:59+00:00"),
        ("2026-12-05T18:00:00Z", "America/Denver", "2026-12-05T18:00+00:00"),
        ("2026-12-05T18:00+05:30", "America/Denver", "2026-12-05T12:30+00:00"),
        ("2027-11-07T01:30-06:00", "America/Denver", "2027-11-07T07:30+00:00"),
        ("2027-11-07T01:30-07:00", "America/Denver", "2027-11-07T08:30+00:00"),
        ("2026-11-22T12:01", "America/Denver", "2026-11-22T19:01+00:00"),
    ],
)
def test_start_of_an_event_is_in_the_users_zone(community: Community, starts_at: str, zone: str, instant: str) -> None:
    """Unless it has an offset."""
    host = community.join("Host", ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))).in_zone(zone)
    result = host.call(create_event, json.dumps(EVENT | {"starts_at": starts_at}))
    assert datetime.fromisoformat(result.data["starts_at"]) == datetime.fromisoformat(instant)
    assert result.data["max_attendees"] is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"starts_at": "2026-11-22T12:00"}, "date_in_past"),
        ({"starts_at": "2026-11-22T11:59"}, "date_in_past"),
        ({"starts_at": "2027-03-14T02:30"}, "nonexistent_time"),
        ({"starts_at": "2027-11-07T01:30"}, "ambiguous_time"),
        ({"starts_at": "2026-12-05"}, "invalid_date"),
        ({"starts_at": "2026-02-30T18:00"}, "invalid_date"),
        ({"starts_at": "9999-12-31T18:00"}, "invalid_date"),
        ({"starts_at": "Saturday"}, "invalid_date"),
        ({"starts_at": 1796500000}, "invalid_date"),
        ({"starts_at": None}, "invalid_date"),
        ({"title": ""}, "invalid_text"),
        ({"title": "x" * 201}, "invalid_text"),
        ({"place": ""}, "invalid_text"),
        ({"place": "x" * 201}, "invalid_text"),
        ({"description": "x" * 2001}, "invalid_text"),
        ({"description": "x\u0000"}, "invalid_text"),
        ({"max_attendees": 0}, "invalid_quantity"),
        ({"max_attendees": 1001}, "invalid_quantity"),
        ({"max_attendees": 2.5}, "invalid_quantity"),
        ({"max_attendees": "ten"}, "invalid_quantity"),
    ],
)
def test_invalid_event_is_rejected(community: Community, arguments: dict[str, object], code: str) -> None:
    """Nothing is published."""
    host = community.join("Host", ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))).in_zone("America/Denver")
    assert error_of(lambda: host.call(create_event, json.dumps(EVENT | arguments))).error.code == code
    assert community.rows("events", "host_id", host.id) == []


def new_event(host: Caller, **more: Any) -> str:
    """Publish an event; return its id."""
    return str(host.call(create_event, json.dumps(EVENT | more)).data["event_id"])


def find(caller: Caller, **arguments: Any) -> Any:
    return caller.call(find_events, json.dumps(arguments))


def join(caller: Caller, event: str, **more: Any) -> Any:
    return caller.call(join_event, json.dumps({"event": event} | more))


@pytest.fixture
def spot() -> str:
    """The place of events of this test alone."""
    return f"Camp {uuid.uuid4().hex[:12]}"


def test_coming_events_are_found_soonest_first(community: Community, spot: str) -> None:
    """With host, start in the user's zone, places and who has joined; not those that have begun."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    host, guest = community.join("Host", clock), community.join("Guest", clock)
    late = new_event(host, title="Hike", starts_at="2026-12-06T09:00", place=f"{spot}, Utah")
    soon = new_event(host, title="Potluck", place=spot, description="Bring a bowl.", max_attendees=3)
    new_event(host, title="Brunch", starts_at="2026-11-23T10:00", place=spot)
    join(guest, soon)
    clock.now += timedelta(days=2)
    result = find(guest.in_zone("America/New_York"), place=f"{spot}, Utah")
    first, second = result.data["events"]
    assert first == {
        "id": soon,
        "title": "Potluck",
        "starts_at": "2026-12-05T20:00:00-05:00",
        "place": spot,
        "description": "Bring a bowl.",
        "host": community.name("Host"),
        "is_own": False,
        "attendees": 1,
        "max_attendees": 3,
        "first_attendees": [],
        "joined_by_user": True,
    }
    assert (second["id"], second["max_attendees"], second["joined_by_user"]) == (late, None, False)
    assert result.text.replace(NARROW, " ") == (
        f"2 coming events at {spot}, Utah, soonest first: “Potluck” by {community.name('Host')}, "
        f"Sat, Dec 5, 2026, 8:00 PM at {spot} (1 of 3 places are taken, you have joined); “Hike” by "
        f"{community.name('Host')}, Sun, Dec 6, 2026, 11:00 AM at {spot}, Utah (nobody has joined yet)."
    )
    assert find(host, place=spot).data["events"][0]["first_attendees"] == [community.name("Guest")]
    assert find(guest, place=f"Nowhere {spot}x").text.startswith("PAM finds no coming events at Nowhere")


def test_event_and_attendees_are_shown_to_their_audiences(community: Community, spot: str) -> None:
    """A hidden event can't be joined, like one that doesn't exist; a hidden attendee is only counted."""
    host, friend, stranger = (community.join(name) for name in ("Host", "Friend", "Stranger"))
    community.befriend(host, friend)
    event = new_event(host, place=spot, starts_at="2090-12-05T18:00")
    join(stranger, event)
    community.set(stranger, who_sees_activity="nobody")
    [seen] = find(friend, place=spot).data["events"]
    assert (seen["attendees"], seen["first_attendees"]) == (1, [])
    community.set(host, who_sees_activity="friends")
    assert len(find(friend, place=spot).data["events"]) == 1
    assert find(stranger, place=spot).data["events"] == []
    failures = [error_of(lambda each=each: join(stranger, each)) for each in (event, str(uuid.uuid4()))]
    errors = {(failure.error.code, failure.message) for failure in failures}
    assert errors == {("event_not_found", "PAM finds no such event.")}


def test_pages_have_every_event_once(community: Community, spot: str) -> None:
    """Also with texts as long as they may be, within 8 KB."""
    host = community.join("Host")
    ids = [
        new_event(
            host,
            title="\N{CAMPING}" * 200,
            place=f"{spot} {'é' * 150}",
            description="\N{CAMPING}" * 2000,
            starts_at=f"2090-12-{day:02}T18:00",
        )
        for day in range(1, 13)
    ]
    found = []
    for page in (1, 2, 3):
        result = find(host, place=spot, page=page)
        assert len(result_json(result).encode()) <= 8192
        assert result.data["there_are_more"] == (page < 3)
        assert all(event["is_shortened"] for event in result.data["events"])
        found += [event["id"] for event in result.data["events"]]
    assert found == ids
    assert find(host, place=spot, page=4).text == f"PAM finds no more coming events at {spot} that you can see."


def test_long_description_of_a_single_event_is_complete(community: Community, spot: str) -> None:
    host = community.join("Host")
    new_event(host, place=spot, description="x" * 2000, starts_at="2090-12-05T18:00")
    [event] = find(host, place=spot).data["events"]
    assert event["description"] == "x" * 2000 and "is_shortened" not in event


def test_event_is_joined_and_left_once(community: Community, spot: str) -> None:
    """A full event takes nobody until somebody leaves."""
    host, one, other = (community.join(name) for name in ("Host", "One", "Other"))
    event = new_event(host, place=spot, starts_at="2090-12-05T18:00", max_attendees=1)
    whose = f"{community.name('Host')}'s event “Chili cook-off”"
    assert one.preview(join_event, f'{{"event": "{event}"}}').startswith(f"Join {whose} on Tue, Dec 5, 2090")
    joined = join(one, event)
    assert joined.text.replace(NARROW, " ") == (
        f"You have joined {whose}, Tue, Dec 5, 2090, 6:00 PM at {spot}: 1 of 1 places are taken."
    )
    assert (joined.data["joined"], joined.data["attendees"], joined.data["changed"]) == (True, 1, True)
    again = join(one, event)
    assert again.text.startswith(f"You had joined {whose} already") and again.effect.undo_until is None
    assert error_of(lambda: join(other, event)).error.code == "event_full"
    left = join(one, event, leave=True)
    assert left.text.startswith(f"You have left {whose}") and left.data["attendees"] == 0
    assert join(one, event, leave=True).text.startswith(f"You hadn't joined {whose}")
    assert join(other, event).data["attendees"] == 1
    assert [row[1] for row in community.rows("event_attendees", "event_id", event)] == [other.id]


def test_event_that_its_host_hides_since_can_be_left(community: Community, spot: str) -> None:
    """And the joining be undone; without a word of the event, which the user doesn't see any more."""
    host, one, other, stranger = (community.join(name) for name in ("Host", "One", "Other", "Stranger"))
    event = new_event(host, place=spot, starts_at="2090-12-05T18:00")
    join(one, event)
    joined = join(other, event)
    community.set(host, who_sees_activity="nobody")
    raw = json.dumps({"event": event, "leave": True})
    assert one.preview(join_event, raw) == "Leave that event."
    left = join(one, event, leave=True)
    assert left.text == "You have left that event."
    assert left.data == {"event": event, "joined": False, "changed": True}
    assert other.undo(joined, join_event) == "You haven't joined that event any more."
    assert community.rows("event_attendees", "event_id", event) == []
    attempts = (
        lambda: one.undo(left, join_event),
        lambda: join(one, event, leave=True),
        lambda: join(stranger, event, leave=True),
        lambda: stranger.preview(join_event, raw),
    )
    assert [error_of(attempt).error.code for attempt in attempts] == ["event_not_found"] * 4


def test_undo_of_an_earlier_joining_keeps_a_hidden_event_joined_anew(community: Community, spot: str) -> None:
    """As of one that is seen."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    host, guest = community.join("Host", clock), community.join("Guest", clock)
    event = new_event(host, place=spot)
    joined = join(guest, event)
    join(guest, event, leave=True)
    clock.now += timedelta(minutes=1)
    join(guest, event)
    community.set(host, who_sees_activity="nobody")
    assert error_of(lambda: guest.undo(joined, join_event)).error.code == "modified_since"
    assert len(community.rows("event_attendees", "event_id", event)) == 1


def test_undo_restores_the_seat(community: Community, spot: str) -> None:
    """Exactly; another one where it is taken since, and none in a full event or after joining anew."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    host, one, other = (community.join(name, clock) for name in ("Host", "One", "Other"))
    event = new_event(host, place=spot, max_attendees=2)
    joined = join(one, event)
    rows = community.rows("event_attendees", "event_id", event)
    clock.now += timedelta(minutes=1)
    left = join(one, event, leave=True)
    assert one.undo(left, join_event) == one.undo(left, join_event)
    assert community.rows("event_attendees", "event_id", event) == rows
    assert (
        one.undo(joined, join_event)
        == f"You haven't joined {community.name('Host')}'s event “Chili cook-off” any more."
    )
    assert community.rows("event_attendees", "event_id", event) == []
    anew = join(one, event)
    assert error_of(lambda: one.undo(joined, join_event)).error.code == "modified_since"
    left = join(one, event, leave=True)
    join(other, event)
    one.undo(left, join_event)
    assert {row[1:3] for row in community.rows("event_attendees", "event_id", event)} == {(other.id, 1), (one.id, 2)}
    one.undo(anew, join_event)
    left = join(other, event, leave=True)
    join(one, event)
    join(host, event)
    assert error_of(lambda: other.undo(left, join_event)).error.code == "event_full"


def test_event_that_has_begun_is_not_joined(community: Community, spot: str) -> None:
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    host, guest = community.join("Host", clock), community.join("Guest", clock)
    event = new_event(host, place=spot)
    clock.now = datetime(2026, 12, 6, 1, tzinfo=UTC)
    assert error_of(lambda: join(guest, event)).error.code == "date_in_past"
    assert find(guest, place=spot).data["events"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"event": "Potluck"}, "invalid_request"),
        ({"event": str(uuid.uuid4()), "leave": "yes"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_invalid_attendance_is_rejected(caller: Caller, arguments: dict[str, Any], code: str) -> None:
    assert error_of(lambda: caller.call(join_event, json.dumps(arguments))).error.code == code


@pytest.mark.parametrize(
    ("arguments", "code"), [({"page": 0}, "invalid_quantity"), ({"page": 101}, "invalid_quantity")]
)
def test_invalid_search_for_events_is_rejected(caller: Caller, arguments: dict[str, Any], code: str) -> None:
    assert error_of(lambda: find(caller, **arguments)).error.code == code
