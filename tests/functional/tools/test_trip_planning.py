"""Trips by road: days that a driver can drive, nights at places that exist, costs that are known or said not to be."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import httpx
import psycopg
import pytest

from local.stack import LocalStack
from pam.platform.errors import PamError
from pam.tools.catalog.trips import plan_trip
from tests.functional.tools.conftest import Caller

LONGEST_MI = 300


@pytest.fixture
def shared_table(stack: LocalStack) -> Any:
    """The table of shared answers and breakers."""
    environment = stack.environment_of("ask")
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return resource.Table(environment["SHARED_CACHE_TABLE"])


def forget(shared_table: Any, *beginnings: str) -> None:
    """Takes answers out of the shared cache, by how their keys begin."""
    for item in shared_table.scan(ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"})["Items"]:
        if item["key"].startswith(beginnings):
            shared_table.delete_item(Key={"key": item["key"]})


@pytest.fixture
def fails(stack: LocalStack, shared_table: Any) -> Iterator[Callable[..., None]]:
    """Makes a stand-in fail in a way of its control; all are well again afterwards."""
    urls = {"mapbox": stack.travel_sources.mapbox_url, "eia": stack.travel_sources.eia_url}

    def fail(name: str, mode: str, **more: Any) -> None:
        assert httpx.put(f"{urls[name]}/_control", json={"mode": mode, **more}).status_code == 204

    yield fail
    for url in urls.values():
        httpx.delete(f"{url}/_journal")
    forget(shared_table, "breaker|")


@pytest.fixture
def driver(caller: Caller, owner: psycopg.Connection) -> Caller:
    """Somebody with a motorhome of 10 mpg and nothing spent."""
    settle(owner, caller)
    owner.execute(
        "insert into vehicles (user_id, name, kind, fuel_type, consumption_l_per_100km)"
        " values (%s, 'Rosie', 'motorhome', 'diesel', 23.52)",
        (caller.id,),
    )
    return caller


def settle(owner: psycopg.Connection, caller: Caller, currency: str = "USD", locale: str = "en_US") -> None:
    units = "imperial" if locale == "en_US" else "metric"
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units) values (%s, %s, 'America/Denver', %s, %s)",
        (caller.id, currency, locale, units),
    )


def spent(owner: psycopg.Connection, user_id: uuid.UUID, amount: str, **columns: Any) -> None:
    values = {"category": "camping", "currency": "USD", "spent_at": datetime.now(UTC) - timedelta(days=9)} | columns
    owner.execute(
        f"insert into expenses (user_id, amount, {', '.join(values)})"
        f" values (%s, %s, {', '.join(['%s'] * len(values))})",
        (user_id, amount, *values.values()),
    )


def kept(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select origin, destination, start_date, nights, round(distance_m / 1609.344), budget, plan->>'text'"
        "  from trips where user_id = %s",
        (caller.id,),
    ).fetchall()


def refusal(caller: Caller, raw: str) -> PamError:
    with pytest.raises(PamError) as refused:
        caller.does(plan_trip, raw)
    return refused.value


def test_a_long_way_is_days_with_nights_at_places_that_exist(caller: Caller, owner: psycopg.Connection) -> None:
    """No day too long, nothing of the way lost, a place to camp from the source near each night, all of it kept."""
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Seattle", "stops": ["Moab"]}')
    days = told.data["days"]
    assert all(day["distance"] <= LONGEST_MI and day["driving_s"] <= 8 * 3600 for day in days)
    assert sum(day["distance"] for day in days) == pytest.approx(told.data["distance"], abs=1)
    assert "Moab, Utah" in [day["to"] for day in days] and days[-1]["to"] == "Seattle, Washington"
    assert days[-1]["camp"] is None
    for day in days[:-1]:
        assert day["camp"]["name"].startswith("Simulated Campground") and day["camp"]["distance"] <= 25
        assert day["camp"]["name"] in day["to"] or day["to"] == "Moab, Utah"
    assert told.text.startswith("Denver, Colorado to Seattle, Washington by way of Moab, Utah: ")
    assert told.source == "Mapbox (simulated)"
    ((origin, destination, start, nights, miles, budget, text),) = kept(owner, caller)
    assert (origin, destination) == ("Denver, Colorado, United States", "Seattle, Washington, United States")
    assert (start, nights, budget, text) == (None, len(days) - 1, None, told.text)
    assert miles == round(told.data["distance"])


def test_a_short_way_is_one_day_without_a_night(caller: Caller) -> None:
    """Through its stops; nothing is said of nights and of camping."""
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Pueblo", "stops": ["Colorado Springs"]}')
    (day,) = told.data["days"]
    assert (day["to"], day["via"], day["camp"]) == ("Pueblo, Colorado", ["Colorado Springs, Colorado"], None)
    assert " in 1 day." in told.text and "Night" not in told.text and "amping" not in told.text


def test_fuel_is_the_road_times_the_rig_times_the_average(driver: Caller) -> None:
    """Each figure with its source; the sum follows from them."""
    told = driver.does(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    fuel = told.data["fuel"]
    assert (fuel["consumption"]["source"], fuel["price"]["area"]) == ("Rosie", "Rocky Mountain (PADD 4)")
    assert fuel["volume"] == pytest.approx(told.data["distance"] / 10, abs=0.3)
    assert float(fuel["cost"]) == pytest.approx(fuel["volume"] * float(fuel["price"]["value"]), rel=0.01)
    assert "mpg (Rosie)" in told.text and "the average of Rocky Mountain (PADD 4) in the week of" in told.text
    assert told.source == "Mapbox (simulated), EIA (simulated), Rosie (your rig)"


def test_without_a_rig_the_fuel_is_missing_and_not_guessed(caller: Caller) -> None:
    """The way is planned all the same; with a budget there is nothing to compare it with."""
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 500}')
    assert (told.data["fuel"]["missing"], told.data["fuel"]["cost"]) == (["consumption"], None)
    assert (told.data["costs"]["total"], told.data["costs"]["left"]) == (None, None)
    assert "What the fuel costs PAM can't say: it doesn't know what your rig uses." in told.text
    assert "What camping costs for 1 night isn't known." in told.text
    assert told.text.endswith("PAM can't compare that with your budget of $500.00: no costs are known.")


def test_a_night_costs_what_the_traveller_s_own_nights_did(driver: Caller, owner: psycopg.Connection) -> None:
    """On average, of the last year, in their currency, what wasn't taken back; not what others paid, or for food."""
    other = uuid.uuid4()
    owner.execute("insert into users (id) values (%s)", (other,))
    spent(owner, driver.id, "30.00")
    spent(owner, driver.id, "50.01")
    spent(owner, driver.id, "900", spent_at=datetime.now(UTC) - timedelta(days=366))
    spent(owner, driver.id, "900", undone_at=datetime.now(UTC))
    spent(owner, driver.id, "900", currency="CAD")
    spent(owner, driver.id, "900", category="food")
    spent(owner, other, "900")
    told = driver.does(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 1000}')
    costs = told.data["costs"]
    assert (costs["camping"], costs["camping_average"], costs["camping_expenses"]) == ("40.00", "40.00", 2)
    assert "if each costs what your 2 camping expenses of the last 365 days came to on average" in told.text
    assert float(costs["total"]) == pytest.approx(float(told.data["fuel"]["cost"]) + 40.00)
    assert float(costs["left"]) == pytest.approx(1000 - float(costs["total"]))
    assert "Fuel and camping together, $" in told.text and "within your budget of $1,000.00." in told.text
    assert told.source.endswith("Rosie (your rig), Your expenses in PAM")


