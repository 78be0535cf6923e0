"""The adapters over HTTP: what they return for the stand-ins' responses."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from local.stand_ins.travel.ecb import reference_rate
from local.stand_ins.travel.server import EIA_KEY
from pam.money.amounts import CURRENCIES
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.sources.ecb import Ecb
from pam.sources.eia import Eia
from pam.sources.http_client import HttpClient
from pam.sources.mapbox import CAMPGROUNDS, Mapbox, is_searchable
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.travel.fuel_prices import price_area
from pam.travel.geography import great_circle_m
from pam.travel.place_names import expand_nickname, search_text
from pam.travel.places import Place, choose_place
from tests.functional.sources.conftest import DENVER, MOAB, error_of, key
from tests.functional.stand_ins.client import StandInClient

HONOLULU, PACIFIC = (21.3, -157.85), (0.0, -140.0)


def test_road_has_distance_and_duration(mapbox: Mapbox) -> None:
    """Denver to Moab takes five to seven hours; there is no road to Honolulu, and none from the Pacific."""
    found = mapbox.road([DENVER, MOAB], Deadline(2))
    assert (found.source, found.simulated) == ("Mapbox (simulated)", True)
    assert found.value
    assert 480_000 < found.value.distance_m < 620_000
    assert 5 < found.value.duration_s / 3600 < 7
    assert mapbox.road([DENVER, HONOLULU], Deadline(2)).value is None
    assert mapbox.road([PACIFIC, MOAB], Deadline(2)).value is None


def test_route_has_a_path_from_end_to_end(mapbox: Mapbox) -> None:
    """It is as long as the road, and its points are close to each other; there is none over the sea."""
    road, route = mapbox.road([DENVER, MOAB], Deadline(2)).value, mapbox.route([DENVER, MOAB], Deadline(2)).value
    assert road is not None and route is not None
    assert (route.distance_m, route.duration_s) == (road.distance_m, road.duration_s)
    assert (route.path[0], route.path[-1]) == (DENVER, MOAB)
    assert max(great_circle_m(*here, *there) for here, there in pairwise(route.path)) < 25_000
    assert mapbox.route([DENVER, HONOLULU], Deadline(2)).value is None


def test_campgrounds_are_within_the_radius_nearest_first(mapbox: Mapbox) -> None:
    """Each is named as simulated; there is none in the Pacific."""
    found = mapbox.nearby(CAMPGROUNDS, *MOAB, 100_000, Deadline(2)).value
    distances = [poi.distance_m for poi in found]
    assert found
    assert distances == sorted(distances)
    assert max(distances) <= 100_000
    assert all(poi.name.startswith("Simulated Campground") for poi in found)
    assert mapbox.nearby(CAMPGROUNDS, *PACIFIC, 800_000, Deadline(2)).value == ()
    assert mapbox.nearby(CAMPGROUNDS, *MOAB, 1_000, Deadline(2)).value == ()


def test_largest_search_returns_the_maximum(mapbox: Mapbox) -> None:
    """Five hundred miles around New York there are more than 25 campgrounds."""
    assert len(mapbox.nearby(CAMPGROUNDS, 40.7, -74.0, 804_672, Deadline(2)).value) == 25


@pytest.mark.parametrize("latitude", [-90.0, -89.9, 0.0, 89.9, 90.0])
@pytest.mark.parametrize("longitude", [-180.0, 179.9, 180.0])
def test_search_at_the_edge_of_the_map_is_valid(mapbox: Mapbox, latitude: float, longitude: float) -> None:
    """At the poles and on both sides of 180° the box stays within the range that Mapbox accepts."""
    assert mapbox.nearby(CAMPGROUNDS, latitude, longitude, 500_000, Deadline(2)).value == ()


def place(mapbox: Mapbox, text: str, **user: Any) -> Place:
    full_text = expand_nickname(text)
    searched = search_text(full_text)
    candidates = mapbox.places(searched, Deadline(2)).value if is_searchable(searched) else ()
    return choose_place(full_text, candidates, **user)


@pytest.mark.parametrize(
    ("text", "full_name", "kind"),
    [
        ("Denver", "Denver, Colorado, United States", "place"),
        ("denver, co", "Denver, Colorado, United States", "place"),
        ("Moab", "Moab, Utah, United States", "place"),
        ("Moab in Utah", "Moab, Utah, United States", "place"),
        ("Portland OR", "Portland, Oregon, United States", "place"),
        ("Portland, Maine", "Portland, Maine, United States", "place"),
        ("New York City", "New York, New York, United States", "place"),
        ("St. George UT", "Saint George, Utah, United States", "place"),
        ("Lake Havasu", "Lake Havasu City, Arizona, United States", "place"),
        ("Yellowstone", "Yellowstone National Park, Wyoming, United States", "park"),
        ("the Grand Teton National Park", "Grand Teton National Park, Wyoming, United States", "park"),
        ("Zion National Park", "Zion National Park, Utah, United States", "park"),
        ("Denali", "Denali National Park and Preserve, Alaska, United States", "park"),
        ("Dead Horse Point State Park", "Dead Horse Point State Park, Utah, United States", "park"),
        ("Alice Springs NT", "Alice Springs, Northern Territory, Australia", "place"),
        ("Newcastle NSW", "Newcastle, New South Wales, Australia", "place"),
        ("Banff", "Banff, Alberta, Canada", "place"),
        ("Vegas", "Las Vegas, Nevada, United States", "place"),
        ("philly", "Philadelphia, Pennsylvania, United States", "place"),
        ("New York", "New York, New York, United States", "place"),
    ],
)
def test_place_is_found_by_its_common_names(mapbox: Mapbox, text: str, full_name: str, kind: str) -> None:
    """Towns, states and parks are found with and without their surroundings."""
    found = place(mapbox, text)
    assert (found.full_name, found.kind) == (full_name, kind)


@pytest.mark.parametrize(
    "text",
    [
        "denver excluding tolls", "moab without the interstate", "the pacific", "Pacific Ocean", "nowhere at all",
        "Denver Utah", "my mother's house", "", "   ", ";", "?!", "a" * 300, "word " * 40, "Zion lodge", "東京",
        "hell", "chi",
    ],
)  # fmt: skip
def test_text_with_an_unexplained_word_is_an_unknown_place(mapbox: Mapbox, text: str) -> None:
    """One word that no place explains is enough."""
    with pytest.raises(PamError) as refused:
        place(mapbox, text)
    assert refused.value.error.code == "unknown_place"


@pytest.mark.parametrize(
    ("text", "kind"), [("Utah", "region"), ("Georgia, ", "region"), ("Wyoming", "region"), ("New Zealand", "country")]
)
def test_state_or_country_is_an_area(mapbox: Mapbox, text: str, kind: str) -> None:
    """It is found where an area is enough, whatever towns have its name; as a point it isn't accepted."""
    assert place(mapbox, text, country_code="US", use="area").kind == kind
    with pytest.raises(PamError) as refused:
        place(mapbox, text, country_code="US")
    assert refused.value.error.code == "place_too_large"


