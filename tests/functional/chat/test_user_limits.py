"""Limits per user hold when requests come at once, are reserved before the action, and don't delay other users."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from bench import chat_fairness
from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.gateway.connections import MAX_CONNECTIONS_PER_USER, ConnectionRegistry
from pam.chat.lifecycle.limits import MAX_QUESTIONS_PER_MINUTE, ChatLimits, CostCaps
from pam.chat.lifecycle.permits import MAX_RUNNING_PER_USER, MAX_WAITING_PER_USER, STALLED_AFTER, TurnPermits
from pam.platform.clock import Clock, utc_now
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import PamError
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import LONG_ANSWER, SHORT_ANSWER, SHORT_TEXT, failing_reply
from tests.functional.chat.fault_proxies import DynamoProxy
from tests.functional.chat.frames import check_frames, frames_of
from tests.functional.chat.in_process_backend import dynamodb_client
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

CAPS = CostCaps(turn=Decimal("0.05"), user_day=Decimal("0.50"), stage_day=Decimal(1000))

T = TypeVar("T")

scenario = ScenarioList()


def at_once(count: int, action: Callable[[int], T]) -> list[T]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(action, range(count)))


@pytest.fixture
def proxy(stack: LocalStack, lambda_environment: None) -> Iterator[DynamoProxy]:
    """A proxy in front of DynamoDB that can drop a response."""
    proxy = DynamoProxy(stack.aws_endpoint)
    yield proxy
    proxy.close()


@pytest.fixture
def table(stack: LocalStack, proxy: DynamoProxy) -> DynamoTable:
    """The chat table behind the proxy."""
    return Bootstrap(stack.environment_of("chat"), dynamodb=dynamodb_client(proxy)).chat_table


def later(**duration: float) -> Clock:
    return lambda: utc_now() + timedelta(**duration)


def test_connections_opened_at_once_dont_exceed_the_limit(chat_table: DynamoTable) -> None:
    """Of 40 exactly 20 are accepted; one that closes makes room for one."""
    user, connections = uuid.uuid4(), ConnectionRegistry(chat_table, utc_now)
    accepted = at_once(40, lambda number: connections.add(user, f"c{number}"))
    assert sum(accepted) == MAX_CONNECTIONS_PER_USER
    connections.remove(user, f"c{accepted.index(True)}")
    connections.remove(user, "unknown")
    assert [connections.add(user, "next"), connections.add(user, "one more")] == [True, False]


def test_connections_that_were_never_closed_make_room(chat_table: DynamoTable) -> None:
    """`$disconnect` is best effort: after API Gateway's two hours a connection doesn't count."""
    user = uuid.uuid4()
    old = ConnectionRegistry(chat_table, utc_now)
    assert at_once(25, lambda number: old.add(user, f"old{number}")).count(True) == MAX_CONNECTIONS_PER_USER
    new = ConnectionRegistry(chat_table, later(hours=3))
    assert at_once(30, lambda number: new.add(user, f"new{number}")).count(True) == MAX_CONNECTIONS_PER_USER


@pytest.mark.parametrize("earlier", [0, 1, MAX_CONNECTIONS_PER_USER - 1])
def test_connection_counts_once_when_the_response_is_lost(table: DynamoTable, proxy: DynamoProxy, earlier: int) -> None:
    """It is accepted, and the user has exactly the others left."""
    user, connections = uuid.uuid4(), ConnectionRegistry(table, utc_now)
    for number in range(earlier):
        assert connections.add(user, f"c{number}")
    proxy.should_drop = lambda operation, _: operation == "UpdateItem"
    assert connections.add(user, "mine")
    assert proxy.dropped_count == 1
    rest = [connections.add(user, f"later{number}") for number in range(MAX_CONNECTIONS_PER_USER)]
    assert rest.count(True) == MAX_CONNECTIONS_PER_USER - earlier - 1


@pytest.mark.parametrize("second", [0, 30, 59])
def test_questions_at_once_dont_exceed_the_limit(chat_table: DynamoTable, second: int) -> None:
    """Of 60 exactly 30 pass, also around the turn of a minute; a repeated one doesn't count again."""
    start = utc_now().replace(second=second)
    user, now = uuid.uuid4(), start
    limits = ChatLimits(chat_table, CAPS, lambda: now)
    messages = [uuid.uuid4() for _ in range(60)]

    def ask(number: int) -> int | None:
        try:
            limits.take_question(user, messages[number])
        except PamError as error:
            assert error.error.code == "rate_limited"
            return error.retry_after
        return None

    outcomes = at_once(60, ask)
    assert outcomes.count(None) == MAX_QUESTIONS_PER_MINUTE
    assert {each for each in outcomes if each is not None} == {2}
    accepted, refused = outcomes.index(None), next(at for at, each in enumerate(outcomes) if each)
    assert [ask(accepted), ask(refused)] == [None, 2]
    now = start + timedelta(seconds=2)
    assert sorted(at_once(10, lambda _: ask(refused)), key=str) == [None] * 10
    assert ask(outcomes.index(2, refused + 1)) == 2


