"""Maintenance: records of services, and when each is due next by the intervals that were recorded."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pam.tools.catalog.vehicles import add_fuel_entry, add_maintenance_record, add_vehicle, get_maintenance_schedule
from pam.tools.engine.definition import Tool, ToolResult
from tests.functional.tools.conftest import Caller, ManualClock, error_of


def call(caller: Caller, tool: Tool[Any], **arguments: Any) -> ToolResult:
    return caller.call(tool, json.dumps(arguments))


def record(caller: Caller, service: str, **more: Any) -> ToolResult:
    return call(caller, add_maintenance_record, service=service, **more)


def schedule(caller: Caller) -> dict[str, dict[str, Any]]:
    """Return the services of the schedule by their names."""
    data = call(caller, get_maintenance_schedule).data
    return {service["service"]: service for service in data["services"]}


def count_records(owner: psycopg.Connection, caller: Caller) -> int:
    [count] = owner.execute("select count(*) from maintenance_records where user_id = %s", (caller.id,)).fetchone() or (
        0,
    )
    return int(count)


@pytest.fixture
def mechanic(new_caller: Callable[..., Caller], noon: ManualClock) -> Caller:
    """A traveller with one vehicle; it is 22 November 2026, noon in Denver."""
    caller = new_caller(noon)
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    return caller


def test_service_is_due_by_date_or_distance(mechanic: Caller) -> None:
    """Whichever comes first, from its own day and odometer."""
    result = record(
        mechanic, "Oil change", date="2026-06-30", odometer="40,000 mi", interval_distance="5,000 mi", interval_months=8
    )
    assert result.text == (
        "Recorded Oil change for “Rosie” on Jun 30, 2026 at 40,000 mi. "
        "Next: due on Feb 28, 2027 or at 45,000 mi, whichever comes first."
    )
    call(mechanic, add_fuel_entry, odometer="44,100 mi", volume="30 gal", total=105, full_tank=True, date="2026-11-20")
    assert schedule(mechanic) == {
        "Oil change": {
            "service": "Oil change", "status": "upcoming", "last_done": "2026-06-30", "last_odometer": 40000.0,
            "interval_distance": 5000.0, "interval_months": 8, "due_date": "2027-02-28",
            "due_odometer": 45000.0, "days_left": 98, "distance_left": 900.0,
        }
    }  # fmt: skip
    data = call(mechanic, get_maintenance_schedule).data
    assert (data["odometer"], data["odometer_date"], data["missing"]) == (44100.0, "2026-11-20", [])


@pytest.mark.parametrize(
    ("done", "months", "due", "status"),
    [
        ("2026-08-31", 1, "2026-09-30", "overdue"),
        ("2026-05-31", 6, "2026-11-30", "upcoming"),
        ("2025-11-22", 12, "2026-11-22", "upcoming"),
        ("2025-11-21", 12, "2026-11-21", "overdue"),
        ("2024-02-29", 48, "2028-02-29", "upcoming"),
        ("2024-02-29", 36, "2027-02-28", "upcoming"),
    ],
)
def test_months_end_where_the_month_ends(mechanic: Caller, done: str, months: int, due: str, status: str) -> None:
    """A service that is due today isn't overdue."""
    record(mechanic, "Brakes", date=done, interval_months=months)
    found = schedule(mechanic)["Brakes"]
    assert (found["due_date"], found["status"]) == (due, status)


def test_service_beyond_its_distance_is_overdue_and_first(mechanic: Caller) -> None:
    """Services without an interval are last, and nothing is assumed for them."""
    record(mechanic, "Wash", date="2026-10-01")
    record(mechanic, "Roof seal", date="2026-09-01", interval_months=12)
    record(mechanic, "Oil", date="2026-05-01", odometer="40,000 mi", interval_distance="5,000 mi")
    record(mechanic, "Tires", odometer="45,001 mi")
    result = call(mechanic, get_maintenance_schedule)
    assert [(each["service"], each["status"]) for each in result.data["services"]] == [
        ("Oil", "overdue"), ("Roof seal", "upcoming"), ("Tires", "no_interval"), ("Wash", "no_interval"),
    ]  # fmt: skip
    assert result.data["services"][0]["distance_left"] == -1.0
    assert result.text == (
        "“Rosie”: Oil: overdue, due at 45,000 mi; Roof seal: due on Sep 1, 2027; Tires: not known, since no interval "
        "is recorded; Wash: not known, since no interval is recorded. 2 services without an interval: PAM assumes none."
    )


def test_interval_holds_until_another_is_recorded(mechanic: Caller) -> None:
    """For the same service in upper or lower case, from the last time that it was done."""
    record(mechanic, "Oil change", date="2026-01-10", odometer="40,000 mi", interval_distance="5,000 mi")
    record(mechanic, "oil change", date="2026-07-10", odometer="44,800 mi")
    record(mechanic, "OIL CHANGE", date="2026-03-01")
    assert list(schedule(mechanic)) == ["oil change"]
    assert schedule(mechanic)["oil change"]["due_odometer"] == 49800.0
    record(mechanic, "oil change", date="2026-11-01", odometer="49,000 mi", interval_distance="7,500 mi")
    assert schedule(mechanic)["oil change"]["due_odometer"] == 56500.0


