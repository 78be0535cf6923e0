"""The HTTP client of the sources, through their adapters: retries, deadlines, and every way to fail."""

import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pam.platform.deadline import Deadline
from pam.sources.eia import Eia
from pam.sources.http_client import MAX_RESPONSE_BYTES, HttpClient
from pam.sources.mapbox import CAMPGROUNDS, Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source, SourceErrorKind
from pam.travel.fuel_prices import price_area
from tests.conftest import CHECKOUT
from tests.functional.sources.conftest import DENVER, MOAB, error_of, key
from tests.functional.sources.tcp_server import Connection, receive, serving
from tests.functional.stand_ins.client import StandInClient

Request = Callable[[Deadline], Any]

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WIRE = CHECKOUT / "tests/unit/sources/wire"


@pytest.fixture(params=["road", "nearby", "forecast", "price"])
def request_of(
    request: pytest.FixtureRequest, mapbox: Mapbox, open_meteo: OpenMeteo, eia: Eia
) -> tuple[Request, StandInClient]:
    """A request of each kind, with the stand-in that responds to it."""
    area = price_area("US", "UT", "regular")
    assert area
    requests: dict[str, tuple[Request, str]] = {
        "road": (lambda deadline: mapbox.road([DENVER, MOAB], deadline), "mapbox_stand_in"),
        "nearby": (lambda deadline: mapbox.nearby(CAMPGROUNDS, *MOAB, 50_000, deadline), "mapbox_stand_in"),
        "forecast": (lambda deadline: open_meteo.forecast(*MOAB, deadline), "weather_stand_in"),
        "price": (lambda deadline: eia.price("regular", area, deadline), "eia_stand_in"),
    }
    send, stand_in = requests[request.param]
    return send, request.getfixturevalue(stand_in)


