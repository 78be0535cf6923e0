"""The fuel log: entries with their expenses, the odometer, and statistics by worked examples."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from local.stack import LocalStack
from pam.platform.errors import PamError
from pam.tools.catalog.money import create_expense, delete_expense, update_expense
from pam.tools.catalog.vehicles import add_fuel_entry, add_maintenance_record, add_vehicle, get_fuel_stats
from pam.tools.engine.definition import Tool, ToolResult
from tests.functional.test_travel import StandIn
from tests.functional.tools.conftest import Caller, ManualClock, error_of, read_expenses

ROUNDS = int(os.environ.get("PAM_CASES", "20"))
UNPAID = "What was paid for 1 fill-up isn't known any more: the expense is deleted or a refund."


def call(caller: Caller, tool: Tool[Any], **arguments: Any) -> ToolResult:
    return caller.call(tool, json.dumps(arguments))


def fill(caller: Caller, odometer: Any, volume: Any = "30 gal", total: Any = "105", **more: Any) -> ToolResult:
    fields = {"odometer": odometer, "volume": volume, "total": total, "full_tank": True} | more
    return call(caller, add_fuel_entry, **{name: value for name, value in fields.items() if value is not None})


def fill_error(caller: Caller, *arguments: Any, **more: Any) -> PamError:
    return error_of(lambda: fill(caller, *arguments, **more))


def read_log(owner: psycopg.Connection, user_id: uuid.UUID) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select filled_on::text, odometer_km, volume_l, is_full from fuel_log where user_id = %s"
        " order by odometer_km, filled_on",
        (user_id,),
    ).fetchall()


@pytest.fixture
def ecb(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """The stand-in of the source of exchange rates, of which none is cached; reset afterwards."""

    def forget(*prefixes: str) -> None:
        for item in shared_table.scan(ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"})["Items"]:
            if item["key"].startswith(prefixes):
                shared_table.delete_item(Key={"key": item["key"]})

    forget("rates|")
    stand_in = StandIn(stack.travel_sources.ecb_url)
    yield stand_in
    stand_in.reset()
    forget("breaker|")


@pytest.fixture
def driver(new_caller: Callable[..., Caller], noon: ManualClock) -> Caller:
    """A traveller with one vehicle; it is 22 November 2026, noon in Denver."""
    caller = new_caller(noon)
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    return caller


def test_entry_is_logged_with_its_expense(driver: Caller, owner: psycopg.Connection) -> None:
    """The third of volume, price and total is computed; the expense is that of create_expense, with its budget."""
    result = fill(driver, "45,210 mi", "32.5 gal", None, price="3.599")
    assert result.text == (
        "Logged 32.5 gal for “Rosie” at $3.60 a gallon, a full tank, at 45,210 mi. Added $116.97 for fuel."
    )
    assert result.data["entry"] == {
        "vehicle": "Rosie", "date": "2026-11-22", "odometer": 45210.0, "distance_unit": "mi", "volume": 32.5,
        "volume_unit": "gal", "price": "3.599", "total": "116.97", "currency": "USD", "consumption": None,
        "consumption_unit": "mpg", "full_tank": True,
    }  # fmt: skip
    assert result.data["expense"]["description"] == "Fuel for Rosie"
    assert result.source == "Your fuel log in PAM, Your expenses in PAM"
    assert read_expenses(owner, driver) == [(Decimal("116.97"), "fuel", "USD")]
    assert read_log(owner, driver.id) == [("2026-11-22", Decimal("72758.442"), Decimal("123.0259"), True)]


def test_second_full_tank_has_a_consumption(driver: Caller) -> None:
    """300 mi on 10 + 20 gal."""
    fill(driver, "45,000 mi", date="2026-11-01")
    fill(driver, "45,100 mi", "10 gal", "35", full_tank=False, date="2026-11-10")
    result = fill(driver, "45,300 mi", "20 gal", "70")
    assert result.data["entry"]["consumption"] == 10.0
    assert "That is 10.0 mpg since the last full tank." in result.text


def test_undo_removes_the_entry_and_the_expense(driver: Caller, owner: psycopg.Connection) -> None:
    """Once, and no other one; a repeated call with the same key has written nothing twice."""
    fill(driver, "45,000 mi", date="2026-11-01")
    before = read_log(owner, driver.id), read_expenses(owner, driver)
    raw = '{"odometer": "45,300 mi", "volume": "30 gal", "total": 90, "full_tank": true}'
    result = driver.call(add_fuel_entry, raw, key="once")
    assert driver.call(add_fuel_entry, raw, key="once").data == result.data
    assert len(read_log(owner, driver.id)) == 2
    first, second = driver.undo(result, add_fuel_entry), driver.undo(result, add_fuel_entry)
    assert first == second
    assert first == "The entry is out of the fuel log of “Rosie”. Your expense of $90.00 for fuel is taken back."
    assert (read_log(owner, driver.id), read_expenses(owner, driver)) == before


def test_rejected_entry_records_no_expense(driver: Caller, owner: psycopg.Connection) -> None:
    """Whatever is wrong with it."""
    fill(driver, "45,000 mi", date="2026-11-01")
    before = read_expenses(owner, driver), read_log(owner, driver.id)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"odometer": "44,999 mi"}, "invalid_odometer"),
        ({"price": "3"}, "fuel_mismatch"),
        ({"total": None}, "fuel_mismatch"),
        ({"volume": None, "price": None}, "fuel_mismatch"),
        ({"volume": "600 gal"}, "invalid_quantity"),
        ({"volume": "30 lb"}, "invalid_quantity"),
        ({"odometer": "9,000,000 mi"}, "invalid_quantity"),
        ({"odometer": "far"}, "invalid_quantity"),
        ({"total": 0}, "invalid_amount"),
        ({"total": "1000000.01"}, "invalid_amount"),
        ({"total": "45 kr"}, "ambiguous_amount"),
        ({"currency": "XYZ"}, "unknown_currency"),
        ({"date": "2026-11-23"}, "date_in_future"),
        ({"date": "2025-11-21"}, "date_too_old"),
        ({"date": "2026-02-30"}, "invalid_date"),
        ({"full_tank": "yes"}, "invalid_request"),
        ({"vehicle": "Bus"}, "vehicle_not_found"),
        ({"vehicle": "x" * 101}, "invalid_text"),
    ]
    for fields, code in cases:
        error = fill_error(driver, **{"odometer": "45,400 mi"} | fields)
        assert error.error.code == code, (fields, error.message)
        assert error.message[-1] in ".?"
    assert (read_expenses(owner, driver), read_log(owner, driver.id)) == before


def test_odometer_does_not_go_back(driver: Caller, owner: psycopg.Connection) -> None:
    """Also against maintenance; the error names the reading. An earlier day may lie between others."""
    fill(driver, "45,000 mi", date="2026-11-01")
    fill(driver, "46,000 mi", date="2026-11-20")
    error = fill_error(driver, "45,500 mi")
    assert error.message == (
        "The odometer can't go back to 45,500 mi: it was at 46,000 mi on Nov 20, 2026. If this is an earlier one, "
        "name its date."
    )
    fill(driver, "45,500 mi", date="2026-11-10")
    error = fill_error(driver, "45,501 mi", date="2026-11-09")
    assert error.message == "The odometer can't be at 45,501 mi that early: it was at 45,500 mi on Nov 10, 2026."
    assert fill_error(driver, "45,499 mi", date="2026-11-11").error.code == "invalid_odometer"
    fill(driver, "45,400 mi", date="2026-11-10")
    call(driver, add_maintenance_record, service="tires", odometer="46,100 mi")
    assert fill_error(driver, "46,099 mi").error.code == "invalid_odometer"
    fill(driver, "46,100 mi")
    assert [day for day, *_ in read_log(owner, driver.id)] == [
        "2026-11-01", "2026-11-10", "2026-11-10", "2026-11-20", "2026-11-22",
    ]  # fmt: skip


def race(other: Caller, owner: psycopg.Connection) -> None:
    """Fill up at the same time with all odometers between two: those that are kept never go back in their order.

    By a new user, with the connections of another: those of a thousand users would be more than Postgres allows.
    """
    caller = Caller(replace(other.context, user_id=uuid.uuid4()))
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    with ThreadPoolExecutor(4) as threads:

        def attempt(miles: int) -> bool:
            try:
                fill(caller, f"{miles} mi")
            except PamError as error:
                assert error.error.code == "invalid_odometer"
                return False
            return True

        kept = sum(threads.map(attempt, [4000, 3000, 2000, 1000]))
    log = owner.execute(
        "select odometer_km from fuel_log where user_id = %s order by created_at", (caller.id,)
    ).fetchall()
    assert len(log) == len(read_expenses(owner, caller)) == kept >= 1
    assert max(log) == (Decimal("6437.376"),)


def test_concurrent_entries_are_checked_one_after_the_other(caller: Caller, owner: psycopg.Connection) -> None:
    """The highest is always kept, and each entry has one expense."""
    for _ in range(min(ROUNDS, 20)):
        race(caller, owner)


@pytest.mark.soak
def test_concurrent_entries_in_many_rounds(caller: Caller, owner: psycopg.Connection) -> None:
    """The same, as often as `PAM_CASES` says."""
    for _ in range(ROUNDS):
        race(caller, owner)


def test_day_is_that_of_the_traveller(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """At 3:00 UTC it is still yesterday in Denver, and the last day of the month."""
    caller = new_caller(lambda: datetime(2026, 12, 1, 3, tzinfo=UTC))
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    assert fill(caller, "100 mi").data["entry"]["date"] == "2026-11-30"
    assert fill(caller.in_zone("Australia/Sydney"), "200 mi").data["entry"]["date"] == "2026-12-01"
    months = call(caller, get_fuel_stats).data["months"]
    assert [month["month"] for month in months] == ["2026-12", "2026-11"]


def test_statistics_of_a_worked_example(driver: Caller) -> None:
    """Three months, with partial fills; each figure by hand."""
    fill(driver, "10,000 mi", "40 gal", "140", date="2026-09-28")
    fill(driver, "10,200 mi", "15 gal", "54", full_tank=False, date="2026-10-02")
    fill(driver, "10,450 mi", "30 gal", "111", date="2026-10-31")
    fill(driver, "10,770 mi", "40 gal", "140", date="2026-11-05")
    result = call(driver, get_fuel_stats)
    data = result.data
    assert (data["fill_ups"], data["volume"], data["cost"], data["price"]) == (4, 125.0, "445.00", "3.560")
    assert (data["distance"], data["consumption"], data["last_consumption"]) == (770.0, 9.1, 8.0)  # 770 / 85, 320 / 40
    assert data["months"] == [
        {"month": "2026-11", "volume": 40.0, "cost": "140.00", "price": "3.500", "consumption": 8.0},
        {"month": "2026-10", "volume": 45.0, "cost": "165.00", "price": "3.667", "consumption": 10.0},
        {"month": "2026-09", "volume": 40.0, "cost": "140.00", "price": "3.500", "consumption": None},
    ]
    assert result.text == (
        "“Rosie”, Sep 28\u2009–\u2009Nov 5, 2026: 4 fill-ups, 125.0 gal for $445.00, $3.56 a gallon on average. "
        "It used 9.1 mpg over 770 mi between full tanks."
    )
    assert data["missing"] == [] and "full tank to full tank" in data["method"]
    october = call(driver, get_fuel_stats, period="october").data
    assert (october["fill_ups"], october["cost"], october["consumption"]) == (2, "165.00", 10.0)
    last = call(driver, get_fuel_stats, period="last_week").data
    assert (last["fill_ups"], last["cost"], last["price"], last["consumption"]) == (0, None, None, None)
    assert error_of(lambda: call(driver, get_fuel_stats, period="soon")).error.code == "unknown_period"


def test_statistics_name_what_is_not_computable(driver: Caller) -> None:
    """An empty log, a single full tank, and an expense that is deleted."""
    empty = call(driver, get_fuel_stats)
    needs_two = "Consumption can't be computed: it needs two full tanks with a distance between them, the second in"
    assert empty.text.startswith("The fuel log of “Rosie” has no entries. " + needs_two)
    entry = fill(driver, "10,000 mi")
    single = call(driver, get_fuel_stats)
    assert single.data["consumption"] is None and needs_two in single.text and single.data["price"] == "3.500"
    call(driver, delete_expense, expense_id=entry.data["expense"]["id"])
    deleted = call(driver, get_fuel_stats).data
    assert (deleted["volume"], deleted["cost"], deleted["price"]) == (30.0, None, None)
    assert deleted["missing"][1] == UNPAID


def test_corrected_expense_counts_in_the_statistics(driver: Caller) -> None:
    """And an expense that belongs to no entry doesn't."""
    entry = fill(driver, "10,000 mi")
    call(driver, create_expense, amount=99, category="fuel")
    call(driver, update_expense, expense_id=entry.data["expense"]["id"], amount=120)
    data = call(driver, get_fuel_stats).data
    assert (data["cost"], data["price"]) == ("120.00", "4.000")