def test_what_is_not_known_is_named(mechanic: Caller) -> None:
    """An empty schedule, and a distance without an odometer."""
    result = call(mechanic, get_maintenance_schedule)
    assert result.text == "No maintenance of “Rosie” is recorded." and result.data["odometer"] is None
    added = record(mechanic, "Oil", interval_distance="5,000 mi")
    assert added.text.endswith("Next: due 5,000 mi after it was done last.")
    result = call(mechanic, get_maintenance_schedule)
    assert result.data["services"][0]["due_odometer"] is None
    assert result.data["missing"] == [
        "At which odometer it is due isn't known where the last one isn't recorded: Oil.",
        "No odometer is recorded, so what is left of a distance isn't known.",
    ]


def test_metric_traveller_has_kilometres(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """With the separators of the locale."""
    caller = new_caller()
    owner.execute("insert into users (id, currency, locale, units) values (%s, 'EUR', 'de_DE', 'metric')", (caller.id,))
    call(caller, add_vehicle, name="Emma", kind="campervan")
    result = record(caller, "Ölwechsel", odometer="72.700 km", interval_distance="15.000")
    assert result.text.endswith("Next: due at 87.700 km.")
    assert schedule(caller)["Ölwechsel"]["distance_left"] == 15000.0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"service": ""}, "invalid_text"),
        ({"service": "x" * 101}, "invalid_text"),
        ({"notes": "x" * 501}, "invalid_text"),
        ({"date": "2026-11-23"}, "date_in_future"),
        ({"date": "someday"}, "invalid_date"),
        ({"odometer": "39,999 mi"}, "invalid_odometer"),
        ({"odometer": "50,000 mi", "date": "2026-10-31"}, "invalid_odometer"),
        ({"odometer": "far"}, "invalid_quantity"),
        ({"interval_distance": "0 mi"}, "invalid_quantity"),
        ({"interval_distance": "400,000 mi"}, "invalid_quantity"),
        ({"interval_months": 0}, "invalid_quantity"),
        ({"interval_months": 241}, "invalid_quantity"),
        ({"interval_months": "12"}, "invalid_quantity"),
        ({"interval_months": 1.5}, "invalid_quantity"),
        ({"vehicle": "Bus"}, "vehicle_not_found"),
        ({"user_id": "x"}, "invalid_request"),
    ],
)
def test_invalid_record_is_rejected(
    mechanic: Caller, owner: psycopg.Connection, fields: dict[str, Any], code: str
) -> None:
    """And nothing is stored."""
    record(mechanic, "Tires", date="2026-11-01", odometer="40,000 mi")
    assert error_of(lambda: record(mechanic, **{"service": "Oil"} | fields)).error.code == code
    assert count_records(owner, mechanic) == 1


def test_undo_removes_the_record(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """Within ten minutes, only this one, and only by its user."""
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    record(caller, "Tires")
    result = record(caller, "Oil", notes="5W-30")
    assert error_of(lambda: other.undo(result, add_maintenance_record)).error.code == "effect_not_found"
    first, second = (caller.undo(result, add_maintenance_record) for _ in range(2))
    assert first == second == "The record of Oil for “Rosie” is removed."
    assert count_records(owner, caller) == 1
    result = record(caller, "Oil")
    now += timedelta(minutes=10, seconds=1)
    assert error_of(lambda: caller.undo(result, add_maintenance_record)).error.code == "undo_expired"


def test_day_is_that_of_the_traveller(new_caller: Callable[..., Caller]) -> None:
    """At 3:00 UTC it is yesterday in Denver and today in Sydney."""
    caller = new_caller(lambda: datetime(2026, 12, 1, 3, tzinfo=UTC))
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    assert record(caller, "Tires").data["date"] == "2026-11-30"
    assert error_of(lambda: record(caller, "Oil", date="2026-12-01")).error.code == "date_in_future"
    assert record(caller.in_zone("Australia/Sydney"), "Oil").data["date"] == "2026-12-01"


def test_many_services_fit_into_a_result(mechanic: Caller, owner: psycopg.Connection) -> None:
    """Those beyond 20 are counted."""
    [vehicle] = owner.execute("select id from vehicles where user_id = %s", (mechanic.id,)).fetchone() or ()
    for number in range(60):
        owner.execute(
            "insert into maintenance_records (user_id, vehicle_id, service, done_on, interval_months)"
            " values (%s, %s, %s, '2026-01-01', 24)",
            (mechanic.id, vehicle, f"{number:02} {'x' * 97}"),
        )
    result = call(mechanic, get_maintenance_schedule)
    assert len(result.data["services"]) == 60 - result.data["more_services"] == 20
    assert len(json.dumps(dict(result.data) | {"text": result.text}, ensure_ascii=False)) < 8000
