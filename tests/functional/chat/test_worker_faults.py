"""Workers that can't be started, never start, or are frozen for longer than their lease."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pam.chat.lifecycle.timeouts import START_TIMEOUT
from pam.chat.lifecycle.turns import TurnStore
from pam.chat.lifecycle.workers import WorkerInvoker
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.errors import PamError
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.claude_scripts import SHORT_ANSWER, WRITE, step, use
from tests.functional.chat.fake_tools import empty_result, fake_reader
from tests.functional.chat.frames import check_frames, tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


@scenario
def worker_that_cannot_be_invoked_fails_the_turn_at_once(context: ScenarioContext) -> None:
    """The next question of the conversation is answered."""
    user, backend = context.new_user(), context.backend
    backend.replace(worker_invoker=WorkerInvoker(aws.client("lambda"), "unknown-function:live"))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 5)
    user.ask_follow_up()


@scenario
def turn_that_no_worker_starts_is_lost_after_the_start_timeout(context: ScenarioContext) -> None:
    """The worker can't take the lease; a `resume` after the timeout returns the error, without a model call."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.should_throttle = lambda _, request: (
        request.get("ConditionExpression", "").startswith("#state = :queued")
        and ":running" in request["ExpressionAttributeValues"]
    )
    message_id = backend.send_question(user)
    user.conversation_id = user.socket.receive_until("ack")[0]["conversation_id"]
    with pytest.raises(PamError, match="can't reach its storage"):
        backend.wait()
    backend.dynamodb.should_throttle = None
    later = utc_now() + START_TIMEOUT + timedelta(minutes=1)
    backend.replace(turns=TurnStore(backend.table, lambda: later))
    backend.send(user, "resume", message_id=message_id, after=0)
    frames = check_frames(user.socket.receive_until("done", "error"))
    assert frames[-1]["code"] == "turn_lost"
    assert user.claude.requests() == []
    user.ask_follow_up()


@scenario
def worker_frozen_beyond_its_lease_sends_no_more_frames(context: ScenarioContext) -> None:
    """The frames end with the error that was sent when the turn was declared lost."""
    user, backend = context.new_user(), context.backend

    def hang() -> ToolResult:
        backend.released.wait(60)
        return empty_result()

    backend.add_tools(fake_reader("hang", hang, timeout_s=60))
    user.claude.script(step(use("hang"), WRITE), SHORT_ANSWER)
    message_id = backend.send_question(user)
    received = user.socket.receive_until("tool")
    while tool_states(received) != [("hang", "running"), ("create_expense", "done")]:
        received.append(user.socket.receive())
    turns = backend.chat.turns
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + timedelta(minutes=1)))
    backend.send(user, "resume", message_id=message_id, after=len(received))
    backend.replace(turns=turns)
    frames = check_frames(received + user.socket.receive_until("done", "error"))
    assert frames[-1]["code"] == "turn_lost"
    backend.wait()
    backend.released.set()
    assert user.resume(message_id) == frames
    user.conversation_id = frames[0]["conversation_id"]
    user.ask_follow_up()
    user.messages()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
