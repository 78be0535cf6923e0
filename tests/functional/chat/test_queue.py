"""Questions of one conversation: one turn runs at a time, and the others wait in their order."""

from collections.abc import Callable

import pytest

from pam.chat.lifecycle.queue import MAX_WAITING
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    SHORT_ANSWER,
    SHORT_TEXT,
    messages_text,
    pausing_reply,
)
from tests.functional.chat.frames import check_frames, frames_of
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


@scenario
def second_question_waits_and_knows_the_first_answer(context: ScenarioContext) -> None:
    """Its frames begin with `ack` and `queued`, and its prompt has the answer to the first question."""
    user = context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=1))
    first = user.send()
    frames = user.receive_until_pause()
    second, scripts = user.send_follow_up(SHORT_ANSWER)
    frames += user.socket.receive_until("done") + user.socket.receive_until("done")
    assert check_frames(frames_of(first, frames))[-1]["text"] == LONG_TEXT
    of_second = check_frames(frames_of(second, frames))
    assert [frame["type"] for frame in of_second[:2]] == ["ack", "queued"]
    assert (of_second[1]["position"], of_second[-1]["text"]) == (1, SHORT_TEXT)
    (request,) = scripts.requests()
    assert LONG_TEXT in messages_text(request["body"])
    user.ask_follow_up()


@scenario
def question_beyond_the_queue_limit_is_rejected(context: ScenarioContext) -> None:
    """The questions that wait already are answered in their order."""
    user = context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=2))
    user.send()
    user.receive_until_pause()
    waiting = []
    for position in range(1, MAX_WAITING + 1):
        waiting.append(user.send_follow_up(SHORT_ANSWER))
        assert user.socket.receive_until("queued")[-1]["position"] == position
    rejected, scripts = user.send_follow_up(SHORT_ANSWER)
    error = user.socket.receive_until("error")[-1]
    assert (error["message_id"], error["code"], error["retry_after"]) == (rejected, "queue_full", 10)
    ends = [user.socket.receive_until("done", "error")[-1] for _ in range(MAX_WAITING + 1)]
    assert [end["message_id"] for end in ends[1:]] == [message_id for message_id, _ in waiting]
    assert {end["type"] for end in ends} == {"done"}
    assert len(waiting[0][1].requests()) == MAX_WAITING  # later prompts have the first waiting question, too
    assert scripts.requests() == []
    user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
