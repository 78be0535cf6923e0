"""Cancelled turns: running, waiting, ended, and in the middle of a tool."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from pam.ledger.operation import WriteResult
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    LONG_TEXT_START,
    SHORT_ANSWER,
    pausing_reply,
    use,
)
from tests.functional.chat.fake_tools import empty_result, empty_write, fake_reader, fake_writer
from tests.functional.chat.frames import check_frames, tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until

scenario = ScenarioList()


@scenario
def turn_cancelled_in_its_text_ends_truncated(context: ScenarioContext) -> None:
    """The text that was sent stays, the model request is closed, and the next prompt mentions the cancellation."""
    user = context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=60))
    message_id = user.send()
    frames = user.receive_until_pause()
    for _ in range(2):
        user.socket.send("cancel", message_id=message_id)
    frames = check_frames(frames + user.socket.receive_until("done", "error"))
    assert (frames[-1]["type"], frames[-1]["truncated"]) == ("done", True)
    assert frames[-1]["text"].strip() == LONG_TEXT_START
    wait_until(lambda: user.claude.requests()[0]["ended"] == "disconnected")
    next_prompt = user.ask_follow_up()
    assert LONG_TEXT_START in next_prompt
    assert "Stopped by the traveller" in next_prompt


@scenario
def turn_cancelled_in_the_queue_makes_no_model_call(context: ScenarioContext) -> None:
    """A question that waits for another one ends without text when it is its turn."""
    user = context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=1))
    user.send()
    user.receive_until_pause()
    waiting, scripts = user.send_follow_up(SHORT_ANSWER)
    user.socket.receive_until("queued")
    user.socket.send("cancel", message_id=waiting)
    frames = user.socket.receive_until("done") + user.socket.receive_until("done")
    last = frames[-1]
    assert (last["message_id"], last["text"], last["truncated"]) == (waiting, "", True)
    assert scripts.requests() == []
    user.ask_follow_up()


@scenario
def turn_cancelled_after_its_end_is_unchanged(context: ScenarioContext) -> None:
    """A `resume` returns the same frames as before."""
    user = context.new_user()
    user.claude.script(SHORT_ANSWER)
    frames = user.ask()
    user.socket.send("cancel", message_id=frames[0]["message_id"])
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def cancel_by_another_user_is_rejected(context: ScenarioContext) -> None:
    """The turn continues to its complete answer."""
    user, other = context.new_user(), context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=1))
    message_id = user.send()
    frames = user.receive_until_pause()
    other.socket.send("cancel", message_id=message_id)
    assert other.socket.receive()["code"] == "message_not_found"
    frames = check_frames(frames + user.socket.receive_until("done"))
    assert (frames[-1]["text"], frames[-1]["truncated"]) == (LONG_TEXT, False)


@scenario
def running_reader_is_abandoned_on_cancel(context: ScenarioContext) -> None:
    """No further model call is made, and the next prompt mentions that tool and turn were stopped."""
    user, backend = context.new_user(), context.backend
    message_id = str(uuid4())

    def cancel_and_hang() -> ToolResult:
        backend.send(user, "cancel", message_id=message_id)
        backend.released.wait(60)
        return empty_result()

    backend.add_tools(fake_reader("hang", cancel_and_hang, timeout_s=30))
    user.claude.script(use("hang"), SHORT_ANSWER)
    frames = backend.ask(user, message_id=message_id)
    last = frames[-1]
    assert (last["type"], last["text"], last["truncated"]) == ("done", "", True)
    assert tool_states(frames) == [("hang", "failed")]
    assert len(user.claude.requests()) == 1
    next_prompt = user.ask_follow_up()
    assert "The traveller stopped this" in next_prompt
    assert "Stopped by the traveller" in next_prompt


@scenario
def running_write_is_completed_and_reported_on_cancel(context: ScenarioContext) -> None:
    """The write happens once, and the next prompt has its result."""
    user, backend = context.new_user(), context.backend
    message_id = str(uuid4())

    def cancel_and_write() -> WriteResult:
        backend.send(user, "cancel", message_id=message_id)
        backend.wait_for_control_polls()
        return empty_write()

    backend.add_tools(fake_writer("write", cancel_and_write, timeout_s=30))
    user.claude.script(use("write"))
    frames = backend.ask(user, message_id=message_id)
    assert (frames[-1]["type"], frames[-1]["text"]) == ("done", "Written.")
    assert tool_states(frames) == [("write", "done")]
    assert len(user.rows("effects")) == 1
    assert "Written." in user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
