"""Trips within the traveller's limits: miles a day, arrival in time, nights at stops, detours and seasons."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from local.stand_ins.travel.mapbox_roads import ROAD_FACTOR
from pam.answers.planned_trip import MAX_JSON_CHARS
from pam.tools.catalog.memory import remember_fact
from pam.tools.catalog.trips import plan_trip
from pam.tools.engine.results import result_json
from pam.travel.geography import great_circle_m
from pam.travel.units import METRES_PER_MILE
from tests.functional.test_travel import StandIn
from tests.functional.tools.conftest import Caller, ManualClock, error_of
from tests.functional.tools.test_trip_tools import delete_cached, insert_expense

DENVER, PUEBLO, MOAB = (39.74, -104.98), (38.25, -104.61), (38.57, -109.55)


def plan(caller: Caller, **arguments: Any) -> Any:
    ends = {"origin": "Denver", "destination": "Moab"}
    return caller.call(plan_trip, json.dumps(ends | arguments))


def read_legs(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select number, origin, destination, day, distance_m, nights from trip_legs where user_id = %s order by number",
        (caller.id,),
    ).fetchall()


def test_no_day_exceeds_the_daily_limit(caller: Caller) -> None:
    """The one that is stated, in the traveller's units; the way stays as long."""
    usual, short = plan(caller), plan(caller, max_daily=100)
    assert usual.data["daily_limit"] == 300 and short.data["daily_limit"] == 100
    assert all(day["distance"] <= 100 for day in short.data["days"])
    assert len(short.data["days"]) == -(-usual.data["distance"] // 100)
    assert short.data["distance"] == usual.data["distance"] and short.data["nights"] == len(short.data["days"]) - 1
    assert "none longer than 100 mi or 8 h at the wheel. " in short.text


def test_remembered_limit_is_respected_and_named(caller: Caller) -> None:
    """Until another one is stated."""
    fact = {"subject": "driving", "value": "no more than 150 miles a day, 4 hours at most"}
    caller.call(remember_fact, json.dumps(fact))
    result = plan(caller)
    assert all(day["distance"] <= 150 and day["driving_s"] <= 4 * 3600 for day in result.data["days"])
    assert "none longer than 150 mi or 4 h at the wheel (your limit, as PAM remembers it). " in result.text
    stated = plan(caller, max_daily=300)
    assert stated.data["daily_limit"] == 300 and "remembers" not in stated.text


def test_limit_of_another_user_does_not_count(caller: Caller, new_caller: Callable[..., Caller]) -> None:
    """Memory is each user's own."""
    caller.call(remember_fact, '{"subject": "driving", "value": "at most 50 miles a day"}')
    assert plan(new_caller()).data["daily_limit"] == 300


def test_trip_starts_late_enough_to_arrive_in_time(
    new_caller: Callable[..., Caller], noon: ManualClock, owner: psycopg.Connection
) -> None:
    """Over the end of a month, with the time to leave on the last day; the dates are saved."""
    caller = new_caller(noon)
    result = plan(caller, arrive_by="2026-12-01T18:00")
    first, second = result.data["days"]
    assert (first["date"], second["date"]) == ("2026-11-30", "2026-12-01")
    assert (result.data["start_date"], result.data["arrival_date"]) == ("2026-11-30", "2026-12-01")
    drive = second["driving_s"]
    breaks = 15 * 60 * sum(drive > hours * 3600 for hours in (2, 4))
    minutes = 18 * 60 - (drive + breaks) / 60
    leave = f"{int(minutes // 60):02}:{int(minutes % 60):02}"
    assert result.data["leave_by"] == leave
    assert f"To be in time, leave by {leave} on the last day, in the time of the destination. " in result.text
    assert [leg[3] for leg in read_legs(owner, caller)] == [date(2026, 11, 30), date(2026, 12, 1)]


def test_trip_that_is_too_late_is_refused_with_what_would_do(
    new_caller: Callable[..., Caller], noon: ManualClock, owner: psycopg.Connection
) -> None:
    """Nothing is saved; the day that the message names is early enough."""
    caller = new_caller(noon)
    error = error_of(lambda: plan(caller, start_date="2026-12-01", arrive_by="2026-12-01"))
    assert error.error.code == "arrives_too_late"
    assert error.message == (
        "With at most 300 mi or 8 h at the wheel a day, that trip takes 2 days of driving with 1 night. From Dec 1, "
        "2026 it arrives on Dec 2, 2026, too late. Start by Nov 30, 2026, drive more a day, leave out a stop, or "
        "arrive later."
    )
    soon = error_of(lambda: plan(caller, arrive_by="2026-11-22"))
    assert soon.message.endswith("too late. Drive more a day, leave out a stop, or arrive later.")
    assert read_legs(owner, caller) == []
    assert plan(caller, start_date="2026-11-30", arrive_by="2026-12-01").data["arrival_date"] == "2026-12-01"
    assert plan(caller, arrive_by="2026-11-22", max_daily=500).data["start_date"] == "2026-11-22"


@pytest.mark.parametrize(
    ("value", "own"),
    [("at most 150 miles a day", "the distance is your limit"), ("at most 4 hours a day", "the hours are your limit")],
)
def test_usual_part_of_a_limit_is_not_the_travellers(caller: Caller, value: str, own: str) -> None:
    """Only what they stated is called theirs."""
    caller.call(remember_fact, json.dumps({"subject": "driving", "value": f"driving {value}"}))
    assert f"({own}, as PAM remembers it). " in plan(caller).text


def test_nights_at_stops_move_the_days_and_cost_more(caller: Caller, owner: psycopg.Connection) -> None:
    """Two nights in Grand Junction; a stop without any is driven through."""
    owner.execute("insert into users (id) values (%s)", (caller.id,))
    insert_expense(owner, caller.id, "30")
    arguments = {"stops": ["Boulder, Colorado", "Grand Junction"], "start_date": "2028-02-28"}
    result = plan(caller, **arguments, nights=[0, 2])
    through, stay = result.data["stops"]
    assert (through["name"], through["nights"], through["date"]) == ("Boulder, Colorado", 0, "2028-02-28")
    assert (stay["name"], stay["nights"]) == ("Grand Junction, Colorado", 2)
    assert result.data["nights"] == sum(day["nights"] for day in result.data["days"])
    assert float(result.data["costs"]["camping"]) == 30 * result.data["nights"]
    arrival = date(2028, 2, 28) + timedelta(days=result.data["nights"])
    assert result.data["days"][-1]["date"] == result.data["arrival_date"] == arrival.isoformat()
    assert f"Grand Junction, Colorado (2 nights, in {stay['season']}, " in result.text
    legs = read_legs(owner, caller)
    assert sum(leg[5] for leg in legs) == result.data["nights"] and legs[-1][5] == 0
    assert [leg[2] for leg in legs][-1] == "Moab, Utah" and [leg[1] for leg in legs][1:] == [leg[2] for leg in legs][
        :-1
    ]
    assert sum(leg[4] for leg in legs) / METRES_PER_MILE == pytest.approx(result.data["distance"], abs=0.1)


def test_detour_is_how_much_longer_a_stop_makes_the_way(caller: Caller) -> None:
    """Denver to Moab by way of Pueblo, compared with the road without it."""
    [stop] = plan(caller, stops=["Pueblo"]).data["stops"]
    lengths = [great_circle_m(*a, *b) * ROAD_FACTOR for a, b in ((DENVER, PUEBLO), (PUEBLO, MOAB), (DENVER, MOAB))]
    expected = (lengths[0] + lengths[1] - lengths[2]) / METRES_PER_MILE
    assert stop["detour"] == pytest.approx(expected, abs=3) and expected > 50
    assert stop["detour_s"] == pytest.approx(stop["detour"] / 55 * 3600, rel=0.01)


def test_detour_that_cannot_be_looked_up_is_not_known(caller: Caller, mapbox: StandIn, shared_table: Any) -> None:
    """The trip is planned from the cached roads, and the text says so."""
    plan(caller, stops=["Pueblo"])
    delete_cached(shared_table, "road|")
    mapbox.fail("500")
    result = plan(caller, stops=["Pueblo"])
    assert result.data["stops"][0]["detour"] is None and "detour not known" in result.text


@pytest.mark.parametrize(
    ("start", "season", "winter"),
    [("2027-01-15", "winter", True), ("2027-07-15", "summer", False), ("2027-10-15", "fall", True)],
)
def test_season_says_what_was_not_checked(caller: Caller, start: str, season: str, winter: bool) -> None:
    """Winter closures are named where there may be some."""
    result = plan(caller, stops=["Pueblo"], start_date=start)
    assert result.data["stops"][0]["season"] == season
    assert ("winter closures of roads" in result.data["not_checked"]) == winter == ("winter closures" in result.text)
    assert {"clearance", "weight limits", "weather"} <= set(result.data["not_checked"])
    assert "wasn't checked. Not checked either: weight limits, grades, weather, " in result.text


def test_season_without_a_date_is_not_known(caller: Caller) -> None:
    """No month is guessed."""
    result = plan(caller, stops=["Pueblo"])
    [stop] = result.data["stops"]
    assert (stop["season"], stop["date"], result.data["arrival_date"]) == (None, None, None)
    assert "the season, without a date" in result.data["not_checked"]


def test_southern_winter_is_in_july(caller: Caller, owner: psycopg.Connection) -> None:
    """In metric units."""
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'AUD', 'Australia/Sydney', 'en_AU', 'metric')",
        (caller.id,),
    )
    ends = {"origin": "Sydney", "destination": "Melbourne"}
    result = plan(caller, **ends, stops=["Canberra"], start_date="2027-07-01", max_daily=250)
    assert result.data["stops"][0]["season"] == "winter" and result.data["daily_limit"] == 250
    assert all(day["distance"] <= 250 for day in result.data["days"])
    assert "winter closures of roads" in result.data["not_checked"]


