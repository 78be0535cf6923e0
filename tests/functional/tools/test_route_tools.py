"""Tools for the way: fuel, the best order of stops, and road conditions, from sources or named as missing."""

import json
import random
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from local.stand_ins.travel.mapbox_roads import MEAN_SPEED_MPS, ROAD_FACTOR
from pam.tools.catalog.routes import TOOLS, calculate_gas_cost, get_road_conditions, optimize_route
from pam.travel.geography import great_circle_m
from pam.travel.units import METRES_PER_MILE
from tests.functional.test_travel import StandIn
from tests.functional.tools.conftest import Caller, error_of
from tests.functional.tools.test_trip_tools import delete_cached

ENDS = {"origin": "Denver", "destination": "Moab"}
STOPS = ["Grand Junction", "Colorado Springs", "Durango, Colorado", "Pueblo", "Farmington, New Mexico", "Alamosa"]


def call(caller: Caller, tool: Any, **arguments: Any) -> Any:
    return caller.call(tool, json.dumps(arguments))


def arguments_of(tool: Any) -> dict[str, Any]:
    return ENDS | ({"stops": STOPS[:2]} if tool is optimize_route else {})


@pytest.fixture
def rig_owner(caller: Caller, owner: psycopg.Connection) -> Caller:
    """A user with a diesel motorhome of 10 mpg, and a car without a consumption."""
    owner.execute("insert into users (id) values (%s)", (caller.id,))
    owner.execute(
        "insert into vehicles (user_id, name, kind, fuel_type, consumption_l_per_100km)"
        " values (%(user)s, 'Rosie', 'motorhome', 'diesel', 23.52), (%(user)s, 'Toad', 'car', 'regular', null),"
        " (%(user)s, 'Old van', 'campervan', 'regular', 11.76)",
        {"user": caller.id},
    )
    owner.execute("update vehicles set created_at = '2020-01-01' where user_id = %s and name <> 'Rosie'", (caller.id,))
    return caller


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        (calculate_gas_cost, {}, "invalid_request"),
        (calculate_gas_cost, {"origin": "Denver"}, "invalid_request"),
        (calculate_gas_cost, {"distance": 100, "destination": "Moab"}, "invalid_request"),
        (calculate_gas_cost, {"distance": 0}, "invalid_quantity"),
        (calculate_gas_cost, {"distance": 20_001}, "invalid_quantity"),
        (calculate_gas_cost, {"distance": 100, "price": 0}, "invalid_quantity"),
        (calculate_gas_cost, {"distance": 100, "price": 101}, "invalid_quantity"),
        (calculate_gas_cost, {"distance": 100, "vehicle": "Rosie"}, "vehicle_not_found"),
        (calculate_gas_cost, {"distance": 100, "vehicle": ""}, "invalid_text"),
        (calculate_gas_cost, {"distance": 100, "vehicle": "x" * 101}, "invalid_text"),
        (calculate_gas_cost, {"destination": "Moab"}, "location_needed"),
        (calculate_gas_cost, ENDS | {"destination": "Honolulu"}, "no_route"),
        (optimize_route, ENDS, "invalid_request"),
        (optimize_route, ENDS | {"stops": ["Pueblo"]}, "invalid_request"),
        (optimize_route, ENDS | {"stops": ["Pueblo"] * 11}, "invalid_request"),
        (optimize_route, ENDS | {"stops": STOPS, "by": "fuel"}, "invalid_request"),
        (optimize_route, ENDS | {"stops": ["Pueblo", ""]}, "invalid_text"),
        (optimize_route, ENDS | {"stops": ["Pueblo", "Springfield"]}, "ambiguous_place"),
        (optimize_route, ENDS | {"stops": ["Pueblo", "here"]}, "location_needed"),
        (optimize_route, ENDS | {"stops": ["Pueblo", "Honolulu"]}, "no_route"),
        (get_road_conditions, {"origin": "Denver"}, "invalid_request"),
        (get_road_conditions, ENDS | {"origin": "here"}, "location_needed"),
        (get_road_conditions, ENDS | {"origin": "Xyzzyville"}, "unknown_place"),
        (get_road_conditions, ENDS | {"destination": "Honolulu"}, "no_route"),
        (get_road_conditions, ENDS | {"destination": "Utah"}, "place_too_large"),
    ],
)
def test_invalid_arguments_are_rejected(caller: Caller, tool: Any, arguments: dict[str, Any], code: str) -> None:
    """With an error code and a message that the model can act on."""
    error = error_of(lambda: call(caller, tool, **arguments))
    assert error.error.code == code and error.message[-1] in ".?"


