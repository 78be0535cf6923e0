"""Turns cancelled, confirmed, resumed, queued, refused or lost: done once, told whole, and the next one goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from local.stack import LocalStack
from pam.chat.limits import QUESTIONS_A_MINUTE
from pam.chat.queue import LONGEST_LINE
from pam.chat.store import ChatTable
from pam.chat.turns import Turns
from pam.platform.clock import utc_now
from tests.functional.chat.acts import Act, Programme, Stage, name_of
from tests.functional.chat.conftest import Line, StandIn, step, text, use
from tests.functional.chat.scenes import (
    ADDED,
    ANSWER,
    LONG,
    LOOK,
    PAY,
    PAY_AND_MORE,
    PIECES,
    TALK,
    WELL,
    Frames,
    Scene,
    gathered,
    lines,
    new_word,
    said,
    told,
    until,
    whole,
)

act = Programme()


def pausing(*blocks: dict[str, Any], seconds: float) -> dict[str, Any]:
    """A reply that pauses in its text, once, and then goes on."""
    return step(*blocks, fault={"mode": "silence_in_text", "seconds": seconds, "times": 1})


def up_to_the_pause(line: Line) -> Frames:
    """The frames until all is told that comes before such a pause: one piece of it, or two."""
    frames = line.until("delta")
    while told(frames).strip() != PIECES:
        frames.append(line.next())
    return frames


# Workers that are killed


@dataclass(frozen=True)
class Lost:
    """Turns whose workers were killed: each in a scene, with the frames that were told before."""

    answering: Scene
    asking: Scene
    writing: Scene
    leading: Scene
    followed: Scene
    left: Scene
    before: dict[Scene, Frames]
    waiting: dict[Scene, list[str]]

    def is_lost(self, chat_table: ChatTable, scene: Scene) -> bool:
        """Whether the lease of its worker is over."""
        turn = chat_table.get(f"turn#{scene.id}#{self.before[scene][0]['message_id']}", "state")
        return turn is not None and turn["alive_until"] < int(time.time())


@pytest.fixture(scope="module")
def lost(stack: LocalStack) -> Iterator[Lost]:
    """Begins six turns, and kills all workers when Claude has kept each of them waiting."""
    stuck = pausing(TALK, seconds=60)
    with ExitStack() as opened:
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        scenes = [opened.enter_context(Scene(stack, owner)) for _ in range(6)]
        _, asking, writing, leading, followed, _ = scenes
        first = {
            asking: use("create_post", content="Quiet at Goblin Valley.", more_to_do=True),
            writing: PAY_AND_MORE,
        }
        before: dict[Scene, Frames] = {}
        waiting: dict[Scene, list[str]] = {}
        for scene in scenes:
            scene.claude.says(first.get(scene, LOOK), stuck)
            scene.send()
        for scene in scenes:
            before[scene] = up_to_the_pause(scene.line)
            scene.conversation = before[scene][0]["conversation_id"]
            until(lambda scene=scene: len(scene.rows("messages")) == 3)
        for scene, count in ((leading, 2), (followed, 1)):
            waiting[scene] = []
            for _ in range(count):
                word = new_word()
                StandIn(scene.claude.http, word).says(text(WELL))
                waiting[scene].append(scene.line.chat(f"And then? {word}", conversation_id=scene.conversation))
                scene.line.until("queued")
        for pid in stack.functions["chat_worker"].pids:
            os.kill(pid, signal.SIGKILL)
        yield Lost(*scenes, before, waiting)


def test_workers_are_killed(lost: Lost) -> None:
    """What was told before is told; the rest of this module happens while the leases run out."""
    for scene, frames in lost.before.items():
        assert told(frames).strip() == PIECES
        assert len(lines(frames)) == 1, scene


# Cancel


@act
def cancel_in_the_middle_of_the_text(stage: Stage) -> None:
    """Ends at once with what was told; Claude is hung up on; the next question knows that it was stopped."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=60))
    message_id = scene.send()
    frames = up_to_the_pause(scene.line)
    for _ in range(2):
        scene.line.send("cancel", message_id=message_id)
    frames = whole(frames + scene.line.until("done", "error"))
    assert (frames[-1]["type"], frames[-1]["truncated"]) == ("done", True)
    assert frames[-1]["text"].strip() == PIECES
    until(lambda: scene.claude.asked()[0]["ended"] == "hung_up")
    scene.conversation = frames[0]["conversation_id"]
    following = said(scene.goes_on())
    assert PIECES in following and "Stopped by the traveller" in following


