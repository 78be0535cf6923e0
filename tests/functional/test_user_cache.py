"""The cache of users' answers: never stale after a write, used while Postgres is down, a miss without DynamoDB."""

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock

import boto3
import pytest
from botocore.config import Config

from local.stack import LocalStack
from pam.answers.account_deletion import delete_account
from pam.answers.dependencies import UserDependencies
from pam.answers.spend_summary import SpendSummary, spend_summary
from pam.cache.user_cache import CachedAnswer, UserCache
from pam.money.expenses import NewExpense, create_expense
from pam.money.spending import SpendingQuery
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.users.profile import read_profile
from tests.conftest import Traveller
from tests.functional.manual_clock import ManualClock

FUEL = SpendingQuery(category="fuel")
WRITES = int(os.environ.get("PAM_CASES", "150"))
NOON = datetime.now(UTC).replace(hour=19, minute=0)  # midday in Denver: no midnight is near


def write(dependencies: UserDependencies, user: uuid.UUID, amount: str) -> None:
    """Record an expense within a write fence."""
    with dependencies.cache.write_fence(user), dependencies.database.session(user, Deadline(5)) as connection:
        new = NewExpense(amount=amount, category="fuel")
        create_expense(connection, read_profile(connection, user), new, dependencies.clock())


def summary(dependencies: UserDependencies, user: uuid.UUID, query: SpendingQuery) -> SpendSummary:
    return spend_summary(dependencies, user, query, Deadline(2))


def total(answer: SpendSummary) -> Decimal:
    return Decimal(answer.total)


@pytest.mark.soak
def test_write_is_visible_to_the_next_read_in_another_environment(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """All writes are read at once by an environment that shares only the stores; `make soak` does a thousand."""
    here, there, user = build_dependencies(), build_dependencies(), uuid.uuid4()
    seen = 0
    for written in range(1, WRITES + 1):
        write(here, user, "1.00")
        seen += total(summary(there, user, FUEL)) == written
        summary(here, user, FUEL)  # fills the cache, which the next write must invalidate
    assert seen == WRITES


@pytest.mark.soak
def test_concurrent_writers_read_all_completed_writes(stack: LocalStack, traveller: Traveller) -> None:
    """Of many writes through the gateway, each read contains all that had completed before it."""
    for name in ("expense_create", "spend_summary"):
        stack.functions[name].warm(2)
    written, lock = 0, Lock()
    short: list[tuple[int, int]] = []

    def write_and_read(_: int) -> None:
        nonlocal written
        assert traveller.spends("1.00").status_code == 201
        with lock:
            written += 1
            at_least = written
        count = traveller.summary(category="fuel")["count"]
        if count < at_least:
            short.append((count, at_least))

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(write_and_read, range(WRITES)))
    assert short == []
    assert traveller.summary(category="fuel")["count"] == WRITES