def test_fuel_cost_of_a_distance_is_a_worked_example(rig_owner: Caller) -> None:
    """250 miles at 23.52 l/100 km are 94.63 l, which is 25.0 gallons; at $3.60 a gallon that is $89.99."""
    result = call(rig_owner, calculate_gas_cost, distance=250, price=3.6)
    assert (result.data["volume"], result.data["cost"], result.data["currency"]) == (25.0, "89.99", "USD")
    assert (result.data["consumption"]["source"], result.data["price"]["source"]) == ("Rosie", "You")
    assert (
        "clearance" not in result.text
        and result.source == "Rosie (your rig)"
        and "$89.99 at $3.60 a gallon" in result.text
    )


def test_fuel_cost_of_a_way_has_the_average_price_of_the_vehicles_fuel(rig_owner: Caller) -> None:
    """By the consumption of the vehicle that is named, in upper or lower case, else of the rig."""
    result = call(rig_owner, calculate_gas_cost, **ENDS)
    assert result.data["price"]["area"] == "Rocky Mountain (PADD 4)"
    assert result.data["volume"] == pytest.approx(result.data["distance"] / 10, abs=0.1)
    assert float(result.data["cost"]) == pytest.approx(
        result.data["volume"] * float(result.data["price"]["value"]), rel=0.005
    )
    assert result.source == "Mapbox (simulated), EIA (simulated), Rosie (your rig)"
    assert result.text.endswith(". The road wasn't checked for Rosie: PAM knows no clearances or weight limits.")
    van = call(rig_owner, calculate_gas_cost, vehicle="old VAN", **ENDS)
    assert (
        van.data["consumption"]["source"] == "Old van" and van.data["price"]["value"] != result.data["price"]["value"]
    )
    assert van.data["volume"] == pytest.approx(result.data["volume"] / 2, abs=0.1)
    car = call(rig_owner, calculate_gas_cost, vehicle="Toad", distance=100)
    assert (car.data["missing"], car.data["cost"]) == (["consumption"], None)


def test_vehicle_of_another_user_is_not_found(rig_owner: Caller, new_caller: Callable[..., Caller]) -> None:
    """As if there were none, in the same words."""
    other = new_caller()
    errors = [
        error_of(lambda name=name: call(other, calculate_gas_cost, distance=100, vehicle=name))
        for name in ("Rosie", "Nobody's")
    ]
    assert {error.error.code for error in errors} == {"vehicle_not_found"}
    assert len({error.message for error in errors}) == 1


def test_missing_price_is_named(rig_owner: Caller, eia: StandIn, shared_table: Any) -> None:
    """The volume is still known; no price is guessed."""
    shared_table.delete_item(Key={"key": "price|diesel|R40"})
    eia.fail("500")
    result = call(rig_owner, calculate_gas_cost, **ENDS)
    assert (result.data["missing"], result.data["cost"]) == (["price"], None) and result.data["volume"] > 0
    assert "PAM can't say without a price" in result.text


def test_metric_fuel_cost_is_in_litres_and_the_own_currency(caller: Caller, owner: psycopg.Connection) -> None:
    """300 km at 14 l/100 km are 42 litres; at A$2 each that is A$84."""
    owner.execute("insert into users (id, currency, locale, units) values (%s, 'AUD', 'en_AU', 'metric')", (caller.id,))
    owner.execute(
        "insert into vehicles (user_id, name, kind, consumption_l_per_100km) values (%s, 'Bluey', 'campervan', 14)",
        (caller.id,),
    )
    data = call(caller, calculate_gas_cost, distance=300, price=2).data
    assert (data["unit"], data["volume"], data["volume_unit"], Decimal(data["cost"]), data["currency"]) == (
        "km", 42.0, "l", Decimal(84), "AUD",
    )  # fmt: skip


