"""What a deletion removes from the stored frames and prompts of turns that stay."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import LONG_ANSWER, READ, SHORT_ANSWER, pausing_reply, step, text, use
from tests.functional.chat.frames import check_frames
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.test_memory_deletion import ask_about, delete_message, traces
from tests.functional.chat.waiting import wait_until
from tests.functional.memory.traces import items_with, rows_of_user

scenario = ScenarioList()

QUESTION = "Which pump did we say it was?"


def resume(user: ChatUser, message_id: str, *types: str) -> Any:
    """Return all frames of a message that has ended, as they are stored."""
    user.socket.send("resume", message_id=message_id, after=0)
    return user.socket.receive_until(*types)


def confirm(user: ChatUser, request: dict[str, Any]) -> Any:
    """Confirm what PAM asked for; return the outcome."""
    user.socket.send("confirm", confirmation_id=request["confirmation_id"], decision="yes", digest=request["digest"])
    return user.socket.receive_until("confirmed")[-1]


@scenario
def recalled_lines_are_deleted_with_the_message_that_they_are_from(context: ScenarioContext) -> None:
    """Also what a tool has listed. The answer and all other frames can still be resumed."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    message_id, _ = ask_about(user, f"The {word} pump.", use("remember_fact", subject="pump", value=word))
    asked, frames = ask_about(
        user, QUESTION, step(use("list_memories")), text("The old one."), conversation_id=str(uuid4())
    )
    assert word in str(frames[-1]["memory"]) and word in str(frames[1:-1])
    assert word in user.ask_follow_up()
    delete_message(user, message_id)
    assert traces(context, word) == []
    assert word not in user.ask_follow_up()
    resumed = check_frames(resume(user, asked, "done"))
    assert [frame["type"] for frame in resumed] == [frame["type"] for frame in frames]
    assert (resumed[-1]["text"], resumed[-1]["memory"]) == (frames[-1]["text"], [])


@scenario
def recalled_lines_of_a_turn_that_runs_are_deleted_at_its_end(context: ScenarioContext) -> None:
    """Its answer is stored, and says nothing of where it comes from."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    message_id, _ = ask_about(user, f"The {word} pump.", SHORT_ANSWER, conversation_id=str(uuid4()))
    user.conversation_id = str(uuid4())
    user.claude.script(step(READ), pausing_reply(LONG_ANSWER, seconds=2))
    asked = user.send(QUESTION)
    user.receive_until_pause()
    delete_message(user, message_id)
    user.socket.receive_until("done")
    wait_until(lambda: not items_with(context.stack, word))
    assert resume(user, asked, "done")[-1]["memory"] == []


@scenario
def confirmed_deletion_of_everything_leaves_no_text_of_the_turn_that_asked(context: ScenarioContext) -> None:
    """Neither what it recalled, listed and answered, nor another confirmation; the outcome can be resumed."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    ask_about(user, f"The {word} pump.", use("remember_fact", subject="pump", value=word))
    asked, frames = ask_about(
        user,
        f"{QUESTION} The {word} one?",
        step(text(f"The {word}."), use("list_memories")),
        step(use("create_post", content=f"{word}"), use("forget_memory", everything=True)),
        conversation_id=str(uuid4()),
    )
    request = next(each for each in frames if each.get("name") == "forget_memory" and "digest" in each)
    assert len([each for each in frames if each["type"] == "confirm_request"]) == 2
    for _ in range(2):
        assert confirm(user, request)["text"].endswith("Your money, trips and profile stay.")
    assert (traces(context, word), rows_of_user(context.owner, user.id)) == ([], set())
    resumed = resume(user, asked, "confirmed")
    assert [each["seq"] for each in resumed] == list(range(1, len(frames) + 2))
    assert resumed[-1]["text"].endswith("Your money, trips and profile stay.")
    assert request in resumed


@scenario
def recalled_lines_are_deleted_by_a_confirmed_topic(context: ScenarioContext) -> None:
    """Of the turn that asked for it, too, and its words stay, as those of any other message."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    ask_about(user, f"The {word} pump is from Seattle.", SHORT_ANSWER, conversation_id=str(uuid4()))
    asked, frames = ask_about(
        user, f"{QUESTION} Forget it.", use("forget_memory", topic="Seattle"), conversation_id=str(uuid4())
    )
    assert word in str(frames[-1]["memory"])
    confirm(user, next(each for each in frames if each["type"] == "confirm_request"))
    assert traces(context, word) == []
    resumed = resume(user, asked, "confirmed")
    assert resumed[:-2] == frames[:-1] and resumed[-2] == frames[-1] | {"memory": []}


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(wait_for_scenario: Callable[[Scenario], None], scenario: Scenario) -> None:
    """What a deletion leaves in the frames of turns."""
    wait_for_scenario(scenario)
