"""Responses of the sources: documented ones are parsed correctly, all others are malformed."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.money.amounts import CURRENCIES
from pam.money.exchange_rates import RateTable
from pam.platform.deadline import Deadline
from pam.sources.mapbox import CAMPGROUNDS
from pam.sources.open_meteo import CONDITIONS
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.travel.fuel_prices import PriceArea
from pam.travel.roads import PointOfInterest, Road
from tests.unit.sources.conftest import ecb_of, eia_of, mapbox_of, open_meteo_of, respond, wire

ROCKY = PriceArea("R40", "Rocky Mountain (PADD 4)")
MOAB = (38.5733, -109.5498)


def test_documented_geocode_is_parsed() -> None:
    """Names, kinds, codes and degrees are read; a park counts by its own name, a lodge in it doesn't."""
    http = respond(Source.MAPBOX, wire("geocode"), wire("parks"))
    found = mapbox_of(http).places("moab utah", Deadline(2))
    moab, country, zion = found.value
    assert found.source == "Mapbox"
    assert (moab.full_name, moab.kind, moab.country_code, moab.region, moab.region_code) == (
        "Moab, Utah, United States", "place", "US", "Utah", "UT",
    )  # fmt: skip
    assert (moab.latitude, moab.longitude) == (38.573757, -109.549687)
    assert (country.kind, country.region_code) == ("country", None)
    assert (zion.name, zion.kind) == ("Zion National Park", "park")
    assert zion.full_name == "Zion National Park, Springdale, Utah 84767, United States"
    geocode, search = http.queries
    assert (geocode["q"], geocode["autocomplete"], geocode["permanent"]) == ("moab utah", "false", "true")
    assert (search["q"], search["types"]) == ("moab utah National Park", "poi")


@pytest.mark.parametrize("text", ["", " ", "moab; utah", "a" * 250, "word " * 19])
def test_text_that_mapbox_refuses_is_not_sent(text: str) -> None:
    """It would be an error of ours, and nothing that may be cached as the source's answer."""
    http = respond(Source.MAPBOX, wire("geocode"), wire("parks"))
    with pytest.raises(ValueError, match="not searchable"):
        mapbox_of(http).places(text, Deadline(2))
    assert http.paths == []


@pytest.mark.parametrize(("confidence", "count"), [("exact", 3), ("high", 3), ("medium", 2), ("low", 2)])
def test_candidate_of_low_confidence_is_dropped(confidence: str, count: int) -> None:
    """Where the source says how well a result matches, a doubtful one doesn't count."""
    geocode = wire("geocode")
    geocode["features"][0]["properties"]["match_code"] = {"confidence": confidence}
    found = mapbox_of(respond(Source.MAPBOX, geocode, wire("parks"))).places("moab utah", Deadline(2))
    assert len(found.value) == count


def test_documented_directions_are_parsed() -> None:
    """The best route has metres and seconds; no route is None."""
    http = respond(Source.MAPBOX, wire("directions"), wire("directions_no_route"))
    mapbox = mapbox_of(http)
    assert mapbox.road([(39.74, -104.98), MOAB], Deadline(2)).value == Road(568123.5, 20312.4)
    assert mapbox.road([(39.74, -104.98), MOAB], Deadline(2)).value is None
    assert http.paths[0] == "/directions/v5/mapbox/driving/-104.980000,39.740000;-109.549800,38.573300"


def test_documented_directions_with_geometry_are_parsed() -> None:
    """The path has latitude before longitude, from end to end; no route is None."""
    http = respond(Source.MAPBOX, wire("directions_line"), wire("directions_no_route"))
    mapbox = mapbox_of(http)
    route = mapbox.route([(39.74, -104.98), MOAB], Deadline(2)).value
    assert route is not None and (route.distance_m, route.duration_s) == (568123.5, 20312.4)
    assert (len(route.path), route.path[0], route.path[-1]) == (4, (39.7401, -104.98471), (38.57331, -109.54983))
    assert (http.queries[0]["overview"], http.queries[0]["geometries"]) == ("simplified", "geojson")
    assert mapbox.route([(39.74, -104.98), MOAB], Deadline(2)).value is None