@pytest.mark.parametrize("text", ["Springfield", "Portland", "Zion", "Jasper", "Monticello"])
def test_shared_name_is_ambiguous(mapbox: Mapbox, text: str) -> None:
    """Two towns of note, or a town and a distant park."""
    with pytest.raises(PamError) as refused:
        place(mapbox, text, country_code="US")
    assert refused.value.error.code == "ambiguous_place"
    assert refused.value.message.count(";") >= 1


def test_position_decides_between_places_of_one_name(mapbox: Mapbox) -> None:
    """From Bangor it is Portland, Maine, from Eugene Portland, Oregon; from the middle it is ambiguous."""
    bangor, eugene, omaha = (44.80, -68.77), (44.05, -123.09), (41.26, -95.93)
    assert place(mapbox, "Portland", near=bangor).region_code == "ME"
    assert place(mapbox, "Portland", near=eugene).region_code == "OR"
    with pytest.raises(PamError):
        place(mapbox, "Portland", near=omaha)


def test_place_in_the_user_s_country_comes_first(mapbox: Mapbox) -> None:
    """Perth is in Western Australia for an Australian; Melbourne is ambiguous for an American."""
    assert place(mapbox, "Perth", country_code="AU").region_code == "WA"
    assert place(mapbox, "Melbourne", country_code="AU").region_code == "VIC"
    with pytest.raises(PamError):
        place(mapbox, "Melbourne", country_code="US")