def test_turns_at_once_get_the_permits_in_order(chat_table: DynamoTable) -> None:
    """Three run, ten wait for their position, the others are refused; each that ends is followed by the next."""
    user, permits = uuid.uuid4(), TurnPermits(chat_table, utc_now)
    turns = [uuid.uuid4() for _ in range(20)]
    positions = at_once(20, lambda number: permits.acquire(user, turns[number], is_accepted=False).position)
    counts = Counter(positions)
    assert counts.pop(0) == MAX_RUNNING_PER_USER
    assert counts.pop(None) == 20 - MAX_RUNNING_PER_USER - MAX_WAITING_PER_USER
    assert counts == Counter(range(1, MAX_WAITING_PER_USER + 1))
    by_position = {position: turn for turn, position in zip(turns, positions, strict=True)}
    running = set(permits.holders(user))
    for position in range(1, MAX_WAITING_PER_USER + 1):
        following = permits.release(user, running.pop())
        assert following == by_position[position]
        running = set(permits.holders(user))
        assert following in running and len(running) == MAX_RUNNING_PER_USER
    assert [permits.release(user, turn) for turn in running] == [None] * MAX_RUNNING_PER_USER
    assert permits.acquire(user, uuid.uuid4(), is_accepted=False).position == 0


@pytest.mark.parametrize("others", [0, 1, 5])
def test_permit_is_acquired_and_released_once_when_responses_are_lost(
    table: DynamoTable, proxy: DynamoProxy, others: int
) -> None:
    """The turn has one permit or one place, and the caller learns which turn to start."""
    user, permits = uuid.uuid4(), TurnPermits(table, utc_now)
    earlier = [uuid.uuid4() for _ in range(others)]
    for turn in earlier:
        permits.acquire(user, turn, is_accepted=True)
    mine, following = uuid.uuid4(), uuid.uuid4()
    proxy.should_drop = lambda operation, _: operation == "UpdateItem"
    expected = max(0, others + 1 - MAX_RUNNING_PER_USER)
    assert permits.acquire(user, mine, is_accepted=True).position == expected
    permits.acquire(user, following, is_accepted=True)
    for turn in earlier:
        permits.release(user, turn)
    fillers = [uuid.uuid4() for _ in range(MAX_RUNNING_PER_USER - 2)]
    for turn in [*fillers, last := uuid.uuid4()]:
        permits.acquire(user, turn, is_accepted=True)
    proxy.should_drop = lambda operation, _: operation == "UpdateItem"
    assert permits.release(user, mine) == last
    assert proxy.dropped_count == 2
    assert set(permits.holders(user)) == {following, *fillers, last}


def test_permits_that_dont_change_hands_are_reported(chat_table: DynamoTable) -> None:
    """Their turns may be lost. A turn that gets a permit has no reason to look."""
    user, permits = uuid.uuid4(), TurnPermits(chat_table, utc_now)
    turns = [uuid.uuid4() for _ in range(MAX_RUNNING_PER_USER)]
    assert not any(permits.acquire(user, turn, is_accepted=False).is_stalled for turn in turns)
    assert not permits.acquire(user, uuid.uuid4(), is_accepted=False).is_stalled
    much_later = TurnPermits(chat_table, later(seconds=STALLED_AFTER.total_seconds() + 1))
    assert much_later.acquire(user, uuid.uuid4(), is_accepted=False).is_stalled
    assert not much_later.acquire(uuid.uuid4(), uuid.uuid4(), is_accepted=False).is_stalled


def ask_in_a_new_conversation(user: ChatUser) -> str:
    return user.socket.send_question(f"What now? {user.claude.marker}")


@scenario
def questions_of_many_conversations_wait_and_are_all_answered(context: ScenarioContext) -> None:
    """The fourth waits with its position until one of the first three has ended; all end with their own answers."""
    user = context.new_user()
    user.claude.script(failing_reply("silence_in_text", LONG_ANSWER, times=None, seconds=1.5))
    running = [ask_in_a_new_conversation(user) for _ in range(MAX_RUNNING_PER_USER)]
    frames = []
    while {frame["message_id"] for frame in frames if frame["type"] == "delta"} != set(running):
        frames.append(user.socket.receive())
    waiting = []
    for position in (1, 2):
        waiting.append(ask_in_a_new_conversation(user))
        frames += user.socket.receive_until("queued")
        assert frames[-1]["position"] == position
    while sum(frame["type"] == "done" for frame in frames) < len(running) + len(waiting):
        frames.append(user.socket.receive())
    for message_id in running + waiting:
        assert check_frames(frames_of(message_id, frames))[-1]["type"] == "done"
    starts = [
        next(at for at, frame in enumerate(frames) if (frame["message_id"], frame["type"]) == (message_id, "delta"))
        for message_id in waiting
    ]
    first_end = next(at for at, frame in enumerate(frames) if frame["type"] == "done")
    assert first_end < min(starts)


@scenario
def turns_behind_lost_ones_are_started(context: ScenarioContext) -> None:
    """A question of another conversation waits for permits whose turns are lost, and is answered once it is resumed."""
    user = context.new_user()
    user.claude.script(SHORT_ANSWER)
    permits = TurnPermits(context.table, utc_now)
    for _ in range(MAX_RUNNING_PER_USER):  # turns whose items have expired
        assert permits.acquire(user.id, uuid.uuid4(), is_accepted=False).position == 0
    message_id = user.send()
    assert user.socket.receive_until("queued")[-1]["position"] == 1
    assert check_frames(user.resume(message_id))[-1]["text"] == SHORT_TEXT


def test_burst_of_one_user_takes_its_permits_only(stack: LocalStack) -> None:
    """The short form of the benchmark chat_fairness, which measures how long another user waits."""
    burst = 20
    chat_fairness.set_replies(stack, answer_s=1.0)
    outcome = chat_fairness.measure(stack, burst, interval_s=0.5)
    assert outcome.most_at_once <= MAX_RUNNING_PER_USER
    assert outcome.ends.keys() <= {"done", "queue_full"}
    assert outcome.ends["done"] >= MAX_RUNNING_PER_USER + MAX_WAITING_PER_USER
    assert outcome.ends.total() == burst


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
