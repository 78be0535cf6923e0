"""The cache of private answers: never stale after a write, never an error, and there when the database is not."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock

import boto3
import pytest
from botocore.config import Config

from local.stack import LocalStack
from pam.answers.dependencies import UserDependencies
from pam.answers.spend_summary import SpendSummary, spend_summary
from pam.cache.user_cache import UserCache
from pam.money.expenses import NewExpense, create_expense
from pam.money.spending import SpendingQuery
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.users.profile import read_profile
from tests.conftest import Traveller

FUEL = SpendingQuery(category="fuel")
NOON = datetime.now(UTC).replace(hour=19, minute=0)  # midday in Denver: no midnight is near


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


def write(parts: UserDependencies, user: uuid.UUID, amount: str) -> None:
    """An expense with all that belongs to a write."""
    with parts.cache.write_fence(user), parts.database.session(user, Deadline(5)) as connection:
        new = NewExpense(amount=amount, category="fuel")
        create_expense(connection, read_profile(connection, user), new, parts.clock())


def summary(dependencies: UserDependencies, user: uuid.UUID, query: SpendingQuery) -> SpendSummary:
    return spend_summary(dependencies, user, query, Deadline())


def total(answer: SpendSummary) -> Decimal:
    return Decimal(answer.total)


def test_a_write_is_seen_by_the_next_read_elsewhere_1000_times_of_1000(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """Two Lambda environments share nothing but the stores: what one writes, the other reads at once."""
    here, there, user = build_dependencies(), build_dependencies(), uuid.uuid4()
    seen = 0
    for written in range(1, 1001):
        write(here, user, "1.00")
        seen += total(summary(there, user, FUEL)) == written
        summary(here, user, FUEL)  # fills the cache that the next write must make stale
    assert seen == 1000


def test_ten_writers_at_once_never_see_less_than_was_written_before_they_asked(
    stack: LocalStack, traveller: Traveller
) -> None:
    """1,000 writes and reads through the gateway: each read holds all that was answered before it."""
    for name in ("expense_create", "spend_summary"):
        stack.functions[name].warm(2)
    written, lock = 0, Lock()
    short: list[tuple[int, int]] = []

    def one(_: int) -> None:
        nonlocal written
        assert traveller.spends("1.00").status_code == 201
        with lock:
            written += 1
            at_least = written
        count = traveller.summary(category="fuel")["count"]
        if count < at_least:
            short.append((count, at_least))

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(one, range(1000)))
    assert short == []
    assert traveller.summary(category="fuel")["count"] == 1000


def test_a_reader_that_was_overtaken_by_a_write_leaves_nothing_stale(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """What was read before a write and is kept after it isn't believed."""
    parts, user = build_dependencies(), uuid.uuid4()
    write(parts, user, "1.00")
    look = parts.cache.get(user, f"SpendSummary|{FUEL.key}")
    old = summary(parts, user, FUEL)
    write(parts, user, "2.00")
    from pam.cache.user_cache import CachedAnswer

    parts.cache.put(user, f"SpendSummary|{FUEL.key}", look, CachedAnswer(old.as_json(), NOON), NOON + timedelta(days=1))
    assert total(summary(parts, user, FUEL)) == 3