def test_answer_computed_before_a_write_and_stored_after_it_is_not_used(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """Its version is older than that of the write."""
    dependencies, user = build_dependencies(), uuid.uuid4()
    write(dependencies, user, "1.00")
    lookup = dependencies.cache.get(user, f"SpendSummary|{FUEL.key}")
    old = summary(dependencies, user, FUEL)
    write(dependencies, user, "2.00")
    dependencies.cache.put(
        user, f"SpendSummary|{FUEL.key}", lookup, CachedAnswer(old.as_json(), NOON), NOON + timedelta(days=1)
    )
    assert total(summary(dependencies, user, FUEL)) == 3


def test_cache_is_neither_read_nor_filled_during_a_write(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """Within a fence each reader uses the database."""
    dependencies, user = build_dependencies(), uuid.uuid4()
    write(dependencies, user, "1.00")
    assert [summary(dependencies, user, FUEL).cached for _ in range(2)] == [False, True]
    with dependencies.cache.write_fence(user):
        assert [summary(dependencies, user, FUEL).cached for _ in range(2)] == [False, False]
    assert [summary(dependencies, user, FUEL).cached for _ in range(2)] == [False, True]


def test_writer_that_dies_leaves_no_stale_answer(build_dependencies: Callable[..., UserDependencies]) -> None:
    """Its fence expires after half a minute; answers from before it are never used again."""
    clock = ManualClock(NOON)
    dependencies, user = build_dependencies(clock), uuid.uuid4()
    write(dependencies, user, "1.00")
    summary(dependencies, user, FUEL)
    dead = dependencies.cache.write_fence(user)
    dead.__enter__()
    with dependencies.database.session(user, Deadline(5)) as connection:
        new = NewExpense(amount="2.00", category="fuel")
        create_expense(connection, read_profile(connection, user), new, clock())
    assert [summary(dependencies, user, FUEL).cached for _ in range(2)] == [False, False]
    clock.advance(seconds=31)
    assert [(a.cached, total(a)) for a in (summary(dependencies, user, FUEL) for _ in range(2))] == [
        (False, 3),
        (True, 3),
    ]


def test_answer_is_fresh_for_five_minutes_and_never_past_midnight(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """After that it is computed again, though nothing was written."""
    clock = ManualClock(NOON)
    dependencies, user = build_dependencies(clock), uuid.uuid4()
    summary(dependencies, user, FUEL)
    clock.advance(minutes=4, seconds=58)
    assert summary(dependencies, user, FUEL).cached
    clock.advance(seconds=3)
    assert not summary(dependencies, user, FUEL).cached
    clock.now = NOON.replace(hour=6, minute=58)  # 23:58 in Denver, or 00:58 in summer
    summary(dependencies, user, SpendingQuery(timezone="Etc/GMT+7"))
    clock.advance(minutes=2)
    assert not summary(dependencies, user, SpendingQuery(timezone="Etc/GMT+7")).cached


def test_last_answer_is_served_with_its_age_while_postgres_is_down(
    stack: LocalStack, build_dependencies: Callable[..., UserDependencies]
) -> None:
    """It is marked as stale; without an earlier answer there is an error."""
    clock = ManualClock(NOON)
    dependencies, user = build_dependencies(clock), uuid.uuid4()
    write(dependencies, user, "45.00")
    summary(dependencies, user, FUEL)
    clock.advance(minutes=20)
    stack.postgres.stop()
    try:
        stale = summary(dependencies, user, FUEL).as_json()
        with pytest.raises(PamError) as raised:
            summary(dependencies, user, SpendingQuery(category="tolls"))
    finally:
        stack.postgres.start()
    assert (stale["total"], stale["stale"], stale["age_s"], stale["reason"]) == (
        "45.00",
        True,
        1200,
        "database_unavailable",
    )
    assert stale["as_of"] == NOON.astimezone(datetime.fromisoformat(stale["as_of"]).tzinfo).isoformat(
        timespec="seconds"
    )
    assert raised.value.error.code == "database_unavailable" and raised.value.retry_after
    assert summary(dependencies, user, FUEL).as_json()["stale"] is False


def test_answer_of_a_deleted_account_is_never_used(
    stack: LocalStack, build_dependencies: Callable[..., UserDependencies]
) -> None:
    """Not one that a reader stores after the deletion, nor one that a deletion which was cut short has left; neither as
    the last one while Postgres is down, nor when a new account of the same user has come to the same version."""
    dependencies = build_dependencies()
    deleted, cut_short, key = uuid.uuid4(), uuid.uuid4(), f"SpendSummary|{FUEL.key}"
    for user in (deleted, cut_short):
        write(dependencies, user, "45.00")
        summary(dependencies, user, FUEL)
    lookup, old = dependencies.cache.get(deleted, key), summary(dependencies, deleted, FUEL)
    late = CachedAnswer(old.as_json(), dependencies.clock())
    assert lookup.version and old.total == "45.00"

    delete_account(dependencies, deleted, Deadline(30))
    dependencies.cache.put(deleted, key, lookup, late, dependencies.clock() + timedelta(minutes=5))
    with dependencies.cache.write_fence(cut_short, is_deletion=True):
        pass
    stack.postgres.stop()
    try:
        for user in (deleted, cut_short):
            with pytest.raises(PamError) as raised:
                summary(dependencies, user, FUEL)
            assert raised.value.error.code == "database_unavailable"
    finally:
        stack.postgres.start()
    assert total(summary(dependencies, deleted, FUEL)) == 0
    write(dependencies, deleted, "7.00")
    dependencies.cache.put(deleted, key, lookup, late, dependencies.clock() + timedelta(minutes=5))
    assert dependencies.cache.get(deleted, key).version == lookup.version
    assert dependencies.cache.get(deleted, key).last is None
    assert total(summary(dependencies, deleted, FUEL)) == 7


def broken_cache(clock: Callable[[], datetime]) -> UserCache:
    """Return a cache whose DynamoDB refuses connections."""
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9", region_name="us-east-1", config=once)
    return UserCache(client, "answers", clock)


def test_unavailable_cache_is_a_miss_for_reads_and_an_error_for_writes(
    build_dependencies: Callable[..., UserDependencies], traveller: Traveller
) -> None:
    """Reads use the database; a write that couldn't invalidate earlier answers isn't made."""
    dependencies = build_dependencies()
    traveller.spends("7")
    without = replace(dependencies, cache=broken_cache(dependencies.clock))
    assert total(summary(without, traveller.id, FUEL)) == 7
    with pytest.raises(PamError) as raised:
        write(without, traveller.id, "1.00")
    assert raised.value.error.code == "store_unavailable"
    assert total(summary(dependencies, traveller.id, FUEL)) == 7


def test_failed_write_removes_its_fence(
    build_dependencies: Callable[..., UserDependencies],
) -> None:
    """After an exception in the transaction, readers use the cache again and see the earlier data."""
    dependencies, user = build_dependencies(), uuid.uuid4()
    write(dependencies, user, "1.00")
    with (
        pytest.raises(ZeroDivisionError),
        dependencies.cache.write_fence(user),
        dependencies.database.session(user, Deadline(5)) as connection,
    ):
        new = NewExpense(amount="2.00", category="fuel")
        create_expense(connection, read_profile(connection, user), new, dependencies.clock())
        _ = 1 / 0
    assert [(a.cached, total(a)) for a in (summary(dependencies, user, FUEL) for _ in range(2))] == [
        (False, 1),
        (True, 1),
    ]
