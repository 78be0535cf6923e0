"""A turn that runs while memories are deleted writes no fact from what it has read."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import LONG_ANSWER, SHORT_ANSWER, pausing_reply, use
from tests.functional.chat.frames import check_frames, tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.test_memory_deletion import ask_about, delete_everything, delete_message, traces
from tests.functional.chat.waiting import wait_until
from tests.functional.memory.traces import rows_of_user, rows_with

scenario = ScenarioList()

_PAUSE_S = 7.0
"""Longer than a deletion takes, also on a machine under load."""


def begin(user: ChatUser, question: str, tool: dict[str, Any]) -> tuple[str, Any]:
    """Ask a question whose answer pauses before a tool call; return the message's id and the frames until then."""
    user.claude.script(pausing_reply(LONG_ANSWER, tool, seconds=_PAUSE_S), SHORT_ANSWER)
    message_id = user.send(question)
    return message_id, user.receive_until_pause()


def end(user: ChatUser, frames: Any) -> Any:
    return check_frames(frames + user.socket.receive_until("done", "error"))


@scenario
def fact_is_not_written_after_everything_was_deleted(context: ScenarioContext) -> None:
    """The traveller is told that it isn't remembered."""
    for is_first in (True, False):
        user, word = context.new_user(), f"q{uuid4().hex[:12]}"
        if not is_first:
            ask_about(user, "Hello.", SHORT_ANSWER)
        _, frames = begin(user, "Remember our dog.", use("remember_fact", subject="dog", value=word, more_to_do=True))
        delete_everything(user)
        frames = end(user, frames)
        assert tool_states(frames) == [("remember_fact", "failed")]
        assert "Memories were deleted" in str(frames) and frames[-1]["undo"] == []
        wait_until(lambda user=user, word=word: not traces(context, word))  # type: ignore[misc]
        assert rows_of_user(context.owner, user.id) == set()
        assert rows_with(context.owner, word) == set()


@scenario
def fact_is_not_written_after_its_own_question_was_deleted(context: ScenarioContext) -> None:
    """Other messages of the conversation stay."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    ask_about(user, "Hello.", SHORT_ANSWER)
    message_id, frames = begin(user, "Remember our dog.", use("remember_fact", subject="dog", value=word))
    wait_until(lambda: any(str(row["turn_id"]) == message_id for row in user.rows("messages")))
    delete_message(user, message_id)
    end(user, frames)
    wait_until(lambda: not traces(context, word))
    assert user.rows("facts") == [] and len(user.rows("messages")) == 2


@scenario
def deleted_memory_is_not_written_again_by_a_turn_that_recalled_it(context: ScenarioContext) -> None:
    """Neither as a new fact nor as the correction of another one."""
    for name in ("remember_fact", "correct_memory"):
        user, word = context.new_user(), f"q{uuid4().hex[:12]}"
        message_id, _ = ask_about(user, f"The {word} pump.", SHORT_ANSWER, conversation_id=str(uuid4()))
        ask_about(user, "Remember our cats.", use("remember_fact", subject="cats", value="two"))
        [fact] = user.rows("facts")
        user.conversation_id = str(uuid4())
        arguments = {"subject": "pump"} if name == "remember_fact" else {"fact_id": str(fact["id"])}
        question = f"Which pump did we say it was? Remember {word} as the pump, in place of {fact['id']}."
        _, frames = begin(user, question, use(name, value=word, **arguments))
        delete_message(user, message_id)
        frames = end(user, frames)
        assert tool_states(frames)[-1] == (name, "failed")
        assert not rows_with(context.owner, word) & {"facts", "effects", "memory_words"}
        assert [row["value"] for row in user.rows("facts")] == ["two"]


@scenario
def fact_of_a_question_after_a_deletion_is_written(context: ScenarioContext) -> None:
    """A moment later is late enough."""
    user = context.new_user()
    ask_about(user, "Hello.", SHORT_ANSWER)
    delete_everything(user)
    _, frames = ask_about(user, "Remember our dog.", use("remember_fact", subject="dog", value="Rex"))
    assert tool_states(frames) == [("remember_fact", "done")]
    assert [row["value"] for row in user.rows("facts")] == ["Rex"]


@scenario
def undo_of_a_later_write_does_not_bring_back_a_deleted_value(context: ScenarioContext) -> None:
    """Its record had that value, as the one before. What the later question stated stays."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    first, _ = ask_about(user, "Remember our dog.", use("remember_fact", subject="dog", value=word))
    _, frames = ask_about(user, "Remember our new dog Rex.", use("remember_fact", subject="dog", value="Rex"))
    assert f"Before: {word}." in frames[-1]["text"]
    delete_message(user, first)
    assert not rows_with(context.owner, word) & {"facts", "memory_words", "effects", "memory_selections"}
    undone = user.http.delete(frames[-1]["undo"][0]["href"])
    assert (undone.status_code, undone.json()["code"]) == (404, "effect_not_found")
    assert [row["value"] for row in user.rows("facts")] == ["Rex"]
    assert [row["told"]["text"] for row in user.rows("effects") if row["told"]["data"].get("value") == "Rex"] == [
        "I'll remember this: dog: Rex."
    ]


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(wait_for_scenario: Callable[[Scenario], None], scenario: Scenario) -> None:
    """What a turn writes of what is deleted meanwhile."""
    wait_for_scenario(scenario)