def road_m(points: dict[str, tuple[float, float]], order: tuple[str, ...]) -> float:
    """Return the metres of an order of places by the stand-in's roads."""
    return sum(great_circle_m(*points[here], *points[there]) * ROAD_FACTOR for here, there in pairwise(order))


def test_best_order_is_the_best_of_all(caller: Caller) -> None:
    """Compared with all 720 orders of six stops; legs and totals are those of the roads."""
    points: dict[str, tuple[float, float]] = {}
    for name in ("Denver", "Moab, Utah", *STOPS):
        found = call(caller, get_road_conditions, origin=name, destination="Denver").data["origin"]
        points[found["name"]] = (round(found["latitude"], 2), round(found["longitude"], 2))
    start, end, *stops = points
    lengths = {order: road_m(points, (start, *order, end)) for order in permutations(stops)}
    best = min(lengths, key=lambda order: lengths[order])
    result = call(caller, optimize_route, stops=STOPS, **ENDS)
    assert tuple(result.data["stops"]) == best
    assert result.data["distance"] * METRES_PER_MILE == pytest.approx(lengths[best], rel=0.001)
    assert result.data["driving_s"] == pytest.approx(lengths[best] / MEAN_SPEED_MPS, rel=0.001)
    saved_mi = (lengths[tuple(stops)] - lengths[best]) / METRES_PER_MILE
    assert result.data["saved_distance"] == pytest.approx(saved_mi, abs=0.2) and saved_mi > 100
    assert [leg["to"] for leg in result.data["legs"]] == [*best, end]
    assert sum(leg["distance"] for leg in result.data["legs"]) == pytest.approx(result.data["distance"], abs=0.5)
    assert result.text.startswith(f"The quickest order of the stops from {start} to {end}: {'; '.join(best)}. That is ")
    assert " less than in your order. The clearance of the road wasn't checked." in result.text
    assert result.source == "Mapbox (simulated)"


def test_order_that_is_best_already_stays(caller: Caller) -> None:
    """By the distance, from here and back."""
    here = caller.located(39.74, -104.98)
    result = call(here, optimize_route, origin="here", destination="Here", stops=["Pueblo", "Alamosa"], by="distance")
    assert result.data["by"] == "distance" and result.data["saved_distance"] == 0
    assert result.text.startswith("The shortest order of the stops from where you are to where you are: ")
    assert "your order" not in result.text


def test_ten_stops_are_ordered_in_one_request(
    caller: Caller, mapbox: StandIn, stack: LocalStack, shared_table: Any
) -> None:
    """Within the timeout of the tool."""
    delete_cached(shared_table, "matrix|")
    stops = [*STOPS, "Albuquerque", "Flagstaff", "Provo", "Taos"]
    started_at = time.monotonic()
    result = call(caller, optimize_route, stops=stops, **ENDS)
    assert time.monotonic() - started_at < 6 and len(set(result.data["stops"])) == 10
    assert len(json.dumps(result.data)) < 8192
    paths = httpx.get(f"{stack.travel_sources.mapbox_url}/_journal").json()["paths"]
    assert sum(count for path, count in paths.items() if "matrix" in path) == 1
    assert not any("/directions/" in path for path in paths)


def test_conditions_have_traffic_and_incidents_on_the_way(caller: Caller) -> None:
    """Lengths of congestion add up to the road; incidents lie on it; what isn't covered is named."""
    result = call(caller, get_road_conditions, origin="Denver", destination="Seattle")
    data = result.data
    assert sum(data["congestion"].values()) == pytest.approx(data["distance"], rel=0.01)
    assert (
        data["driving_s"]
        > data["usual_s"]
        == pytest.approx(data["distance"] * METRES_PER_MILE / MEAN_SPEED_MPS, rel=0.01)
    )
    places = [incident["after"] for incident in data["incidents"]]
    assert places and places == sorted(places) and places[-1] <= data["distance"]
    assert data["incident_count"] == len(places) and all(
        "Simulated" in each["description"] for each in data["incidents"]
    )
    closed = [incident for incident in data["incidents"] if incident["closed"]]
    assert [closure["from"] for closure in data["closures"]] == [incident["after"] for incident in closed]
    assert ("A part of the road is closed." in result.text) == bool(closed)
    assert " more than usual. Dense traffic: moderate on " in result.text
    assert "Mapbox (simulated) has no traffic data for " in result.text
    assert "Mapbox (simulated) doesn't report ice and snow beside incidents, chain rules, low bridges" in result.text
    assert result.text.endswith("The clearance of the road wasn't checked.") and data["not_covered"]
    assert len(json.dumps(data)) < 8192 and result.source == "Mapbox (simulated)"