@contextmanager
def raw_server(*parts: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """A server that sends these bytes, one after the other, and closes the connection."""

    def serve(connection: Connection) -> None:
        receive(connection)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        connection.close()

    with serving(serve) as server:
        yield f"http://{server.address}"


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
def test_failure_has_its_kind_and_only_transient_ones_are_retried(
    request_of: tuple[Request, StandInClient], mode: str, kind: SourceErrorKind, times: int
) -> None:
    """A 500 or 503 is tried three times, any other failure once."""
    send, stand_in = request_of
    stand_in.control(mode=mode)
    error, duration_s = error_of(send)
    assert (error.kind, stand_in.journal()["requests"]) == (kind, times)
    assert duration_s < 2.5


def test_second_attempt_succeeds_after_one_failure(request_of: tuple[Request, StandInClient]) -> None:
    """A single 500 only costs time."""
    send, stand_in = request_of
    stand_in.control(mode="500", times=1)
    assert send(Deadline(2)).simulated
    assert stand_in.journal()["requests"] == 2


def test_slow_source_times_out_at_the_deadline(request_of: tuple[Request, StandInClient]) -> None:
    """With a deadline of half a second there is one attempt."""
    send, stand_in = request_of
    stand_in.control(mode="slow", seconds=5, times=1)
    error, duration_s = error_of(send, 0.5)
    assert (error.kind, stand_in.journal()["requests"]) == (SourceErrorKind.SLOW, 1)
    assert duration_s < 1.5


def test_retry_after_is_waited_for_within_the_deadline(request_of: tuple[Request, StandInClient]) -> None:
    """`Retry-After` of a second fits a deadline of three, one of a minute is an error at once."""
    send, stand_in = request_of
    stand_in.control(mode="429", retry_after=1, times=1)
    began = time.monotonic()
    send(Deadline(3))
    assert time.monotonic() - began > 0.9
    stand_in.reset()
    stand_in.control(mode="429", retry_after=60)
    error, duration_s = error_of(send)
    assert (error.kind, error.retry_after, stand_in.journal()["requests"]) == (SourceErrorKind.LIMITED, 60, 1)
    assert duration_s < 1


def test_refused_connection_is_down(refused_url: str) -> None:
    """It is tried three times within two seconds."""
    error, duration_s = error_of(
        lambda deadline: OpenMeteo(HttpClient(Source.OPEN_METEO, refused_url)).forecast(*MOAB, deadline)
    )
    assert error.kind is SourceErrorKind.DOWN
    assert duration_s < 2


def test_expired_deadline_sends_no_request(request_of: tuple[Request, StandInClient]) -> None:
    """A request after the deadline fails as slow."""
    send, stand_in = request_of
    error, _ = error_of(send, 0.0)
    assert (error.kind, stand_in.journal()["requests"]) == (SourceErrorKind.SLOW, 0)


def test_connection_is_reused() -> None:
    """Ten requests use one connection."""
    body = (WIRE / "forecast.json").read_bytes()

    def serve(connection: Connection) -> None:
        while receive(connection):
            connection.sendall(HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body)

    with serving(serve) as server:
        open_meteo = OpenMeteo(HttpClient(Source.OPEN_METEO, f"http://{server.address}"))
        for _ in range(10):
            open_meteo.forecast(*MOAB, Deadline(2))
        assert server.connections == 1


def forecast_from(url: str) -> Request:
    return lambda deadline: OpenMeteo(HttpClient(Source.OPEN_METEO, url)).forecast(*MOAB, deadline)


def test_slowly_arriving_body_times_out_at_the_deadline() -> None:
    """A byte every tenth of a second never exceeds a read timeout."""
    with raw_server(HEAD + b"content-length: 1000\r\n\r\n", *[b"x"] * 100, pause_s=0.1) as url:
        error, duration_s = error_of(forecast_from(url), 0.6)
    assert error.kind is SourceErrorKind.SLOW
    assert duration_s < 2


def test_stalled_body_times_out_at_the_deadline() -> None:
    """Headers and half a body arrive, then nothing."""
    with raw_server(HEAD + b"content-length: 1000\r\n\r\n", b"x" * 500, pause_s=3) as url:
        error, duration_s = error_of(forecast_from(url), 0.6)
    assert error.kind is SourceErrorKind.SLOW
    assert duration_s < 2


def test_too_large_body_is_malformed() -> None:
    """A response of more than the maximum isn't read to its end."""
    size = 3 * MAX_RESPONSE_BYTES
    with raw_server(HEAD + f"content-length: {size}\r\n\r\n".encode(), b" " * size) as url:
        error, _ = error_of(forecast_from(url))
    assert error.kind is SourceErrorKind.MALFORMED


@pytest.mark.parametrize("head", [b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"])
def test_redirect_is_refused(head: bytes) -> None:
    """The key in the URL would be sent along."""
    with raw_server(head) as url:
        error, _ = error_of(forecast_from(url))
    assert error.kind is SourceErrorKind.REFUSED


@pytest.mark.parametrize("bytes_", [b"\x00\xff nonsense\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n"])
def test_response_that_is_no_http_is_down(bytes_: bytes) -> None:
    """No exception of the HTTP library is raised."""
    with raw_server(bytes_) as url:
        error, _ = error_of(forecast_from(url))
    assert error.kind is SourceErrorKind.DOWN


def test_invalid_gzip_is_malformed() -> None:
    """No exception of the decoder is raised."""
    with raw_server(HEAD + b"content-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd") as url:
        error, _ = error_of(forecast_from(url))
    assert error.kind is SourceErrorKind.MALFORMED


def test_key_is_in_no_log_and_no_error(
    mapbox_stand_in: StandInClient, caplog: pytest.LogCaptureFixture, refused_url: str
) -> None:
    """It is neither in messages nor in the causes that a traceback prints, with all logs on."""
    caplog.set_level(logging.DEBUG)
    secret = "pk.very-secret"
    for url, mode in ((mapbox_stand_in.url, "500"), (mapbox_stand_in.url, "cut"), (refused_url, "ok")):
        mapbox_stand_in.control(mode=mode)
        mapbox = Mapbox(HttpClient(Source.MAPBOX, url), key(Source.MAPBOX, secret))
        error, _ = error_of(lambda deadline, mapbox=mapbox: mapbox.road([DENVER, MOAB], deadline))
        assert secret not in "".join(traceback.format_exception(error))
    assert secret not in caplog.text
    assert secret not in json.dumps(mapbox_stand_in.journal())
