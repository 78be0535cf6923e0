"""The shared cache: one fetch for concurrent callers, stale answers when a source fails, no failure of its own."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from pydantic import TypeAdapter

from pam.cache.circuit_breaker import MAX_CONSECUTIVE_FAILURES
from pam.cache.shared_cache import LEASE_TIMEOUT_S, SharedAnswer, SharedCache
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.sources.mapbox import Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Fetched, Source, SourceErrorKind
from pam.travel.forecast import Forecast
from tests.functional.manual_clock import ManualClock
from tests.functional.sources.cache_fixtures import (
    LIFETIME,
    FakeFetch,
    answer_from,
    dynamodb_at,
    lose_response,
    stop_requests,
)
from tests.functional.stand_ins.client import StandInClient


def test_concurrent_callers_of_all_environments_cause_one_request(
    mapbox: Mapbox, mapbox_stand_in: StandInClient, new_client: Callable[[], Any], table: str
) -> None:
    """A hundred callers in eight environments ask for the same uncached road: the source gets one request."""
    began = utc_now()

    def slow_clock() -> Any:
        """A tenth as fast as the machine's: a hundred callers share the one core that a lease's time is for."""
        return began + (utc_now() - began) / 10

    caches = [SharedCache(new_client(), table, slow_clock) for _ in range(8)]
    barrier = threading.Barrier(100)

    def fetch(deadline: Deadline) -> Fetched[Any]:
        return mapbox.road([(39.74, -104.98), (38.57, -109.55)], deadline).map(lambda road: road and road.distance_m)

    mapbox_stand_in.control(mode="slow", seconds=0.3)

    def call(number: int) -> SharedAnswer:
        barrier.wait(30)
        return answer_from(caches[number % len(caches)], fetch, seconds=20)

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(call, range(100)))
    assert mapbox_stand_in.journal()["requests"] == 1
    assert len({answer.value for answer in answers}) == 1
    assert Counter(answer.cached for answer in answers) == {False: 1, True: 99}
    assert {(answer.source, answer.simulated, answer.age_s) for answer in answers} == {
        ("Mapbox (simulated)", True, None)
    }


def test_fresh_answer_is_cached_and_expired_answer_is_fetched_again(dynamodb: Any, table: str) -> None:
    """Within its lifetime the source gets no request; after it, one."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    first = answer_from(cache, fetch)
    assert first == SharedAnswer({"miles": 1}, "Mapbox", simulated=False, as_of=clock.now, cached=False)
    clock.advance(minutes=9)
    assert answer_from(cache, fetch) == SharedAnswer({"miles": 1}, "Mapbox", False, first.as_of, cached=True)
    fetch.value = {"miles": 2}
    clock.advance(minutes=2)
    assert answer_from(cache, fetch).value == {"miles": 2}
    assert fetch.runs == 2


