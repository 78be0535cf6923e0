"""The tool that plans trips: days, nights, fuel and costs, from sources or named as missing."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from local.stand_ins.travel.ecb import reference_rate
from pam.platform.errors import PamError
from pam.tools.catalog.trips import plan_trip
from pam.tools.engine.results import result_json
from tests.functional.tools.conftest import Caller, error_of

MAX_DAY_MI = 300


def delete_cached(shared_table: Any, *prefixes: str) -> None:
    """Delete entries of the shared cache by the prefixes of their keys."""
    for item in shared_table.scan(ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"})["Items"]:
        if item["key"].startswith(prefixes):
            shared_table.delete_item(Key={"key": item["key"]})


@pytest.fixture
def fail_source(stack: LocalStack, shared_table: Any) -> Iterator[Callable[..., None]]:
    """Make a stand-in fail; all are reset afterwards."""
    sources = stack.travel_sources
    urls = {"mapbox": sources.mapbox_url, "eia": sources.eia_url, "ecb": sources.ecb_url}

    def fail(name: str, mode: str, **more: Any) -> None:
        assert httpx.put(f"{urls[name]}/_control", json={"mode": mode, **more}).status_code == 204

    yield fail
    for url in urls.values():
        httpx.delete(f"{url}/_journal")
    delete_cached(shared_table, "breaker|")


@pytest.fixture
def rig_owner(caller: Caller, owner: psycopg.Connection) -> Caller:
    """A user with a motorhome of 10 mpg and no expenses."""
    insert_user(owner, caller)
    owner.execute(
        "insert into vehicles (user_id, name, kind, fuel_type, consumption_l_per_100km)"
        " values (%s, 'Rosie', 'motorhome', 'diesel', 23.52)",
        (caller.id,),
    )
    return caller


def insert_user(owner: psycopg.Connection, caller: Caller, currency: str = "USD", locale: str = "en_US") -> None:
    units = "imperial" if locale == "en_US" else "metric"
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units) values (%s, %s, 'America/Denver', %s, %s)",
        (caller.id, currency, locale, units),
    )


def insert_expense(owner: psycopg.Connection, user_id: uuid.UUID, amount: str, **columns: Any) -> None:
    values = {"category": "camping", "currency": "USD", "spent_at": datetime.now(UTC) - timedelta(days=9)} | columns
    owner.execute(
        f"insert into expenses (user_id, amount, {', '.join(values)})"
        f" values (%s, %s, {', '.join(['%s'] * len(values))})",
        (user_id, amount, *values.values()),
    )


def read_trips(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select origin, destination, start_date, nights, round(distance_m / 1609.344), budget, plan->>'text'"
        "  from trips where user_id = %s",
        (caller.id,),
    ).fetchall()


def plan_error(caller: Caller, raw: str) -> PamError:
    return error_of(lambda: caller.call(plan_trip, raw))


def test_long_trip_has_days_with_nights_at_known_places(caller: Caller, owner: psycopg.Connection) -> None:
    """No day is too long, no distance is lost, each night is at a place to camp, and all of it is saved."""
    result = caller.call(plan_trip, '{"origin": "Denver", "destination": "Seattle", "stops": ["Moab"]}')
    days = result.data["days"]
    assert all(day["distance"] <= MAX_DAY_MI and day["driving_s"] <= 8 * 3600 for day in days)
    assert sum(day["distance"] for day in days) == pytest.approx(result.data["distance"], abs=1)
    assert "Moab, Utah" in [day["to"] for day in days] and days[-1]["to"] == "Seattle, Washington"
    assert days[-1]["camp"] is None
    for day in days[:-1]:
        assert day["camp"]["name"].startswith("Simulated Campground") and day["camp"]["distance"] <= 25
        assert day["camp"]["name"] in day["to"] or day["to"] == "Moab, Utah"
    assert result.text.startswith("Denver, Colorado to Seattle, Washington by way of Moab, Utah: ")
    assert result.source == "Mapbox (simulated)"
    ((origin, destination, start, nights, miles, budget, text),) = read_trips(owner, caller)
    assert (origin, destination) == ("Denver, Colorado, United States", "Seattle, Washington, United States")
    assert (start, nights, budget, text) == (None, len(days) - 1, None, result.text)
    assert miles == round(result.data["distance"])


def test_short_trip_is_one_day_without_a_night(caller: Caller) -> None:
    """By way of its stops; nights and camping are not mentioned."""
    result = caller.call(plan_trip, '{"origin": "Denver", "destination": "Pueblo", "stops": ["Colorado Springs"]}')
    (day,) = result.data["days"]
    assert (day["to"], day["via"], day["camp"]) == ("Pueblo, Colorado", ["Colorado Springs, Colorado"], None)
    assert " in 1 day." in result.text and "Night" not in result.text and "amping" not in result.text


def test_fuel_cost_is_distance_by_consumption_by_price(rig_owner: Caller) -> None:
    """Each figure has its source."""
    result = rig_owner.call(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    fuel = result.data["fuel"]
    assert (fuel["consumption"]["source"], fuel["price"]["area"]) == ("Rosie", "Rocky Mountain (PADD 4)")
    assert fuel["volume"] == pytest.approx(result.data["distance"] / 10, abs=0.3)
    assert float(fuel["cost"]) == pytest.approx(fuel["volume"] * float(fuel["price"]["value"]), rel=0.01)
    assert "mpg (Rosie)" in result.text and "the average of Rocky Mountain (PADD 4) in the week of" in result.text
    assert result.source == "Mapbox (simulated), EIA (simulated), Rosie (your rig)"


def test_fuel_without_a_rig_is_missing(caller: Caller) -> None:
    """The trip is planned all the same; the budget can not be compared."""
    result = caller.call(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 500}')
    assert (result.data["fuel"]["missing"], result.data["fuel"]["cost"]) == (["consumption"], None)
    assert (result.data["costs"]["total"], result.data["costs"]["left"]) == (None, None)
    assert "What the fuel costs PAM can't say: it doesn't know what your rig uses." in result.text
    assert "What camping costs for 1 night isn't known." in result.text
    assert result.text.endswith("PAM can't compare that with your budget of $500.00: no costs are known.")


def test_night_costs_the_average_of_own_camping_expenses(rig_owner: Caller, owner: psycopg.Connection) -> None:
    """Of the last year, in any currency, without undone ones, other categories and other users."""
    other = uuid.uuid4()
    owner.execute("insert into users (id) values (%s)", (other,))
    insert_expense(owner, rig_owner.id, "30.00")
    insert_expense(owner, rig_owner.id, "50.01")
    insert_expense(owner, rig_owner.id, "900", spent_at=datetime.now(UTC) - timedelta(days=366))
    insert_expense(owner, rig_owner.id, "900", undone_at=datetime.now(UTC))
    insert_expense(owner, rig_owner.id, "70", currency="CAD")
    insert_expense(owner, rig_owner.id, "900", category="food")
    insert_expense(owner, other, "900")
    result = rig_owner.call(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 1000}')
    costs = result.data["costs"]
    [canadian] = owner.execute(
        "select round(amount * exchange_rate, 2) from expenses where user_id = %s and currency = 'CAD'", (rig_owner.id,)
    ).fetchone()
    average = str(round((Decimal("80.01") + canadian) / 3, 2))
    assert 40 < canadian < 60
    assert (costs["camping"], costs["camping_average"], costs["camping_expenses"]) == (average, average, 3)
    assert "if each costs what your 3 camping expenses of the last 365 days came to on average" in result.text
    assert "This includes CA$70.00 at the ECB (simulated) reference rate of " in result.text
    assert float(costs["total"]) == pytest.approx(float(result.data["fuel"]["cost"]) + float(average))
    assert float(costs["left"]) == pytest.approx(1000 - float(costs["total"]))
    assert "Fuel and camping together, $" in result.text and "within your budget of $1,000.00." in result.text
    assert result.source.endswith("Rosie (your rig), Your expenses in PAM, ECB (simulated)")


def test_budget_that_is_too_small_has_the_difference(rig_owner: Caller, owner: psycopg.Connection) -> None:
    """The text names what is not included."""
    result = rig_owner.call(plan_trip, '{"origin": "Denver", "destination": "Moab", "budget": 10.5}')
    over = float(result.data["fuel"]["cost"]) - 10.5
    assert result.data["costs"]["left"] == f"{-over:.2f}"
    assert f"Fuel alone, ${result.data['fuel']['cost']}, is ${over:.2f} over your budget of $10.50." in result.text
    assert "What camping costs for 1 night isn't known." in result.text
    assert float(read_trips(owner, rig_owner)[0][5]) == 10.5


def plan_as_an_australian(caller: Caller, owner: psycopg.Connection) -> Any:
    """Plan a trip in Utah with US fuel, and a budget of an Australian's own currency."""
    insert_user(owner, caller, "AUD", "en_AU")
    owner.execute(
        "insert into vehicles (user_id, name, kind, consumption_l_per_100km) values (%s, 'Bluey', 'campervan', 14)",
        (caller.id,),
    )
    insert_expense(owner, caller.id, "45", currency="AUD")
    return caller.call(plan_trip, '{"origin": "Denver", "destination": "Moab, Utah", "budget": 900}')