def test_result_of_a_long_trip_can_be_read_at_once(caller: Caller, owner: psycopg.Connection) -> None:
    """Forty days have no camps beside them, but the saved plan does; days that are left out are counted."""
    ends = {"origin": "Miami", "destination": "Seattle"}
    result = plan(caller, **ends, max_daily=110, stops=["Denver"])
    assert len(json.dumps(result.data, ensure_ascii=False)) <= MAX_JSON_CHARS and len(result_json(result)) < 8192
    assert "camp" not in result.data["days"][0]
    [saved] = owner.execute("select plan from trips where user_id = %s", (caller.id,)).fetchone()
    assert 30 < len(saved["days"]) == len(result.data["days"]) + result.data.get("days_left_out", 0)
    assert any(day["camp"] for day in saved["days"]) and len(read_legs(owner, caller)) == len(saved["days"])


def test_undo_deletes_the_legs_too(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """Those of other trips stay."""
    now = datetime.now(UTC)
    caller = new_caller(lambda: now)
    plan(caller)
    before = owner.execute(
        "select * from trip_legs where user_id = %s order by trip_id, number", (caller.id,)
    ).fetchall()
    result = plan(caller, stops=["Pueblo"])
    caller.undo(result, plan_trip)
    after = owner.execute(
        "select * from trip_legs where user_id = %s order by trip_id, number", (caller.id,)
    ).fetchall()
    assert after == before and len(after) == 2


def test_legs_are_visible_to_their_user_only(
    caller: Caller, new_caller: Callable[..., Caller], owner: psycopg.Connection
) -> None:
    """By row security; a leg can't be added to another user's trip."""
    plan(caller)
    other = new_caller()
    [trip] = owner.execute("select id from trips where user_id = %s", (caller.id,)).fetchone()
    owner.execute("insert into users (id) values (%s)", (other.id,))
    database = other.context.dependencies.database
    with database.session(other.id, other.context.deadline) as connection:
        assert connection.execute("select * from trip_legs").fetchall() == []
    insert = (
        "insert into trip_legs (trip_id, user_id, number, origin, destination, day, distance_m, driving_s, nights)"
        " values (%s, %s, 9, 'a', 'b', null, 1, 1, 0)"
    )
    for user_id, error in (
        (other.id, psycopg.errors.ForeignKeyViolation),
        (caller.id, psycopg.errors.InsufficientPrivilege),
    ):
        with pytest.raises(error), database.session(other.id, other.context.deadline) as connection:
            connection.execute(insert, (trip, user_id))
