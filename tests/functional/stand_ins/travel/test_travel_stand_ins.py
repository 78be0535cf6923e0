"""The stand-ins for the travel sources: response formats, errors, fault injection."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from local.stand_ins.travel import ecb as ecb_stand_in
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY
from local.stand_ins.travel.shared_names import notable_regions, prominent_names, shared_names
from pam.travel.place_names import NOTABLE_REGIONS, PROMINENT_NAMES, SHARED_NAMES
from tests.functional.stand_ins.client import StandInClient

WIRE = Path(__file__).parents[3] / "unit/sources/wire"
GEOCODE = f"/search/geocode/v6/forward?access_token={MAPBOX_KEY}&q=Moab"
CATEGORY = f"/search/searchbox/v1/category/campground?access_token={MAPBOX_KEY}&proximity=-109.55,38.57"
ROAD = f"/directions/v5/mapbox/driving/-104.98,39.74;-109.55,38.57?access_token={MAPBOX_KEY}"
MATRIX = f"/directions-matrix/v1/mapbox/driving/-104.98,39.74;-109.55,38.57?access_token={MAPBOX_KEY}"
TRAFFIC = f"{ROAD.replace('driving/', 'driving-traffic/')}&annotations=distance,congestion,closure&overview=full"
LINE = f"{ROAD}&overview=simplified&geometries=geojson"
HOURLY = (
    "temperature_2m,precipitation_probability,precipitation,weather_code,wind_speed_10m,wind_gusts_10m,"
    "apparent_temperature,relative_humidity_2m,snowfall,cloud_cover,uv_index,sunshine_duration"
)
WEATHER = f"/v1/forecast?latitude=38.57&longitude=-109.55&hourly={HOURLY}&current=temperature_2m&timezone=auto"
PRICES = (
    f"/v2/petroleum/pri/gnd/data/?api_key={EIA_KEY}&frequency=weekly&data[0]=value&facets[product][]=EPMR"
    "&facets[duoarea][]=R40&sort[0][column]=period&sort[0][direction]=desc&length=3"
)
RATES = (
    "/service/data/EXR/D.CAD+GBP+USD.EUR.SP00.A?startPeriod=2024-06-27&endPeriod=2024-06-28&detail=dataonly"
    "&format=jsondata"
)


def shape(value: Any) -> Any:
    """Return the names and types of a JSON document; a list has the shape of its first item."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def is_contained(part: Any, whole: Any) -> bool:
    """Return whether every name of a shape is in another one, with the same type."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_contained(inner, whole[name]) for name, inner in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return not part or not whole or is_contained(part[0], whole[0])
    return bool(part == whole)


@pytest.mark.parametrize(
    ("source", "path", "documented", "omitted"),
    [
        ("mapbox", GEOCODE, "geocode", {"wikidata_id", "district", "place", "country_code_alpha_3"}),
        ("mapbox", CATEGORY, "search", {"routable_points", "postcode", "place", "street", "phone", "website",
                                                "open_hours", "foursquare", "country_code_alpha_3"}),
        ("mapbox", ROAD, "directions", {"iso_3166_1", "iso_3166_1_alpha3"}),
        ("mapbox", LINE, "directions_line", {"iso_3166_1", "iso_3166_1_alpha3"}),
        ("mapbox", f"{MATRIX}&annotations=duration,distance", "matrix", set()),
        ("mapbox", TRAFFIC, "traffic", {"iso_3166_1", "iso_3166_1_alpha3", "geometry"}),
        ("eia", PRICES, "prices", {"data[]"}),
        ("ecb", RATES, "rates", set()),
    ],
)  # fmt: skip
def test_response_has_the_documented_format(
    request: pytest.FixtureRequest, source: str, path: str, documented: str, omitted: set[str]
) -> None:
    """A response has every documented field with its type, except for those that are omitted on purpose."""
    reply = request.getfixturevalue(source).http.get(path)
    expected = json.loads((WIRE / f"{documented}.json").read_text("utf-8"))
    if documented == "prices":
        expected["response"]["data"] = expected["response"]["data"][1:2]
        expected["request"]["params"] = {"frequency": "weekly"}
    if documented == "rates":  # the other series lack a rate of one of both days
        series = expected["dataSets"][0]["series"]
        expected["dataSets"][0]["series"] = {"0:0:0:0:0": series["0:0:0:0:0"]}
    assert is_contained(without(shape(expected), omitted), shape(reply.json()))
    assert reply.headers["x-simulated"] == "true"


def without(shaped: Any, names: set[str]) -> Any:
    if isinstance(shaped, dict):
        return {name: without(part, names) for name, part in shaped.items() if name not in names}
    return [without(part, names) for part in shaped] if isinstance(shaped, list) else shaped


def test_matrix_is_null_without_a_road(mapbox: StandInClient) -> None:
    """Between a mainland and an island; all other roads have the lengths of the directions."""
    path = MATRIX.replace("-109.55,38.57", "-109.55,38.57;-157.86,21.31")
    body = mapbox.http.get(f"{path}&annotations=duration,distance").json()
    assert [[length is None for length in row] for row in body["distances"]] == [
        [False, False, True], [False, False, True], [True, True, False],
    ]  # fmt: skip
    road = mapbox.http.get(ROAD).json()["routes"][0]
    assert body["distances"][0][1] == pytest.approx(road["distance"], abs=0.1)
    assert body["durations"][0][1] == pytest.approx(road["duration"], abs=0.1)
    ocean = mapbox.http.get(MATRIX.replace("-109.55,38.57", "-140,0")).json()
    assert (ocean["code"], "durations" in ocean) == ("NoSegment", False)


def test_forecast_has_the_documented_format(open_meteo: StandInClient) -> None:
    """A forecast has columns of equal length, 24 hours a day, and times in the place's time zone."""
    expected = json.loads((WIRE / "forecast.json").read_text("utf-8"))
    daily = ",".join(name for name in expected["daily"] if name != "time")
    current = ",".join(name for name in expected["current"] if name not in {"time", "interval"})
    path = (
        f"/v1/forecast?latitude=38.57&longitude=-109.55&hourly={HOURLY}&daily={daily}&current={current}&timezone=auto"
    )
    response = open_meteo.http.get(f"{path}&timeformat=unixtime&wind_speed_unit=ms&forecast_days=16").json()
    assert is_contained(shape(expected), shape(response))
    assert {len(column) for column in response["hourly"].values()} == {16 * 24}
    assert response["hourly_units"] == expected["hourly_units"]
    plain = open_meteo.http.get(path).json()
    assert plain["hourly"]["time"][0].endswith("T00:00")
    assert len(plain["daily"]["time"]) == 7
    assert plain["hourly_units"]["wind_speed_10m"] == "km/h"