def test_fuel_in_another_currency_is_converted_at_the_newest_rate(caller: Caller, owner: psycopg.Connection) -> None:
    """The costs are in the user's own currency, and the text names rate and source."""
    result = plan_as_an_australian(caller, owner)
    fuel, costs = result.data["fuel"], result.data["costs"]
    assert (result.data["unit"], fuel["currency"], costs["currency"]) == ("km", "USD", "AUD")
    day = date.fromisoformat(costs["fuel_rate_date"])
    rate = Decimal(reference_rate("AUD", day)) / Decimal(reference_rate("USD", day))
    assert Decimal(costs["fuel"]) == round(Decimal(fuel["cost"]) * rate, 2)
    assert (costs["camping"], Decimal(costs["total"])) == ("45.00", 45 + Decimal(costs["fuel"]))
    assert "A$45.00 for 1 night" in result.text
    assert f"That is A${costs['fuel']} at the ECB (simulated) reference rate of " in result.text
    assert result.text.endswith("within your budget of A$900.00.") and result.simulated


def test_fuel_without_an_exchange_rate_is_not_in_the_total(
    caller: Caller, owner: psycopg.Connection, fail_source: Callable[..., None], shared_table: Any
) -> None:
    """The rest is compared with the budget, and the text says what is missing."""
    delete_cached(shared_table, "rates|")
    fail_source("ecb", "503")
    result = plan_as_an_australian(caller, owner)
    costs = result.data["costs"]
    assert (costs["fuel"], costs["fuel_rate_date"], costs["total"]) == (None, None, "45.00")
    assert "PAM has no exchange rate to AUD for it now." in result.text
    assert result.text.endswith("Camping alone, A$45.00, is A$855.00 within your budget of A$900.00.")


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
    """Over the ends of months and years, and on nights that are an hour shorter or longer."""
    result = caller.call(plan_trip, f'{{"origin": "Denver", "destination": "Seattle", "start_date": "{start}"}}')
    assert [day["date"] for day in result.data["days"]][:3] == first_three
    assert read_trips(owner, caller)[0][2] == date.fromisoformat(start)