def test_documented_matrix_is_parsed() -> None:
    """Rows are origins, in metres and seconds; between two points there may be no road."""
    http = respond(Source.MAPBOX, wire("matrix"), {"code": "NoRoute", "message": "No route found"})
    mapbox, points = mapbox_of(http), [(39.74, -104.98), (40.01, -105.27), (39.64, -106.37)]
    matrix = mapbox.matrix(points, Deadline(2)).value
    assert matrix.durations_s[0] == (0, 2210.4, 7310.1) and matrix.distances_m[2] == (190011.3, 141201.4, 0)
    assert matrix.durations_s[1][2] is None and matrix.distances_m[1][2] is None
    assert http.paths[0].startswith("/directions-matrix/v1/mapbox/driving/-104.980000,39.740000;-105.2")
    assert http.queries[0]["annotations"] == "duration,distance"
    assert mapbox.matrix(points, Deadline(2)).value.durations_s == ((None,) * 3,) * 3
    for count in (1, 26):
        with pytest.raises(ValueError, match="points"):
            mapbox.matrix([MOAB] * count, Deadline(2))
    assert len(http.paths) == 2


def test_documented_traffic_is_parsed() -> None:
    """Congestion in metres, incidents in the order of the way, each with its distance from the start."""
    http = respond(Source.MAPBOX, wire("traffic"), wire("directions_no_route"))
    mapbox = mapbox_of(http)
    traffic = mapbox.traffic((39.74, -104.98), (39.64, -106.37), Deadline(2)).value
    assert traffic is not None and (traffic.duration_s, traffic.usual_s) == (4380.6, 3720.1)
    assert traffic.congestion_m == {"low": 1200.4, "unknown": 40000, "heavy": 20000, "severe": 30000, "moderate": 7000}
    works, closed = traffic.incidents
    assert (works.kind, works.description, works.where.start_m, works.roads) == (
        "construction", "Construction work", 1200.4, (),
    )  # fmt: skip
    assert closed.description == "Road closed on I-70 W from Exit 205 to Exit 190"
    assert (closed.is_closure, closed.impact, closed.roads) == (True, "critical", ("I 70/US 6",))
    assert (closed.where.start_m, closed.where.end_m) == pytest.approx((61200.4, 91200.4))
    assert traffic.closures == (closed.where,) and traffic.has_closure
    assert http.paths[0].startswith("/directions/v5/mapbox/driving-traffic/")
    assert (http.queries[0]["overview"], http.queries[0]["annotations"]) == ("full", "distance,congestion,closure")
    assert mapbox.traffic(MOAB, MOAB, Deadline(2)).value is None


def test_traffic_that_does_not_fit_its_geometry_is_malformed() -> None:
    """Columns of different lengths, an index beyond the way, and no annotation at all."""

    def change(change_leg: Callable[[dict[str, Any]], None]) -> SourceErrorKind:
        body = wire("traffic")
        change_leg(body["routes"][0]["legs"][0])
        with pytest.raises(SourceError) as raised:
            mapbox_of(respond(Source.MAPBOX, body)).traffic(MOAB, MOAB, Deadline(2))
        return raised.value.kind

    assert change(lambda leg: leg["annotation"]["distance"].pop()) is SourceErrorKind.MALFORMED
    assert change(lambda leg: leg["incidents"][0].update(geometry_index_end=6)) is SourceErrorKind.MALFORMED
    assert change(lambda leg: leg["closures"][0].update(geometry_index_start=5)) is SourceErrorKind.MALFORMED
    assert change(lambda leg: leg.pop("annotation")) is SourceErrorKind.MALFORMED


def test_matrix_of_another_size_is_malformed() -> None:
    """It would put a road between other places."""
    with pytest.raises(SourceError) as raised:
        mapbox_of(respond(Source.MAPBOX, wire("matrix"))).matrix([MOAB, MOAB], Deadline(2))
    assert raised.value.kind is SourceErrorKind.MALFORMED