@act
def cancel_before_the_worker_begins(stage: Stage) -> None:
    """A question that waits in line is answered by nobody, and costs nothing."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=1.5))
    scene.send()
    scene.conversation = scene.line.until("delta")[0]["conversation_id"]
    word = new_word()
    StandIn(scene.claude.http, word).says(ANSWER)
    second = scene.line.chat(f"And this? {word}", conversation_id=scene.conversation)
    scene.line.until("queued")
    scene.line.send("cancel", message_id=second)
    frames = scene.line.until("done") + scene.line.until("done")
    last = frames[-1]
    assert (last["message_id"], last["text"], last["truncated"]) == (second, "", True)
    assert StandIn(scene.claude.http, word).asked() == []
    scene.goes_on()


@act
def cancel_after_the_end(stage: Stage) -> None:
    """Nothing happens to what was told."""
    scene = stage.scene()
    scene.claude.says(ANSWER)
    frames = scene.ask()
    scene.line.send("cancel", message_id=frames[0]["message_id"])
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


@act
def cancel_of_somebody_elses_answer(stage: Stage) -> None:
    """Refused, and the answer goes on."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=1))
    message_id = scene.send()
    frames = scene.line.until("delta")
    stranger = stage.scene()
    stranger.line.send("cancel", message_id=message_id)
    assert stranger.line.next()["code"] == "message_not_found"
    frames = whole(frames + scene.line.until("done"))
    assert (frames[-1]["text"], frames[-1]["truncated"]) == (LONG, False)


# Confirm


def asked_about(frames: Frames) -> dict[str, Any]:
    """A yes to what the frames ask for."""
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    return {"confirmation_id": asked["confirmation_id"], "decision": "yes", "digest": asked["digest"]}


def posting(scene: Scene) -> dict[str, Any]:
    """A yes to a post that is asked about."""
    scene.claude.says(use("create_post", content="Quiet at Goblin Valley."))
    return asked_about(scene.ask())


@act
def confirm_twice_at_the_same_instant(stage: Stage) -> None:
    """Published once; both sockets hear the same."""
    scene = stage.scene()
    yes = posting(scene)
    sockets = [scene.line, scene.dial(), scene.dial()]
    for line in sockets:
        line.send("confirm", **yes)
    heard = [line.until("confirmed")[-1] for line in sockets]
    assert {each["decision"] for each in heard} == {"yes"}
    assert len({each["seq"] for each in heard}) == 1
    assert len(scene.rows("posts", "author_id")) == len(scene.rows("effects")) == 1
    following = said(scene.goes_on())
    assert following.count("is published") == 1


@act
def confirm_too_late(stage: Stage) -> None:
    """Not done, and said so; asked again it can be."""
    scene = stage.scene()
    yes = posting(scene)
    stage.table.update(
        f"confirmation#{scene.id}#{yes['confirmation_id']}",
        "-",
        "set #expires_at = :past",
        {"past": int(time.time()) - 1},
        condition="attribute_exists(#expires_at)",
    )
    for _ in range(2):
        scene.line.send("confirm", **yes)
        assert scene.line.next()["code"] == "confirmation_expired"
    assert scene.rows("posts", "author_id") == []
    scene.goes_on()
    scene.line.send("confirm", **posting(scene))
    assert scene.line.next()["type"] == "confirmed"
    assert len(scene.rows("posts", "author_id")) == 1