@pytest.mark.parametrize("path", [GEOCODE, CATEGORY, ROAD, MATRIX])
def test_mapbox_rejects_missing_and_invalid_tokens(mapbox: StandInClient, path: str) -> None:
    """A missing or invalid token is a 401 with Mapbox's message."""
    missing = mapbox.http.get(path.replace(f"access_token={MAPBOX_KEY}", ""))
    bad = mapbox.http.get(path.replace(MAPBOX_KEY, "nonsense"))
    assert (missing.status_code, missing.json()) == (401, {"message": "Not Authorized - No Token"})
    assert (bad.status_code, bad.json()) == (401, {"message": "Not Authorized - Invalid Token"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/search/geocode/v6/forward?{token}&q=", 404),
        ("/search/geocode/v6/forward?{token}&q=a;b", 422),
        ("/search/geocode/v6/forward?{token}&q=" + "word+" * 21, 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&types=unknown", 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&types=poi", 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&limit=11", 422),
        ("/search/searchbox/v1/category/unknown?{token}", 400),
        ("/search/searchbox/v1/category/campground?{token}&limit=26", 400),
        ("/search/searchbox/v1/category/campground?{token}&proximity=0,0&bbox=170,0,-170,1", 400),
        ("/search/searchbox/v1/forward?{token}", 400),
        ("/directions/v5/mapbox/driving/1,2?{token}", 422),
        ("/directions/v5/mapbox/driving/1,2;3,91?{token}", 422),
        ("/directions/v5/mapbox/driving/a;b?{token}", 422),
        ("/directions/v5/mapbox/driving/" + ";".join(["1,2"] * 26) + "?{token}", 422),
        ("/directions/v5/mapbox/driving/1,2;3,4?{token}&geometries=wkt", 422),
        ("/directions/v5/mapbox/driving/1,2;3,4?{token}&overview=some", 422),
        ("/directions/v5/mapbox/unknown/1,2;3,4?{token}", 404),
        ("/directions/v5/mapbox/driving-traffic/" + ";".join(["1,2"] * 4) + "?{token}", 422),
        ("/directions/v5/mapbox/driving-traffic/1,2;3,4?{token}&annotations=congestion", 422),
        ("/directions/v5/mapbox/driving-traffic/1,2;3,4?{token}&overview=full&annotations=ice", 422),
        ("/directions-matrix/v1/mapbox/driving/1,2?{token}", 422),
        ("/directions-matrix/v1/mapbox/driving/" + ";".join(["1,2"] * 26) + "?{token}", 422),
        ("/directions-matrix/v1/mapbox/driving-traffic/" + ";".join(["1,2"] * 11) + "?{token}", 422),
        ("/directions-matrix/v1/mapbox/driving/1,2;3,4?{token}&annotations=congestion", 422),
        ("/directions-matrix/v1/mapbox/unknown/1,2;3,4?{token}", 404),
        ("/unknown?{token}", 404),
    ],
)
def test_mapbox_rejects_invalid_requests(mapbox: StandInClient, path: str, status: int) -> None:
    """An invalid request to Mapbox is an error with the real status and a message."""
    reply = mapbox.http.get(path.replace("{token}", f"access_token={MAPBOX_KEY}"))
    assert reply.status_code == status
    assert reply.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        "longitude=1", "latitude=91&longitude=1", "latitude=a&longitude=1", "latitude=1&longitude=1&hourly=unknown",
        "latitude=1&longitude=1&forecast_days=17", "latitude=1&longitude=1&wind_speed_unit=c",
        "latitude=1&longitude=1&timezone=Unknown", "latitude=1&longitude=1&daily=weather_code",
        "latitude=nan&longitude=1",
    ],
)  # fmt: skip
def test_open_meteo_rejects_invalid_requests(open_meteo: StandInClient, query: str) -> None:
    """An invalid request to Open-Meteo is a 400 with a reason."""
    reply = open_meteo.http.get(f"/v1/forecast?{query}")
    assert (reply.status_code, reply.json()["error"]) == (400, True)
    assert reply.json()["reason"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((f"api_key={EIA_KEY}", ""), 403),
        ((EIA_KEY, "short"), 403),
        (("frequency=weekly", "frequency=hourly"), 400),
        (("facets[product]", "facets[unknown]"), 400),
        (("data[0]=value", "data[0]=unknown"), 400),
        (("length=3", "length=many"), 400),
    ],
)
def test_eia_rejects_invalid_requests(eia: StandInClient, change: tuple[str, str], status: int) -> None:
    """An invalid key for EIA is a 403, an invalid parameter a 400."""
    reply = eia.http.get(PRICES.replace(*change))
    assert reply.status_code == status
    assert reply.json()["error"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("EXR/D.", "EXR/M."), 404),
        (("EXR", "ICP"), 404),
        (("CAD+GBP+USD", "XYZ"), 404),
        (("2024-06-28", "2024-06-26"), 404),  # ends before it begins
        (("2024-06-27&endPeriod=2024-06-28", "2024-06-29&endPeriod=2024-06-30"), 404),  # a weekend
        (("format=jsondata", "format=pdf"), 400),
        (("2024-06-27", "june"), 400),
    ],
)
def test_ecb_rejects_requests_without_a_result(ecb: StandInClient, change: tuple[str, str], status: int) -> None:
    """Another dataflow, frequency or currency, and a period without a working day, are 404; invalid values 400."""
    reply = ecb.http.get(RATES.replace(*change))
    assert reply.status_code == status
    assert reply.json()["errors"]


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        ("2026-11-26T14:59Z", "2026-11-25"),
        ("2026-11-26T15:00Z", "2026-11-26"),  # 16:00 in Frankfurt in winter
        ("2026-07-01T13:59Z", "2026-06-30"),
        ("2026-07-01T14:00Z", "2026-07-01"),  # and in summer
        ("2026-11-28T23:00Z", "2026-11-27"),  # Saturday
        ("2026-12-26T18:00Z", "2026-12-24"),
        ("2026-04-06T18:00Z", "2026-04-02"),  # Easter Monday: the last rates are Thursday's
        ("2026-05-01T18:00Z", "2026-04-30"),
    ],
)
def test_ecb_publishes_on_working_days_at_four(now: str, newest: str) -> None:
    """The newest rates are those of the last TARGET working day, from 16:00 in Frankfurt on."""
    client = TestClient(ecb_stand_in.make_app(lambda: datetime.fromisoformat(now)))
    body = client.get("/service/data/EXR/D.USD.EUR.SP00.A?startPeriod=2026-03-01&format=jsondata").json()
    [periods] = body["structure"]["dimensions"]["observation"]
    assert periods["values"][-1]["id"] == newest