def test_start_date_is_checked_in_the_time_zone_of_the_device(new_caller: Callable[..., Caller]) -> None:
    """At 3:00 UTC it is yesterday in Denver and today in Sydney."""
    caller = new_caller(lambda: datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    raw = '{"origin": "Denver", "destination": "Pueblo", "start_date": "2026-11-%s"}'
    assert caller.call(plan_trip, raw % "21").data["start_date"] == "2026-11-21"
    assert plan_error(caller, raw % "20").error.code == "date_in_past"
    assert plan_error(caller.in_zone("Australia/Sydney"), raw % "21").error.code == "date_in_past"


def test_trip_with_a_leg_without_a_road_is_rejected(caller: Caller, owner: psycopg.Connection) -> None:
    """The error names the leg and nothing is saved; with another stop the same call works."""
    raw = '{"origin": "Denver", "destination": "Moab", "stops": ["%s"]}'
    error = plan_error(caller, raw % "Honolulu")
    assert error.error.code == "no_route"
    assert error.message == "There is no road from Denver, Colorado to Honolulu, Hawaii."
    assert read_trips(owner, caller) == []
    caller.call(plan_trip, raw % "Durango, Colorado")
    assert len(read_trips(owner, caller)) == 1


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
        ('{"origin": "Denver", "destination": "Moab", "max_daily": 19}', "invalid_quantity"),
        ('{"origin": "Denver", "destination": "Moab", "max_daily": 1001}', "invalid_quantity"),
        ('{"origin": "Denver", "destination": "Moab", "nights": [1]}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Moab", "stops": ["Vail"], "nights": [61]}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Moab", "stops": ["Vail"], "nights": [-1]}', "invalid_request"),
        ('{"origin": "Denver", "destination": "Moab", "arrive_by": "soon"}', "invalid_date"),
        ('{"origin": "Denver", "destination": "Moab", "arrive_by": "2026-12-01T25:00"}', "invalid_date"),
        ('{"origin": "Denver", "destination": "Moab", "arrive_by": "2020-01-01"}', "arrives_too_late"),
    ],
)  # fmt: skip
def test_invalid_trip_is_rejected(caller: Caller, owner: psycopg.Connection, raw: str, code: str) -> None:
    """With an error code and a message; nothing is saved."""
    error = plan_error(caller, raw)
    assert error.error.code == code and error.message[-1] in ".?"
    assert read_trips(owner, caller) == []