def test_corrected_date_moves_the_entry(driver: Caller, owner: psycopg.Connection) -> None:
    """In the statistics of the month, too; the undo moves it back, and a correction of anything else leaves its day."""
    fill(driver, "10,000 mi", date="2026-10-02")
    expense = fill(driver, "10,300 mi", date="2026-11-05").data["expense"]["id"]
    before = read_log(owner, driver.id)
    call(driver, update_expense, expense_id=expense, amount=120)
    assert read_log(owner, driver.id) == before
    moved = call(driver, update_expense, expense_id=expense, date="2026-10-28")
    assert moved.text.endswith("The fuel log of “Rosie” has it on Oct 28, 2026, too.")
    assert [row[0] for row in read_log(owner, driver.id)] == ["2026-10-02", "2026-10-28"]
    october = call(driver, get_fuel_stats, period="last_month").data
    assert (october["fill_ups"], october["cost"], october["consumption"]) == (2, "225.00", 10.0)
    for _ in range(2):
        driver.undo(moved, update_expense)
        assert read_log(owner, driver.id) == before


def test_date_that_contradicts_the_odometer_moves_nothing(driver: Caller, owner: psycopg.Connection) -> None:
    """Neither by a correction, nor by an undo that has come to contradict it since."""
    fill(driver, "10,000 mi", date="2026-11-01")
    expense = fill(driver, "10,300 mi", date="2026-11-10").data["expense"]["id"]
    before = read_log(owner, driver.id), owner.execute("select * from expenses order by id").fetchall()
    early = error_of(lambda: call(driver, update_expense, expense_id=expense, date="2026-10-20"))
    assert early.error.code == "invalid_odometer" and "it was at 10,000 mi on Nov 1, 2026." in early.message
    assert (read_log(owner, driver.id), owner.execute("select * from expenses order by id").fetchall()) == before
    moved = call(driver, update_expense, expense_id=expense, date="2026-11-05")
    fill(driver, "10,400 mi", date="2026-11-07")
    after = read_log(owner, driver.id)
    late = error_of(lambda: driver.undo(moved, update_expense))
    assert late.error.code == "invalid_odometer" and "name its date" not in late.message
    assert read_log(owner, driver.id) == after
    assert call(driver, get_fuel_stats).data["fill_ups"] == 3


