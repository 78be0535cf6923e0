"""Turns whose start was lost on the way: a client that asks for their frames has them started again."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from pam.chat.lifecycle.permits import TurnPermits
from pam.chat.lifecycle.queue import ConversationQueue
from pam.chat.lifecycle.timeouts import RESTART_INTERVAL
from pam.chat.lifecycle.turn import Turn
from pam.chat.lifecycle.turns import TurnStore
from pam.platform.clock import utc_now
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import SHORT_ANSWER, SHORT_TEXT
from tests.functional.chat.frames import Frames, check_frames
from tests.functional.chat.in_process_backend import InProcessBackend
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def wait_long(backend: InProcessBackend) -> None:
    """Move the clock of the turns to where a start has taken too long."""
    later = RESTART_INTERVAL + timedelta(seconds=1)
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + later))


def open_turn(backend: InProcessBackend, user: ChatUser, text: str) -> Turn:
    """Open a turn as a dispatcher does that dies right after it."""
    request = {"text": text, "context": {"timezone": "America/Denver", "location": None}, "retry_of": None}
    user.conversation_id = user.conversation_id or str(uuid4())
    turn = backend.chat.turns.open(user.id, uuid4(), UUID(user.conversation_id), "gone", request)
    assert turn is not None
    return turn


def resume(backend: InProcessBackend, user: ChatUser, message_id: UUID | str) -> Frames:
    """Resume a message and return all its frames."""
    backend.send(user, "resume", message_id=str(message_id), after=0)
    frames = check_frames(user.socket.receive_until("done", "error"))
    user.conversation_id = frames[0]["conversation_id"]
    return frames


@scenario
def worker_whose_event_is_lost_is_started_again(context: ScenarioContext) -> None:
    """Not before the interval has passed; then it answers once."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    backend.deliveries = 0
    message_id = backend.send_question(user)
    user.socket.receive_until("ack")
    backend.deliveries = 1
    backend.send(user, "resume", message_id=message_id, after=0)
    assert user.socket.receive()["type"] == "ack"
    backend.wait()
    assert user.claude.requests() == []
    wait_long(backend)
    assert resume(backend, user, message_id)[-1]["text"] == SHORT_TEXT
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@scenario
def turn_that_was_never_enqueued_is_started_by_the_same_message(context: ScenarioContext) -> None:
    """The client sends its question again, under the same id."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    turn = open_turn(backend, user, f"What now? {user.claude.marker}")
    wait_long(backend)
    frames = backend.ask(user, message_id=str(turn.message_id))
    assert frames[-1]["text"] == SHORT_TEXT
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@scenario
def turn_that_was_never_enqueued_waits_behind_the_running_one(context: ScenarioContext) -> None:
    """It is enqueued, and answered after it."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    backend.deliveries = 0
    first = backend.send_question(user)
    user.conversation_id = user.socket.receive_until("ack")[0]["conversation_id"]
    second = open_turn(backend, user, f"And then? {user.claude.marker}")
    wait_long(backend)
    backend.send(user, "resume", message_id=str(second.message_id), after=0)
    assert user.socket.receive()["message_id"] == str(second.message_id)
    backend.deliveries = 1
    user.claude.script(SHORT_ANSWER)
    backend.send(user, "resume", message_id=first, after=0)
    ends = [user.socket.receive_until("done", "error")[-1] for _ in range(2)]
    assert [(end["message_id"], end.get("text")) for end in ends] == [
        (first, SHORT_TEXT),
        (str(second.message_id), SHORT_TEXT),
    ]
    user.ask_follow_up()


@scenario
def restart_of_a_turn_that_is_answered_meanwhile_keeps_no_place(context: ScenarioContext) -> None:
    """Neither in the queue nor among the user's permits, whether or not another turn runs."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    turn = open_turn(backend, user, f"What now? {user.claude.marker}")
    queue, permits = ConversationQueue(backend.table, utc_now), TurnPermits(backend.table, utc_now)
    backend.chat.lifecycle.enqueue(turn)
    backend.wait()
    backend.chat.lifecycle.enqueue_again(turn)
    assert queue.members(user.id, turn.conversation_id) == (None, [])
    backend.deliveries = 0
    other = UUID(backend.send_question(user))
    backend.chat.lifecycle.enqueue_again(turn)
    assert queue.members(user.id, turn.conversation_id) == (other, [])
    assert permits.holders(user.id) == [other]
    assert len(user.claude.requests()) == 1


@scenario
def fast_write_whose_report_failed_is_reported_and_not_repeated(context: ScenarioContext) -> None:
    """The write was committed and the turn couldn't be ended: the restart finds the write by the message's key."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.should_throttle = lambda _, request: (
        {"S": "ended"} in request.get("ExpressionAttributeValues", {}).values()
    )
    message_id = backend.send_question(user, "spent $45 on fuel")
    assert user.socket.receive_until("error")[-1]["code"] == "store_unavailable"
    assert len(user.rows("expenses")) == 1
    backend.dynamodb.should_throttle = None
    wait_long(backend)
    frames = resume(backend, user, message_id)
    assert frames[-1]["intent"] == "add_expense"
    assert resume(backend, user, message_id) == frames
    assert len(user.rows("expenses")) == 1


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