@act
def no_then_yes(stage: Stage) -> None:
    """The no holds, however often the yes comes; Claude hears of the no."""
    scene = stage.scene()
    yes = posting(scene)
    scene.line.send("confirm", **(yes | {"decision": "no"}))
    assert scene.line.next()["decision"] == "no"
    for _ in range(2):
        scene.line.send("confirm", **yes)
        assert scene.line.next()["code"] == "confirmation_used"
    assert scene.rows("posts", "author_id") == scene.rows("effects") == []
    assert "the traveller said no" in said(scene.goes_on())


@act
def yes_then_no(stage: Stage) -> None:
    """What is published stays so."""
    scene = stage.scene()
    yes = posting(scene)
    scene.line.send("confirm", **yes)
    assert scene.line.next()["decision"] == "yes"
    scene.line.send("confirm", **(yes | {"decision": "no"}))
    assert scene.line.next()["code"] == "confirmation_used"
    assert len(scene.rows("posts", "author_id")) == 1
    scene.goes_on()


@act
def confirm_by_another_and_with_another_digest(stage: Stage) -> None:
    """Neither does anything; the traveller's own yes to what they saw still does."""
    scene = stage.scene()
    yes = posting(scene)
    stranger = stage.scene()
    stranger.line.send("confirm", **yes)
    assert stranger.line.next()["code"] == "confirmation_not_found"
    scene.line.send("confirm", **(yes | {"digest": "f" * 64}))
    assert scene.line.next()["code"] == "confirmation_mismatch"
    assert scene.rows("posts", "author_id") == []
    scene.line.send("confirm", **yes)
    assert scene.line.next()["type"] == "confirmed"
    scene.goes_on()


@act
def confirm_in_the_middle_of_the_turn(stage: Stage) -> None:
    """Done at once, told by the worker in its place among the frames."""
    scene = stage.scene()
    scene.claude.says(use("create_post", content="Quiet.", more_to_do=True), pausing(TALK, seconds=2))
    scene.send()
    frames = scene.line.until("delta")
    scene.conversation = frames[0]["conversation_id"]
    scene.line.send("confirm", **asked_about(frames))
    frames = whole(frames + scene.line.until("done", "error"))
    kinds = [frame["type"] for frame in frames]
    assert kinds.count("confirmed") == 1
    assert frames[-1]["type"] == "done"
    assert len(scene.rows("posts", "author_id")) == 1
    assert scene.resume(frames[0]["message_id"]) == frames
    assert "is published" in said(scene.goes_on())


@act
def confirm_a_message_to_somebody_who_is_gone(stage: Stage) -> None:
    """Nothing is sent, the traveller hears why, and the conversation goes on."""
    scene = stage.scene()
    friend = stage.scene()
    name = f"Friend {friend.id}"
    for each, called in ((scene, f"Writer {scene.id}"), (friend, name)):
        stage.owner.execute("insert into users (id) values (%s) on conflict do nothing", (each.id,))
        stage.owner.execute("insert into public_profiles (user_id, display_name) values (%s, %s)", (each.id, called))
    stage.owner.execute("insert into friendships values (%s, %s, now())", (scene.id, friend.id))
    scene.claude.says(use("message_friend", recipient=name, message="Still on for Saturday?"))
    yes = asked_about(scene.ask())
    stage.owner.execute("delete from public_profiles where user_id = %s", (friend.id,))
    for _ in range(2):
        scene.line.send("confirm", **yes)
        assert scene.line.next()["code"] == "unknown_recipient"
    assert scene.rows("direct_messages", "sender_id") == scene.rows("effects") == []
    scene.goes_on()


# Sockets


@act
def the_client_goes_in_the_middle(stage: Stage) -> None:
    """The answer goes on without it; a new socket gets exactly the rest, and everything if it wants."""
    scene = stage.scene()
    scene.claude.says(PAY_AND_MORE, pausing(TALK, seconds=1.5))
    line = scene.dial()
    message_id = scene.send(line=line)
    before = line.until("delta")
    line.close()
    rest = scene.resume(message_id, before[-1]["seq"])
    frames = whole(before + rest)
    assert frames[-1]["type"] == "done"
    assert LONG in frames[-1]["text"]
    scene.conversation = frames[0]["conversation_id"]
    assert scene.resume(message_id) == frames
    assert len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    assert scene.resume(message_id, frames[-1]["seq"] - 1) == frames[-1:]
    scene.line.send("resume", message_id=message_id, after=frames[-1]["seq"] + 5)
    scene.goes_on()


