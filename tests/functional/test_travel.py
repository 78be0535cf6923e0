"""Answers about the road: from named sources, in the traveller's units, never invented."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import psycopg
import pytest

from local.stack import LocalStack
from tests.conftest import Traveller

SPOT = (38.57, -109.55)


class StandIn:
    """A source as the stack has it: what it was asked, and the ways it can be made to fail."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10)

    def fail(self, mode: str, **more: Any) -> None:
        assert self._http.put("/_control", json={"mode": mode, **more}).status_code == 204

    def forget(self) -> None:
        """Ends failing, and forgets what it was asked."""
        self._http.delete("/_journal")

    @property
    def asked(self) -> int:
        return self._http.get("/_journal").json()["requests"]


@pytest.fixture
def shared_table(stack: LocalStack) -> Any:
    """The table of shared answers and breakers."""
    environment = stack.environment_of("weather")
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return resource.Table(environment["SHARED_CACHE_TABLE"])


@pytest.fixture
def mapbox(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """Mapbox's stand-in, well again afterwards."""
    stand_in = StandIn(stack.travel_sources.mapbox_url)
    stand_in.forget()
    yield stand_in
    stand_in.forget()
    shared_table.delete_item(Key={"key": "breaker|Mapbox"})


@pytest.fixture
def open_meteo(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """Open-Meteo's stand-in, well again afterwards."""
    stand_in = StandIn(stack.travel_sources.open_meteo_url)
    stand_in.forget()
    yield stand_in
    stand_in.forget()
    shared_table.delete_item(Key={"key": "breaker|Open-Meteo"})


@pytest.fixture
def australian(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> Traveller:
    """Somebody who measures and pays as Australians do."""
    someone = new_traveller()
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'AUD', 'Australia/Sydney', 'en_AU', 'metric')",
        (someone.id,),
    )
    return someone


def get(traveller: Traveller, path: str, **parameters: object) -> dict[str, Any]:
    reply = traveller.http.get(f"/v1/{path}", params={k: str(v) for k, v in parameters.items()})
    assert reply.status_code == 200, reply.text
    return reply.json()


def somewhere() -> dict[str, float]:
    """A point that nobody asked about before: nothing is cached for it."""
    number = uuid.uuid4().int
    return {"latitude": 35 + number % 997 / 100, "longitude": -110 + number // 997 % 997 / 100}


def test_weather_names_its_place_period_and_source(traveller: Traveller) -> None:
    """Tomorrow in Moab: hours in Moab's zone, units said, simulated data marked as such."""
    told = get(traveller, "weather", place="Moab", period="tomorrow")
    assert told["place"]["name"] == "Moab, Utah"
    assert len(told["hours"]) == 24 and len(told["days"]) == 1
    assert all(hour["time"].endswith(("-06:00", "-07:00")) for hour in told["hours"])
    assert told["units"] == {"temperature": "°F", "speed": "mph", "rain": "mm"}
    assert told["source"] == "Mapbox (simulated), Open-Meteo (simulated)"
    assert told["simulated"] is True
    assert told["text"].startswith("In Moab, Utah: ")


def test_an_old_map_does_not_make_the_weather_old(traveller: Traveller, shared_table: Any) -> None:
    """Where a town lies was looked up long ago; the forecast is new, and so is the answer."""
    get(traveller, "weather", place="Flagstaff")
    long_ago = "2026-01-01T00:00:00+00:00"
    shared_table.update_item(
        Key={"key": "places|flagstaff"},
        UpdateExpression="SET as_of = :long_ago",
        ExpressionAttributeValues={":long_ago": long_ago},
    )
    told = get(traveller, "weather", place="Flagstaff")
    assert told["cached"] is True
    assert datetime.now(UTC) - datetime.fromisoformat(told["as_of"]) < timedelta(minutes=5)


def test_the_same_question_of_another_traveller_is_answered_from_the_cache(
    new_traveller: Callable[[], Traveller], open_meteo: StandIn
) -> None:
    """What a source said is everybody's; nobody's units are."""
    one, other, where = new_traveller(), new_traveller(), somewhere()
    assert get(one, "weather", **where)["cached"] is False
    assert get(other, "weather", **where)["cached"] is True
    assert open_meteo.asked == 1


def test_a_hundred_callers_at_once_make_one_call_upstream(
    traveller: Traveller, stack: LocalStack, open_meteo: StandIn
) -> None:
    """Over several environments, one fetches and the others wait for it."""
    stack.functions["weather"].warm(4)
    where = somewhere()
    with ThreadPoolExecutor(100) as threads:
        told = list(threads.map(lambda _: traveller.http.get("/v1/weather", params=where), range(100)))
    assert {reply.status_code for reply in told} == {200}
    assert open_meteo.asked == 1


def test_an_australian_sees_kilometres_litres_and_their_own_dollars(australian: Traveller) -> None:
    """In fields and in text, also where the source speaks of gallons."""
    weather = get(australian, "weather", place="Alice Springs", period="today")
    assert (weather["units"]["temperature"], weather["units"]["speed"]) == ("°C", "km/h")
    assert " °C" in weather["text"] and "°F" not in weather["text"]
    distance = get(australian, "distance", origin="Sydney", destination="Melbourne")
    assert (
        distance["unit"] == "km"
        and " km by road from Sydney, New South Wales to Melbourne, Victoria" in distance["text"]
    )
    fuel = get(australian, "fuel-estimate", distance=650, consumption=22, price=1.95)
    assert (fuel["unit"], fuel["volume"], fuel["volume_unit"]) == ("km", 143.0, "l")
    assert (fuel["cost"], fuel["currency"], fuel["simulated"]) == ("278.85", "AUD", False)
    assert "A$278.85 at A$1.95 a litre" in fuel["text"]
    assert australian.spends("45").json()["text"].startswith("Added A$45.00 for fuel.")


def test_fuel_rests_on_what_is_known_and_asks_for_the_rest(
    traveller: Traveller, australian: Traveller, owner: psycopg.Connection
) -> None:
    """The rig's consumption and EIA's average; without either it's named as missing, and no figure is made up."""
    without_rig = get(traveller, "fuel-estimate", distance=400)
    assert (without_rig["volume"], without_rig["cost"], without_rig["missing"]) == (None, None, ["consumption"])
    no_price = get(australian, "fuel-estimate", distance=400, consumption=20)
    assert (no_price["volume"], no_price["cost"], no_price["missing"]) == (80.0, None, ["price"])
    assert "without a price" in no_price["text"]
    traveller.spends("1")
    owner.execute(
        "insert into vehicles (user_id, name, kind, fuel_type, consumption_l_per_100km)"
        " values (%s, 'Rosie', 'motorhome', 'diesel', 23.52)",
        (traveller.id,),
    )
    owner.execute("update users set name = name where id = %s", (traveller.id,))
    traveller.spends("1")  # a write of their own: settings are read anew
    told = get(traveller, "fuel-estimate", distance=400)
    assert told["volume"] == pytest.approx(40.0, abs=0.1)
    assert told["consumption"]["source"] == "Rosie"
    assert told["price"]["area"] == "United States" and told["price"]["week"]
    assert told["source"] == "EIA (simulated), Rosie (your rig)"
    assert "the average of the United States in the week of" in told["text"]


def test_two_places_are_as_far_as_the_road(traveller: Traveller) -> None:
    """Distance and time come from the directions; between islands there is no road, and it's said."""
    told = get(traveller, "distance", origin="Denver", destination="Moab")
    assert 250 < told["distance"] < 450 and 4 * 3600 < told["duration_s"] < 9 * 3600
    assert told["text"].endswith("of driving, without stops.")
    reply = traveller.http.get("/v1/distance", params={"origin": "Denver", "destination": "Honolulu"})
    assert (reply.status_code, reply.json()["code"]) == (422, "no_route")


def test_parks_lie_within_the_radius_and_are_sorted(traveller: Traveller) -> None:
    """Nearest first, none farther than asked."""
    told = get(traveller, "parks", place="Moab", radius=30, unit="mi")
    distances = [park["distance"] for park in told["parks"]]
    assert distances and distances == sorted(distances) and max(distances) <= 30
    assert all("Simulated" in park["name"] for park in told["parks"])


def test_in_the_middle_of_the_pacific_there_is_no_park(traveller: Traveller) -> None:
    """None is found, and none is made up."""
    told = get(traveller, "parks", latitude=0, longitude=-140, radius=100)
    assert told["parks"] == []
    assert told["text"] == "Mapbox (simulated) knows no place to camp within 100 mi of where you are."


def test_a_price_is_an_average_of_a_named_region_and_week(traveller: Traveller) -> None:
    """Called so; outside of the United States there is no source, and no price."""
    told = get(traveller, "gas-prices", place="Moab, Utah", fuel_type="diesel")
    assert told["area"] == "Rocky Mountain (PADD 4)" and told["fuel_type"] == "diesel"
    assert told["text"].startswith("The average price of diesel is $")
    reply = traveller.http.get("/v1/gas-prices", params={"place": "Sydney, Australia"})
    assert (reply.status_code, reply.json()["code"]) == (422, "no_price_source")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("weather?place=Springfield", "ambiguous_place"),
        ("weather?place=Xyzzyville", "unknown_place"),
        ("weather?place=%00", "invalid_text"),
        ("weather?place=" + "x" * 201, "invalid_text"),
        ("weather?place=Moab&period=last_week", "unknown_period"),
        ("weather", "location_needed"),
        ("weather?latitude=91&longitude=0", "invalid_quantity"),
        ("weather?latitude=NaN&longitude=0", "invalid_quantity"),
        ("weather?latitude=1e309&longitude=0", "invalid_quantity"),
        ("distance?origin=Denver", "invalid_request"),
        ("fuel-estimate", "invalid_request"),
        ("fuel-estimate?distance=400&destination=Moab", "invalid_request"),
        ("fuel-estimate?distance=-1", "invalid_quantity"),
        ("fuel-estimate?distance=400&consumption=0", "invalid_quantity"),
        ("fuel-estimate?distance=400&unit=furlongs", "invalid_request"),
        ("parks?place=Moab&radius=501", "invalid_quantity"),
        ("gas-prices?place=Colorado&fuel_type=lpg", "invalid_request"),
        ("gas-prices?place=here", "location_needed"),
    ],
)
def test_a_question_that_can_not_be_answered_says_why(traveller: Traveller, path: str, code: str) -> None:
    """A 422 with a stable code and a sentence."""
    reply = traveller.http.get(f"/v1/{path}")
    assert (reply.status_code, reply.json()["code"]) == (422, code), reply.text
    assert reply.json()["message"][-1] in ".?"