def test_trip_from_here_is_saved_as_coordinates(caller: Caller, owner: psycopg.Connection) -> None:
    """A round trip is one trip."""
    there = caller.located(38.58, -109.55)
    result = there.call(plan_trip, '{"origin": "here", "destination": "here", "stops": ["Grand Junction"]}')
    assert result.text.startswith("Where you are to where you are by way of Grand Junction, Colorado: ")
    assert read_trips(owner, caller)[0][:2] == ("38.5800, -109.5500", "38.5800, -109.5500")


def test_twenty_stops_are_planned_within_the_timeout(
    caller: Caller, owner: psycopg.Connection, shared_table: Any
) -> None:
    """With an empty cache: 22 places, 21 roads, 20 detours, and the nights between. The saved plan has all of it."""
    stops = [
        "Pueblo", "Taos", "Albuquerque", "Flagstaff", "Las Vegas", "Reno", "Sacramento", "Eugene", "Boise",
        "Twin Falls", "Salt Lake City", "Provo", "Grand Junction", "Cortez, Colorado", "Farmington, New Mexico",
        "Gallup", "Tucson", "El Paso", "Amarillo", "Lubbock",
    ]  # fmt: skip
    delete_cached(shared_table, "places|", "route|", "road|", "parks|")
    started_at = time.monotonic()
    result = caller.call(plan_trip, json.dumps({"origin": "Denver", "destination": "Dallas", "stops": stops}))
    assert time.monotonic() - started_at < 8
    assert len(result.data["stops"]) == 20
    assert len(result_json(result)) < 8192
    [plan] = owner.execute("select plan from trips where user_id = %s", (caller.id,)).fetchone()
    reached = [name for day in plan["days"] for name in (*day["via"], day["to"])]
    names = [stop["name"] for stop in result.data["stops"]]
    assert [name for name in reached if " after " not in name] == [*names, "Dallas, Texas"]


def test_trip_of_more_than_forty_days_is_rejected(caller: Caller) -> None:
    """It would not fit into an answer."""
    there_and_back = ", ".join(['"Seattle", "Miami"'] * 3)
    error = plan_error(caller, f'{{"origin": "Miami", "destination": "Seattle", "stops": [{there_and_back}]}}')
    assert error.error.code == "invalid_request" and "PAM plans 40 at most" in error.message