def test_matrix_whose_tables_differ_is_malformed() -> None:
    """Together they have as many rows as two tables of two places."""
    body = wire("matrix")
    uneven = body | {"durations": [[0, 1]] * 3, "distances": [[0, 1]]}
    with pytest.raises(SourceError) as raised:
        mapbox_of(respond(Source.MAPBOX, uneven)).matrix([MOAB, MOAB], Deadline(2))
    assert raised.value.kind is SourceErrorKind.MALFORMED


def test_documented_category_search_is_parsed() -> None:
    """The nearest comes first, whatever the order in the response; an unknown field is None."""
    http = respond(Source.MAPBOX, wire("search"))
    near, far = mapbox_of(http).nearby(CAMPGROUNDS, *MOAB, 10_000, Deadline(2)).value
    assert near == PointOfInterest("Slickrock Campground", None, 38.58, -109.55, near.distance_m, None, None)
    assert (far.address, far.phone) == ("1 Main St, Moab, Utah 84532, United States", "+14355550100")
    assert 500 < near.distance_m < 1000 < far.distance_m < 5000
    west, south, east, north = map(float, http.queries[0]["bbox"].split(","))
    assert west < MOAB[1] < east
    assert south < MOAB[0] < north


def test_documented_forecast_is_parsed() -> None:
    """Instants are in UTC, days in the place's zone, probabilities from 0 to 1; a missing value is None."""
    forecast = open_meteo_of(respond(Source.OPEN_METEO, wire("forecast"))).forecast(*MOAB, Deadline(2)).value
    assert forecast.zone == "America/Denver"
    assert (forecast.now.temperature_c, forecast.now.condition) == (8.0, "overcast")
    assert forecast.hours[0].time == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert (forecast.hours[1].rain_probability, forecast.hours[1].condition) == (0.25, "light rain")
    assert (forecast.now.feels_like_c, forecast.now.humidity) == (4.6, 0.61)
    hour = forecast.hours[1]
    assert (hour.feels_like_c, hour.humidity, hour.snow_cm) == (-1.6, 0.74, 0.14)
    assert (hour.cloud_cover, hour.uv_index, hour.sunshine_s) == (0.62, 2.35, 1843.62)
    assert forecast.hours[2].temperature_c is None
    assert forecast.hours[2].snow_cm is None
    first, second = forecast.days
    assert (first.date, first.high_c, first.gusts_mps) == (date(2026, 3, 1), 12.1, 13.1)
    assert (first.snow_cm, first.uv_index, first.sunshine_s) == (0.14, 4.55, 1843.62)
    assert first.sunrise == datetime(2026, 3, 1, 13, 58, tzinfo=UTC)
    assert first.sunset == datetime(2026, 3, 2, 1, 18, tzinfo=UTC)
    assert (second.date, second.condition, second.rain_probability) == (date(2026, 3, 2), None, None)


def test_documented_price_is_parsed() -> None:
    """The newest week with a value counts: EIA sends strings, and null for a week without a survey."""
    found = eia_of(respond(Source.EIA, wire("prices"))).price("regular", ROCKY, Deadline(2))
    assert (found.value.usd_per_gallon, found.value.week, found.source) == (Decimal("2.987"), date(2026, 3, 2), "EIA")


def test_documented_rates_are_parsed() -> None:
    """Indices are resolved to days and currencies; a day without a rate has none. PAM asks for all its currencies."""
    http = respond(Source.ECB, wire("rates"))
    found = ecb_of(http).rates(2024, Deadline(2))
    assert (found.value, found.source) == (
        {"2024-06-27": {"CAD": "1.4651"}, "2024-06-28": {"CAD": "1.467", "GBP": "0.84638", "USD": "1.0705"}},
        "ECB",
    )
    [path] = http.paths
    currencies = path.removeprefix("/service/data/EXR/D.").removesuffix(".EUR.SP00.A").split("+")
    assert set(currencies) | {"EUR"} == CURRENCIES
    assert http.queries == [
        {"startPeriod": "2023-12-24", "endPeriod": "2024-12-31", "detail": "dataonly", "format": "jsondata"}
    ]


