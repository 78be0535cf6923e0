"""The scheduled function embeds each message once, also after an outage of Gemini."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from pam.memory.embedding_requests import MAX_ATTEMPTS
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.postgres import Database
from pam.users.profile import ensure_user
from tests.words import new_word

INSERT_CONVERSATION = "insert into conversations (id, user_id, profile) values (%s, %s, '')"


@pytest.fixture
def store(database: Database) -> Callable[..., uuid.UUID]:
    """Store messages of one turn of a new user, or of a given one; return the user's id."""

    def store_texts(*texts: str, user: uuid.UUID | None = None) -> uuid.UUID:
        user, conversation = user or uuid.uuid4(), uuid.uuid4()
        with database.session(user, Deadline(10)) as connection:
            ensure_user(connection, user)
            connection.execute(INSERT_CONVERSATION, (conversation, user))
            messages = [ExchangeMessage("user", text, datetime.now(UTC)) for text in texts]
            for message in messages:
                store_exchange(connection, user, conversation, uuid.uuid4(), [message])
        return user

    return store_texts


@pytest.fixture
def gemini(stack: LocalStack) -> Iterator[httpx.Client]:
    """The stand-in for Gemini."""
    with httpx.Client(base_url=stack.gemini.url) as client:
        yield client
        client.put("/_control", json={"mode": "ok"})


def embed(stack: LocalStack) -> None:
    """Run the function as its schedule does."""
    assert stack.functions["embed_memories"].invoke({}).function_error is None


def embedded(owner: psycopg.Connection, user: uuid.UUID) -> list[bool]:
    """Return of each of a user's passages whether it has a vector of the stack's model."""
    rows = owner.execute(
        "select embedding_model, embedding_dimensions from exchanges where user_id = %s order by id", [user]
    ).fetchall()
    assert set(rows) <= {(None, None), ("minilm", 1536)}
    return [model is not None for model, _ in rows]


def make_due(owner: psycopg.Connection, user: uuid.UUID) -> None:
    """Let the time pass after which a failed request is due again."""
    owner.execute("update embedding_requests set due_at = now() where user_id = %s", [user])


def requests_of(owner: psycopg.Connection, user: uuid.UUID) -> list[tuple[int, bool]]:
    """Return the attempts of the user's request, and whether it is quarantined."""
    return owner.execute(
        "select attempts, quarantined_at is not null from embedding_requests where user_id = %s", [user]
    ).fetchall()


def test_messages_are_embedded_by_one_run(
    stack: LocalStack, owner: psycopg.Connection, store: Callable[..., uuid.UUID]
) -> None:
    """Of all users; then nothing is left to do until the next message."""
    owner.execute("delete from embedding_requests")  # of other tests' users, which would take the run's time
    users = [store("The pump failed.", "We bought a new one."), store("word " * 200)]
    embed(stack)
    assert [embedded(owner, user) for user in users] == [[True, True], [True, True, True]]
    assert [requests_of(owner, user) for user in users] == [[], []]
    store("It drips again.", user=users[0])
    assert embedded(owner, users[0]) == [True, True, False]
    embed(stack)
    assert embedded(owner, users[0]) == [True, True, True]


@pytest.mark.parametrize("mode", ["503", "429"])
def test_backlog_of_an_outage_is_embedded_after_it(
    stack: LocalStack,
    owner: psycopg.Connection,
    gemini: httpx.Client,
    store: Callable[..., uuid.UUID],
    mode: str,
) -> None:
    """However often it failed: that is no fault of the message."""
    user = store("The pump failed.")
    assert gemini.put("/_control", json={"mode": mode}).status_code == 204
    for _ in range(MAX_ATTEMPTS + 1):
        make_due(owner, user)
        embed(stack)
    assert embedded(owner, user) == [False]
    assert requests_of(owner, user) == [(0, False)]
    gemini.put("/_control", json={"mode": "ok"})
    make_due(owner, user)
    embed(stack)
    assert embedded(owner, user) == [True]


def test_refused_passage_is_left_out_alone(
    stack: LocalStack, owner: psycopg.Connection, gemini: httpx.Client, store: Callable[..., uuid.UUID]
) -> None:
    """The others of its user get vectors, also its later messages, and nothing is tried again."""
    marker = new_word()
    # Of two conversations: a passage is embedded with the one before it.
    user = store("The pump failed.", "The dog is fine.")
    store(marker, user=user)
    store("We sleep in Moab.", user=user)
    assert gemini.put("/_control", json={"mode": "400", "contains": marker}).status_code == 204
    embed(stack)
    assert embedded(owner, user) == [True, True, False, True]
    assert requests_of(owner, user) == []
    store("And now in Durango.", user=user)
    embed(stack)
    assert embedded(owner, user) == [True, True, False, True, True]
    assert requests_of(owner, user) == []


def test_model_that_refuses_everything_is_at_fault_itself(
    stack: LocalStack, owner: psycopg.Connection, gemini: httpx.Client, store: Callable[..., uuid.UUID]
) -> None:
    """No passage is given up for it, whether a user has one or several."""
    users = [store("The pump failed."), store("The dog is fine.", "We sleep in Moab.")]
    assert gemini.put("/_control", json={"mode": "400"}).status_code == 204
    embed(stack)
    gemini.put("/_control", json={"mode": "ok"})
    for user in users:
        make_due(owner, user)
    embed(stack)
    assert [embedded(owner, user) for user in users] == [[True], [True, True]]


def test_quarantine_is_recorded_as_the_alarm_reads_it(
    stack: LocalStack, owner: psycopg.Connection, store: Callable[..., uuid.UUID]
) -> None:
    """With the name and the dimension of the alarm, in the run after the last attempt."""
    user = store("The pump failed.")
    owner.execute("update embedding_requests set attempts = %s where user_id = %s", [MAX_ATTEMPTS, user])
    embed(stack)
    assert (embedded(owner, user), requests_of(owner, user)) == ([False], [(MAX_ATTEMPTS, True)])
    lines = stack.functions["embed_memories"].log.read_text().splitlines()
    written = [json.loads(line) for line in lines if line.startswith("{") and Metric.EMBEDDING_QUARANTINED in line]
    assert {line["service"] for line in written} == {"embed_memories"}
    assert sum(written[-1][Metric.EMBEDDING_QUARANTINED]) == 1


def test_two_runs_at_once_embed_each_passage_once(
    stack: LocalStack, owner: psycopg.Connection, gemini: httpx.Client, store: Callable[..., uuid.UUID]
) -> None:
    """A user is leased to one run."""
    marker = new_word()
    users = [store(f"{marker} {number}") for number in range(6)]
    with ThreadPoolExecutor(2) as runs:
        list(runs.map(embed, [stack, stack]))
    assert all(embedded(owner, user) == [True] for user in users)
    assert gemini.get("/_journal", params={"contains": marker}).json()["requests"] == len(users)