def test_a_budget_that_is_too_small_is_told_with_the_difference(driver: Caller, owner: psycopg.Connection) -> None:
    """And what isn't in it."""
    told = driver.does(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 10.5}')
    over = float(told.data["fuel"]["cost"]) - 10.5
    assert told.data["costs"]["left"] == f"{-over:.2f}"
    assert f"Fuel alone, ${told.data['fuel']['cost']}, is ${over:.2f} over your budget of $10.50." in told.text
    assert "What camping costs for 1 night isn't known." in told.text
    assert float(kept(owner, driver)[0][5]) == 10.5


def test_dollars_of_two_countries_are_not_added_up(caller: Caller, owner: psycopg.Connection) -> None:
    """An Australian in Utah: US fuel, their own currency's budget, kilometres; no rate is known, so no sum."""
    settle(owner, caller, "AUD", "en_AU")
    owner.execute(
        "insert into vehicles (user_id, name, kind, consumption_l_per_100km) values (%s, 'Bluey', 'campervan', 14)",
        (caller.id,),
    )
    spent(owner, caller.id, "45", currency="AUD")
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Moab, Utah", "budget": 900}')
    assert (told.data["unit"], told.data["fuel"]["currency"], told.data["costs"]["currency"]) == ("km", "USD", "AUD")
    assert (told.data["costs"]["camping"], told.data["costs"]["total"]) == ("45.00", None)
    assert "A$45.00 for 1 night" in told.text
    assert told.text.endswith("PAM can't compare that with your budget of A$900.00: the fuel isn't in your currency.")


