"""Answers about travel: from named sources, in the user's units, without invented figures."""

import itertools
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from pam.answers.travel_sources import place_key
from tests.conftest import Traveller

SPOT = (38.57, -109.55)


class StandIn:
    """The stand-in of a source: its number of requests, and the ways it can be made to fail."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10)

    def fail(self, mode: str, **more: Any) -> None:
        assert self._http.put("/_control", json={"mode": mode, **more}).status_code == 204

    def reset(self) -> None:
        """End failing, and clear the journal of requests."""
        self._http.delete("/_journal")

    @property
    def requests(self) -> int:
        return self._http.get("/_journal").json()["requests"]


@pytest.fixture
def mapbox(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """Mapbox's stand-in, reset afterwards."""
    stand_in = StandIn(stack.travel_sources.mapbox_url)
    stand_in.reset()
    yield stand_in
    stand_in.reset()
    shared_table.delete_item(Key={"key": "breaker|Mapbox"})


@pytest.fixture
def open_meteo(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """Open-Meteo's stand-in, reset afterwards."""
    stand_in = StandIn(stack.travel_sources.open_meteo_url)
    stand_in.reset()
    yield stand_in
    stand_in.reset()
    shared_table.delete_item(Key={"key": "breaker|Open-Meteo"})


@pytest.fixture
def australian(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> Traveller:
    """A user with Australian units and currency."""
    user = new_traveller()
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'AUD', 'Australia/Sydney', 'en_AU', 'metric')",
        (user.id,),
    )
    return user


def get(traveller: Traveller, path: str, **parameters: object) -> dict[str, Any]:
    reply = traveller.http.get(f"/v1/{path}", params={k: str(v) for k, v in parameters.items()})
    assert reply.status_code == 200, reply.text
    return reply.json()


_POINTS = itertools.count()


def uncached_point() -> dict[str, float]:
    """Return a point for which nothing is cached."""
    # Further apart than the hundredth of a degree that forecasts are cached by.
    row, column = divmod(next(_POINTS), 40)
    return {"latitude": round(45 + row * 0.11, 2), "longitude": round(-116 + column * 0.11, 2)}


def test_weather_names_its_place_units_and_source(traveller: Traveller) -> None:
    """Tomorrow in Moab has hours in Moab's zone, its units, and simulated sources marked as such."""
    answer = get(traveller, "weather", place="Moab", period="tomorrow")
    assert answer["place"]["name"] == "Moab, Utah"
    assert len(answer["hours"]) == 24 and len(answer["days"]) == 1
    assert all(hour["time"].endswith(("-06:00", "-07:00")) for hour in answer["hours"])
    assert answer["units"] == {"temperature": "°F", "speed": "mph", "rain": "mm", "snow": "cm"}
    assert answer["source"] == "Mapbox (simulated), Open-Meteo (simulated)"
    assert answer["simulated"] is True
    assert answer["text"].startswith("In Moab, Utah: ")


def test_old_place_does_not_make_the_weather_old(traveller: Traveller, shared_table: Any) -> None:
    """The answer is as old as its forecast, however long ago the place was fetched."""
    get(traveller, "weather", place="Flagstaff")
    long_ago = "2026-01-01T00:00:00+00:00"
    shared_table.update_item(
        Key={"key": place_key("flagstaff")},
        UpdateExpression="SET as_of = :long_ago",
        ExpressionAttributeValues={":long_ago": long_ago},
    )
    answer = get(traveller, "weather", place="Flagstaff")
    assert answer["cached"] is True
    assert datetime.now(UTC) - datetime.fromisoformat(answer["as_of"]) < timedelta(minutes=5)


def test_same_query_of_another_user_is_answered_from_the_cache(
    new_traveller: Callable[[], Traveller], open_meteo: StandIn
) -> None:
    """The answer of a source is shared by all users."""
    one, other, point = new_traveller(), new_traveller(), uncached_point()
    assert get(one, "weather", **point)["cached"] is False
    assert get(other, "weather", **point)["cached"] is True
    assert open_meteo.requests == 1