@act
def a_quick_answer_whose_line_changes_meanwhile(stage: Stage) -> None:
    """Asked again over a new line while it is being answered for the old one: told over the new one."""
    scene, behind = stage.scene(), stage.behind
    asked = {"message_id": str(uuid4()), "text": "How much did I spend on gas this month?"}
    newer: list[Line] = []

    def ask_again(operation: str, request: Mapping[str, Any]) -> bool:
        if operation == "PutItem" and request["Item"]["item"]["S"].startswith("frames#") and not newer:
            newer.append(scene.dial())
            newer[0].send("chat", **asked)
            assert newer[0].next()["type"] == "ack"
        return False

    behind.dynamodb.refuses = ask_again
    behind.send(scene, "chat", **asked)
    frames = gathered(newer[0])
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    scene.line = newer[0]
    scene.conversation = frames[0]["conversation_id"]
    scene.goes_on()


@act
def the_same_message_from_two_sockets_at_once(stage: Stage) -> None:
    """One answer, one model call, one expense; each of them can have it whole."""
    scene = stage.scene()
    scene.claude.says(PAY)
    message_id = str(uuid4())
    sockets = [scene.line, scene.dial()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda line: scene.send(message_id=message_id, line=line), sockets))
    until(lambda: (stage.table.get(f"turn#{scene.id}#{message_id}", "state") or {}).get("state") == "ended")
    answers = []
    for line in sockets:
        line.send("resume", message_id=message_id, after=0)
        answers.append(gathered(line))
    assert answers[0] == answers[1]
    assert answers[0][-1]["type"] == "done"
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    scene.conversation = answers[0][0]["conversation_id"]
    scene.line = scene.dial()
    assert scene.ask(message_id=message_id) == answers[0]
    assert len(scene.claude.asked()) == 1
    scene.goes_on()


@act
def the_same_message_after_a_minute(stage: Stage) -> None:
    """By a clock that is a minute ahead, beyond every lease of a turn: what was answered comes, and nothing else."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(PAY)
    message_id = str(uuid4())
    answered = behind.ask(scene, message_id=message_id)
    behind.wait()
    behind.chat = replace(behind.chat, turns=Turns(stage.table, lambda: utc_now() + timedelta(seconds=90)))
    assert behind.ask(scene, message_id=message_id) == answered
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    scene.goes_on()


@act
def an_invocation_that_comes_again(stage: Stage) -> None:
    """The turn has been answered: nothing happens. One for a turn that isn't there, neither."""
    scene = stage.scene()
    scene.claude.says(PAY)
    frames = scene.ask()
    worker = stage.stack.functions["chat_worker"]
    for message_id in (frames[0]["message_id"], str(uuid4())):
        job = {"user_id": str(scene.id), "message_id": message_id, "conversation_id": scene.conversation}
        assert worker.invoke(job | {"timezone": None}).function_error is None
    assert scene.resume(frames[0]["message_id"]) == frames
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    scene.goes_on()


# Lines