@pytest.mark.parametrize("empty", [[], None])
def test_empty_answer_has_its_own_lifetime_and_is_never_served_stale(dynamodb: Any, table: str, empty: Any) -> None:
    """A place that wasn't found is searched for again after a minute."""
    clock, fetch = ManualClock(), FakeFetch(empty)
    cache = SharedCache(dynamodb, table, clock)
    assert answer_from(cache, fetch).value == empty
    assert answer_from(cache, fetch).cached
    clock.advance(minutes=2)
    fetch.fail(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        answer_from(cache, fetch)
    assert fetch.runs == 2


@pytest.mark.parametrize("kind", list(SourceErrorKind))
def test_stale_answer_is_served_with_its_age_when_the_source_fails(
    dynamodb: Any, table: str, kind: SourceErrorKind
) -> None:
    """The last answer for a day, whatever the failure; then `SourceUnavailable` in plain words."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    first = answer_from(cache, fetch)
    fetch.fail(kind)
    clock.advance(hours=1)
    stale = answer_from(cache, fetch)
    assert stale == SharedAnswer({"miles": 1}, "Mapbox", False, first.as_of, cached=True, age_s=3600)
    clock.advance(days=1)
    with pytest.raises(SourceUnavailable) as raised:
        answer_from(cache, fetch)
    assert "Mapbox" in raised.value.message
    not_configured = kind in {SourceErrorKind.MISSING_KEY, SourceErrorKind.UNAUTHORISED}
    assert raised.value.error.code == ("source_not_configured" if not_configured else "source_unavailable")
    retryable = kind in {SourceErrorKind.DOWN, SourceErrorKind.SLOW, SourceErrorKind.LIMITED, SourceErrorKind.MALFORMED}
    assert (raised.value.retry_after is not None) == retryable


def test_waiting_callers_get_the_failure_and_send_no_requests(
    mapbox: Mapbox, mapbox_stand_in: StandInClient, new_client: Callable[[], Any], table: str
) -> None:
    """Of thirty callers of a source that is down, one finds out, and all have its error within the deadline."""
    caches = [SharedCache(new_client(), table, utc_now) for _ in range(4)]
    mapbox_stand_in.control(mode="500")
    runs: list[float] = []

    def fetch(deadline: Deadline) -> Fetched[Any]:
        runs.append(time.monotonic())
        time.sleep(0.2)
        return mapbox.places("Moab", deadline).map(len)

    def call(number: int) -> float:
        began = time.monotonic()
        with pytest.raises(SourceUnavailable) as raised:
            answer_from(caches[number % 4], fetch)
        assert raised.value.retry_after
        return time.monotonic() - began

    with ThreadPoolExecutor(30) as threads:
        durations = list(threads.map(call, range(30)))
    assert len(runs) <= 2  # a straggler may come more than a second after the first
    assert max(durations) < 4


@pytest.mark.parametrize(("mode", "seconds"), [("slow", 10), ("500", 0), ("cut", 0)])
def test_failing_source_is_reported_within_two_seconds_and_then_gets_no_requests(
    mapbox: Mapbox, mapbox_stand_in: StandInClient, dynamodb: Any, table: str, mode: str, seconds: float
) -> None:
    """Each uncached request fails within its deadline, and the sixth isn't sent to the source.

    By their median: one of them may be held up by the machine.
    """
    cache = SharedCache(dynamodb, table, utc_now)
    mapbox_stand_in.control(mode=mode, seconds=seconds)

    def fetch(deadline: Deadline) -> Fetched[Any]:
        return mapbox.nearby("campground", 38.57, -109.55, 50_000, deadline).map(len)

    requests, durations = [], []
    for number in range(MAX_CONSECUTIVE_FAILURES + 1):
        began = time.monotonic()
        with pytest.raises(SourceUnavailable):
            answer_from(cache, fetch, f"parks|{number}")
        durations.append(time.monotonic() - began)
        requests.append(mapbox_stand_in.journal()["requests"])
    assert median(durations[:-1]) < 2
    assert requests[-1] == requests[-2]
    assert durations[-1] < 0.5


def test_lease_of_a_dead_caller_expires(new_client: Callable[[], Any], dynamodb: Any, table: str) -> None:
    """A caller that dies during its fetch delays the next until its lease has expired, and no longer."""
    client = new_client()

    def die(_: Deadline) -> Fetched[Any]:
        stop_requests(client)
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        answer_from(SharedCache(client, table, utc_now), die)
    died = time.monotonic()
    assert answer_from(SharedCache(dynamodb, table, utc_now), FakeFetch({"miles": 1})).value == {"miles": 1}
    assert time.monotonic() - began > LEASE_TIMEOUT_S
    assert time.monotonic() - died < LEASE_TIMEOUT_S + 0.6


def test_unexpected_exception_of_a_fetch_releases_the_lease(dynamodb: Any, table: str) -> None:
    """A bug isn't counted as a failure of the source, and the next caller fetches at once."""
    cache = SharedCache(dynamodb, table, utc_now)

    def fetch(_: Deadline) -> Fetched[Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_from(cache, fetch)
    began = time.monotonic()
    assert answer_from(cache, FakeFetch({"miles": 1})).cached is False
    assert time.monotonic() - began < 0.5


def test_lease_whose_response_was_lost_is_recognised(new_client: Callable[[], Any], table: str) -> None:
    """The SDK repeats the write, finds its own token, and the caller fetches without waiting for its own lease."""
    client, fetch = new_client(), FakeFetch({"miles": 1})
    lost = lose_response(client, "UpdateItem", containing=b"lease_until")
    assert answer_from(SharedCache(client, table, ManualClock()), fetch).cached is False
    assert (lost.count, fetch.runs) == (1, 1)


def test_release_whose_response_was_lost_is_no_failure(
    new_client: Callable[[], Any], dynamodb: Any, table: str
) -> None:
    """The repeated release finds no lease; the error that it stored reaches the next caller."""
    client, fetch, clock = new_client(), FakeFetch({"miles": 1}), ManualClock()
    fetch.fail(SourceErrorKind.DOWN)
    lost = lose_response(client, "UpdateItem", containing=b"error_until = :until")
    for each in (client, dynamodb):
        with pytest.raises(SourceUnavailable):
            answer_from(SharedCache(each, table, clock), fetch)
    assert (lost.count, fetch.runs) == (1, 1)


def test_lease_is_released_where_its_response_was_lost_without_a_retry(servers: Any, dynamodb: Any, table: str) -> None:
    """A client that sends each request once fetches all the same, and leaves no lease to wait for."""
    client, fetch, clock = dynamodb_at(servers.aws, max_attempts=1), FakeFetch({"miles": 1}), ManualClock()
    fetch.fail(SourceErrorKind.NOT_FOUND)
    lose_response(client, "UpdateItem", containing=b"lease_until")
    with pytest.raises(SourceUnavailable):
        answer_from(SharedCache(client, table, clock), fetch)
    clock.advance(seconds=1.01)  # past the error, within the lease
    fetch.error = None
    assert answer_from(SharedCache(dynamodb, table, clock), fetch).value == {"miles": 1}


def test_unavailable_cache_misses(refused_url: str) -> None:
    """Without DynamoDB each caller sends its own request, and gets the source's failures."""
    fetch = FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb_at(refused_url), "shared", utc_now)
    assert [answer_from(cache, fetch).cached for _ in range(2)] == [False, False]
    fetch.fail(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        answer_from(cache, fetch)
    assert fetch.runs == 3


def test_whole_forecast_is_cached_unchanged(
    open_meteo: OpenMeteo, weather_stand_in: StandInClient, dynamodb: Any, table: str
) -> None:
    """The largest answer uses an eighth of a DynamoDB item."""
    adapter = TypeAdapter(Forecast)
    cache = SharedCache(dynamodb, table, utc_now)
    fetched: list[Forecast] = []

    def fetch(deadline: Deadline) -> Fetched[Any]:
        forecast = open_meteo.forecast(38.57, -109.55, deadline)
        fetched.append(forecast.value)
        return forecast.map(lambda value: adapter.dump_python(value, mode="json"))

    first, second = (cache.fetch("weather|moab", Source.OPEN_METEO, LIFETIME, fetch, Deadline(5)) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert fetched == [adapter.validate_python(second.value)]
    assert weather_stand_in.journal()["requests"] == 1
    item = dynamodb.get_item(TableName=table, Key={"key": {"S": "weather|moab"}})["Item"]
    assert len(item["body"]["B"]) < 50_000


def test_expired_item_is_ignored_before_dynamodb_deletes_it(dynamodb: Any, table: str) -> None:
    """DynamoDB deletes an item up to days after its `ttl`, so the code compares it, too."""
    clock, fetch = ManualClock(), FakeFetch({"miles": 1})
    cache = SharedCache(dynamodb, table, clock)
    answer_from(cache, fetch)
    item = dynamodb.get_item(TableName=table, Key={"key": {"S": "road|1"}})["Item"]
    assert int(item["ttl"]["N"]) == int((clock.now + timedelta(days=1, minutes=10)).timestamp())
    clock.advance(days=2)
    fetch.fail(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        answer_from(cache, fetch)
