"""What a load test finds in the stores after its run: nothing of a good run, and each planted violation."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg
import pytest

from load.aws import local_client
from load.invariants import Invariants
from load.plan import PlannedMessage, PlannedUser
from load.records import MessageRecord, Records
from local.chat_client import open_chat
from local.stack import LocalStack


@dataclass
class Run:
    """A traveller who has added an expense and asked Claude something, on a stack of its own."""

    stack: LocalStack
    user: PlannedUser
    records: Records
    owner: psycopg.Connection

    def broken(self) -> list[str]:
        """What is found, without waiting."""
        return Invariants(self.stack, [self.user], self.records, settle_timeout_s=0).broken()


def _record(message: PlannedMessage, user: str, tier: int) -> MessageRecord:
    return MessageRecord(
        message.message_id, user, "websocket", message.tier, 0, message.amount, "done", "", (), 20.0, answered_tier=tier
    )


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """A stack whose queues no other test fills."""
    with TemporaryDirectory(prefix="pam-") as state, LocalStack(Path(state), claude_profile="zero") as stack:
        yield stack


@pytest.fixture
def run(stack: LocalStack) -> Iterator[Run]:
    """A good run."""
    user = str(uuid.uuid4())
    messages = (
        PlannedMessage(str(uuid.uuid4()), "Add $1.23 expense for gas", 2, 0.0, "1.23"),
        PlannedMessage(str(uuid.uuid4()), "What should I check on the rig before a long drive?", 3, 1.0),
    )
    planned = PlannedUser(user, stack.token(user), "websocket", messages)
    with open_chat(stack.url, planned.token) as chat:
        ends = [chat.ask(message.text)[-1].frame for message in messages]
    assert [(end["type"], end["tier"]) for end in ends] == [("done", 2), ("done", 3)]
    records = Records([_record(message, user, end["tier"]) for message, end in zip(messages, ends, strict=True)])
    stack.functions["embed_memories"].invoke({})
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner:
        yield Run(stack, planned, records, owner)


def _ask_again(run: Run) -> None:
    with open_chat(run.stack.url, run.user.token) as chat:
        chat.ask("Add $1.23 expense for gas")
    run.stack.functions["embed_memories"].invoke({})


def _change_sum(run: Run) -> None:
    run.broken()  # the summary is cached
    run.owner.execute("update expenses set amount = amount + 1 where user_id = %s", (run.user.user_id,))


def _break_pair(block: str) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.owner.execute(
            "update messages set content = (content::jsonb || %s::jsonb)::json where (user_id, position) in"
            " (select user_id, max(position) from messages where user_id = %s group by 1)",
            (block, run.user.user_id),
        )

    return change


def _break_pair_in_the_middle(role: str, block: str) -> Callable[[Run], None]:
    """Add a block to the first message of a role that has one after it."""

    def change(run: Run) -> None:
        query = "select distinct conversation_id::text from messages where user_id = %s"
        [(conversation,)] = run.owner.execute(query, (run.user.user_id,)).fetchall()
        with open_chat(run.stack.url, run.user.token) as chat:
            assert chat.ask("What about the tyres, do you think?", conversation)[-1].frame["type"] == "done"
        run.owner.execute(
            "update messages set content = (content::jsonb || %s::jsonb)::json where role = %s and (user_id, position)"
            " in (select user_id, min(position) filter (where role = %s and position > 0) from messages"
            " where user_id = %s group by 1)",
            (block, role, role, run.user.user_id),
        )

    return change


def _remove_vector(run: Run) -> None:
    run.owner.execute(
        "update exchanges set embedding = null, embedding_model = null, embedding_dimensions = null where user_id = %s",
        (run.user.user_id,),
    )


def _send_dead_letter(run: Run, message_id: str) -> None:
    client = local_client(run.stack, "sqs")
    body = json.dumps({"message_id": message_id})
    client.send_message(QueueUrl=client.list_queues()["QueueUrls"][0], MessageBody=body)


def test_good_run_breaks_nothing(run: Run) -> None:
    """Neither at first nor after the questions that the checks ask."""
    assert run.broken() == []
    run.stack.functions["embed_memories"].invoke({})
    assert run.broken() == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda run: run.records.messages.pop(), "1 messages have neither an answer nor an error."),
        (lambda run: run.records.doubled.append("x"), "1 messages have two ends."),
        (_ask_again, "is stored 2 times."),
        (_change_sum, "is told"),
        (
            _break_pair('[{"type": "tool_use", "id": "x", "name": "get_budget", "input": {}}]'),
            "within a call of a tool",
        ),
        (
            _break_pair_in_the_middle(
                "assistant", '[{"type": "tool_use", "id": "x", "name": "get_budget", "input": {}}]'
            ),
            "A call of a tool in",
        ),
        (
            _break_pair_in_the_middle("user", '[{"type": "tool_result", "tool_use_id": "x", "content": "{}"}]'),
            "or a result has no call.",
        ),
        (_remove_vector, "exchanges have no vector."),
        (
            lambda run: run.owner.execute("delete from exchanges where user_id = %s", (run.user.user_id,)),
            "turns are not in the memory.",
        ),
    ],
)
def test_violation_is_found(run: Run, change: Callable[[Run], object], found: str) -> None:
    """Each by its own sentence."""
    change(run)
    assert any(found in sentence for sentence in run.broken()), run.broken()


def test_conversation_that_claude_does_not_answer_is_stuck(run: Run) -> None:
    """A fast answer would hide it."""
    url = f"{run.stack.claude.url}/_control"
    httpx.put(url, json={"mode": "402"}).raise_for_status()
    try:
        assert any("takes no further question" in sentence for sentence in run.broken())
    finally:
        httpx.put(url, json={"mode": "ok"}).raise_for_status()


def test_dead_letter_is_found(run: Run) -> None:
    """Unless its message has an end: then the traveller was told."""
    _send_dead_letter(run, run.user.messages[1].message_id)
    assert run.broken() == []
    _send_dead_letter(run, str(uuid.uuid4()))
    assert "1 events were given up, and nobody was told." in run.broken()


def test_check_that_fails_is_reported(run: Run) -> None:
    """The report of the run must not be lost with it."""
    invariants = Invariants(run.stack, [replace(run.user, token="expired")], run.records, settle_timeout_s=0)
    sentences = invariants.broken()
    assert any("can't be made" in sentence or "can't be asked" in sentence for sentence in sentences)
