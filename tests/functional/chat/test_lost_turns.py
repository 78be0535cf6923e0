"""Turns whose workers were killed, after their leases have expired."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest

from local.stack import LocalStack
from pam.platform.dynamodb import DynamoTable
from pam.platform.metrics import Metric
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import (
    FOLLOW_UP_ANSWER,
    FOLLOW_UP_TEXT,
    LONG_ANSWER,
    READ,
    WRITE_TEXT,
    WRITE_WITH_MORE_TO_DO,
    pausing_reply,
    use,
)
from tests.functional.chat.frames import Frames, check_frames, collect_frames, decision_on, tool_states
from tests.functional.chat.waiting import wait_until
from tests.functional.test_observability import lines_about


@dataclass(frozen=True)
class KilledTurn:
    """A turn whose worker was killed in the middle of the text after its first tool."""

    user: ChatUser
    table: DynamoTable
    frames: Frames
    """The frames that were received before."""
    waiting: list[str]
    """The message ids of the questions that wait behind it."""

    @property
    def message_id(self) -> str:
        return str(self.frames[0]["message_id"])

    def expire_lease(self) -> None:
        """Change the turn's item to what it is once the worker has been silent for the lease's duration."""
        self.table.update(
            (f"turn#{self.user.id}", f"{self.message_id}#state"),
            "set #lease_expires_at = :past",
            {"past": time.time() - 1, "running": "running"},
            condition="#state = :running",
        )


@pytest.fixture(scope="module")
def killed_turns(stack: LocalStack, chat_table: DynamoTable) -> Iterator[dict[str, KilledTurn]]:
    """One turn for each test, by its name; all their workers are killed at once."""
    first_replies = {
        "reader": READ,
        "confirmation": use("create_post", content="Quiet at Goblin Valley.", more_to_do=True),
        "write": WRITE_WITH_MORE_TO_DO,
        "two_waiting": READ,
        "one_waiting": READ,
        "next_question": READ,
        "unstored_frames": READ,
    }
    waiting_counts = {"two_waiting": 2, "one_waiting": 1}
    with ExitStack() as opened:
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        users = {name: opened.enter_context(ChatUser(stack, owner)) for name in first_replies}
        for name, user in users.items():
            user.claude.script(first_replies[name], pausing_reply(LONG_ANSWER, seconds=60))
            user.send()
        turns = {}
        for name, user in users.items():
            frames = user.receive_until_pause()
            wait_until(lambda user=user: len(user.rows("messages")) == 3)
            waiting = []
            for _ in range(waiting_counts.get(name, 0)):
                waiting.append(user.send_follow_up(FOLLOW_UP_ANSWER)[0])
                user.socket.receive_until("queued")
            turns[name] = KilledTurn(user, chat_table, frames, waiting)
        for pid in stack.functions["chat_worker"].pids:
            os.kill(pid, signal.SIGKILL)
        yield turns


def test_resume_of_a_lost_turn_returns_its_frames_and_an_error(
    stack: LocalStack, killed_turns: dict[str, KilledTurn]
) -> None:
    """The frames that were sent stay, and the next prompt has the tool's result and the interruption.

    The question counts as failed once: the function that finds it counts it in its worker's place.
    """
    turn = killed_turns["reader"]
    turn.expire_lease()
    before = len(lines_about(stack, "chat"))
    for _ in range(2):
        frames = check_frames(turn.user.resume(turn.message_id))
        assert frames[: len(turn.frames)] == turn.frames
        assert frames[-1]["code"] == "turn_lost"
    next_prompt = turn.user.ask_follow_up()
    assert "What now?" in next_prompt
    assert "tool_result" in next_prompt
    assert "interrupted" in next_prompt

    def counted(metric: Metric, **dimensions: str) -> float:
        lines = lines_about(stack, "chat")[before:]
        return sum(sum(line.get(metric, [])) for line in lines if dimensions.items() <= line.items())

    wait_until(lambda: counted(Metric.TURN_LOST) > 0)  # a function writes its lines after its frames
    assert counted(Metric.TURN_LOST) == counted(Metric.REQUESTS, tier="3", outcome="failed") == 1


def test_end_of_a_lost_turn_reaches_a_client_with_later_frames(killed_turns: dict[str, KilledTurn]) -> None:
    """Its worker sent frames that it couldn't store, and the end has one of their numbers: it gets a later one."""
    turn = killed_turns["unstored_frames"]
    turn.expire_lease()
    later = turn.frames[-1]["seq"] + 20
    frames = turn.user.resume(turn.message_id, after=later)
    assert [frame["seq"] for frame in frames] == list(range(later + 1, later + 1 + len(frames)))
    assert (frames[-1]["type"], frames[-1]["code"]) == ("error", "turn_lost")
    # Asked with a number that is stored, it is the same end under its own number.
    stored = turn.user.resume(turn.message_id, after=turn.frames[-1]["seq"])
    assert [frame | {"seq": 0} for frame in stored] == [frame | {"seq": 0} for frame in frames]
    assert stored[-1]["seq"] <= later


