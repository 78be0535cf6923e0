"""The shared cache: one fetch however many ask, answers from before when a source fails, and no error of its own."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from pam.cache.circuit_breaker import MAX_CONSECUTIVE_FAILURES, OPEN_DURATION_S
from pam.cache.shared_cache import LEASE_S, Body, Lifetime, SharedAnswer, SharedCache, SourceUnavailable
from pam.platform.deadline import Deadline
from pam.sources.mapbox import Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source, SourceError, SourceErrorKind
from tests.functional.upstream.conftest import Standin, dynamodb_at

LIFETIME = Lifetime(timedelta(minutes=10), timedelta(minutes=1), timedelta(days=1))


def now() -> datetime:
    return datetime.now(UTC)


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 7, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


class Fetch:
    """A fetch that counts how often it ran, and does what it's told."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.fault: SourceError | None = None
        self.ran = 0

    def __call__(self, deadline: Deadline) -> Body:
        self.ran += 1
        assert 0 < deadline.left_s <= LEASE_S
        if self.fault:
            raise self.fault
        return self.body

    def fails(self, kind: SourceErrorKind, retry_after: float | None = None) -> None:
        self.fault = SourceError(Source.MAPBOX, kind, retry_after=retry_after)


def ask(cache: SharedCache, fetch: Callable[[Deadline], Body], key: str = "road|1", s: float = 2.0) -> SharedAnswer:
    return cache.fetch(key, Source.MAPBOX, LIFETIME, fetch, Deadline(s))


def test_a_hundred_callers_in_eight_environments_make_one_upstream_call(
    mapbox: Mapbox, mapbox_standin: Standin, new_client: Callable[[], Any], table: str
) -> None:
    """All ask the same uncached thing at once, each environment with a client of its own: the journal counts one."""
    began = now()

    def slowly() -> datetime:
        """A tenth as fast as the machine's: here a hundred callers share the one core that a lease's time is for."""
        return began + (now() - began) / 10

    caches = [SharedCache(new_client(), table, slowly) for _ in range(8)]
    together = threading.Barrier(100)

    def fetch(deadline: Deadline) -> Body:
        road = mapbox.road([(39.74, -104.98), (38.57, -109.55)], deadline)
        assert road.value is not None
        return {"distance_m": road.value.distance_m, "source": road.source}

    mapbox_standin.fails("slow", seconds=0.3)  # a road takes its time

    def one(number: int) -> SharedAnswer:
        together.wait(30)
        return ask(caches[number % len(caches)], fetch, s=20.0)  # moto is slower than DynamoDB

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(one, range(100)))
    assert mapbox_standin.asked == 1
    assert len({str(answer.body) for answer in answers}) == 1
    assert Counter(answer.cached for answer in answers) == {False: 1, True: 99}
    assert all(answer.age_s is None for answer in answers)


