"""The stand-ins: the shapes of the real answers, the refusals of the real services, and obedience."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY
from local.stand_ins.travel.shared_names import shared_names
from pam.travel.places import SHARED_NAMES
from tests.functional.sources.conftest import Standin

WIRE = Path(__file__).parent.parent.parent / "unit/sources/wire"
GEOCODE = f"/search/geocode/v6/forward?access_token={MAPBOX_KEY}&q=Moab"
CATEGORY = f"/search/searchbox/v1/category/campground?access_token={MAPBOX_KEY}&proximity=-109.55,38.57"
ROAD = f"/directions/v5/mapbox/driving/-104.98,39.74;-109.55,38.57?access_token={MAPBOX_KEY}"
LINE = f"{ROAD}&overview=simplified&geometries=geojson"
HOURLY = "temperature_2m,precipitation_probability,precipitation,weather_code,wind_speed_10m,wind_gusts_10m"
WEATHER = f"/v1/forecast?latitude=38.57&longitude=-109.55&hourly={HOURLY}&current=temperature_2m&timezone=auto"
PRICES = (
    f"/v2/petroleum/pri/gnd/data/?api_key={EIA_KEY}&frequency=weekly&data[0]=value&facets[product][]=EPMR"
    "&facets[duoarea][]=R40&sort[0][column]=period&sort[0][direction]=desc&length=3"
)


def shape(value: Any) -> Any:
    """Names and types of a JSON document, without its values; lists by their first entry, numbers as one kind."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def held(part: Any, whole: Any) -> bool:
    """Whether every name of a shape is in another one, with the same type."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and held(inner, whole[name]) for name, inner in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return not part or not whole or held(part[0], whole[0])
    return bool(part == whole)


@pytest.mark.parametrize(
    ("standin", "path", "documented", "left_out"),
    [
        ("mapbox_standin", GEOCODE, "geocode", {"wikidata_id", "district", "place", "country_code_alpha_3"}),
        ("mapbox_standin", CATEGORY, "search", {"routable_points", "postcode", "place", "street", "phone", "website",
                                                "open_hours", "foursquare", "country_code_alpha_3"}),
        ("mapbox_standin", ROAD, "directions", {"iso_3166_1", "iso_3166_1_alpha3"}),
        ("mapbox_standin", LINE, "directions_line", {"iso_3166_1", "iso_3166_1_alpha3"}),
        ("eia_standin", PRICES, "prices", {"data[]"}),
    ],
)  # fmt: skip
def test_a_stand_in_answers_in_the_documented_shape(
    request: pytest.FixtureRequest, standin: str, path: str, documented: str, left_out: set[str]
) -> None:
    """Every field of the documented answer is there with its type, but for those that are left out on purpose."""
    reply = request.getfixturevalue(standin).http.get(path)
    expected = json.loads((WIRE / f"{documented}.json").read_text("utf-8"))
    if documented == "prices":
        expected["response"]["data"] = expected["response"]["data"][1:2]
        expected["request"]["params"] = {"frequency": "weekly"}
    assert held(without(shape(expected), left_out), shape(reply.json()))
    assert reply.headers["x-simulated"] == "true"


def without(shaped: Any, names: set[str]) -> Any:
    if isinstance(shaped, dict):
        return {name: without(part, names) for name, part in shaped.items() if name not in names}
    return [without(part, names) for part in shaped] if isinstance(shaped, list) else shaped


def test_the_weather_stand_in_answers_in_the_documented_shape(weather_standin: Standin) -> None:
    """Columns of equal length, 24 hours a day, times in the place's own zone unless asked otherwise."""
    expected = json.loads((WIRE / "forecast.json").read_text("utf-8"))
    daily = ",".join(name for name in expected["daily"] if name != "time")
    current = ",".join(name for name in expected["current"] if name not in {"time", "interval"})
    asked = (
        f"/v1/forecast?latitude=38.57&longitude=-109.55&hourly={HOURLY}&daily={daily}&current={current}&timezone=auto"
    )
    told = weather_standin.http.get(f"{asked}&timeformat=unixtime&wind_speed_unit=ms&forecast_days=16").json()
    assert held(shape(expected), shape(told))
    assert {len(column) for column in told["hourly"].values()} == {16 * 24}
    assert told["hourly_units"] == expected["hourly_units"]
    plain = weather_standin.http.get(asked).json()
    assert plain["hourly"]["time"][0].endswith("T00:00")
    assert len(plain["daily"]["time"]) == 7
    assert plain["hourly_units"]["wind_speed_10m"] == "km/h"


