"""The tools that record and change vehicles, and routes that name the rig they weren't checked for."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pam.tools.catalog.travel import estimate_travel_time
from pam.tools.catalog.trips import plan_trip
from pam.tools.catalog.vehicles import (
    add_fuel_entry,
    add_maintenance_record,
    add_vehicle,
    get_fuel_stats,
    get_maintenance_schedule,
    update_vehicle,
)
from pam.tools.engine.definition import Tool
from tests.functional.tools.conftest import Caller, error_of

DETAILS = {
    "make": "Ford", "model": "E-450", "year": 2015, "fuel": "diesel", "consumption": "9 mpg", "tank": "55 gal",
    "height": "12 ft 6 in", "length": "32 ft", "width": "8' 5\"", "weight": "13,000 lb", "axles": 3, "propane": True,
    "towed": "Jeep Wrangler",
}  # fmt: skip


def call(caller: Caller, tool: Tool[Any], **arguments: Any) -> Any:
    return caller.call(tool, json.dumps(arguments))


def code_of(caller: Caller, tool: Tool[Any], **arguments: Any) -> str:
    return error_of(lambda: call(caller, tool, **arguments)).error.code


def rows(owner: psycopg.Connection, user_id: uuid.UUID) -> list[str]:
    found = owner.execute(
        "select row_to_json(v)::text from vehicles v where user_id = %s order by created_at, id", (user_id,)
    ).fetchall()
    return [row for (row,) in found]


def test_vehicle_is_stored_metric_and_rendered_in_own_units(caller: Caller, owner: psycopg.Connection) -> None:
    """All that was stated, and nothing else."""
    result = call(caller, add_vehicle, name="Rosie", kind="motorhome", details=DETAILS)
    stored = json.loads(rows(owner, caller.id)[0])
    assert (stored["height_m"], stored["length_m"], stored["width_m"]) == (3.81, 9.7536, 2.5654)
    assert (stored["weight_kg"], stored["tank_l"], stored["consumption_l_per_100km"]) == (5896.701, 208.198, 26.13495)
    assert (stored["axles"], stored["carries_propane"], stored["towed"]) == (3, True, "Jeep Wrangler")
    assert result.text == (
        "“Rosie” is saved: 2015 Ford E-450, motorhome, diesel, consumption 9.0 mpg, tank 55.0 gal, height 12 ft 6 in, "
        "length 32 ft, width 8 ft 5 in, weight 13,000 lb, 3 axles, propane on board, towing Jeep Wrangler."
    )
    assert result.data["vehicle"]["weight"] == "13,000 lb" and result.source == "Your vehicles in PAM"
    bare = call(caller, add_vehicle, name="Toad", kind="car")
    assert bare.data == {"vehicle": {"name": "Toad", "kind": "car"}, "changed": True}


def test_metric_traveller_writes_and_reads_metric(caller: Caller, owner: psycopg.Connection) -> None:
    """A gallon in a country of both is asked about."""
    owner.execute("insert into users (id, currency, locale, units) values (%s, 'CAD', 'en_CA', 'metric')", (caller.id,))
    details = {"height": 3.8, "weight": "5,900", "consumption": "26"}
    result = call(caller, add_vehicle, name="Maple", kind="campervan", details=details)
    assert result.text.endswith("campervan, consumption 26.0 l/100 km, height 3.8 m, weight 5,900 kg.")
    error = error_of(lambda: call(caller, update_vehicle, changes={"consumption": "11 mpg"}))
    assert error.error.code == "ambiguous_unit"
    assert [choice.value for choice in error.choices] == ["11 mpg US", "11 mpg UK"]
    result = call(caller, update_vehicle, changes={"consumption": error.choices[1].value})
    assert result.data["vehicle"]["consumption"] == "25.7 l/100 km"


def test_update_changes_what_is_stated(caller: Caller, owner: psycopg.Connection) -> None:
    """The undo restores the row exactly, also repeated; the same values change nothing."""
    call(caller, add_vehicle, name="Rosie", kind="motorhome", details=DETAILS)
    before = rows(owner, caller.id)
    result = call(caller, update_vehicle, changes={"height": "12 ft 8 in", "name": "Rosalind"})
    assert result.data["vehicle"] | {"height": "12 ft 6 in", "name": "Rosie"} == {
        "name": "Rosie", "kind": "motorhome", "make": "Ford", "model": "E-450", "year": 2015, "fuel": "diesel",
        "consumption": "9.0 mpg", "tank": "55.0 gal", "height": "12 ft 6 in", "length": "32 ft", "width": "8 ft 5 in",
        "weight": "13,000 lb", "axles": 3, "propane": True, "towed": "Jeep Wrangler",
    }  # fmt: skip
    same = call(caller, update_vehicle, changes={"height": "3.8608 m"})
    assert same.data["changed"] is False and same.effect is not None and same.effect.undo_until is None
    assert caller.undo(result, update_vehicle) == caller.undo(result, update_vehicle)
    assert rows(owner, caller.id) == before


def test_undo_leaves_what_was_changed_since(caller: Caller, owner: psycopg.Connection) -> None:
    """A vehicle with a log isn't deleted by the undo of its creation."""
    added = call(caller, add_vehicle, name="Rosie", kind="motorhome")
    first = call(caller, update_vehicle, changes={"axles": 2})
    second = call(caller, update_vehicle, changes={"axles": 3})
    for tool, result in ((update_vehicle, first), (add_vehicle, added)):
        error = error_of(lambda tool=tool, result=result: caller.undo(result, tool))
        assert error.error.code == "modified_since"
    caller.undo(second, update_vehicle)
    caller.undo(first, update_vehicle)
    record = call(caller, add_maintenance_record, service="tires")
    assert error_of(lambda: caller.undo(added, add_vehicle)).error.code == "modified_since"
    caller.undo(record, add_maintenance_record)
    caller.undo(added, add_vehicle)
    caller.undo(added, add_vehicle)
    assert rows(owner, caller.id) == []