def test_forecast_covers_sixteen_days(open_meteo: OpenMeteo) -> None:
    """Hours are instants, days are those of the place, in its time zone."""
    found = open_meteo.forecast(*MOAB, Deadline(2))
    forecast = found.value
    assert (found.source, found.simulated, forecast.zone) == ("Open-Meteo (simulated)", True, "America/Denver")
    assert (len(forecast.hours), len(forecast.days)) == (16 * 24, 16)
    assert all(hour.time.utcoffset() is not None for hour in forecast.hours)
    assert forecast.now.condition
    day = forecast.days[3]
    assert day.high_c is not None
    assert day.low_c is not None
    assert -40 < day.low_c < day.high_c < 50
    assert all(0 <= hour.rain_probability <= 1 for hour in forecast.hours if hour.rain_probability is not None)
    assert open_meteo.forecast(*PACIFIC, Deadline(2)).value.zone == "Etc/GMT+9"


def test_rates_of_a_year_begin_in_the_year_before(ecb: Ecb) -> None:
    """Each working day has a rate of all currencies, so that New Year's Day finds one of December."""
    found = ecb.rates(2025, Deadline(2))
    assert (found.source, found.simulated) == ("ECB (simulated)", True)
    assert min(found.value) == "2024-12-24" and max(found.value) == "2025-12-31"
    assert all(rates.keys() | {"EUR"} == CURRENCIES for rates in found.value.values())
    assert "2025-04-18" not in found.value and "2025-04-19" not in found.value  # Good Friday and a Saturday
    assert found.value["2025-03-03"]["USD"] == reference_rate("USD", date(2025, 3, 3))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("404", SourceErrorKind.NOT_FOUND),
        ("429", SourceErrorKind.LIMITED),
        ("503", SourceErrorKind.DOWN),
        ("cut", SourceErrorKind.MALFORMED),
        ("wrong_json", SourceErrorKind.MALFORMED),
        ("wrong_shape", SourceErrorKind.MALFORMED),
    ],
)
def test_failure_of_the_ecb_has_its_kind(
    ecb: Ecb, ecb_stand_in: StandInClient, mode: str, kind: SourceErrorKind
) -> None:
    """Each failure is told apart."""
    ecb_stand_in.control(mode=mode)
    error, _ = error_of(lambda deadline: ecb.rates(2025, deadline))
    assert (error.kind, error.source) == (kind, Source.ECB)


def test_price_is_that_of_its_area(eia: Eia) -> None:
    """Utah has the price of the Rocky Mountains, Colorado its own for gasoline and none for diesel."""
    utah, colorado = price_area("US", "UT", "regular"), price_area("US", "CO", "regular")
    assert utah and colorado
    found = eia.price("regular", utah, Deadline(2))
    assert (found.source, found.simulated) == ("EIA (simulated)", True)
    assert found.value.area.name == "Rocky Mountain (PADD 4)"
    assert found.value.week.weekday() == 0
    assert 1 < found.value.usd_per_gallon < 8
    assert eia.price("regular", colorado, Deadline(2)).value.area.name == "Colorado"
    with pytest.raises(SourceError) as none:
        eia.price("diesel", colorado, Deadline(2))
    assert none.value.kind is SourceErrorKind.NOT_FOUND


def test_every_area_has_a_price(eia: Eia) -> None:
    """Each state and each fuel leads to a series that exists, by the survey's own list of areas."""
    states = "AL AK AZ CA CO CT DC DE FL GA HI IA ID IL KS LA MA ME MI MN MT NC NM NY OH OK OR PA TX UT VA WA WI WY"
    for fuel in ("regular", "mid", "premium", "diesel"):
        for area in {price_area("US", state, fuel) for state in states.split()} | {price_area("US", None, fuel)}:
            assert area is not None
            assert eia.price(fuel, area, Deadline(2)).value.usd_per_gallon > 0


@pytest.mark.parametrize("value", [EIA_KEY[:3], "with space and more"])
def test_key_unknown_to_eia_is_unauthorised(eia_stand_in: StandInClient, value: str) -> None:
    """EIA responds with 403."""
    area = price_area("US", None, "diesel")
    assert area
    eia = Eia(HttpClient(Source.EIA, eia_stand_in.url), key(Source.EIA, value))
    error, _ = error_of(lambda deadline: eia.price("diesel", area, deadline))
    assert error.kind is SourceErrorKind.UNAUTHORISED