def test_undone_entry_stays_gone_after_a_correction(driver: Caller, owner: psycopg.Connection) -> None:
    """The undo of the correction finds the expense taken back, and the undo of a deletion finds the entry's day."""
    entry = fill(driver, "10,000 mi", date="2026-11-10")
    expense = entry.data["expense"]["id"]
    moved = call(driver, update_expense, expense_id=expense, date="2026-11-05")
    deleted = call(driver, delete_expense, expense_id=expense)
    assert read_log(owner, driver.id)[0][0] == "2026-11-05" and call(driver, get_fuel_stats).data["cost"] is None
    driver.undo(deleted, delete_expense)
    assert call(driver, get_fuel_stats).data["cost"] == "105.00"
    driver.undo(entry, add_fuel_entry)
    assert error_of(lambda: driver.undo(moved, update_expense)).error.code == "modified_since"
    assert (read_log(owner, driver.id), read_expenses(owner, driver)) == ([], [])


def test_fill_up_corrected_to_a_refund_has_no_cost(driver: Caller) -> None:
    """A price below zero would be none that anybody paid."""
    expense = fill(driver, "10,000 mi").data["expense"]["id"]
    fill(driver, "10,300 mi", total="90")
    call(driver, update_expense, expense_id=expense, refund=True)
    data = call(driver, get_fuel_stats).data
    assert (data["cost"], data["price"]) == ("90.00", "3.000")
    assert data["missing"] == [UNPAID]