def test_hundred_concurrent_requests_make_one_request_to_the_source(
    traveller: Traveller, stack: LocalStack, open_meteo: StandIn
) -> None:
    """Of several Lambda environments one fetches the forecast, and the others wait for it."""
    stack.functions["weather"].warm(4)
    point = uncached_point()
    with ThreadPoolExecutor(100) as threads:
        responses = list(threads.map(lambda _: traveller.http.get("/v1/weather", params=point), range(100)))
    assert {response.status_code for response in responses} == {200}
    assert open_meteo.requests == 1


def test_answers_have_the_units_and_currency_of_the_user(australian: Traveller) -> None:
    """An Australian gets kilometres, litres and A$ in fields and in text."""
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


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("campgrounds within 50 km of Moab, Utah", r"within 50 km of Moab, Utah\. .* \([0-9.]+ km\)"),
        ("campgrounds within 30 miles of Moab, Utah", r"within 30 mi of Moab, Utah\. .* \([0-9.]+ mi\)"),
        (
            "fuel for 100 km at 10 l/100km at $1.50 a liter",
            r"^100 km at 10\.0 l/100 km take about 10\.0 l: \$15\.00 at \$1\.50 a litre\.$",
        ),
        (
            "fuel for 100 miles at 30 mpg at $1.50 a liter",
            r"^100 mi at 30\.0 mpg take about 12\.6 l: \$18\.93 at \$1\.50 a litre\.$",
        ),
        (
            "how much gas for 100 miles at 30 mpg at $4 a gallon",
            r"^100 mi at 30\.0 mpg take about 3\.3 gal: \$13\.33 at \$4\.00 a gallon\.$",
        ),
    ],
)
def test_answer_is_in_the_units_of_the_question(traveller: Traveller, question: str, expected: str) -> None:
    """Whatever the user's own are; the figures of the JSON are in the same units."""
    body = traveller.http.post("/v1/ask", json={"text": question}).json()
    answer = body["answer"]
    assert re.search(expected, answer["text"]), answer["text"]
    if "parks" in answer:
        assert answer["unit"] == answer["radius_unit"]
        nearest = answer["parks"][0]
        assert f"{nearest['name']} ({nearest['distance']:.1f} {answer['unit']})" in answer["text"]
    else:
        assert (answer["volume_unit"], answer["price"]["unit"]) in {("l", "l"), ("gal", "gal")}


def test_fuel_estimate_uses_rig_and_average_price_or_names_them_as_missing(
    traveller: Traveller, australian: Traveller, owner: psycopg.Connection
) -> None:
    """Without a consumption or a price there is no cost, and `missing` names what is needed."""
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
    traveller.spends("1")  # a write: cached settings are invalid
    answer = get(traveller, "fuel-estimate", distance=400)
    assert answer["volume"] == pytest.approx(40.0, abs=0.1)
    assert answer["consumption"]["source"] == "Rosie"
    assert answer["price"]["area"] == "United States" and answer["price"]["week"]
    assert answer["source"] == "EIA (simulated), Rosie (your rig)"
    assert "the average of the United States in the week of" in answer["text"]


def test_distance_is_by_road(traveller: Traveller) -> None:
    """Distance and time are those of the directions; to an island there is `no_route`."""
    answer = get(traveller, "distance", origin="Denver", destination="Moab")
    assert 250 < answer["distance"] < 450 and 4 * 3600 < answer["duration_s"] < 9 * 3600
    assert answer["text"].endswith("of driving by car, without stops. The clearance of the road wasn't checked.")
    reply = traveller.http.get("/v1/distance", params={"origin": "Denver", "destination": "Honolulu"})
    assert (reply.status_code, reply.json()["code"]) == (422, "no_route")


def test_parks_are_within_the_radius_and_sorted(traveller: Traveller) -> None:
    """The nearest is first, and none is outside of the radius."""
    answer = get(traveller, "parks", place="Moab", radius=30, unit="mi")
    distances = [park["distance"] for park in answer["parks"]]
    assert distances and distances == sorted(distances) and max(distances) <= 30
    assert all("Simulated" in park["name"] for park in answer["parks"])


def test_no_park_is_found_in_the_pacific(traveller: Traveller) -> None:
    """Where the source knows no place to camp, the answer says so."""
    answer = get(traveller, "parks", latitude=0, longitude=-140, radius=100)
    assert answer["parks"] == []
    assert answer["text"] == "Mapbox (simulated) knows no place to camp within 100 mi of where you are."


