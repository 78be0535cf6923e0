"""The adapters over the wire: what they read right, and what becomes of every way to fail, in time."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.sources.api_key import ApiKey
from pam.sources.eia import Eia
from pam.sources.http_client import MAX_RESPONSE_BYTES, HttpClient
from pam.sources.mapbox import CAMPGROUNDS, Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.travel.fuel_prices import price_area
from pam.travel.geography import great_circle_m
from pam.travel.places import Place, choose_place
from tests.functional.sources.conftest import Standin, key

DENVER, MOAB, HONOLULU, PACIFIC = (39.7392, -104.9847), (38.5733, -109.5498), (21.3, -157.85), (0.0, -140.0)

Ask = Callable[[Deadline], Any]


@pytest.fixture(params=["road", "nearby", "forecast", "price"])
def asking(request: pytest.FixtureRequest, mapbox: Mapbox, open_meteo: OpenMeteo, eia: Eia) -> tuple[Ask, Standin]:
    """One question of each endpoint that has one, with the stand-in that answers it."""
    area = price_area("US", "UT", "regular")
    assert area
    asks: dict[str, tuple[Ask, str]] = {
        "road": (lambda deadline: mapbox.road([DENVER, MOAB], deadline), "mapbox_standin"),
        "nearby": (lambda deadline: mapbox.nearby(CAMPGROUNDS, *MOAB, 50_000, deadline), "mapbox_standin"),
        "forecast": (lambda deadline: open_meteo.forecast(*MOAB, deadline), "weather_standin"),
        "price": (lambda deadline: eia.price("regular", area, deadline), "eia_standin"),
    }
    ask, standin = asks[request.param]
    return ask, request.getfixturevalue(standin)


def fault_of(ask: Ask, seconds: float = 2.0) -> tuple[SourceError, float]:
    """What the question ends with, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(SourceError) as raised:
        ask(Deadline(seconds))
    return raised.value, time.monotonic() - began


@pytest.mark.parametrize(
    ("mode", "kind", "times"),
    [
        ("401", SourceErrorKind.UNAUTHORISED, 1),
        ("404", SourceErrorKind.NOT_FOUND, 1),
        ("422", SourceErrorKind.REFUSED, 1),
        ("429", SourceErrorKind.LIMITED, 1),
        ("500", SourceErrorKind.DOWN, 3),
        ("503", SourceErrorKind.DOWN, 3),
        ("cut", SourceErrorKind.MALFORMED, 1),
        ("wrong_json", SourceErrorKind.MALFORMED, 1),
        ("wrong_shape", SourceErrorKind.MALFORMED, 1),
    ],
)
def test_each_failure_has_its_kind_and_only_passing_ones_are_tried_again(
    asking: tuple[Ask, Standin], mode: str, kind: SourceErrorKind, times: int
) -> None:
    """The journal counts the tries: three where another may help, one where it can't."""
    ask, standin = asking
    standin.fails(mode)
    fault, took = fault_of(ask)
    assert (fault.kind, standin.asked) == (kind, times)
    assert took < 2.5


def test_what_failed_once_is_answered_at_the_second_try(asking: tuple[Ask, Standin]) -> None:
    """A single 500 costs a traveller nothing but a moment."""
    ask, standin = asking
    standin.fails("500", times=1)
    assert ask(Deadline()).source.endswith("(simulated)")
    assert standin.asked == 2


def test_a_source_that_is_slow_is_given_up_at_the_deadline(asking: tuple[Ask, Standin]) -> None:
    """Half a second is half a second, and no second try is begun."""
    ask, standin = asking
    standin.fails("slow", seconds=5, times=1)
    fault, took = fault_of(ask, 0.5)
    assert (fault.kind, standin.asked) == (SourceErrorKind.SLOW, 1)
    assert took < 1.5