def test_rate_without_decimals_is_parsed() -> None:
    """As those of the Icelandic króna are, which has no cents: the ECB sends whole numbers for it."""
    body = json.loads(json.dumps(wire("rates")).replace('"GBP"', '"ISK"').replace("0.84638", "151"))
    found = ecb_of(respond(Source.ECB, body)).rates(2024, Deadline(2))
    assert Decimal(found.value["2024-06-28"]["ISK"]) == 151
    rate = RateTable(found.value, "ECB").find("ISK", "USD", date(2024, 6, 28))
    assert rate is not None
    assert (rate.rate, rate.convert(Decimal("5000.00"))) == (Decimal("0.00708940"), Decimal("35.45"))


def get_places(body: Any) -> Any:
    return mapbox_of(respond(Source.MAPBOX, body, body)).places("Moab", Deadline(2))


def get_road(body: Any) -> Any:
    return mapbox_of(respond(Source.MAPBOX, body)).road([(39.74, -104.98), MOAB], Deadline(2))


def get_route(body: Any) -> Any:
    return mapbox_of(respond(Source.MAPBOX, body)).route([(39.74, -104.98), MOAB], Deadline(2))


def get_nearby(body: Any) -> Any:
    return mapbox_of(respond(Source.MAPBOX, body)).nearby(CAMPGROUNDS, *MOAB, 10_000, Deadline(2))


def get_forecast(body: Any) -> Any:
    return open_meteo_of(respond(Source.OPEN_METEO, body)).forecast(*MOAB, Deadline(2))


def get_price(body: Any) -> Any:
    return eia_of(respond(Source.EIA, body)).price("regular", ROCKY, Deadline(2))


def get_rates(body: Any) -> Any:
    return ecb_of(respond(Source.ECB, body)).rates(2024, Deadline(2))


REQUESTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "places": (get_places, wire("geocode")),
    "road": (get_road, wire("directions")),
    "route": (get_route, wire("directions_line")),
    "nearby": (get_nearby, wire("search")),
    "forecast": (get_forecast, wire("forecast")),
    "price": (get_price, wire("prices")),
    "rates": (get_rates, wire("rates")),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def survives(send: Callable[[Any], Any], body: Any) -> None:
    """Check that the response is parsed, or raises `SourceError` as malformed or not found."""
    kind = None
    try:
        send(body)
    except SourceError as error:
        kind = error.kind
    assert kind in {None, SourceErrorKind.MALFORMED, SourceErrorKind.NOT_FOUND}


@pytest.mark.parametrize("name", REQUESTS)
@given(body=st.binary(max_size=64) | JSON)
def test_any_response_is_parsed_or_malformed(name: str, body: Any) -> None:
    """Any bytes and any JSON raise nothing but `SourceError`."""
    survives(REQUESTS[name][0], body)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values of a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [found for name, part in inner for found in paths(part, (*path, name))]


