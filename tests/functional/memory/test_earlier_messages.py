"""Messages from before memory are stored in it by the scheduled function, once."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from local.stack import LocalStack
from pam.memory.earlier_messages import store_earlier_messages
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from tests.conftest import Traveller

_CONVERSATION = "insert into conversations (id, user_id, profile, remembered) values (%s, %s, '', false)"
_MESSAGE = """
insert into messages (user_id, conversation_id, position, turn_id, role, content, in_context, created_at)
values (%s, %s, %s, %s, %s, %s, %s, '2026-03-01 12:00+00'::timestamptz + %s * interval '1 minute')
"""


def insert_conversation(owner: psycopg.Connection, user: uuid.UUID, *turns: list[tuple[str, list[Any], bool]]) -> None:
    """Insert a conversation as it was stored before memory: turns of (role, content, whether it is in the context)."""
    conversation, position = uuid.uuid4(), 0
    owner.execute("insert into users (id) values (%s) on conflict do nothing", [user])
    owner.execute(_CONVERSATION, [conversation, user])
    for turn in turns:
        turn_id = uuid.uuid4()
        for role, content, in_context in turn:
            values = [user, conversation, position, turn_id, role, json.dumps(content), in_context, position]
            owner.execute(_MESSAGE, values)
            position += 1


def block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


CONTEXT = block("<context>\nNow: Sunday, 2026-03-01 12:00\n</context>")
USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather_forecast", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "{}"}


def stored(owner: psycopg.Connection, user: uuid.UUID) -> list[tuple[str, str, str]]:
    sql = "select role, content, to_char(sent_at at time zone 'UTC', 'HH24:MI') from exchanges where user_id = %s"
    return owner.execute(f"{sql} order by id", [user]).fetchall()


def test_questions_and_answers_are_stored(owner: psycopg.Connection, stack: LocalStack, traveller: Traveller) -> None:
    """Without context, tools, refused questions, secrets; by the instants at which they were stored."""
    owner.execute("delete from embedding_requests")  # of other tests' users, which would take the run's time
    insert_conversation(
        owner,
        traveller.id,
        [
            ("user", [CONTEXT, block("How is the weather? My card is 4111 1111 1111 1111.")], True),
            ("assistant", [block("One moment."), USE], True),
            ("user", [RESULT], True),
            ("assistant", [block("Sunny.")], True),
        ],
        [("user", [CONTEXT, block("Something refused.")], False), ("assistant", [block("No.")], False)],
        [("user", [CONTEXT, block("Thanks!")], True)],
    )
    assert stack.functions["embed_memories"].invoke({}).function_error is None
    expected = [
        ("user", "How is the weather? My card is [card number removed].", "12:00"),
        ("assistant", "One moment. Sunny.", "12:03"),
        ("user", "Thanks!", "12:06"),
    ]
    assert stored(owner, traveller.id) == expected
    assert owner.execute("select count(*) from conversations where not remembered").fetchone() == (0,)
    assert stack.functions["embed_memories"].invoke({}).function_error is None
    assert stored(owner, traveller.id) == expected
    vectors = owner.execute("select count(embedding) from exchanges where user_id = %s", [traveller.id]).fetchone()
    assert vectors == (3,)


def test_two_runs_at_once_store_nothing_twice(owner: psycopg.Connection, database: Database) -> None:
    users = [uuid.uuid4() for _ in range(12)]
    for user in users:
        insert_conversation(owner, user, [("user", [CONTEXT, block(f"I am {user}.")], True)])
    with ThreadPoolExecutor(2) as threads:
        for run in [threads.submit(store_earlier_messages, database, Deadline(30)) for _ in range(2)]:
            run.result()
    assert [stored(owner, user)[0][1] for user in users] == [f"I am {user}." for user in users]
    assert all(len(stored(owner, user)) == 1 for user in users)


def test_without_time_nothing_is_begun(owner: psycopg.Connection, database: Database) -> None:
    user = uuid.uuid4()
    insert_conversation(owner, user, [("user", [CONTEXT, block("Hello.")], True)])
    assert store_earlier_messages(database, Deadline(2)) == 0
    assert stored(owner, user) == []
    assert store_earlier_messages(database, Deadline(30)) >= 1
    assert len(stored(owner, user)) == 1
