"""Messages and worker events that arrive more than once: each message is answered once."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from pam.chat.lifecycle.turns import TurnStore
from pam.platform.clock import utc_now
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import WRITE
from tests.functional.chat.frames import collect_frames
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until

scenario = ScenarioList()


def assert_answered_once(user: ChatUser) -> None:
    """Check that there was one model call, one expense and one turn."""
    assert len(user.claude.requests()) == len(user.rows("expenses")) == len(user.rows("turns")) == 1


@scenario
def message_from_two_connections_at_once_is_answered_once(context: ScenarioContext) -> None:
    """Each connection, and a later one, can receive the whole answer."""
    user = context.new_user()
    user.claude.script(WRITE)
    message_id = str(uuid4())
    sockets = [user.socket, user.connect_socket()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda socket: user.send(message_id=message_id, socket=socket), sockets))
    wait_until(lambda: (context.table.get(f"turn#{user.id}", f"{message_id}#state") or {}).get("state") == "ended")
    answers = []
    for socket in sockets:
        socket.send("resume", message_id=message_id, after=0)
        answers.append(collect_frames(socket))
    assert answers[0] == answers[1]
    assert answers[0][-1]["type"] == "done"
    assert_answered_once(user)
    user.conversation_id = answers[0][0]["conversation_id"]
    user.socket = user.connect_socket()
    assert user.ask(message_id=message_id) == answers[0]
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@scenario
def message_repeated_after_every_lease_returns_its_answer(context: ScenarioContext) -> None:
    """By a clock that is 90 seconds ahead, a repeated message isn't answered again."""
    user, backend = context.new_user(), context.backend
    user.claude.script(WRITE)
    message_id = str(uuid4())
    frames = backend.ask(user, message_id=message_id)
    backend.wait()
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + timedelta(seconds=90)))
    assert backend.ask(user, message_id=message_id) == frames
    assert_answered_once(user)
    user.ask_follow_up()


@scenario
def fast_question_repeated_over_a_new_connection_is_answered_there(context: ScenarioContext) -> None:
    """The message arrives again while its fast answer is being stored."""
    user, backend = context.new_user(), context.backend
    question = {"message_id": str(uuid4()), "text": "How much did I spend on gas this month?"}
    newer: list[ChatSocket] = []

    def repeat_question(operation: str, request: Mapping[str, Any]) -> bool:
        if operation == "UpdateItem" and "#frames" in request["UpdateExpression"] and not newer:
            newer.append(user.connect_socket())
            newer[0].send("chat", **question)
            assert newer[0].receive()["type"] == "ack"
        return False

    backend.dynamodb.should_throttle = repeat_question
    backend.send(user, "chat", **question)
    frames = collect_frames(newer[0])
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    user.socket = newer[0]
    user.conversation_id = frames[0]["conversation_id"]
    user.ask_follow_up()


@scenario
def worker_event_delivered_twice_is_answered_once(context: ScenarioContext) -> None:
    """Two deliveries at once and a third one after the end make one model call."""
    user, backend = context.new_user(), context.backend
    backend.deliveries = 2
    user.claude.script(WRITE)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done"
    turn = backend.chat.turns.get(user.id, UUID(frames[0]["message_id"]))
    assert turn is not None
    backend.invoke(turn)
    backend.wait()
    assert_answered_once(user)
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def worker_event_of_an_ended_or_unknown_turn_is_ignored(context: ScenarioContext) -> None:
    """The worker function succeeds without a model call."""
    user = context.new_user()
    user.claude.script(WRITE)
    frames = user.ask()
    worker = context.stack.functions["chat_worker"]
    for message_id in (frames[0]["message_id"], str(uuid4())):
        job = {"user_id": str(user.id), "message_id": message_id, "conversation_id": user.conversation_id}
        assert worker.invoke(job | {"timezone": None}).function_error is None
    assert user.resume(frames[0]["message_id"]) == frames
    assert_answered_once(user)
    user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