@act
def two_questions_at_once(stage: Stage) -> None:
    """The second waits, and its prompt has the first with its answer."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=1))
    first = scene.send()
    begun = scene.line.until("delta")
    scene.conversation = begun[0]["conversation_id"]
    word = new_word()
    StandIn(scene.claude.http, word).says(ANSWER)
    second = scene.line.chat(f"And this? {word}", conversation_id=scene.conversation)
    frames = begun + scene.line.until("done") + scene.line.until("done")
    of_first, of_second = ([frame for frame in frames if frame["message_id"] == each] for each in (first, second))
    assert whole(of_first)[-1]["text"] == LONG
    assert [frame["type"] for frame in whole(of_second)[:2]] == ["ack", "queued"]
    assert (of_second[1]["position"], of_second[-1]["text"]) == (1, "Here you are.")
    (asked,) = StandIn(scene.claude.http, word).asked()
    assert LONG in said(asked["body"])
    scene.goes_on()


@act
def more_questions_than_may_wait(stage: Stage) -> None:
    """The last is refused, the others are answered in their order."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=2))
    scene.send()
    scene.conversation = scene.line.until("delta")[0]["conversation_id"]
    word = new_word()
    StandIn(scene.claude.http, word).says(ANSWER)
    waiting = []
    for position in range(1, LONGEST_LINE + 1):
        waiting.append(scene.line.chat(f"And this? {word}", conversation_id=scene.conversation))
        assert scene.line.until("queued")[-1]["position"] == position
    refused = scene.line.chat(f"And this? {word}", conversation_id=scene.conversation)
    frames = scene.line.until("error")
    assert (frames[-1]["message_id"], frames[-1]["code"]) == (refused, "queue_full")
    assert frames[-1]["retry_after"] == 10
    answered = [scene.line.until("done", "error")[-1] for _ in range(LONGEST_LINE + 1)]
    assert [last["message_id"] for last in answered[1:]] == waiting
    assert {last["type"] for last in answered} == {"done"}
    assert len(StandIn(scene.claude.http, word).asked()) == LONGEST_LINE
    scene.goes_on()


# Limits


@act
def more_questions_than_in_a_minute(stage: Stage) -> None:
    """Refused with the seconds to wait, and not kept: the same message is answered later."""
    scene = stage.scene()
    now = datetime.now(UTC)
    minutes = [(now + timedelta(minutes=ahead)).strftime("%Y-%m-%dT%H:%M") for ahead in range(3)]
    for minute in minutes:
        stage.table.put(f"rate#{scene.id}", minute, {"count": QUESTIONS_A_MINUTE}, now + timedelta(days=2))
    message_id = scene.send()
    refusal = scene.line.next()
    assert (refusal["type"], refusal["code"]) == ("error", "rate_limited")
    assert 0 < refusal["retry_after"] <= 60
    assert refusal["message_id"] == message_id
    assert "seq" not in refusal
    for minute in minutes:
        stage.table.delete(f"rate#{scene.id}", minute)
    scene.claude.says(ANSWER)
    assert scene.ask(message_id=message_id)[-1]["text"] == "Here you are."
    assert len(scene.claude.asked()) == 1
    scene.goes_on()


@contextmanager
def used_up(stage: Stage, scene: Scene) -> Iterator[None]:
    """For a while the traveller has spent what they may in a day."""
    cap = Decimal(stage.stack.environment_of("chat")["CHAT_USER_DAY_CAP_USD"])
    now = datetime.now(UTC)
    days = [(now + timedelta(days=ahead)).date().isoformat() for ahead in range(2)]
    for day in days:
        stage.table.put(f"spend#{scene.id}", day, {"micro": int(cap * 1_000_000)}, now + timedelta(days=2))
    yield
    for day in days:
        stage.table.delete(f"spend#{scene.id}", day)


@act
def a_travellers_day_is_used_up(stage: Stage) -> None:
    """Told with the time until tomorrow, Claude isn't asked; quick questions still work."""
    scene = stage.scene()
    with used_up(stage, scene):
        last = scene.ask()[-1]
        assert last["code"] == "daily_limit_reached"
        assert 0 < last["retry_after"] <= 86_400
        assert scene.claude.asked() == []
        scene.line.chat("How much did I spend on gas this month?")
        assert scene.line.until("done", "error")[-1]["tier"] == 1
    scene.claude.says(ANSWER)
    assert scene.ask()[-1]["type"] == "done"
    scene.goes_on()


