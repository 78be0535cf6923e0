"""Whatever happens to a run, nothing is half done, and a conversation becomes the same episodes with the same facts."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from pam.memory.summariser import SummariserDependencies
from pam.memory.summary_model import SummaryCall, SummaryModel
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database, DatabaseUnavailable
from tests.functional.memory.conftest import MemoryReader, TestConversation
from tests.words import new_word

FACTS = ("We drive a Sprinter.", "We travel with two dogs.")
VALUES = {"vehicle": "Sprinter", "dogs": "two dogs"}


class Killed(BaseException):
    """Ends a run as the end of its process does: no handler of exceptions runs."""


class FaultyDatabase(Database):
    """A database in which something happens before the n-th statement or commit."""

    def __init__(self, secret: Callable[[], str], number: int, fault: Callable[[Connection], None]) -> None:
        super().__init__(secret)
        self.left = number
        self._fault = fault

    @contextmanager
    def session(self, user_id: uuid.UUID, deadline: Deadline) -> Iterator[Any]:
        with super().session(user_id, deadline) as connection:
            yield FaultyConnection(self, connection)
            self.step(connection)

    def step(self, connection: Connection) -> None:
        self.left -= 1
        if self.left == 0:
            self._fault(connection)


class FaultyConnection:
    """The connection of a `FaultyDatabase`."""

    def __init__(self, database: FaultyDatabase, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    def execute(self, *arguments: Any) -> Any:
        self._database.step(self._connection)
        return self._connection.execute(*arguments)


class HookedModel:
    """A model, before whose calls something happens."""

    def __init__(self, model: SummaryModel, hook: Callable[[], None]) -> None:
        self._model = model
        self._hook = hook

    def call(self, *arguments: Any) -> SummaryCall:
        self._hook()
        return self._model.call(*arguments)


def kill(_connection: Connection) -> None:
    raise Killed


def close(connection: Connection) -> None:
    connection.close()


def assert_all_or_nothing(memory: MemoryReader, conversation: TestConversation) -> None:
    """The episode, the facts and the messages' references to it are there, or none of them."""
    episodes = memory.episodes(conversation)
    linked = memory.connection.execute(
        "select count(*) as rows from exchanges where user_id = %s and episode_id is not null", [conversation.user_id]
    ).fetchone()
    assert linked is not None
    expected = (0, {}) if not episodes else (4, VALUES)
    assert (linked["rows"], memory.current(conversation.user_id)) == expected
    assert bool(memory.requests(conversation)) is not bool(episodes)


@pytest.mark.parametrize("fault", [kill, close], ids=["killed", "connection closed"])
def test_run_that_ends_at_any_step_is_completed_by_the_next(
    memory: MemoryReader,
    database: Database,
    stack: LocalStack,
    summarise: Callable[..., None],
    fault: Callable[[Connection], None],
) -> None:
    """Before each statement and commit of the run, until one has so few that it completes."""
    for number in range(1, 100):
        conversation = TestConversation(database)
        conversation.say(*FACTS)
        faulty = FaultyDatabase(lambda: json.dumps(stack.postgres.app), number, fault)
        with suppress(Killed, DatabaseUnavailable):
            summarise(database=faulty)
        completed = faulty.left > 0
        faulty.close()
        assert_all_or_nothing(memory, conversation)
        if completed:
            break
        memory.make_due(conversation.user_id)
        summarise()
        assert [episode["message_count"] for episode in memory.episodes(conversation)] == [4], number
        assert_all_or_nothing(memory, conversation)
    assert 20 < number < 100, "every step was interrupted once"


def test_run_that_is_killed_while_the_model_writes_is_completed_by_the_next(
    memory: MemoryReader,
    conversation: TestConversation,
    dependencies: SummariserDependencies,
    summarise: Callable[..., None],
) -> None:
    """Its lease holds until it expires."""

    def die() -> None:
        raise Killed

    conversation.say(*FACTS)
    with pytest.raises(Killed):
        summarise(model=HookedModel(dependencies.model, die))
    summarise()
    assert memory.episodes(conversation) == [], "it is leased still"
    memory.make_due(conversation.user_id)
    summarise()
    assert_all_or_nothing(memory, conversation)
    assert len(memory.episodes(conversation)) == 1