def test_entry_in_another_currency_is_converted(driver: Caller, owner: psycopg.Connection) -> None:
    """At the reference rate of its day, as its expense is; litres beside gallons."""
    fill(driver, "10,000 mi", date="2026-11-01")
    result = fill(driver, "10,300 mi", "113.562 l", "CA$170", date="2026-11-20")
    assert result.data["entry"]["currency"] == "CAD" and result.data["entry"]["volume"] == 30.0
    converted = Decimal(result.data["expense"]["converted"]["amount"])
    data = call(driver, get_fuel_stats).data
    assert Decimal(data["cost"]) == 105 + converted and data["consumption"] == 10.0
    assert [(part["currency"], part["total"]) for part in data["converted"]] == [("CAD", "170.00")]


@pytest.mark.parametrize("mode", ["503", "slow", "wrong_shape"])
def test_entry_without_a_rate_is_named(caller: Caller, ecb: StandIn, mode: str) -> None:
    """Without the source of rates, the entry is kept, and the sum doesn't include it."""
    call(caller, add_vehicle, name="Rosie", kind="motorhome")
    ecb.fail(mode, **({"seconds": 30} if mode == "slow" else {}))
    fill(caller, "10,000 mi", total="170", currency="CAD")
    result = call(caller, get_fuel_stats)
    assert (result.data["cost"], result.data["price"], result.data["volume"]) == (None, None, 30.0)
    assert [(part["currency"], part["total"]) for part in result.data["not_included"]] == [("CAD", "170.00")]
    assert "Not included, because PAM has no exchange rate for it yet: CA$170.00." in result.text