@pytest.mark.parametrize(
    ("start", "first_three"),
    [
        ("2028-02-28", ["2028-02-28", "2028-02-29", "2028-03-01"]),
        ("2027-03-13", ["2027-03-13", "2027-03-14", "2027-03-15"]),  # clocks go forward
        ("2027-11-06", ["2027-11-06", "2027-11-07", "2027-11-08"]),  # clocks go back
        ("2026-12-30", ["2026-12-30", "2026-12-31", "2027-01-01"]),
    ],
)
def test_each_day_has_its_date(caller: Caller, owner: psycopg.Connection, start: str, first_three: list[str]) -> None:
    """One after the other, over ends of months and years, and on nights that are an hour shorter or longer."""
    told = caller.does(plan_trip, f'{{"origin": "Denver", "destination": "Seattle", "start_date": "{start}"}}')
    assert [day["date"] for day in told.data["days"]][:3] == first_three
    assert kept(owner, caller)[0][2] == date.fromisoformat(start)


def test_a_trip_begins_today_at_the_earliest_where_the_traveller_is(new_caller: Callable[..., Caller]) -> None:
    """At 3:00 UTC it's yesterday in Denver and long today in Sydney; where the device is decides."""
    caller = new_caller(lambda: datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    raw = '{"origin": "Denver", "destination": "Pueblo", "start_date": "2026-11-%s"}'
    assert caller.does(plan_trip, raw % "21").data["start_date"] == "2026-11-21"
    assert refusal(caller, raw % "20").error.code == "date_in_past"
    assert refusal(caller.at("Australia/Sydney"), raw % "21").error.code == "date_in_past"


def test_a_leg_without_a_road_is_named_and_nothing_is_kept(caller: Caller, owner: psycopg.Connection) -> None:
    """In the middle of a trip; the same call works once its stop is another."""
    raw = '{"origin": "Denver", "destination": "Moab", "stops": ["%s"]}'
    refused = refusal(caller, raw % "Honolulu")
    assert refused.error.code == "no_route"
    assert refused.message == "There is no road from Denver, Colorado to Honolulu, Hawaii."
    assert kept(owner, caller) == []
    caller.does(plan_trip, raw % "Durango, Colorado")
    assert len(kept(owner, caller)) == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"origin": "Denver"}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Denver"}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Denver, Colorado", "stops": ["Denver"]}', "invalid_request"),
        ('{"origin": "here", "destination": "Moab"}', "location_needed"),
        ('{"origin": "Denver", "destination": "Xyzzyville"}', "unknown_place"),
        ('{"origin": "Denver", "destination": "Moab", "stops": ["Springfield"]}', "ambiguous_place"),
        ('{"origin": "Denver", "destination": "Moab", "stops": [""]}', "invalid_text"),
        ('{"origin": "Denver", "destination": "Moab", "stops": "Durango"}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Moab", "stops": [' + '"Moab",' * 20 + '"Moab"]}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Moab", "budget": 0}', "invalid_amount"),
        ('{"origin": "Denver", "destination": "Moab", "budget": 100001}', "invalid_amount"),
        ('{"origin": "Denver", "destination": "Moab", "budget": 1e5000}', "invalid_amount"),
        ('{"origin": "Denver", "destination": "Moab", "start_date": "2027-02-29"}', "invalid_date"),
        ('{"origin": "Denver", "destination": "Moab", "start_date": "tomorrow"}', "invalid_date"),
        ('{"origin": "Denver", "destination": "Moab", "user_id": "x"}', "invalid_request"),
    ],
)  # fmt: skip
def test_what_can_not_be_planned_says_why(caller: Caller, owner: psycopg.Connection, raw: str, code: str) -> None:
    """With a code and a sentence, and nothing is kept."""
    refused = refusal(caller, raw)
    assert refused.error.code == code and refused.message[-1] in ".?"
    assert kept(owner, caller) == []


def test_from_where_the_device_is_and_back_again(caller: Caller, owner: psycopg.Connection) -> None:
    """“Here” is kept as degrees; a round trip is one."""
    there = caller.located(38.58, -109.55)
    told = there.does(plan_trip, '{"origin": "here", "destination": "here", "stops": ["Grand Junction"]}')
    assert told.text.startswith("Where you are to where you are by way of Grand Junction, Colorado: ")
    assert kept(owner, caller)[0][:2] == ("38.5800, -109.5500", "38.5800, -109.5500")


def test_twenty_stops_are_planned_within_the_time_of_a_tool(caller: Caller, shared_table: Any) -> None:
    """With nothing in the cache: 22 places, 21 roads, and the nights between."""
    stops = [
        "Pueblo", "Taos", "Albuquerque", "Flagstaff", "Las Vegas", "Reno", "Sacramento", "Eugene", "Boise",
        "Twin Falls", "Salt Lake City", "Provo", "Grand Junction", "Cortez, Colorado", "Farmington, New Mexico",
        "Gallup", "Tucson", "El Paso", "Amarillo", "Lubbock",
    ]  # fmt: skip
    forget(shared_table, "places|", "route|", "parks|")
    began = time.monotonic()
    told = caller.does(plan_trip, json.dumps({"origin": "Denver", "destination": "Dallas", "stops": stops}))
    assert time.monotonic() - began < 8
    assert len(told.data["stops"]) == 20
    reached = [name for day in told.data["days"] for name in (*day["via"], day["to"])]
    assert [name for name in reached if " after " not in name] == [*told.data["stops"], "Dallas, Texas"]
    assert len(str(told.data)) < 20_000