def test_quiet_road_has_no_incidents(caller: Caller) -> None:
    """The text says that none is reported, not that there is none."""
    quiet = next(
        result
        for town in ("Boulder, Colorado", "Fort Collins", "Castle Rock, Colorado", "Golden, Colorado", "Greeley")
        if not (result := call(caller, get_road_conditions, origin="Denver", destination=town)).data["incidents"]
    )
    assert "No incidents are reported." in quiet.text and quiet.data["closures"] == []


def test_traffic_is_not_served_when_it_is_old(caller: Caller, mapbox: StandIn, shared_table: Any) -> None:
    """After two minutes it is fetched again; if that fails it is stale, and after twelve it is none."""
    data = call(caller, get_road_conditions, **ENDS).data
    ends = [tuple(round(data[end][axis], 2) for axis in ("latitude", "longitude")) for end in ("origin", "destination")]
    key = {"key": f"traffic|{ends[0]}|{ends[1]}"}
    item = shared_table.get_item(Key=key)["Item"]
    assert 115 <= float(item["fresh_until"]) - time.time() <= 121
    assert float(item["usable_until"]) - float(item["fresh_until"]) == pytest.approx(600)
    shared_table.update_item(
        Key=key, UpdateExpression="SET fresh_until = :past", ExpressionAttributeValues={":past": 1}
    )
    mapbox.fail("500")
    assert call(caller, get_road_conditions, **ENDS).data["stale"] is True
    shared_table.delete_item(Key=key)
    time.sleep(1.1)  # the failure is shared for a second
    assert error_of(lambda: call(caller, get_road_conditions, **ENDS)).error.code == "source_unavailable"


@pytest.mark.parametrize("mode", ["500", "cut", "wrong_json", "wrong_shape", "422", "429", "401", "slow"])
@pytest.mark.parametrize("tool", [optimize_route, get_road_conditions])
def test_unavailable_roads_are_an_error_in_time(
    caller: Caller, mapbox: StandIn, tool: Any, mode: str, shared_table: Any
) -> None:
    """The places are known, the road isn't: the message names the source, and nothing is invented."""
    here = caller.located(random.uniform(35, 40), random.uniform(-105, -95))
    call(here, calculate_gas_cost, origin="Denver", destination="Pueblo", price=4)  # caches the places
    shared_table.delete_item(Key={"key": "breaker|Mapbox"})
    mapbox.fail(mode, seconds=30)
    started_at = time.monotonic()
    arguments = {"origin": "here", "destination": "Denver"} | (
        {"stops": ["Pueblo", "Denver"]} if tool is optimize_route else {}
    )
    error = error_of(lambda: call(here, tool, **arguments))
    expected = "source_not_configured" if mode == "401" else "source_unavailable"
    assert error.error.code == expected and "Mapbox" in error.message
    assert time.monotonic() - started_at < 6


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_data_has_figures_only(caller: Caller, tool: Any) -> None:
    """As JSON; text, source and time are beside it; new users have answers, too."""
    result = call(caller, tool, **arguments_of(tool))
    assert not result.data.keys() & {"tier", "text", "source", "as_of", "cached", "stale"}
    assert json.loads(json.dumps(result.data)) == result.data and result.effect is None
    assert tool.summary(tool.arguments(**arguments_of(tool))).endswith("to Moab")


def test_unknown_arguments_are_rejected(caller: Caller) -> None:
    """Users, zones and positions come from the context."""
    for tool in TOOLS:
        arguments = arguments_of(tool) | {"user_id": str(uuid.uuid4())}
        error = error_of(lambda tool=tool, arguments=arguments: call(caller, tool, **arguments))
        assert error.error.code == "invalid_request"