def test_undo_expires_and_is_the_user_s_own(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    result = call(caller, add_vehicle, name="Rosie", kind="motorhome")
    assert error_of(lambda: other.undo(result, add_vehicle)).error.code == "effect_not_found"
    now += timedelta(minutes=10, seconds=1)
    assert error_of(lambda: caller.undo(result, add_vehicle)).error.code == "undo_expired"
    assert len(rows(owner, caller.id)) == 1


def test_name_is_taken_once(caller: Caller, owner: psycopg.Connection) -> None:
    """In upper or lower case, by concurrent calls, and by a change."""
    with ThreadPoolExecutor(4) as threads:

        def attempt(name: str) -> str:
            try:
                return str(call(caller, add_vehicle, name=name, kind="car").data["vehicle"]["name"])
            except Exception as error:
                return str(getattr(error, "error", error))

        outcomes = list(threads.map(attempt, ["Toad", "TOAD", "toad", "tOAD"]))
    assert len(rows(owner, caller.id)) == 1
    assert sum("name_taken" in outcome for outcome in outcomes) == 3
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    assert code_of(caller, update_vehicle, vehicle="Rosie", changes={"name": "TOAD"}) == "name_taken"
    assert len(rows(owner, caller.id)) == 2


def test_vehicle_is_found_by_what_only_one_has(caller: Caller) -> None:
    """Its name, kind, make or model; several are asked about, with the choices."""
    assert code_of(caller, update_vehicle, changes={"axles": 2}) == "vehicle_not_found"
    call(caller, add_vehicle, name="Rosie", kind="motorhome", details={"make": "Ford", "model": "E-450"})
    call(caller, update_vehicle, changes={"axles": 2})
    call(caller, add_vehicle, name="Toad", kind="car", details={"make": "Ford", "model": "Fiesta"})
    for tool, arguments in (
        (update_vehicle, {"changes": {"axles": 3}}),
        (add_fuel_entry, {"odometer": 1, "volume": 1, "total": 4, "full_tank": True}),
        (add_maintenance_record, {"service": "tires"}),
        (get_fuel_stats, {}),
        (get_maintenance_schedule, {}),
    ):
        error = error_of(lambda tool=tool, arguments=arguments: call(caller, tool, **arguments))
        assert error.error.code == "ambiguous_vehicle" and error.field == "vehicle"
        assert [choice.value for choice in error.choices] == ["Rosie", "Toad"]
    for name, found in (("rosie", "Rosie"), ("the motorhome", "Rosie"), ("my Fiesta", "Toad"), ("Ford e-450", "Rosie")):
        assert call(caller, update_vehicle, vehicle=name, changes={"axles": 2}).data["vehicle"]["name"] == found
    assert code_of(caller, update_vehicle, vehicle="Ford", changes={"axles": 2}) == "ambiguous_vehicle"
    error = error_of(lambda: call(caller, get_fuel_stats, vehicle="Bus"))
    assert error.error.code == "vehicle_not_found"
    assert error.message == "You have no such vehicle. PAM knows “Rosie”, “Toad”."


def test_part_of_a_name_shows_the_vehicle_before_it_changes(caller: Caller, owner: psycopg.Connection) -> None:
    """What only refers to it is recorded."""
    call(caller, add_vehicle, name="Big Red", kind="truck", details={"model": "Silverado 2500"})
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    before = rows(owner, caller.id)
    for part in ("red", "my Silverado"):
        error = error_of(lambda part=part: call(caller, update_vehicle, vehicle=part, changes={"axles": 2}))
        assert (error.error.code, error.message) == ("ambiguous_vehicle", "Is it “Big Red”?")
        assert [choice.value for choice in error.choices] == ["Big Red"]
    assert rows(owner, caller.id) == before
    fields = {"odometer": 100, "volume": 10, "total": 40, "full_tank": True}
    assert call(caller, add_fuel_entry, vehicle="red", **fields).data["entry"]["vehicle"] == "Big Red"
    assert (
        call(caller, update_vehicle, vehicle="silverado 2500", changes={"axles": 2}).data["vehicle"]["name"]
        == "Big Red"
    )


def test_vehicle_of_another_user_is_unknown(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """Its name is answered like any other."""
    caller, other = new_caller(), new_caller()
    call(other, add_vehicle, name="Hidden", kind="motorhome")
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    before = rows(owner, other.id)
    messages = [
        error_of(lambda name=name: call(caller, update_vehicle, vehicle=name, changes={"axles": 4})).body()
        for name in ("Hidden", "Nowhere")
    ]
    assert messages[0] == messages[1] and rows(owner, other.id) == before


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"height": "40 ft"}, "invalid_quantity"),
        ({"height": "3 ft"}, "invalid_quantity"),
        ({"weight": "heavy"}, "invalid_quantity"),
        ({"length": "200 ft"}, "invalid_quantity"),
        ({"width": "20 ft"}, "invalid_quantity"),
        ({"tank": "1000 gal"}, "invalid_quantity"),
        ({"consumption": "300 mpg"}, "invalid_quantity"),
        ({"year": 1949}, "invalid_quantity"),
        ({"year": 2101}, "invalid_quantity"),
        ({"year": "2015"}, "invalid_quantity"),
        ({"axles": 0}, "invalid_quantity"),
        ({"axles": 13}, "invalid_quantity"),
        ({"axles": 2.5}, "invalid_quantity"),
        ({"fuel": "hydrogen"}, "invalid_request"),
        ({"propane": "yes"}, "invalid_request"),
        ({"make": "x" * 101}, "invalid_text"),
        ({"towed": "x\u202e"}, "invalid_text"),
        ({"user_id": "x"}, "invalid_request"),
        ({"name": "Two names"}, "invalid_request"),
    ],
)
def test_invalid_vehicle_is_rejected(
    caller: Caller, owner: psycopg.Connection, details: dict[str, Any], code: str
) -> None:
    """And nothing is stored."""
    assert code_of(caller, add_vehicle, name="Rosie", kind="motorhome", details=details) == code
    assert rows(owner, caller.id) == []