def test_with_the_source_down_an_uncached_answer_is_a_clear_error_in_time(
    traveller: Traveller, stack: LocalStack, open_meteo: StandIn
) -> None:
    """Within the two seconds of a fast answer (and some for a busy machine); then the breaker spares the source."""
    stack.functions["weather"].warm()
    open_meteo.fail("slow", seconds=30)
    began = time.monotonic()
    reply = traveller.http.get("/v1/weather", params=somewhere())
    assert time.monotonic() - began < 4
    assert (reply.status_code, reply.json()["code"]) == (503, "source_unavailable")
    assert "Open-Meteo" in reply.json()["message"]


def test_after_some_faults_in_a_row_the_next_callers_are_spared(traveller: Traveller, open_meteo: StandIn) -> None:
    """The breaker is everybody's: once open, no caller asks the source, and all are told at once."""
    open_meteo.fail("wrong_json")
    for _ in range(6):
        assert traveller.http.get("/v1/weather", params=somewhere()).status_code == 503
    asked = open_meteo.asked
    for _ in range(5):
        assert traveller.http.get("/v1/weather", params=somewhere()).json()["code"] == "source_unavailable"
    assert open_meteo.asked == asked


def test_with_the_source_down_a_known_answer_comes_with_its_age(
    traveller: Traveller, shared_table: Any, open_meteo: StandIn
) -> None:
    """Past its lifetime it's told as what it is: old."""
    where = somewhere()
    get(traveller, "weather", **where)
    latitude, longitude = (round(where[name] * 20) / 20 for name in ("latitude", "longitude"))
    key = f"forecast|{latitude:.2f}|{longitude:.2f}"
    shared_table.update_item(
        Key={"key": key}, UpdateExpression="SET fresh_until = :past", ExpressionAttributeValues={":past": 1}
    )
    open_meteo.fail("500")
    told = get(traveller, "weather", **where)
    assert told["stale"] is True and told["age_s"] >= 0 and told["reason"] == "source_unavailable"


@pytest.mark.parametrize("mode", ["401", "404", "422", "429", "500", "cut", "wrong_json", "wrong_shape"])
def test_however_a_source_fails_the_traveller_hears_a_sentence(
    traveller: Traveller, mapbox: StandIn, mode: str
) -> None:
    """Never a 500, never an invented answer."""
    mapbox.fail(mode)
    reply = traveller.http.get("/v1/weather", params={"place": f"Nowhere {uuid.uuid4().hex[:8]}"})
    assert reply.status_code == 503
    assert reply.json()["code"] in ("source_unavailable", "source_not_configured")
    assert "Mapbox" in reply.json()["message"]
