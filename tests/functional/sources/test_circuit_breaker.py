"""The circuit breaker of each source, through the shared cache that uses it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pam.cache.circuit_breaker import MAX_CONSECUTIVE_FAILURES, OPEN_DURATION_S
from pam.cache.shared_cache import SharedCache
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.deadline import Deadline
from pam.sources.source import Fetched, Source, SourceErrorKind
from tests.functional.manual_clock import ManualClock
from tests.functional.sources.cache_fixtures import LIFETIME, FakeFetch, answer_from, lose_response


def fail_times(cache: SharedCache, fetch: FakeFetch, times: int) -> None:
    """Fetch as many uncached keys from a source that fails."""
    for _ in range(times):
        with pytest.raises(SourceUnavailable):
            answer_from(cache, fetch, f"road|{fetch.runs}")


def test_open_breaker_sends_one_probe_after_its_open_period(new_client: Callable[[], Any], table: str) -> None:
    """Five consecutive failures of any environment open it for all; then one caller probes, whose success closes it."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    here, there = (SharedCache(new_client(), table, clock) for _ in range(2))
    fetch.fail(SourceErrorKind.DOWN)
    fail_times(here, fetch, MAX_CONSECUTIVE_FAILURES)
    fetch.error = None
    with pytest.raises(SourceUnavailable) as raised:
        answer_from(there, fetch, "road|other")
    assert fetch.runs == MAX_CONSECUTIVE_FAILURES
    assert 1 <= (raised.value.retry_after or 0) <= OPEN_DURATION_S
    clock.advance(seconds=OPEN_DURATION_S + 1)
    probing, finish = threading.Event(), threading.Event()

    def probe(_: Deadline) -> Fetched[Any]:
        probing.set()
        assert finish.wait(10)
        return Fetched({"miles": 2}, "Mapbox", simulated=False)

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(answer_from, here, probe, "road|a")
        assert probing.wait(10)
        with pytest.raises(SourceUnavailable):
            answer_from(there, fetch, "road|b")
        finish.set()
        assert answer.result(10).value == {"miles": 2}
    assert answer_from(there, fetch, "road|b").value == {"miles": 1}
    assert fetch.runs == MAX_CONSECUTIVE_FAILURES + 1


def test_failed_probe_opens_the_breaker_again(dynamodb: Any, table: str) -> None:
    """One failure after the open period is enough."""
    clock, fetch = ManualClock(), FakeFetch({})
    cache = SharedCache(dynamodb, table, clock)
    fetch.fail(SourceErrorKind.SLOW)
    fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES)
    clock.advance(seconds=OPEN_DURATION_S + 1)
    for number in range(3):
        with pytest.raises(SourceUnavailable):
            answer_from(cache, fetch, f"road|again|{number}")
    assert fetch.runs == MAX_CONSECUTIVE_FAILURES + 1


def test_retry_after_opens_the_breaker_at_once(dynamodb: Any, table: str) -> None:
    """A single 429 with `Retry-After` opens it for that time, which the error repeats."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    fetch.fail(SourceErrorKind.LIMITED, retry_after=60)
    with pytest.raises(SourceUnavailable) as limited:
        answer_from(cache, fetch, "road|1")
    assert limited.value.retry_after == 60
    fetch.error = None
    clock.advance(seconds=30)
    with pytest.raises(SourceUnavailable) as still_open:
        answer_from(cache, fetch, "road|2")
    assert still_open.value.retry_after == 30
    clock.advance(seconds=31)
    assert answer_from(cache, fetch, "road|2").value == {"miles": 1}


@pytest.mark.parametrize(
    "kind",
    [SourceErrorKind.NOT_FOUND, SourceErrorKind.REFUSED, SourceErrorKind.UNAUTHORISED, SourceErrorKind.MISSING_KEY],
)
def test_refused_requests_leave_the_breaker_closed(dynamodb: Any, table: str, kind: SourceErrorKind) -> None:
    """A source that refuses a request is up: other requests are still sent."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    fetch.fail(kind)
    fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES + 2)
    fetch.error = None
    assert answer_from(cache, fetch, "road|good").value == {"miles": 1}


def test_success_resets_the_count_of_failures(dynamodb: Any, table: str) -> None:
    """Failures with a success between them aren't consecutive."""
    clock, fetch = ManualClock(), FakeFetch({})
    cache = SharedCache(dynamodb, table, clock)
    for _ in range(3):
        fetch.error = None
        answer_from(cache, fetch, f"road|{fetch.runs}")
        fetch.fail(SourceErrorKind.MALFORMED)
        fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES - 1)
    assert fetch.runs == 3 * MAX_CONSECUTIVE_FAILURES


def test_each_source_has_its_own_breaker(dynamodb: Any, table: str) -> None:
    """While Mapbox is down, the weather is fetched."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    fetch.fail(SourceErrorKind.DOWN)
    fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES)
    fetch.error = None
    assert cache.fetch("weather|1", Source.OPEN_METEO, LIFETIME, fetch, Deadline(2)).value == {"miles": 1}


def test_failure_whose_response_was_lost_is_counted_once(new_client: Callable[[], Any], table: str) -> None:
    """The SDK repeats the write, finds its own token, and the breaker doesn't open one failure early."""
    client, clock, fetch = new_client(), ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(client, table, clock)
    fetch.fail(SourceErrorKind.DOWN)
    fail_times(cache, fetch, 1)
    lost = lose_response(client, "UpdateItem", containing=b"add #failures :one")
    fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES - 2)
    assert lost.count == 1
    fetch.error = None
    assert answer_from(cache, fetch, "road|good").value == {"miles": 1}


def test_probe_whose_response_was_lost_is_sent(new_client: Callable[[], Any], table: str) -> None:
    """The caller whose write reserved the probe recognises it as its own, and sends the request."""
    client, clock, fetch = new_client(), ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(client, table, clock)
    fetch.fail(SourceErrorKind.DOWN)
    fail_times(cache, fetch, MAX_CONSECUTIVE_FAILURES)
    fetch.error = None
    clock.advance(seconds=OPEN_DURATION_S + 1)
    lost = lose_response(client, "UpdateItem", containing=b"set #writer = :writer, #probe_until")
    assert answer_from(cache, fetch, "road|probe").value == {"miles": 1}
    assert lost.count == 1