def test_while_a_write_is_under_way_nobody_trusts_or_fills_the_cache(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """Between fence and lift each reader goes to the database."""
    parts, user = build_dependencies(), uuid.uuid4()
    write(parts, user, "1.00")
    assert [summary(parts, user, FUEL).cached for _ in range(2)] == [False, True]
    with parts.cache.write_fence(user):
        assert [summary(parts, user, FUEL).cached for _ in range(2)] == [False, False]
    assert [summary(parts, user, FUEL).cached for _ in range(2)] == [False, True]


def test_a_writer_that_dies_leaves_no_stale_answer(build_dependencies: Callable[..., UserDependencies]) -> None:
    """Its mark ends by itself after half a minute; what was kept before it is never believed again."""
    watch = Watch()
    parts, user = build_dependencies(watch), uuid.uuid4()
    write(parts, user, "1.00")
    summary(parts, user, FUEL)
    dead = parts.cache.write_fence(user)
    dead.__enter__()
    with parts.database.session(user, Deadline(5)) as connection:
        new = NewExpense(amount="2.00", category="fuel")
        create_expense(connection, read_profile(connection, user), new, watch())
    assert [summary(parts, user, FUEL).cached for _ in range(2)] == [False, False]
    watch.forward(seconds=31)
    assert [(a.cached, total(a)) for a in (summary(parts, user, FUEL) for _ in range(2))] == [
        (False, 3),
        (True, 3),
    ]


def test_an_answer_is_fresh_for_five_minutes_and_never_past_midnight(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """Then it's read anew, though nothing was written."""
    watch = Watch()
    parts, user = build_dependencies(watch), uuid.uuid4()
    summary(parts, user, FUEL)
    watch.forward(minutes=4, seconds=58)
    assert summary(parts, user, FUEL).cached
    watch.forward(seconds=3)
    assert not summary(parts, user, FUEL).cached
    watch.now = NOON.replace(hour=6, minute=58)  # 23:58 in Denver, or 00:58 in summer
    summary(parts, user, SpendingQuery(timezone="Etc/GMT+7"))
    watch.forward(minutes=2)
    assert not summary(parts, user, SpendingQuery(timezone="Etc/GMT+7")).cached


def test_without_the_database_the_last_answer_comes_with_its_age(
    stack: LocalStack, build_dependencies: Callable[..., UserDependencies]
) -> None:
    """Marked as stale, with when it was read; a question never answered before is a clear error."""
    watch = Watch()
    parts, user = build_dependencies(watch), uuid.uuid4()
    write(parts, user, "45.00")
    summary(parts, user, FUEL)
    watch.forward(minutes=20)
    stack.postgres.stop()
    try:
        told = summary(parts, user, FUEL).as_json()
        with pytest.raises(PamError) as refused:
            summary(parts, user, SpendingQuery(category="tolls"))
    finally:
        stack.postgres.start()
    assert (told["total"], told["stale"], told["age_s"], told["reason"]) == (
        "45.00",
        True,
        1200,
        "database_unavailable",
    )
    assert told["as_of"] == NOON.astimezone(datetime.fromisoformat(told["as_of"]).tzinfo).isoformat(timespec="seconds")
    assert refused.value.error.code == "database_unavailable" and refused.value.retry_after
    assert summary(parts, user, FUEL).as_json()["stale"] is False


def broken_cache(clock: Callable[[], datetime]) -> UserCache:
    """DynamoDB out of reach: a port where nobody listens."""
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9", region_name="us-east-1", config=once)
    return UserCache(client, "answers", clock)


def test_a_cache_that_is_down_is_a_miss_to_a_reader_and_a_refusal_to_a_writer(
    build_dependencies: Callable[..., UserDependencies], traveller: Traveller
) -> None:
    """Reads go to the database; a write that couldn't make older answers stale isn't made at all."""
    parts = build_dependencies()
    traveller.spends("7")
    without = UserDependencies(parts.database, broken_cache(parts.clock), parts.idempotency, parts.clock)
    assert total(summary(without, traveller.id, FUEL)) == 7
    with pytest.raises(PamError) as refused:
        write(without, traveller.id, "1.00")
    assert refused.value.error.code == "store_unavailable"
    assert total(summary(parts, traveller.id, FUEL)) == 7


def test_a_write_that_fails_changes_nothing_and_frees_the_cache(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """After an error inside the transaction, readers use the cache again and see what was there before."""
    parts, user = build_dependencies(), uuid.uuid4()
    write(parts, user, "1.00")
    with (
        pytest.raises(ZeroDivisionError),
        parts.cache.write_fence(user),
        parts.database.session(user, Deadline(5)) as connection,
    ):
        new = NewExpense(amount="2.00", category="fuel")
        create_expense(connection, read_profile(connection, user), new, parts.clock())
        _ = 1 / 0
    assert [(a.cached, total(a)) for a in (summary(parts, user, FUEL) for _ in range(2))] == [
        (False, 1),
        (True, 1),
    ]