def test_name_and_kind_are_required(caller: Caller) -> None:
    """And a change states something."""
    assert code_of(caller, add_vehicle, name="", kind="car") == "invalid_text"
    assert code_of(caller, add_vehicle, name="x" * 101, kind="car") == "invalid_text"
    assert code_of(caller, add_vehicle, name="Rosie", kind="boat") == "invalid_request"
    assert code_of(caller, add_vehicle, name="Rosie") == "invalid_request"
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    assert code_of(caller, update_vehicle, changes={}) == "invalid_request"


def test_route_names_the_rig_that_it_was_not_checked_for(caller: Caller) -> None:
    """Its height and weight as far as they are known; without a rig it says that nothing was checked."""
    route = {"origin": "Denver", "destination": "Pueblo"}
    unchecked = "The clearance of the road wasn't checked."
    for tool in (estimate_travel_time, plan_trip):
        result = call(caller, tool, **route)
        assert unchecked in result.text
        assert result.data["rig_check"] == {"checked": False, "rig": None, "height": None, "weight": None}
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    rig = "The road wasn't checked for Rosie: PAM knows no clearances or weight limits."
    assert call(caller, estimate_travel_time, **route).text.endswith(rig)
    call(caller, update_vehicle, changes={"height": "12 ft 6 in", "weight": "13,000 lb"})
    rig = "The road wasn't checked for Rosie (12 ft 6 in high, 13,000 lb): PAM knows no clearances or weight limits."
    for tool in (estimate_travel_time, plan_trip):
        result = call(caller, tool, **route)
        assert rig in result.text
        assert result.data["rig_check"] == {
            "checked": False, "rig": "Rosie", "height": "12 ft 6 in", "weight": "13,000 lb",
        }  # fmt: skip


def test_consumption_of_a_new_vehicle_is_used_at_once(caller: Caller) -> None:
    """The settings that answers take are no older than the write."""
    assert call(caller, plan_trip, origin="Denver", destination="Pueblo").data["fuel"]["missing"] == ["consumption"]
    call(caller, add_vehicle, name="Rosie", kind="motorhome", details={"consumption": "10 mpg"})
    fuel = call(caller, plan_trip, origin="Denver", destination="Pueblo").data["fuel"]
    assert (fuel["consumption"]["value"], fuel["consumption"]["source"]) == (10.0, "Rosie")
    assert Decimal(fuel["cost"]) > 0