def test_confirmation_of_a_lost_turn_is_performed(killed_turns: dict[str, KilledTurn]) -> None:
    """It is performed at once, and reported when the loss is found."""
    turn = killed_turns["confirmation"]
    user = turn.user
    user.socket.send("confirm", **decision_on(turn.frames))
    wait_until(lambda: len(user.rows("posts", "author_id")) == 1)
    turn.expire_lease()
    user.socket.send("resume", message_id=turn.message_id, after=0)
    collect_frames(user.socket, "error", "confirmed")
    user.socket = user.connect_socket()
    assert "is published" in user.ask_follow_up()
    assert len(user.rows("posts", "author_id")) == len(user.rows("effects")) == 1


def test_write_of_a_lost_turn_is_kept(killed_turns: dict[str, KilledTurn]) -> None:
    """It happened once, and the next prompt has its result."""
    turn = killed_turns["write"]
    turn.expire_lease()
    frames = check_frames(turn.user.resume(turn.message_id))
    assert tool_states(frames) == [("create_expense", "done")]
    assert WRITE_TEXT in turn.user.ask_follow_up()
    assert len(turn.user.rows("expenses")) == len(turn.user.rows("effects")) == 1


def test_resume_of_a_lost_turn_starts_the_waiting_ones(killed_turns: dict[str, KilledTurn]) -> None:
    """They are answered in their order without further frames of the client."""
    turn = killed_turns["two_waiting"]
    user = turn.user
    turn.expire_lease()
    user.socket.send("resume", message_id=turn.message_id, after=0)
    ends = {last["message_id"]: last for last in (user.socket.receive_until("done", "error")[-1] for _ in range(3))}
    assert ends.pop(turn.message_id)["code"] == "turn_lost"
    assert [(each, ends[each].get("text")) for each in ends] == [(each, FOLLOW_UP_TEXT) for each in turn.waiting]
    user.ask_follow_up()


def test_resume_of_a_waiting_turn_recovers_the_lost_one(killed_turns: dict[str, KilledTurn]) -> None:
    """The waiting question is answered, and the lost turn has ended."""
    turn = killed_turns["one_waiting"]
    turn.expire_lease()
    (waiting,) = turn.waiting
    assert turn.user.resume(waiting)[-1].get("text") == FOLLOW_UP_TEXT
    assert turn.user.resume(turn.message_id)[-1]["code"] == "turn_lost"
    turn.user.ask_follow_up()


def test_next_question_recovers_a_lost_turn(killed_turns: dict[str, KilledTurn]) -> None:
    """The question is answered without a `resume`, and the lost turn has ended."""
    turn = killed_turns["next_question"]
    turn.expire_lease()
    turn.user.ask_follow_up()
    assert turn.user.resume(turn.message_id)[-1]["code"] == "turn_lost"
