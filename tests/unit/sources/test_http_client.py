"""Pauses between attempts, and `Retry-After`."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.deadline import Deadline
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.http_exchange import parse_retry_after
from pam.sources.source import Source, SourceError


class Anything(ResponseModel):
    """Any JSON object."""


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_pauses_grow_with_full_jitter(jitter: float) -> None:
    """They take up to 200 and 400 ms, so that many environments don't retry together."""
    pauses: list[float] = []
    http = HttpClient(Source.EIA, "http://127.0.0.1:9", sleep=pauses.append, jitter=lambda: jitter)
    with pytest.raises(SourceError):
        http.get("/", [], Anything, Deadline(10))
    assert pauses == pytest.approx([0.2 * jitter, 0.4 * jitter])


def test_attempt_that_would_exceed_the_deadline_is_not_made() -> None:
    """With little time left the first error is raised."""
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
    """It is limited to a day; an invalid value is none."""
    assert parse_retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    """RFC 9110 allows a date, too."""
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = parse_retry_after(header)
    assert seconds is not None
    assert 25 < seconds <= 31
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@given(st.text(max_size=40))
def test_any_retry_after_is_a_number_of_seconds_or_none(header: str) -> None:
    """No header raises an exception."""
    seconds = parse_retry_after(header)
    assert seconds is None or 0 <= seconds <= 86_400
