"""What the sources send: their documented answers are read right, and no other answer gets past the parsers."""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from pam.platform.deadline import Deadline
from pam.sources.mapbox import CAMPGROUNDS
from pam.sources.open_meteo import CONDITIONS
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.travel.fuel_prices import UNITED_STATES, PriceArea, price_area
from pam.travel.roads import PointOfInterest, Road
from tests.unit.sources.conftest import eia_of, given, mapbox_of, open_meteo_of, wire

ROCKY = PriceArea("R40", "Rocky Mountain (PADD 4)")
MOAB = (38.5733, -109.5498)


def test_a_documented_geocode_is_read() -> None:
    """Names, kinds, codes and degrees; a park counts by its own name, and a lodge in it doesn't."""
    http = given(Source.MAPBOX, wire("geocode"), wire("parks"))
    found = mapbox_of(http).places("  Moab;  Utah ", Deadline())
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
    assert (geocode["q"], geocode["autocomplete"], geocode["permanent"]) == ("Moab Utah", "false", "true")
    assert (search["q"], search["types"]) == ("Moab Utah National Park", "poi")


def test_a_documented_route_is_read() -> None:
    """Metres and seconds of the best route; a route that isn't there is None."""
    http = given(Source.MAPBOX, wire("directions"), wire("directions_no_route"))
    mapbox = mapbox_of(http)
    assert mapbox.road([(39.74, -104.98), MOAB], Deadline()).value == Road(568123.5, 20312.4)
    assert mapbox.road([(39.74, -104.98), MOAB], Deadline()).value is None
    assert http.paths[0] == "/directions/v5/mapbox/driving/-104.980000,39.740000;-109.549800,38.573300"


def test_a_documented_route_with_its_line_is_read() -> None:
    """Latitude before longitude, from end to end, in GeoJSON and simplified; a route that isn't there is None."""
    http = given(Source.MAPBOX, wire("directions_line"), wire("directions_no_route"))
    mapbox = mapbox_of(http)
    route = mapbox.route([(39.74, -104.98), MOAB], Deadline()).value
    assert route is not None and (route.distance_m, route.duration_s) == (568123.5, 20312.4)
    assert (len(route.path), route.path[0], route.path[-1]) == (4, (39.7401, -104.98471), (38.57331, -109.54983))
    assert (http.queries[0]["overview"], http.queries[0]["geometries"]) == ("simplified", "geojson")
    assert mapbox.route([(39.74, -104.98), MOAB], Deadline()).value is None


def test_a_documented_category_search_is_read() -> None:
    """Nearest first, whatever the order on the wire; what isn't known of a place is None."""
    http = given(Source.MAPBOX, wire("search"))
    near, far = mapbox_of(http).nearby(CAMPGROUNDS, *MOAB, 10_000, Deadline()).value
    assert near == PointOfInterest("Slickrock Campground", None, 38.58, -109.55, near.distance_m, None, None)
    assert (far.address, far.phone) == ("1 Main St, Moab, Utah 84532, United States", "+14355550100")
    assert 500 < near.distance_m < 1000 < far.distance_m < 5000
    west, south, east, north = map(float, http.queries[0]["bbox"].split(","))
    assert west < MOAB[1] < east
    assert south < MOAB[0] < north


def test_a_documented_forecast_is_read() -> None:
    """Instants in UTC, days where the place is, shares instead of per cent, words for codes, None for no forecast."""
    forecast = open_meteo_of(given(Source.OPEN_METEO, wire("forecast"))).forecast(*MOAB, Deadline()).value
    assert forecast.zone == "America/Denver"
    assert (forecast.now.temperature_c, forecast.now.condition) == (8.0, "overcast")
    assert forecast.hours[0].time == datetime(2026, 3, 1, 7, tzinfo=UTC)
    assert (forecast.hours[1].rain_probability, forecast.hours[1].condition) == (0.25, "light rain")
    assert forecast.hours[2].temperature_c is None
    first, second = forecast.days
    assert (first.date, first.high_c, first.gusts_mps) == (date(2026, 3, 1), 12.1, 13.1)
    assert (second.date, second.condition, second.rain_probability) == (date(2026, 3, 2), None, None)


def test_a_documented_price_is_read() -> None:
    """The newest week with a value: EIA sends numbers as strings, and null where there was no survey."""
    told = eia_of(given(Source.EIA, wire("prices"))).price("regular", ROCKY, Deadline())
    assert (told.value.usd_per_gallon, told.value.week, told.source) == (Decimal("2.987"), date(2026, 3, 2), "EIA")


def ask_places(body: Any) -> Any:
    return mapbox_of(given(Source.MAPBOX, body, body)).places("Moab", Deadline())


def ask_road(body: Any) -> Any:
    return mapbox_of(given(Source.MAPBOX, body)).road([(39.74, -104.98), MOAB], Deadline())


def ask_route(body: Any) -> Any:
    return mapbox_of(given(Source.MAPBOX, body)).route([(39.74, -104.98), MOAB], Deadline())