@act
def a_day_is_used_up_by_the_question_before(stage: Stage) -> None:
    """The limit counts when a question's turn has come, not when it was asked."""
    scene = stage.scene()
    scene.claude.says(pausing(TALK, seconds=1.5))
    first = scene.send()
    scene.conversation = scene.line.until("delta")[0]["conversation_id"]
    second = scene.send("And this?")
    scene.line.until("queued")
    with used_up(stage, scene):
        ends = [scene.line.until("done", "error")[-1] for _ in range(2)]
    assert [(end["message_id"], end.get("code")) for end in ends] == [(first, None), (second, "daily_limit_reached")]
    scene.goes_on()


@pytest.mark.parametrize("act", act, ids=name_of)
def test_fault(act: Act, lost: Lost, playing: Callable[[Act], None]) -> None:
    """As the act's own sentence says; workers were killed before."""
    playing(act)


# Workers that were killed, when their leases are over


def test_who_resumes_hears_that_the_turn_is_lost(lost: Lost, chat_table: ChatTable) -> None:
    """What was told stays, and a word about the rest; the next question has what the tool had found."""
    scene = lost.answering
    until(lambda: lost.is_lost(chat_table, scene))
    before = lost.before[scene]
    for _ in range(2):
        frames = whole(scene.resume(before[0]["message_id"]))
        assert frames[: len(before)] == before
        assert frames[-1]["code"] == "turn_lost"
    following = said(scene.goes_on())
    assert "What now?" in following and "tool_result" in following and "interrupted" in following


def test_a_confirmation_needs_no_worker(lost: Lost, chat_table: ChatTable) -> None:
    """Done while nobody knew that the worker was lost; told together with that."""
    scene = lost.asking
    scene.line.send("confirm", **asked_about(lost.before[scene]))
    until(lambda: len(scene.rows("posts", "author_id")) == 1)
    until(lambda: lost.is_lost(chat_table, scene))
    scene.line.send("resume", message_id=lost.before[scene][0]["message_id"], after=0)
    gathered(scene.line, "error", "confirmed")
    scene.line = scene.dial()
    assert "is published" in said(scene.goes_on())
    assert len(scene.rows("posts", "author_id")) == len(scene.rows("effects")) == 1


def test_what_was_written_stays_and_is_known(lost: Lost, chat_table: ChatTable) -> None:
    """Once, with its line; the next question has the sentence, and needn't do it again."""
    scene = lost.writing
    until(lambda: lost.is_lost(chat_table, scene))
    frames = whole(scene.resume(lost.before[scene][0]["message_id"]))
    assert lines(frames) == [("create_expense", "done")]
    assert ADDED in said(scene.goes_on())
    assert len(scene.rows("expenses")) == len(scene.rows("effects")) == 1


def test_who_waits_behind_a_lost_turn_is_answered(lost: Lost, chat_table: ChatTable) -> None:
    """By itself, once somebody has asked for the lost one."""
    scene = lost.leading
    until(lambda: lost.is_lost(chat_table, scene))
    message_id = lost.before[scene][0]["message_id"]
    scene.line.send("resume", message_id=message_id, after=0)
    ends = {last["message_id"]: last for last in (scene.line.until("done", "error")[-1] for _ in range(3))}
    assert ends.pop(message_id)["code"] == "turn_lost"
    assert [(each, ends[each].get("text")) for each in ends] == [(each, WELL) for each in lost.waiting[scene]]
    scene.goes_on()


def test_who_waits_may_ask_for_their_own_answer(lost: Lost, chat_table: ChatTable) -> None:
    """The lost turn before it is cleared away by that, too."""
    scene = lost.followed
    until(lambda: lost.is_lost(chat_table, scene))
    (message_id,) = lost.waiting[scene]
    assert scene.resume(message_id)[-1].get("text") == WELL
    assert scene.resume(lost.before[scene][0]["message_id"])[-1]["code"] == "turn_lost"
    scene.goes_on()


def test_the_next_question_needs_nobody_to_resume(lost: Lost, chat_table: ChatTable) -> None:
    """It is answered; the lost one has ended."""
    scene = lost.left
    until(lambda: lost.is_lost(chat_table, scene))
    scene.goes_on()
    assert scene.resume(lost.before[scene][0]["message_id"])[-1]["code"] == "turn_lost"