def test_same_window_in_two_runs_becomes_one_episode(
    memory: MemoryReader,
    conversation: TestConversation,
    dependencies: SummariserDependencies,
    summarise: Callable[..., None],
) -> None:
    """Both have read it, and write at the same time: the one whose lease has expired writes nothing."""
    conversation.say(*FACTS)
    both = threading.Barrier(2, timeout=30)

    def run() -> None:
        summarise(model=HookedModel(dependencies.model, lambda: both.wait() and None))

    def start_other_run() -> None:
        memory.make_due(conversation.user_id)
        others.append(pool.submit(run))
        both.wait()

    others: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        summarise(model=HookedModel(dependencies.model, start_other_run))
        others[0].result()
    assert [episode["message_count"] for episode in memory.episodes(conversation)] == [4]
    assert_all_or_nothing(memory, conversation)
    assert len(memory.facts(conversation.user_id)) == len(VALUES)


def test_runs_at_once_summarise_each_conversation_once(
    memory: MemoryReader,
    database: Database,
    summarise: Callable[..., None],
    claude: httpx.Client,
) -> None:
    """Those of one user one after another, so that each knows the facts of the one before."""
    word = new_word()
    conversations = [TestConversation(database) for _ in range(4)]
    conversations += [each.another() for each in conversations]
    for conversation in conversations:
        conversation.say(*FACTS, word)
    with ThreadPoolExecutor(3) as pool:
        for run in [pool.submit(summarise) for _ in range(3)]:
            run.result()
    summarise()
    assert [len(memory.episodes(each)) for each in conversations] == [1] * len(conversations)
    assert all(memory.current(each.user_id) == VALUES for each in conversations)
    assert claude.get("/_journal", params={"contains": word}).json()["requests"] == len(conversations)


def test_lost_lease_writes_nothing(
    memory: MemoryReader,
    conversation: TestConversation,
    dependencies: SummariserDependencies,
    summarise: Callable[..., None],
) -> None:
    """Another run has the conversation: what this one wrote would be there twice."""
    conversation.say(*FACTS)

    def take_lease() -> None:
        memory.connection.execute(
            "update summary_requests set lease = gen_random_uuid() where user_id = %s", [conversation.user_id]
        )

    summarise(model=HookedModel(dependencies.model, take_lease))
    assert_all_or_nothing(memory, conversation)
    assert memory.episodes(conversation) == []
    assert memory.requests(conversation)[0]["attempts"] == 1, "the other run's lease is untouched"


def test_messages_deleted_meanwhile_are_in_no_summary(
    memory: MemoryReader,
    conversation: TestConversation,
    dependencies: SummariserDependencies,
    summarise: Callable[..., None],
) -> None:
    """What the traveller deletes while the model writes is not stored; the rest is summarised without it."""
    first, _ = conversation.say(*FACTS)

    def delete() -> None:
        memory.connection.execute("delete from exchanges where turn_id = %s", [first])

    hooks = [lambda: None, delete]
    summarise(model=HookedModel(dependencies.model, lambda: hooks.pop()()))
    [episode] = memory.episodes(conversation)
    assert episode["message_count"] == 2
    assert "Sprinter" not in episode["summary"]
    assert memory.current(conversation.user_id) == {"dogs": "two dogs"}


def test_deleted_conversation_is_no_error(
    memory: MemoryReader,
    conversation: TestConversation,
    dependencies: SummariserDependencies,
    summarise: Callable[..., None],
) -> None:
    """Its request is gone with it."""
    conversation.say(*FACTS)

    def delete() -> None:
        memory.connection.execute("delete from conversations where id = %s", [conversation.id])

    summarise(model=HookedModel(dependencies.model, delete))
    assert memory.episodes(conversation) == memory.facts(conversation.user_id) == memory.requests(conversation) == []


def test_backlog_is_distributed_over_copies(stack: LocalStack, memory: MemoryReader, database: Database) -> None:
    """The schedule's run starts further ones of the real function, which work at once."""
    conversations = [TestConversation(database) for _ in range(101)]
    for conversation in conversations:
        conversation.say("The weather was fine.", answer=None)
    log = stack.functions["summarise_episodes"].log
    runs = log.read_text().count("EpisodesSummarised") if log.exists() else 0
    assert stack.functions["summarise_episodes"].invoke({}).function_error is None
    for _ in range(100):
        if log.read_text().count("EpisodesSummarised") > runs + 2:  # a metric is named twice in its line
            break
        threading.Event().wait(0.1)
    assert all(len(memory.episodes(each)) == 1 for each in conversations)
    assert log.read_text().count("EpisodesSummarised") > runs + 2