def ask_nearby(body: Any) -> Any:
    return mapbox_of(given(Source.MAPBOX, body)).nearby(CAMPGROUNDS, *MOAB, 10_000, Deadline())


def ask_forecast(body: Any) -> Any:
    return open_meteo_of(given(Source.OPEN_METEO, body)).forecast(*MOAB, Deadline())


def ask_price(body: Any) -> Any:
    return eia_of(given(Source.EIA, body)).price("regular", ROCKY, Deadline())


ASKS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "places": (ask_places, wire("geocode")),
    "road": (ask_road, wire("directions")),
    "route": (ask_route, wire("directions_line")),
    "nearby": (ask_nearby, wire("search")),
    "forecast": (ask_forecast, wire("forecast")),
    "price": (ask_price, wire("prices")),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def survives(ask: Callable[[Any], Any], body: Any) -> None:
    """An answer, or a fault that says why not; never anything else."""
    kind = None
    try:
        ask(body)
    except SourceError as fault:
        kind = fault.kind
    assert kind in {None, SourceErrorKind.MALFORMED, SourceErrorKind.NOT_FOUND}


@pytest.mark.parametrize("name", ASKS)
@for_all(body=st.binary(max_size=64) | JSON)
def test_any_answer_at_all_is_parsed_or_malformed(name: str, body: Any) -> None:
    """Bytes, JSON of any shape."""
    survives(ASKS[name][0], body)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values of a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [spot for name, part in inner for spot in spots(part, (*path, name))]


@pytest.mark.parametrize("name", ASKS)
@for_all(data=st.data())
def test_a_good_answer_with_something_else_anywhere_in_it_is_parsed_or_malformed(
    name: str, data: st.DataObject
) -> None:
    """Any value of a documented answer replaced by any other, or gone."""
    ask, good = ASKS[name]
    body = {"top": copy.deepcopy(good)}
    *path, last = data.draw(st.sampled_from(spots(body)[1:]))
    holder = body
    for step in path:
        holder = holder[step]
    if data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(JSON | st.sampled_from([1e308, -1, 2**70, "2026-02-30", "NaN", "", "9" * 400]))
    survives(ask, body.get("top"))


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
    ],
)
def test_an_answer_that_would_be_wrong_without_looking_so_is_malformed(
    name: str, path: tuple[Any, ...], value: Any
) -> None:
    """Other units, other regions, values outside of what can be."""
    ask, good = ASKS[name]
    body = copy.deepcopy(good)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(SourceError) as fault:
        ask(body)
    assert fault.value.kind is SourceErrorKind.MALFORMED


def test_a_price_that_nobody_asked_for_is_not_found() -> None:
    """No rows, or rows without a value: EIA has no such price."""
    for rows in ([], wire("prices")["response"]["data"][:1]):
        with pytest.raises(SourceError) as fault:
            ask_price({"response": {"data": rows}})
        assert fault.value.kind is SourceErrorKind.NOT_FOUND


@pytest.mark.parametrize(
    ("country", "state", "fuel", "code"),
    [
        ("US", "UT", "regular", "R40"),
        ("US", "CO", "regular", "SCO"),
        ("US", "CO", "diesel", "R40"),
        ("US", "CA", "diesel", "SCA"),
        ("US", "ME", "premium", "R1X"),
        ("US", "WA", "mid", "SWA"),
        ("US", "WA", "diesel", "R5XCA"),
        ("US", None, "regular", "NUS"),
        ("US", "PR", "regular", None),
        ("AU", "NSW", "regular", None),
        ("CA", "AB", "diesel", None),
        (None, None, "regular", None),
    ],
)
def test_a_state_has_the_finest_area_that_is_surveyed(country: Any, state: Any, fuel: Any, code: str | None) -> None:
    """Nine states have their own gasoline, one its own diesel; outside of the US there is no source."""
    area = price_area(country, state, fuel)
    assert (area.code if area else None) == code


def test_every_state_is_in_one_region() -> None:
    """All 50 and D.C. have an area for each fuel, and it isn't the whole country."""
    from pam.travel.regions import _UNITED_STATES

    states = [entry.split()[0] for entry in _UNITED_STATES.strip().replace("\n", "|").split("|")]
    assert len(states) == 51
    for state in states:
        for fuel in ("regular", "mid", "premium", "diesel"):
            assert price_area("US", state, fuel) not in {None, UNITED_STATES}


def test_conditions_are_the_codes_that_open_meteo_documents() -> None:
    """28 codes of WMO table 4677, each with words of its own."""
    assert len(CONDITIONS) == 28
    assert len(set(CONDITIONS.values())) == 28


@pytest.mark.parametrize("points", [[], [MOAB], [MOAB] * 26])
def test_a_route_needs_two_points_and_takes_twenty_five(points: Any) -> None:
    """More or fewer is an error of ours, found before anything is sent."""
    with pytest.raises(ValueError, match="points"):
        mapbox_of(given(Source.MAPBOX)).road(points, Deadline())