def test_a_trip_that_goes_on_and_on_is_refused(caller: Caller) -> None:
    """More days than anybody plans at once, or than an answer can tell."""
    there_and_back = ", ".join(['"Seattle", "Miami"'] * 3)
    refused = refusal(caller, f'{{"origin": "Miami", "destination": "Seattle", "stops": [{there_and_back}]}}')
    assert refused.error.code == "invalid_request" and "PAM plans 40 at most" in refused.message


def test_where_nobody_camps_the_night_is_degrees_and_never_a_name(caller: Caller) -> None:
    """Nights at sea, for the stand-in's roads are straight: told as such."""
    told = caller.does(plan_trip, '{"origin": "Key West", "destination": "Portland, Maine"}')
    lonely = [day for day in told.data["days"][:-1] if day["camp"] is None]
    assert lonely and all("mi after Key West, Florida, somewhere near " in day["to"] for day in lonely)
    assert "(no place to camp known within 25 mi)" in told.text


@pytest.mark.parametrize("mode", ["500", "429", "cut", "wrong_shape"])
def test_with_the_map_down_there_is_no_plan(
    caller: Caller, owner: psycopg.Connection, fails: Callable[..., None], mode: str
) -> None:
    """A clear error, and nothing kept."""
    fails("mapbox", mode)
    refused = refusal(caller, f'{{"origin": "Denver", "destination": "Nowhere {uuid.uuid4().hex[:8]}"}}')
    assert refused.error.code == "source_unavailable" and "Mapbox" in refused.message
    assert kept(owner, caller) == []


def test_a_map_that_hangs_is_given_up_in_time(caller: Caller, fails: Callable[..., None]) -> None:
    """Within the eight seconds of a tool, however many places wait."""
    fails("mapbox", "slow", seconds=30)
    stops = ", ".join(f'"Nowhere {uuid.uuid4().hex[:8]}"' for _ in range(20))
    began = time.monotonic()
    refused = refusal(caller, f'{{"origin": "Denver", "destination": "Moab", "stops": [{stops}]}}')
    assert refused.error.code == "source_unavailable"
    assert time.monotonic() - began < 8


def test_without_campgrounds_or_prices_the_way_is_planned_and_the_gap_is_told(
    driver: Caller, shared_table: Any, fails: Callable[..., None]
) -> None:
    """The road is known from before; what can't be asked now is named, and none of it made up."""
    raw = '{"origin": "Denver", "destination": "Moab", "budget": 500}'
    driver.does(plan_trip, raw)
    forget(shared_table, "parks|", "price|")
    fails("mapbox", "500")
    fails("eia", "500")
    told = driver.does(plan_trip, raw)
    first, _ = told.data["days"]
    assert first["camp"] is None and "somewhere near" in first["to"]
    assert "PAM couldn't look for all places to camp." in told.text and "no place to camp known" not in told.text
    assert (told.data["fuel"]["missing"], told.data["costs"]["total"]) == (["price"], None)
    assert "gal of fuel. What the fuel costs PAM can't say: it doesn't know a fuel price" in told.text


def test_the_same_call_again_is_one_trip(caller: Caller, owner: psycopg.Connection) -> None:
    """Told the same."""
    raw = '{"origin": "Denver", "destination": "Moab"}'
    first, second = (caller.does(plan_trip, raw, key="once") for _ in range(2))
    assert first == second
    assert len(kept(owner, caller)) == 1


def test_undo_forgets_the_trip_twice_is_once_and_late_is_refused(
    new_caller: Callable[..., Caller], owner: psycopg.Connection
) -> None:
    """Only this one; nobody else can; after ten minutes it stays."""
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    caller.does(plan_trip, '{"origin": "Denver", "destination": "Pueblo"}')
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    with pytest.raises(PamError, match="nothing like that"):
        other.undoes(told, plan_trip)
    first, second = caller.undoes(told, plan_trip), caller.undoes(told, plan_trip)
    assert first == second and first == "The trip from Denver, Colorado to Moab, Utah is forgotten."
    assert [destination for _, destination, *_ in kept(owner, caller)] == ["Pueblo, Colorado, United States"]
    told = caller.does(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    now += timedelta(minutes=10, seconds=1)
    with pytest.raises(PamError, match="ten minutes"):
        caller.undoes(told, plan_trip)
    assert len(kept(owner, caller)) == 2
