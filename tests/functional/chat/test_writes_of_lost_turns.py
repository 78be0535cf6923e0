"""A turn that is declared lost reports what it has written, and writes nothing more."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.chat.lifecycle.turns import TurnStore
from pam.ledger.operation import WriteOperation
from pam.platform.clock import utc_now
from pam.tools.catalog import TOOLS
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import SHORT_ANSWER, WRITE, WRITE_TEXT, step, use
from tests.functional.chat.frames import Frames, check_frames, tool_states
from tests.functional.chat.in_process_backend import InProcessBackend
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until

scenario = ScenarioList()


def recover(backend: InProcessBackend, user: ChatUser, message_id: str, received: Frames) -> Frames:
    """Resume a running turn as if its lease had expired; return all its frames."""
    turns = backend.chat.turns
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + timedelta(minutes=1)))
    backend.send(user, "resume", message_id=message_id, after=len(received))
    backend.replace(turns=turns)
    frames = check_frames(received + user.socket.receive_until("done", "error"))
    user.conversation_id = frames[0]["conversation_id"]
    assert frames[-1]["code"] == "turn_lost"
    return frames


def block_after_commit(backend: InProcessBackend, user: ChatUser, effects: int) -> None:
    """Have the worker hang once the user has so many effects, before it knows that the last one is committed."""

    def block(operation: str, request: Mapping[str, Any]) -> bool:
        if "#fences" in request.get("UpdateExpression", "") and len(user.rows("effects")) == effects:
            backend.released.wait(60)
        return False

    backend.dynamodb.should_throttle = block


def lose_after_commit(backend: InProcessBackend, user: ChatUser, *replies: Any) -> Frames:
    """Ask a question whose worker hangs once its expense is committed, and recover the turn; return all its frames."""
    block_after_commit(backend, user, effects=1)
    user.claude.script(*replies)
    message_id = backend.send_question(user)
    received = user.socket.receive_until("tool")
    wait_until(lambda: len(user.rows("expenses")) == 1)
    return recover(backend, user, message_id, received)


@scenario
def committed_write_of_a_lost_turn_is_reported_with_its_undo(context: ScenarioContext) -> None:
    """Its tool is shown as done, the error offers the undo, and the next prompt has the write."""
    user, backend = context.new_user(), context.backend
    frames = lose_after_commit(backend, user, WRITE)
    message_id = frames[0]["message_id"]
    assert tool_states(frames) == [("create_expense", "done")]
    assert WRITE_TEXT in frames[-1]["message"]
    [undo] = frames[-1]["undo"]
    backend.released.set()
    backend.wait()
    assert user.resume(message_id) == frames
    assert WRITE_TEXT in user.ask_follow_up()
    user.http.request(undo["method"], undo["href"]).raise_for_status()
    assert [row["undone_at"] is not None for row in user.rows("effects")] == [True]


@scenario
def question_that_is_asked_again_after_a_lost_turn_writes_once(context: ScenarioContext) -> None:
    """`retry_of` names the lost message: the same call has the first one's result."""
    user, backend = context.new_user(), context.backend
    message_id = lose_after_commit(backend, user, WRITE, WRITE)[0]["message_id"]
    backend.released.set()
    backend.wait()
    scope = {"conversation_id": user.conversation_id, "text": f"What now? {user.claude.marker}"}
    for again in ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"):
        backend.send(user, "chat", message_id=again, retry_of=message_id, **scope)
        frames = check_frames(user.socket.receive_until("done", "error"))
        assert tool_states(frames) == [("create_expense", "done")]
        assert frames[-1]["text"].startswith(WRITE_TEXT)
        user.claude.script(WRITE)
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1


@scenario
def call_in_other_words_repeats_the_write_of_a_lost_turn(context: ScenarioContext) -> None:
    """The same amount and category, once: a second such call of the retry, and another amount, are other expenses."""
    user, backend = context.new_user(), context.backend
    lost = lose_after_commit(backend, user, WRITE)
    message_id = lost[0]["message_id"]
    backend.released.set()
    backend.wait()
    calls = [
        {"amount": 45, "category": "fuel", "currency": "USD", "refund": False, "description": "Diesel"},
        {"amount": 45, "category": "fuel", "description": "The other tank"},
        {"amount": 46, "category": "fuel"},
    ]
    user.claude.script(step(*(use("create_expense", **each) for each in calls)), SHORT_ANSWER)
    again = "44444444-4444-4444-8444-444444444444"
    text = f"What now? {user.claude.marker}"
    scope = {"conversation_id": user.conversation_id, "text": text}
    backend.send(user, "chat", message_id=again, retry_of=message_id, **scope)
    frames = check_frames(user.socket.receive_until("done", "error"))
    assert frames[-1]["type"] == "done", frames[-1]
    assert len(user.rows("expenses")) == 3
    assert lost[-1]["undo"][0]["href"] in {undo["href"] for undo in frames[-1]["undo"]}
    assert len(frames[-1]["undo"]) == 3


@scenario
def fast_answer_that_is_asked_again_writes_once(context: ScenarioContext) -> None:
    """With `retry_of`, the expense of the first message is reported again."""
    user, backend = context.new_user(), context.backend
    text = "spent $45 on fuel"
    frames = backend.ask(user, text)
    assert frames[-1]["intent"] == "add_expense"
    backend.send(
        user, "chat", message_id="33333333-3333-4333-8333-333333333333", retry_of=frames[0]["message_id"], text=text
    )
    again = check_frames(user.socket.receive_until("done", "error"))
    assert again[-1]["answer"]["expense"]["id"] == frames[-1]["answer"]["expense"]["id"]
    assert len(user.rows("expenses")) == 1


@scenario
def write_of_a_worker_that_lost_its_lease_is_not_done(context: ScenarioContext) -> None:
    """It was preparing the write when its turn was declared lost."""
    user, backend = context.new_user(), context.backend
    create = TOOLS["create_expense"]
    assert create.operation is not None
    write = create.operation.write

    def prepare(*_: object) -> None:
        backend.released.wait(60)

    operation = WriteOperation(create.name, lambda write_context, operands: write(write_context, operands[:1]))
    backend.add_tools(replace(create, operation=operation, prepare=prepare, timeout_s=30))
    user.claude.script(step(WRITE, use("get_spending_summary", period="this_month")), SHORT_ANSWER)
    message_id = backend.send_question(user)
    received = user.socket.receive_until("tool")
    while len(tool_states(received)) < 2 or "running" not in dict(tool_states(received)).values():
        received.append(user.socket.receive())
    while ("get_spending_summary", "done") not in tool_states(received):
        received.append(user.socket.receive())
    frames = recover(backend, user, message_id, received)
    assert dict(tool_states(frames))["create_expense"] == "failed"
    assert "changed nothing" in frames[-1]["message"]
    backend.released.set()
    backend.wait()
    assert user.rows("expenses") == user.rows("effects") == []
    assert user.resume(message_id) == frames
    user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