def test_a_429_is_waited_for_when_there_is_time_and_passed_on_when_there_is_not(asking: tuple[Ask, Standin]) -> None:
    """`Retry-After` of a second fits a deadline of three, one of a minute fits none."""
    ask, standin = asking
    standin.fails("429", retry_after=1, times=1)
    began = time.monotonic()
    ask(Deadline(3))
    assert time.monotonic() - began > 0.9
    standin.reset()
    standin.fails("429", retry_after=60)
    fault, took = fault_of(ask)
    assert (fault.kind, fault.retry_after, standin.asked) == (SourceErrorKind.LIMITED, 60, 1)
    assert took < 1


def test_nobody_listening_is_told_quickly(nobody: str) -> None:
    """A refused connection is tried three times, and is down."""
    fault, took = fault_of(lambda deadline: OpenMeteo(HttpClient(Source.OPEN_METEO, nobody)).forecast(*MOAB, deadline))
    assert fault.kind is SourceErrorKind.DOWN
    assert took < 2


def test_no_time_left_asks_nothing(asking: tuple[Ask, Standin]) -> None:
    """A deadline that has passed sends no request."""
    ask, standin = asking
    fault, _ = fault_of(ask, 0.0)
    assert (fault.kind, standin.asked) == (SourceErrorKind.SLOW, 0)


def test_connections_are_reused(servers: Any, mapbox: Mapbox) -> None:
    """Ten questions travel on one connection."""
    for _ in range(10):
        mapbox.road([DENVER, MOAB], Deadline())
    pool = mapbox._http._pool.connection_from_url(servers.mapbox)
    assert (pool.num_connections, pool.num_requests) == (1, 10)