def test_same_request_has_the_same_response(mapbox: StandInClient, eia: StandInClient) -> None:
    """The same request always has the same response."""
    for source, path in ((mapbox, CATEGORY), (eia, PRICES)):
        assert source.http.get(path).json() == source.http.get(path).json()


def test_fault_applies_to_the_given_number_of_requests(mapbox: StandInClient) -> None:
    """A fault applies to `times` requests; the journal has all of them, without keys."""
    mapbox.control(mode="429", retry_after=3, times=2)
    replies = [mapbox.http.get(GEOCODE) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "3"
    assert replies[0].json() == {"message": "Too Many Requests"}
    journal = mapbox.journal()
    assert (journal["requests"], journal["paths"]) == (3, {"/search/geocode/v6/forward": 3})
    assert [entry["mode"] for entry in journal["last"]] == ["429", "429", "ok"]
    assert MAPBOX_KEY not in json.dumps(journal)


def test_invalid_fault_is_rejected(mapbox: StandInClient) -> None:
    """An invalid fault gets a 422, so that a typing error in a test can't pass for a source without faults."""
    for settings in ({"mode": "unknown"}, {"unknown": "429"}, {}):
        reply = mapbox.http.put("/_control", json=settings)
        assert reply.status_code == (422 if settings else 204)


def test_lists_of_names_match_the_gazetteer() -> None:
    """The lists are up to date; `python -m local.stand_ins.travel.shared_names` writes it."""
    assert sorted(SHARED_NAMES) == shared_names()
    assert {name: sorted(regions) for name, regions in NOTABLE_REGIONS.items()} == notable_regions()
    assert NOTABLE_REGIONS["portland"] >= {"US-OR", "US-ME"} and "US-CT" not in NOTABLE_REGIONS["portland"]
    assert {"portland", "springfield", "washington"} <= SHARED_NAMES
    assert SHARED_NAMES.isdisjoint({"denver", "moab", "las vegas", "salt lake city"})
    assert sorted(PROMINENT_NAMES) == prominent_names()
    assert {"denver", "las vegas"} <= PROMINENT_NAMES
    assert PROMINENT_NAMES.isdisjoint({"moab", "green river", *SHARED_NAMES})