@pytest.mark.parametrize("name", REQUESTS)
@given(data=st.data())
def test_response_with_any_change_is_parsed_or_malformed(name: str, data: st.DataObject) -> None:
    """Any value of a documented response is replaced or removed."""
    send, good = REQUESTS[name]
    body = {"top": copy.deepcopy(good)}
    *path, last = data.draw(st.sampled_from(paths(body)[1:]))
    holder = body
    for step in path:
        holder = holder[step]
    if data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(JSON | st.sampled_from([1e308, -1, 2**70, "2026-02-30", "NaN", "", "9" * 400]))
    survives(send, body.get("top"))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("road", ("routes", 0, "distance"), "568"),
        ("road", ("routes", 0, "duration"), -1),
        ("road", ("routes",), []),
        ("road", ("code",), "InvalidInput"),
        ("route", ("routes", 0, "geometry"), "{gp_Iny_cR"),
        ("route", ("routes", 0, "geometry", "coordinates"), [[-104.98471, 39.7401]]),
        ("route", ("routes", 0, "geometry", "coordinates", 1), [39.7401, -104.98471]),
        ("route", ("routes", 0, "geometry", "coordinates", 1, 0), "-104.9"),
        ("places", ("features", 0, "properties", "coordinates", "latitude"), 91),
        ("places", ("features", 0, "properties", "name"), ""),
        ("nearby", ("features", 0, "properties", "coordinates", "longitude"), None),
        ("nearby", ("type",), "Feature"),
        ("forecast", ("hourly", "temperature_2m"), [1.0]),
        ("forecast", ("daily", "time"), [1772348400]),
        ("forecast", ("hourly_units", "wind_speed_10m"), "km/h"),
        ("forecast", ("hourly_units", "snowfall"), "inch"),
        ("forecast", ("daily", "sunset"), [1772414280]),
        ("forecast", ("hourly", "relative_humidity_2m"), [101, 1, 1]),
        ("forecast", ("current", "temperature_2m"), None),
        ("forecast", ("hourly", "precipitation_probability"), [0, 125, None]),
        ("forecast", ("timezone",), "Mars/Olympus_Mons"),
        ("forecast", ("timezone",), "../../etc/passwd"),
        ("forecast", ("timezone",), ""),
        ("price", ("response", "data", 1, "value"), "-2.9"),
        ("price", ("response", "data", 1, "value"), "298.7"),
        ("price", ("response", "data", 1, "value"), "NaN"),
        ("price", ("response", "data", 1, "value"), "cheap"),
        ("price", ("response", "data", 1, "units"), "$/BBL"),
        ("price", ("response", "data", 1, "duoarea"), "R50"),
        ("rates", ("dataSets", 0, "series", "0:0:0:0:0", "observations", "1"), [0]),
        ("rates", ("dataSets", 0, "series", "0:0:0:0:0", "observations", "1"), [-1.467]),
        ("rates", ("dataSets", 0, "series", "0:0:0:0:0", "observations", "1"), ["1.467"]),
        ("rates", ("dataSets", 0, "series", "0:0:0:0:0", "observations", "2"), [1.467]),
        ("rates", ("dataSets", 0, "series", "0:0:0:0:0", "observations", "one"), [1.467]),
        ("rates", ("dataSets", 0, "series", "0:3:0:0:0"), {"observations": {"1": [1.467]}}),
        ("rates", ("dataSets", 0, "series", "0:-1:0:0:0"), {"observations": {"1": [1.467]}}),
        ("rates", ("structure", "dimensions", "series", 1, "id"), "UNIT"),
        ("rates", ("structure", "dimensions", "observation", 0, "values", 1, "id"), "2024-06"),
        ("rates", ("dataSets",), []),
    ],
)
def test_plausible_but_wrong_response_is_malformed(name: str, path: tuple[Any, ...], value: Any) -> None:
    """Other units, other regions and impossible values are rejected."""
    send, good = REQUESTS[name]
    body = copy.deepcopy(good)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(SourceError) as raised:
        send(body)
    assert raised.value.kind is SourceErrorKind.MALFORMED


def test_response_without_a_price_is_not_found() -> None:
    """Without rows, or without a value in them, EIA has no such price."""
    for rows in ([], wire("prices")["response"]["data"][:1]):
        with pytest.raises(SourceError) as raised:
            get_price({"response": {"data": rows}})
        assert raised.value.kind is SourceErrorKind.NOT_FOUND


def test_conditions_cover_the_documented_codes() -> None:
    """28 codes of WMO table 4677 have different names."""
    assert len(CONDITIONS) == 28
    assert len(set(CONDITIONS.values())) == 28


@pytest.mark.parametrize("points", [[], [MOAB], [MOAB] * 26])
def test_route_has_2_to_25_points(points: Any) -> None:
    """Any other number is a ValueError, before a request is sent."""
    with pytest.raises(ValueError, match="points"):
        mapbox_of(respond(Source.MAPBOX)).road(points, Deadline(2))