@pytest.mark.parametrize("path", [GEOCODE, CATEGORY, ROAD])
def test_mapbox_refuses_a_missing_and_a_bad_token(mapbox_standin: Standin, path: str) -> None:
    """401, in Mapbox's own words."""
    missing = mapbox_standin.http.get(path.replace(f"access_token={MAPBOX_KEY}", ""))
    bad = mapbox_standin.http.get(path.replace(MAPBOX_KEY, "nonsense"))
    assert (missing.status_code, missing.json()) == (401, {"message": "Not Authorized - No Token"})
    assert (bad.status_code, bad.json()) == (401, {"message": "Not Authorized - Invalid Token"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/search/geocode/v6/forward?{token}&q=", 404),
        ("/search/geocode/v6/forward?{token}&q=a;b", 422),
        ("/search/geocode/v6/forward?{token}&q=" + "word+" * 21, 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&types=planet", 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&types=poi", 422),
        ("/search/geocode/v6/forward?{token}&q=Moab&limit=11", 422),
        ("/search/searchbox/v1/category/starship?{token}", 400),
        ("/search/searchbox/v1/category/campground?{token}&limit=26", 400),
        ("/search/searchbox/v1/category/campground?{token}&proximity=0,0&bbox=170,0,-170,1", 400),
        ("/search/searchbox/v1/forward?{token}", 400),
        ("/directions/v5/mapbox/driving/1,2?{token}", 422),
        ("/directions/v5/mapbox/driving/1,2;3,91?{token}", 422),
        ("/directions/v5/mapbox/driving/a;b?{token}", 422),
        ("/directions/v5/mapbox/driving/" + ";".join(["1,2"] * 26) + "?{token}", 422),
        ("/directions/v5/mapbox/driving/1,2;3,4?{token}&geometries=wkt", 422),
        ("/directions/v5/mapbox/driving/1,2;3,4?{token}&overview=some", 422),
        ("/directions/v5/mapbox/flying/1,2;3,4?{token}", 404),
        ("/nowhere?{token}", 404),
    ],
)
def test_mapbox_refuses_what_the_real_one_refuses(mapbox_standin: Standin, path: str, status: int) -> None:
    """With a message, and a code where directions have one."""
    reply = mapbox_standin.http.get(path.replace("{token}", f"access_token={MAPBOX_KEY}"))
    assert reply.status_code == status
    assert reply.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        "longitude=1", "latitude=91&longitude=1", "latitude=a&longitude=1", "latitude=1&longitude=1&hourly=luck",
        "latitude=1&longitude=1&forecast_days=17", "latitude=1&longitude=1&wind_speed_unit=c",
        "latitude=1&longitude=1&timezone=Mars", "latitude=1&longitude=1&daily=weather_code",
        "latitude=nan&longitude=1",
    ],
)  # fmt: skip
def test_open_meteo_refuses_what_the_real_one_refuses(weather_standin: Standin, query: str) -> None:
    """400 with a reason."""
    reply = weather_standin.http.get(f"/v1/forecast?{query}")
    assert (reply.status_code, reply.json()["error"]) == (400, True)
    assert reply.json()["reason"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((f"api_key={EIA_KEY}", ""), 403),
        ((EIA_KEY, "short"), 403),
        (("frequency=weekly", "frequency=hourly"), 400),
        (("facets[product]", "facets[planet]"), 400),
        (("data[0]=value", "data[0]=luck"), 400),
        (("length=3", "length=many"), 400),
    ],
)
def test_eia_refuses_what_the_real_one_refuses(eia_standin: Standin, change: tuple[str, str], status: int) -> None:
    """403 for keys, 400 for parameters."""
    reply = eia_standin.http.get(PRICES.replace(*change))
    assert reply.status_code == status
    assert reply.json()["error"]


def test_the_same_question_has_the_same_answer(mapbox_standin: Standin, eia_standin: Standin) -> None:
    """Everything follows from seeds."""
    for standin, path in ((mapbox_standin, CATEGORY), (eia_standin, PRICES)):
        assert standin.http.get(path).json() == standin.http.get(path).json()


def test_a_stand_in_fails_as_often_as_told_and_keeps_a_journal(mapbox_standin: Standin) -> None:
    """Two failures in Mapbox's own form, then rightly; every request is in the journal, and no key is."""
    mapbox_standin.fails("429", retry_after=3, times=2)
    replies = [mapbox_standin.http.get(GEOCODE) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [429, 429, 200]
    assert replies[0].headers["retry-after"] == "3"
    assert replies[0].json() == {"message": "Too Many Requests"}
    journal = mapbox_standin.journal
    assert (journal["requests"], journal["paths"]) == (3, {"/search/geocode/v6/forward": 3})
    assert [entry["mode"] for entry in journal["last"]] == ["429", "429", "ok"]
    assert MAPBOX_KEY not in json.dumps(journal)


def test_an_order_that_is_not_known_is_refused(mapbox_standin: Standin) -> None:
    """A typing error in a test mustn't look like a stand-in that doesn't fail."""
    for order in ({"mode": "tired"}, {"mood": "429"}, {}):
        reply = mapbox_standin.http.put("/_control", json=order)
        assert reply.status_code == (422 if order else 204)


def test_the_list_of_shared_names_is_what_the_gazetteer_says() -> None:
    """A newer gazetteer shows up here; `python -m local.stand_ins.travel.shared_names` writes the list anew."""
    assert sorted(SHARED_NAMES) == shared_names()
    assert {"portland", "springfield", "washington"} <= SHARED_NAMES
    assert SHARED_NAMES.isdisjoint({"denver", "moab", "las vegas", "salt lake city"})