def test_price_is_an_average_of_a_named_region(traveller: Traveller) -> None:
    """It is called an average; outside of the United States there is no source."""
    answer = get(traveller, "gas-prices", place="Moab, Utah", fuel_type="diesel")
    assert answer["area"] == "Rocky Mountain (PADD 4)" and answer["fuel_type"] == "diesel"
    assert answer["text"].startswith("The average price of diesel in Moab, Utah is $")
    reply = traveller.http.get("/v1/gas-prices", params={"place": "Sydney, Australia"})
    assert (reply.status_code, reply.json()["code"]) == (422, "no_price_source")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("weather?place=Springfield", "ambiguous_place"),
        ("weather?place=Xyzzyville", "unknown_place"),
        ("weather?place=" + "%20word" * 30, "unknown_place"),
        ("weather?place=Texas", "place_too_large"),
        ("distance?origin=Denver&destination=texas", "place_too_large"),
        ("parks?place=Nevada", "place_too_large"),
        ("fuel-estimate?origin=Denver&destination=Mexico", "place_too_large"),
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
def test_query_that_can_not_be_answered_is_rejected_with_a_code(traveller: Traveller, path: str, code: str) -> None:
    """The response is a 422 with a stable code and a sentence."""
    reply = traveller.http.get(f"/v1/{path}")
    assert (reply.status_code, reply.json()["code"]) == (422, code), reply.text
    assert reply.json()["message"][-1] in ".?"


def test_hung_source_without_cached_answer_is_an_error_in_time(
    traveller: Traveller, stack: LocalStack, open_meteo: StandIn
) -> None:
    """The error comes within the two seconds of a fast answer, and some for a busy machine."""
    stack.functions["weather"].warm()
    open_meteo.fail("slow", seconds=30)
    began = time.monotonic()
    reply = traveller.http.get("/v1/weather", params=uncached_point())
    assert time.monotonic() - began < 4
    assert (reply.status_code, reply.json()["code"]) == (503, "source_unavailable")
    assert "Open-Meteo" in reply.json()["message"]


def test_open_circuit_breaker_prevents_requests_to_the_source(traveller: Traveller, open_meteo: StandIn) -> None:
    """After some failures in a row, requests of all users fail at once without a request to the source."""
    open_meteo.fail("wrong_json")
    for _ in range(6):
        assert traveller.http.get("/v1/weather", params=uncached_point()).status_code == 503
    before = open_meteo.requests
    for _ in range(5):
        assert traveller.http.get("/v1/weather", params=uncached_point()).json()["code"] == "source_unavailable"
    assert open_meteo.requests == before


def test_stale_answer_of_a_failing_source_has_its_age(
    traveller: Traveller, shared_table: Any, open_meteo: StandIn
) -> None:
    """When the source fails, an answer that is no longer fresh is returned as stale."""
    point = uncached_point()
    get(traveller, "weather", **point)
    latitude, longitude = (round(point[name] * 20) / 20 for name in ("latitude", "longitude"))
    key = f"forecast|{latitude:.2f}|{longitude:.2f}"
    shared_table.update_item(
        Key={"key": key}, UpdateExpression="SET fresh_until = :past", ExpressionAttributeValues={":past": 1}
    )
    open_meteo.fail("500")
    answer = get(traveller, "weather", **point)
    assert answer["stale"] is True and answer["age_s"] >= 0 and answer["reason"] == "source_unavailable"


@pytest.mark.parametrize("mode", ["401", "404", "422", "429", "500", "cut", "wrong_json", "wrong_shape"])
def test_each_failure_of_a_source_is_a_described_error(traveller: Traveller, mapbox: StandIn, mode: str) -> None:
    """The response is a 503 that names the source, whatever the failure."""
    mapbox.fail(mode)
    reply = traveller.http.get("/v1/weather", params={"place": f"Nowhere {uuid.uuid4().hex[:8]}"})
    assert reply.status_code == 503
    assert reply.json()["code"] in ("source_unavailable", "source_not_configured")
    assert "Mapbox" in reply.json()["message"]