def test_long_log_fits_into_a_result(driver: Caller, owner: psycopg.Connection, noon: ManualClock) -> None:
    """Months beyond the last 18 are counted; all entries are in the sums."""
    [vehicle] = owner.execute("select id from vehicles where user_id = %s", (driver.id,)).fetchone() or ()
    for number in range(300):
        day = noon.now - timedelta(days=10 * (300 - number))
        [expense] = (
            owner.execute(
                "insert into expenses (user_id, amount, category, spent_at, currency)"
                " values (%s, 50, 'fuel', %s, 'USD') returning id",
                (driver.id, day),
            ).fetchone()
            or ()
        )
        owner.execute(
            "insert into fuel_log (user_id, vehicle_id, filled_on, odometer_km, volume_l, is_full, expense_id)"
            " values (%s, %s, %s, %s, 50, true, %s)",
            (driver.id, vehicle, day.date(), 1000 + 500 * number, expense),
        )
    result = call(driver, get_fuel_stats)
    assert len(json.dumps(result.data)) < 8000
    assert (result.data["fill_ups"], result.data["cost"], len(result.data["months"])) == (300, "15000.00", 18)
    assert result.data["earlier_months"] > 70 and result.data["consumption"] == 23.5


def test_top_up_after_a_full_tank_has_no_consumption(driver: Caller) -> None:
    """The stretch before it ended with the fill-up on the same odometer."""
    fill(driver, "45,000 mi", "20 gal", "70")
    assert fill(driver, "45,300 mi", "20 gal", "70").data["entry"]["consumption"] is not None
    assert fill(driver, "45,300 mi", "1 gal", "4").data["entry"]["consumption"] is None
