"""Time and tries: deadlines, pauses between tries, and what `Retry-After` may say."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.deadline import Deadline
from pam.sources.http_client import HttpClient, ResponseModel, parse_retry_after
from pam.sources.source import Source, SourceError
from pam.travel.geography import EARTH_RADIUS_M, box_around, great_circle_m


class Anything(ResponseModel):
    """Any JSON object."""


def test_a_deadline_runs_out_and_its_parts_never_outlive_it() -> None:
    """Seconds left, down to none; a part has its own time, and at most the whole's."""
    at = 100.0
    whole = Deadline(2, lambda: at)
    part, rest = whole.at_most(0.5), whole.at_most(60)
    at = 101.0
    assert (whole.left_s, part.left_s, rest.left_s) == (1.0, 0.0, 1.0)
    at = 200.0
    assert whole.left_s == 0.0


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_pauses_between_tries_grow_and_have_full_jitter(chance: float) -> None:
    """From nothing up to 200 and 400 ms, so that many environments don't come back together."""
    pauses: list[float] = []
    http = HttpClient(Source.EIA, "http://127.0.0.1:9", sleep=pauses.append, jitter=lambda: chance)
    with pytest.raises(SourceError):
        http.get("/", [], Anything, Deadline(10))
    assert pauses == pytest.approx([0.2 * chance, 0.4 * chance])


def test_no_try_is_begun_that_can_not_end_in_time() -> None:
    """With little time left the first fault is the answer."""
    pauses: list[float] = []
    http = HttpClient(Source.EIA, "http://127.0.0.1:9", sleep=pauses.append, jitter=lambda: 0.9)
    with pytest.raises(SourceError):
        http.get("/", [], Anything, Deadline(0.2))
    assert pauses == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), (" 7 ", 7.0), ("0", 0.0), ("9" * 30, 86_400.0), ("-3", None), ("soon", None), ("", None), ("²", None)],
)
def test_retry_after_in_seconds(header: str, seconds: float | None) -> None:
    """A day at most; nonsense is as good as none."""
    assert parse_retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    """RFC 9110 allows it."""
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = parse_retry_after(header)
    assert seconds is not None
    assert 25 < seconds <= 31
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@given(st.text(max_size=40))
def test_any_retry_after_is_seconds_or_nothing(header: str) -> None:
    """A source can't break us with a header."""
    seconds = parse_retry_after(header)
    assert seconds is None or 0 <= seconds <= 86_400


def test_great_circles() -> None:
    """Known distances, and a quarter of the Earth from the equator to the pole."""
    assert great_circle_m(39.7392, -104.9847, 38.5733, -109.5498) == pytest.approx(414_000, rel=0.01)
    assert great_circle_m(0, 0, 90, 0) == pytest.approx(EARTH_RADIUS_M * 3.14159265 / 2, rel=1e-6)
    assert great_circle_m(0, 179.9, 0, -179.9) == pytest.approx(22_239, rel=0.01)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 1_000_000))
def test_a_box_lies_on_the_map_and_holds_its_circle(latitude: float, longitude: float, radius_m: float) -> None:
    """Everywhere, at the poles too; its corners are no nearer than the radius, unless the map ends."""
    west, south, east, north = box_around(latitude, longitude, radius_m)
    assert -180 <= west <= longitude <= east <= 180
    assert -90 <= south <= latitude <= north <= 90
    if north < 90:
        assert great_circle_m(latitude, longitude, north, longitude) >= radius_m * 0.999
    if east < 180 and abs(latitude) < 85:
        assert great_circle_m(latitude, longitude, latitude, east) >= radius_m * 0.999