@contextmanager
def raw_server(*parts: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes, one after the other, to whoever connects."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    for part in parts:
                        connection.sendall(part)
                        time.sleep(pause_s)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def forecast_from(url: str) -> Ask:
    return lambda deadline: OpenMeteo(HttpClient(Source.OPEN_METEO, url)).forecast(*MOAB, deadline)


def test_a_body_that_drips_is_given_up_at_the_deadline() -> None:
    """A byte every tenth of a second keeps no read waiting long, and the whole answer forever."""
    with raw_server(HEAD + b"content-length: 1000\r\n\r\n", *[b"x"] * 100, pause_s=0.1) as url:
        fault, took = fault_of(forecast_from(url), 0.6)
    assert fault.kind is SourceErrorKind.SLOW
    assert took < 2


def test_a_body_that_stalls_is_given_up_at_the_deadline() -> None:
    """Headers and half a body, and then nothing."""
    with raw_server(HEAD + b"content-length: 1000\r\n\r\n", b"x" * 500, pause_s=3) as url:
        fault, took = fault_of(forecast_from(url), 0.6)
    assert fault.kind is SourceErrorKind.SLOW
    assert took < 2


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    """A megabyte is the most that an answer may have."""
    size = 3 * MAX_RESPONSE_BYTES
    with raw_server(HEAD + f"content-length: {size}\r\n\r\n".encode(), b" " * size) as url:
        fault, _ = fault_of(forecast_from(url))
    assert fault.kind is SourceErrorKind.MALFORMED


@pytest.mark.parametrize("head", [b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"])
def test_a_redirect_is_not_followed(head: bytes) -> None:
    """A source that points elsewhere is refused: the key in the address would go with it."""
    with raw_server(head) as url:
        fault, _ = fault_of(forecast_from(url))
    assert fault.kind is SourceErrorKind.REFUSED


@pytest.mark.parametrize("bytes_", [b"\x00\xff nonsense\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_not_http_is_down(bytes_: bytes) -> None:
    """No exception of the HTTP library's own comes out."""
    with raw_server(bytes_) as url:
        fault, _ = fault_of(forecast_from(url))
    assert fault.kind is SourceErrorKind.DOWN


def test_what_claims_to_be_gzip_and_is_not_is_malformed() -> None:
    """Nor one of its decoder's."""
    with raw_server(HEAD + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd") as url:
        fault, _ = fault_of(forecast_from(url))
    assert fault.kind is SourceErrorKind.MALFORMED


def test_a_key_is_in_no_log_and_no_error(
    mapbox_standin: Standin, caplog: pytest.LogCaptureFixture, nobody: str
) -> None:
    """Neither in messages nor in the causes that a traceback prints, with logging at its most talkative."""
    import traceback

    caplog.set_level(logging.DEBUG)
    secret = "pk.very-secret"
    for url, mode in ((mapbox_standin.url, "500"), (mapbox_standin.url, "cut"), (nobody, "ok")):
        mapbox_standin.fails(mode)
        mapbox = Mapbox(HttpClient(Source.MAPBOX, url), key(Source.MAPBOX, secret))
        fault, _ = fault_of(lambda deadline, mapbox=mapbox: mapbox.road([DENVER, MOAB], deadline))
        assert secret not in "".join(traceback.format_exception(fault))
    assert secret not in caplog.text
    assert secret not in json.dumps(mapbox_standin.journal)


@pytest.mark.parametrize("text", ['{"key": ""}', '{"key": "  "}', "{}", "[]", "not json", '{"key": 5}'])
def test_a_missing_key_is_told_and_nothing_is_asked(mapbox_standin: Standin, text: str) -> None:
    """An empty secret is the state after the first deployment: it has its own name."""
    mapbox = Mapbox(HttpClient(Source.MAPBOX, mapbox_standin.url), ApiKey(Source.MAPBOX, lambda: text))
    fault, _ = fault_of(lambda deadline: mapbox.road([DENVER, MOAB], deadline))
    assert (fault.kind, mapbox_standin.asked) == (SourceErrorKind.MISSING_KEY, 0)
    assert "Mapbox" in str(fault)
    assert "not json" not in str(fault)


def test_a_secret_that_can_not_be_read_is_a_missing_key() -> None:
    """Secrets Manager out of reach, or access denied."""

    def unreachable() -> str:
        raise EndpointConnectionError(endpoint_url="https://secrets")

    with pytest.raises(SourceError) as raised:
        ApiKey(Source.EIA, unreachable).get()
    assert raised.value.kind is SourceErrorKind.MISSING_KEY


def test_a_key_is_read_once_in_five_minutes_and_again_after_it_was_refused(mapbox_standin: Standin) -> None:
    """A replaced key is found by the question after the first refusal."""
    keys = iter(["refused", MAPBOX_KEY, "later"])
    at = 1000.0
    kept = ApiKey(Source.MAPBOX, lambda: json.dumps({"key": next(keys)}), lambda: at)
    mapbox = Mapbox(HttpClient(Source.MAPBOX, mapbox_standin.url), kept)
    fault, _ = fault_of(lambda deadline: mapbox.road([DENVER, MOAB], deadline))
    assert fault.kind is SourceErrorKind.UNAUTHORISED
    for _ in range(3):
        mapbox.road([DENVER, MOAB], Deadline())
    assert kept.get() == MAPBOX_KEY
    at += 301
    assert kept.get() == "later"


def test_a_road_is_longer_than_the_crow_flies_and_there_is_none_over_the_sea(mapbox: Mapbox) -> None:
    """Denver to Moab takes five to six hours; to Honolulu there is no road, and from the Pacific none either."""
    found = mapbox.road([DENVER, MOAB], Deadline())
    assert found.source == "Mapbox (simulated)"
    assert found.value
    assert 480_000 < found.value.distance_m < 620_000
    assert 5 < found.value.duration_s / 3600 < 7
    assert mapbox.road([DENVER, HONOLULU], Deadline()).value is None
    assert mapbox.road([PACIFIC, MOAB], Deadline()).value is None


def test_a_route_runs_from_end_to_end_in_small_steps(mapbox: Mapbox) -> None:
    """As long as the road, along a line that begins and ends where it was asked for; none over the sea."""
    road, route = mapbox.road([DENVER, MOAB], Deadline()).value, mapbox.route([DENVER, MOAB], Deadline()).value
    assert road is not None and route is not None
    assert (route.distance_m, route.duration_s) == (road.distance_m, road.duration_s)
    assert (route.path[0], route.path[-1]) == (DENVER, MOAB)
    assert max(great_circle_m(*here, *there) for here, there in pairwise(route.path)) < 25_000
    assert mapbox.route([DENVER, HONOLULU], Deadline()).value is None


def test_campgrounds_are_within_the_radius_nearest_first_and_none_in_the_pacific(mapbox: Mapbox) -> None:
    """Each says that it is simulated; where there is no land there is nothing."""
    found = mapbox.nearby(CAMPGROUNDS, *MOAB, 100_000, Deadline()).value
    distances = [poi.distance_m for poi in found]
    assert found
    assert distances == sorted(distances)
    assert max(distances) <= 100_000
    assert all(poi.name.startswith("Simulated Campground") for poi in found)
    assert mapbox.nearby(CAMPGROUNDS, *PACIFIC, 800_000, Deadline()).value == ()
    assert mapbox.nearby(CAMPGROUNDS, *MOAB, 1_000, Deadline()).value == ()


def test_the_largest_search_answers_in_time(mapbox: Mapbox) -> None:
    """Five hundred miles around the most crowded coast."""
    assert len(mapbox.nearby(CAMPGROUNDS, 40.7, -74.0, 804_672, Deadline()).value) == 25


@pytest.mark.parametrize("latitude", [-90.0, -89.9, 0.0, 89.9, 90.0])
@pytest.mark.parametrize("longitude", [-180.0, 179.9, 180.0])
def test_a_search_at_the_edge_of_the_map_is_a_good_question(mapbox: Mapbox, latitude: float, longitude: float) -> None:
    """At the poles and on both sides of 180° the box stays within what Mapbox takes."""
    assert mapbox.nearby(CAMPGROUNDS, latitude, longitude, 500_000, Deadline()).value == ()


def place(mapbox: Mapbox, text: str, **known: Any) -> Place:
    return choose_place(text, mapbox.places(text, Deadline()).value, **known)


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
        ("Utah", "Utah, United States", "region"),
        ("Alice Springs NT", "Alice Springs, Northern Territory, Australia", "place"),
        ("Newcastle NSW", "Newcastle, New South Wales, Australia", "place"),
        ("Banff", "Banff, Alberta, Canada", "place"),
        ("New Zealand", "New Zealand", "country"),
    ],
)
def test_a_place_is_found_by_what_people_call_it(mapbox: Mapbox, text: str, full_name: str, kind: str) -> None:
    """Towns, states and parks, with and without what lies around them."""
    found = place(mapbox, text)
    assert (found.full_name, found.kind) == (full_name, kind)


@pytest.mark.parametrize(
    "text",
    [
        "denver excluding tolls", "moab without the interstate", "the pacific", "Pacific Ocean", "nowhere at all",
        "Denver Utah", "my mother's house", "", "   ", ";", "?!", "a" * 300, "word " * 40, "Zion lodge", "東京",
    ],
)  # fmt: skip
def test_words_that_no_place_explains_are_no_place(mapbox: Mapbox, text: str) -> None:
    """One word left over, and nothing is guessed."""
    with pytest.raises(PamError) as refused:
        place(mapbox, text)
    assert refused.value.error.code == "unknown_place"


@pytest.mark.parametrize("text", ["Springfield", "Portland", "Zion", "Jasper", "Washington", "Georgia, "])
def test_a_name_that_several_places_share_is_asked_about(mapbox: Mapbox, text: str) -> None:
    """Two towns of note, a town and a far park, a state and a country: nobody can know."""
    if text == "Georgia, ":
        assert place(mapbox, text, country_code="US").region_code == "GA"
        return
    with pytest.raises(PamError) as refused:
        place(mapbox, text, country_code="US")
    assert refused.value.error.code == "ambiguous_place"
    assert refused.value.message.count(";") >= 1


def test_where_the_traveller_is_decides_between_namesakes_when_it_is_clear(mapbox: Mapbox) -> None:
    """From Bangor it is Portland, Maine, from Eugene Portland, Oregon; from the middle nobody knows."""
    bangor, eugene, omaha = (44.80, -68.77), (44.05, -123.09), (41.26, -95.93)
    assert place(mapbox, "Portland", near=bangor).region_code == "ME"
    assert place(mapbox, "Portland", near=eugene).region_code == "OR"
    with pytest.raises(PamError):
        place(mapbox, "Portland", near=omaha)


def test_at_home_the_own_country_comes_first(mapbox: Mapbox) -> None:
    """Newcastle is in New South Wales for an Australian; Melbourne in Florida is for an American to ask about."""
    assert place(mapbox, "Perth", country_code="AU").region_code == "WA"
    assert place(mapbox, "Melbourne", country_code="AU").region_code == "VIC"
    with pytest.raises(PamError):
        place(mapbox, "Melbourne", country_code="US")


def test_a_forecast_covers_sixteen_days_of_the_place(open_meteo: OpenMeteo) -> None:
    """Hours are instants, days are the place's own, and the zone is named."""
    told = open_meteo.forecast(*MOAB, Deadline())
    forecast = told.value
    assert (told.source, forecast.zone) == ("Open-Meteo (simulated)", "America/Denver")
    assert (len(forecast.hours), len(forecast.days)) == (16 * 24, 16)
    assert all(hour.time.utcoffset() is not None for hour in forecast.hours)
    assert forecast.now.condition
    day = forecast.days[3]
    assert day.high_c is not None
    assert day.low_c is not None
    assert -40 < day.low_c < day.high_c < 50
    assert all(0 <= hour.rain_probability <= 1 for hour in forecast.hours if hour.rain_probability is not None)
    assert open_meteo.forecast(*PACIFIC, Deadline()).value.zone == "Etc/GMT+9"


def test_a_price_is_of_the_finest_area_that_has_one(eia: Eia) -> None:
    """Utah's is the Rocky Mountains'; Colorado has its own for gasoline, not for diesel; a Monday is named."""
    utah, colorado = price_area("US", "UT", "regular"), price_area("US", "CO", "regular")
    assert utah and colorado
    told = eia.price("regular", utah, Deadline())
    assert (told.source, told.value.area.name) == ("EIA (simulated)", "Rocky Mountain (PADD 4)")
    assert told.value.week.weekday() == 0
    assert 1 < told.value.usd_per_gallon < 8
    assert eia.price("regular", colorado, Deadline()).value.area.name == "Colorado"
    with pytest.raises(SourceError) as none:
        eia.price("diesel", colorado, Deadline())
    assert none.value.kind is SourceErrorKind.NOT_FOUND


def test_every_area_that_we_name_has_a_price(eia: Eia) -> None:
    """Each state and each fuel leads to a series that exists, by the survey's own list of areas."""
    states = "AL AK AZ CA CO CT DC DE FL GA HI IA ID IL KS LA MA ME MI MN MT NC NM NY OH OK OR PA TX UT VA WA WI WY"
    for fuel in ("regular", "mid", "premium", "diesel"):
        for area in {price_area("US", state, fuel) for state in states.split()} | {price_area("US", None, fuel)}:
            assert area is not None
            assert eia.price(fuel, area, Deadline()).value.usd_per_gallon > 0


@pytest.mark.parametrize("value", [EIA_KEY[:3], "with space and more"])
def test_a_key_that_eia_does_not_know_is_unauthorised(eia_standin: Standin, value: str) -> None:
    """EIA says so with 403."""
    area = price_area("US", None, "diesel")
    assert area
    eia = Eia(HttpClient(Source.EIA, eia_standin.url), key(Source.EIA, value))
    fault, _ = fault_of(lambda deadline: eia.price("diesel", area, deadline))
    assert fault.kind is SourceErrorKind.UNAUTHORISED