def test_a_fresh_answer_is_told_as_it_is_and_an_old_one_is_fetched_anew(dynamodb: Any, table: str) -> None:
    """Within its lifetime nobody asks the source; after it, one does."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    first = ask(cache, fetch)
    assert (first.body, first.cached, first.as_of) == ({"miles": 1}, False, watch.now)
    watch.forward(minutes=9)
    assert ask(cache, fetch) == SharedAnswer({"miles": 1}, first.as_of, cached=True)
    fetch.body = {"miles": 2}
    watch.forward(minutes=2)
    assert ask(cache, fetch).body == {"miles": 2}
    assert fetch.ran == 2


@pytest.mark.parametrize("nothing", [{"value": []}, {"value": None}])
def test_that_there_is_nothing_is_remembered_for_a_shorter_while(dynamodb: Any, table: str, nothing: Body) -> None:
    """A place that isn't found is asked for again after a minute, and never told as an answer from before."""
    watch, fetch = Watch(), Fetch(nothing)
    cache = SharedCache(dynamodb, table, watch)
    assert ask(cache, fetch).body == nothing
    assert ask(cache, fetch) == SharedAnswer(nothing, watch.now, cached=True)
    watch.forward(minutes=2)
    fetch.fails(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        ask(cache, fetch)
    assert fetch.ran == 2


@pytest.mark.parametrize("kind", list(SourceErrorKind))
def test_an_answer_from_before_comes_with_its_age_when_the_source_fails(
    dynamodb: Any, table: str, kind: SourceErrorKind
) -> None:
    """Whatever the fault: the old answer, marked, for a day; then the fault in plain words."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    first = ask(cache, fetch)
    fetch.fails(kind)
    watch.forward(hours=1)
    assert ask(cache, fetch) == SharedAnswer({"miles": 1}, first.as_of, cached=True, age_s=3600)
    watch.forward(days=1)
    with pytest.raises(SourceUnavailable) as refused:
        ask(cache, fetch)
    assert "Mapbox" in refused.value.message
    not_set_up = kind in {SourceErrorKind.MISSING_KEY, SourceErrorKind.UNAUTHORISED}
    assert refused.value.error.code == ("source_not_configured" if not_set_up else "source_unavailable")
    passing = kind in {SourceErrorKind.DOWN, SourceErrorKind.SLOW, SourceErrorKind.LIMITED, SourceErrorKind.MALFORMED}
    assert (refused.value.retry_after is not None) == passing


def test_those_who_waited_are_told_of_the_fault_and_do_not_ask_again(
    mapbox: Mapbox, mapbox_standin: Standin, new_client: Callable[[], Any], table: str
) -> None:
    """Thirty callers, a source that is down: its failing is found out by one, and told to all within the budget."""
    caches = [SharedCache(new_client(), table, now) for _ in range(4)]
    mapbox_standin.fails("500")
    ran: list[float] = []

    def fetch(deadline: Deadline) -> Body:
        ran.append(time.monotonic())
        time.sleep(0.2)
        return {"places": len(mapbox.places("Moab", deadline).value)}

    def one(number: int) -> float:
        began = time.monotonic()
        with pytest.raises(SourceUnavailable) as refused:
            ask(caches[number % 4], fetch)
        assert refused.value.retry_after
        return time.monotonic() - began

    with ThreadPoolExecutor(30) as threads:
        took = list(threads.map(one, range(30)))
    assert len(ran) <= 2  # a straggler may come more than a second after the first
    assert max(took) < 4


@pytest.mark.parametrize(("mode", "seconds"), [("slow", 10), ("500", 0), ("cut", 0)])
def test_a_source_that_fails_is_told_within_two_seconds_and_then_spared(
    mapbox: Mapbox, mapbox_standin: Standin, dynamodb: Any, table: str, mode: str, seconds: float
) -> None:
    """Each uncached question ends in plain words within its budget, and the sixth isn't put to the source at all.

    By their median: one of them may be held up by the machine, which no budget of ours can hinder.
    """
    cache = SharedCache(dynamodb, table, now)
    mapbox_standin.fails(mode, seconds=seconds)

    def fetch(deadline: Deadline) -> Body:
        return {"found": len(mapbox.nearby("campground", 38.57, -109.55, 50_000, deadline).value)}

    asked, took = [], []
    for number in range(MAX_CONSECUTIVE_FAILURES + 1):
        began = time.monotonic()
        with pytest.raises(SourceUnavailable):
            ask(cache, fetch, f"parks|{number}")
        took.append(time.monotonic() - began)
        asked.append(mapbox_standin.asked)
    assert median(took[:-1]) < 2
    assert asked[-1] == asked[-2]
    assert took[-1] < 0.5


def test_a_lease_holder_that_dies_costs_the_others_little_more_than_a_second(dynamodb: Any, table: str) -> None:
    """Somebody took the lease and never came back: who waits fetches when it ends."""
    cache, fetch = SharedCache(dynamodb, table, now), Fetch({"miles": 1})

    class Dies(BaseException):
        pass

    def die(_: Deadline) -> Body:
        raise Dies

    dead = SharedCache(dynamodb, table, now)
    dead._give_back = lambda *_: None  # type: ignore[method-assign]  # the process is gone
    with pytest.raises(Dies):
        ask(dead, die)
    began = time.monotonic()
    assert ask(cache, fetch).body == {"miles": 1}
    assert 0.5 < time.monotonic() - began < LEASE_S + 0.6


def test_a_fetch_with_an_error_of_ours_gives_its_lease_back(dynamodb: Any, table: str) -> None:
    """A bug isn't taken for a fault of the source, and keeps nobody waiting."""
    cache, fetch = SharedCache(dynamodb, table, now), Fetch({"miles": 1})

    def stumble(_: Deadline) -> Body:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(cache, stumble)
    began = time.monotonic()
    assert ask(cache, fetch).cached is False
    assert time.monotonic() - began < 0.5


def test_a_cache_that_is_down_is_a_miss(nobody: str) -> None:
    """Without DynamoDB each caller asks the source, and learns of its faults."""
    fetch = Fetch({"miles": 1})
    cache = SharedCache(dynamodb_at(nobody), "shared", now)
    assert [ask(cache, fetch).cached for _ in range(2)] == [False, False]
    fetch.fails(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        ask(cache, fetch)
    assert fetch.ran == 3


def test_the_breaker_spares_a_source_that_is_down_and_lets_one_probe(new_client: Callable[[], Any], table: str) -> None:
    """Five faults in a row, from any environment, and nobody asks until the cool-off is over; then one does."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    here, there = (SharedCache(new_client(), table, watch) for _ in range(2))
    fetch.fails(SourceErrorKind.DOWN)
    for number in range(MAX_CONSECUTIVE_FAILURES):
        with pytest.raises(SourceUnavailable):
            ask(here, fetch, f"road|{number}")
    assert fetch.ran == MAX_CONSECUTIVE_FAILURES
    fetch.fault = None
    with pytest.raises(SourceUnavailable) as spared:
        ask(there, fetch, "road|other")
    assert fetch.ran == MAX_CONSECUTIVE_FAILURES
    assert 1 <= (spared.value.retry_after or 0) <= OPEN_DURATION_S
    watch.forward(seconds=OPEN_DURATION_S + 1)
    probing = threading.Event()
    probed = threading.Event()

    def probe(_: Deadline) -> Body:
        probing.set()
        assert probed.wait(10)
        return {"miles": 2}

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, here, probe, "road|a")
        assert probing.wait(10)
        with pytest.raises(SourceUnavailable):
            ask(there, fetch, "road|b")
        probed.set()
        assert answer.result(10).body == {"miles": 2}
    assert ask(there, fetch, "road|b").body == {"miles": 1}
    assert fetch.ran == MAX_CONSECUTIVE_FAILURES + 1


def test_a_probe_that_fails_opens_the_breaker_again(dynamodb: Any, table: str) -> None:
    """One fault after the cool-off is enough: the source hasn't recovered."""
    watch, fetch = Watch(), Fetch({})
    cache = SharedCache(dynamodb, table, watch)
    fetch.fails(SourceErrorKind.SLOW)
    for number in range(MAX_CONSECUTIVE_FAILURES):
        with pytest.raises(SourceUnavailable):
            ask(cache, fetch, f"road|{number}")
    watch.forward(seconds=OPEN_DURATION_S + 1)
    for number in range(3):
        with pytest.raises(SourceUnavailable):
            ask(cache, fetch, f"road|again|{number}")
    assert fetch.ran == MAX_CONSECUTIVE_FAILURES + 1


def test_a_source_that_says_when_to_come_back_is_believed(dynamodb: Any, table: str) -> None:
    """A single 429 with `Retry-After` opens the breaker for so long, and travellers are told."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    fetch.fails(SourceErrorKind.LIMITED, retry_after=60)
    with pytest.raises(SourceUnavailable) as limited:
        ask(cache, fetch, "road|1")
    assert limited.value.retry_after == 60
    fetch.fault = None
    watch.forward(seconds=30)
    with pytest.raises(SourceUnavailable) as spared:
        ask(cache, fetch, "road|2")
    assert spared.value.retry_after == 30
    watch.forward(seconds=31)
    assert ask(cache, fetch, "road|2").body == {"miles": 1}


@pytest.mark.parametrize(
    "kind",
    [SourceErrorKind.NOT_FOUND, SourceErrorKind.REFUSED, SourceErrorKind.UNAUTHORISED, SourceErrorKind.MISSING_KEY],
)
def test_questions_that_are_our_own_fault_do_not_open_the_breaker(
    dynamodb: Any, table: str, kind: SourceErrorKind
) -> None:
    """A source that refuses is alive: others' good questions still go through."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    fetch.fails(kind)
    for number in range(MAX_CONSECUTIVE_FAILURES + 2):
        with pytest.raises(SourceUnavailable):
            ask(cache, fetch, f"road|{number}")
    fetch.fault = None
    assert ask(cache, fetch, "road|good").body == {"miles": 1}


def test_faults_with_an_answer_between_them_are_not_in_a_row(dynamodb: Any, table: str) -> None:
    """Each answer forgets the faults before it."""
    watch, fetch = Watch(), Fetch({})
    cache = SharedCache(dynamodb, table, watch)
    for number in range(3 * MAX_CONSECUTIVE_FAILURES):
        if number % (MAX_CONSECUTIVE_FAILURES - 1) == 0:
            fetch.fault = None
            ask(cache, fetch, f"road|{number}")
        else:
            fetch.fails(SourceErrorKind.MALFORMED)
            with pytest.raises(SourceUnavailable):
                ask(cache, fetch, f"road|{number}")
    assert fetch.ran == 3 * MAX_CONSECUTIVE_FAILURES


def test_a_source_has_a_breaker_of_its_own(dynamodb: Any, table: str) -> None:
    """Mapbox down leaves the weather alone."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    fetch.fails(SourceErrorKind.DOWN)
    for number in range(MAX_CONSECUTIVE_FAILURES):
        with pytest.raises(SourceUnavailable):
            ask(cache, fetch, f"road|{number}")
    fetch.fault = None
    assert cache.fetch("weather|1", Source.OPEN_METEO, LIFETIME, fetch, Deadline()).body == {"miles": 1}


def test_a_whole_forecast_is_kept_and_comes_back_the_same(
    open_meteo: OpenMeteo, weather_standin: Standin, dynamodb: Any, table: str
) -> None:
    """The largest answer there is fits DynamoDB's 400 KB with room to spare."""
    from pydantic import TypeAdapter

    from pam.sources.source import Fetched
    from pam.travel.forecast import Forecast

    shape = TypeAdapter(Fetched[Forecast])
    cache = SharedCache(dynamodb, table, now)

    def fetch(deadline: Deadline) -> Body:
        told: Body = shape.dump_python(open_meteo.forecast(38.57, -109.55, deadline), mode="json")
        return told

    first, second = (cache.fetch("weather|moab", Source.OPEN_METEO, LIFETIME, fetch, Deadline()) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert shape.validate_python(second.body) == shape.validate_python(first.body)
    assert weather_standin.asked == 1
    item = dynamodb.get_item(TableName=table, Key={"key": {"S": "weather|moab"}})["Item"]
    assert len(item["body"]["B"]) < 50_000


def test_a_lapsed_item_is_not_believed_before_dynamodb_deletes_it(dynamodb: Any, table: str) -> None:
    """`ttl` is a wish: what is past it is filtered out in code."""
    watch, fetch = Watch(), Fetch({"miles": 1})
    cache = SharedCache(dynamodb, table, watch)
    ask(cache, fetch)
    item = dynamodb.get_item(TableName=table, Key={"key": {"S": "road|1"}})["Item"]
    assert int(item["ttl"]["N"].split(".")[0]) == int((watch.now + timedelta(days=1, minutes=10)).timestamp())
    watch.forward(days=2)
    fetch.fails(SourceErrorKind.DOWN)
    with pytest.raises(SourceUnavailable):
        ask(cache, fetch)