def test_night_without_a_place_to_camp_is_described_by_distance(caller: Caller) -> None:
    """No place is named; the text says that none is known."""
    result = caller.call(plan_trip, '{"origin": "Key West", "destination": "Portland, Maine"}')
    lonely = [day for day in result.data["days"][:-1] if day["camp"] is None]
    assert lonely and all("mi after Key West, Florida, somewhere near " in day["to"] for day in lonely)
    assert "(no place to camp known within 25 mi)" in result.text


@pytest.mark.parametrize("mode", ["500", "429", "cut", "wrong_shape"])
def test_unavailable_map_is_an_error(
    caller: Caller, owner: psycopg.Connection, fail_source: Callable[..., None], mode: str
) -> None:
    """Nothing is saved."""
    fail_source("mapbox", mode)
    error = plan_error(caller, f'{{"origin": "Denver", "destination": "Nowhere {uuid.uuid4().hex[:8]}"}}')
    assert error.error.code == "source_unavailable" and "Mapbox" in error.message
    assert read_trips(owner, caller) == []


def test_map_that_hangs_is_an_error_in_time(caller: Caller, fail_source: Callable[..., None]) -> None:
    """Before the timeout of the tool, however many places wait."""
    fail_source("mapbox", "slow", seconds=30)
    stops = ", ".join(f'"Nowhere {uuid.uuid4().hex[:8]}"' for _ in range(20))
    started_at = time.monotonic()
    error = plan_error(caller, f'{{"origin": "Denver", "destination": "Moab", "stops": [{stops}]}}')
    assert error.error.code == "source_unavailable"
    assert time.monotonic() - started_at < 8


def test_trip_is_planned_without_campgrounds_and_prices(
    rig_owner: Caller, shared_table: Any, fail_source: Callable[..., None]
) -> None:
    """The road is cached; the text names what is missing."""
    raw = '{"origin": "Denver", "destination": "Moab", "budget": 500}'
    rig_owner.call(plan_trip, raw)
    delete_cached(shared_table, "parks|", "price|")
    fail_source("mapbox", "500")
    fail_source("eia", "500")
    result = rig_owner.call(plan_trip, raw)
    first, _ = result.data["days"]
    assert first["camp"] is None and "somewhere near" in first["to"]
    assert "PAM couldn't look for all places to camp." in result.text and "no place to camp known" not in result.text
    assert (result.data["fuel"]["missing"], result.data["costs"]["total"]) == (["price"], None)
    assert "gal of fuel. What the fuel costs PAM can't say: it doesn't know a fuel price" in result.text


def test_repeated_key_saves_one_trip(caller: Caller, owner: psycopg.Connection) -> None:
    """The result is the same."""
    raw = '{"origin": "Denver", "destination": "Moab"}'
    first, second = (caller.call(plan_trip, raw, key="once") for _ in range(2))
    assert first == second
    assert len(read_trips(owner, caller)) == 1


def test_undo_deletes_the_trip_within_ten_minutes(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """Only this one; another user can not undo it."""
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    caller.call(plan_trip, '{"origin": "Denver", "destination": "Pueblo"}')
    result = caller.call(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    assert error_of(lambda: other.undo(result, plan_trip)).error.code == "effect_not_found"
    first, second = caller.undo(result, plan_trip), caller.undo(result, plan_trip)
    assert first == second and first == "The trip from Denver, Colorado to Moab, Utah is forgotten."
    assert [destination for _, destination, *_ in read_trips(owner, caller)] == ["Pueblo, Colorado, United States"]
    result = caller.call(plan_trip, '{"origin": "Denver", "destination": "Moab"}')
    now += timedelta(minutes=10, seconds=1)
    assert error_of(lambda: caller.undo(result, plan_trip)).error.code == "undo_expired"
    assert len(read_trips(owner, caller)) == 2
