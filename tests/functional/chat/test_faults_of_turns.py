"""Faults of turns: repeated, interrupted, cancelled and lost ones, and the limits on them."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from local.stack import LocalStack
from pam.chat.lifecycle.limits import MAX_QUESTIONS_PER_MINUTE
from pam.chat.lifecycle.queue import MAX_WAITING
from pam.chat.lifecycle.turns import TurnStore
from pam.platform.clock import utc_now
from pam.platform.dynamodb import DynamoTable
from tests.functional.chat.chat_user import (
    ADDED,
    ANSWER,
    LONG,
    PIECES,
    READ,
    RECOVERED,
    TALK,
    WRITE,
    WRITE_WITH_MORE,
    ChatUser,
    Frames,
    check_frames,
    collect_frames,
    lines,
    new_word,
    said,
    told,
    until,
)
from tests.functional.chat.conftest import ChatSocket, ClaudeScripts, step, text, use
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def pausing(*blocks: dict[str, Any], seconds: float) -> dict[str, Any]:
    """A reply that pauses in its text, once, and then goes on."""
    return step(*blocks, fault={"mode": "silence_in_text", "seconds": seconds, "times": 1})


def up_to_the_pause(socket: ChatSocket) -> Frames:
    """The frames until all is told that comes before such a pause: one piece of it, or two."""
    frames = socket.until("delta")
    while told(frames).strip() != PIECES:
        frames.append(socket.next())
    return frames


# Workers that are killed


@dataclass(frozen=True)
class Lost:
    """Turns whose workers were killed: each in a user, with the frames that were told before."""

    answering: ChatUser
    asking: ChatUser
    writing: ChatUser
    leading: ChatUser
    followed: ChatUser
    left: ChatUser
    before: dict[ChatUser, Frames]
    waiting: dict[ChatUser, list[str]]

    def is_lost(self, chat_table: DynamoTable, user: ChatUser) -> bool:
        """Whether the lease of its worker is over."""
        turn = chat_table.get(f"turn#{user.id}#{self.before[user][0]['message_id']}", "state")
        return turn is not None and turn["lease_expires_at"] < time.time()


@pytest.fixture(scope="module")
def lost(stack: LocalStack) -> Iterator[Lost]:
    """Begins six turns, and kills all workers when Claude has kept each of them waiting."""
    stuck = pausing(TALK, seconds=60)
    with ExitStack() as opened:
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        scenes = [opened.enter_context(ChatUser(stack, owner)) for _ in range(6)]
        _, asking, writing, leading, followed, _ = scenes
        first = {
            asking: use("create_post", content="Quiet at Goblin Valley.", more_to_do=True),
            writing: WRITE_WITH_MORE,
        }
        before: dict[ChatUser, Frames] = {}
        waiting: dict[ChatUser, list[str]] = {}
        for user in scenes:
            user.claude.script(first.get(user, READ), stuck)
            user.send()
        for user in scenes:
            before[user] = up_to_the_pause(user.socket)
            user.conversation = before[user][0]["conversation_id"]
            until(lambda user=user: len(user.rows("messages")) == 3)
        for user, count in ((leading, 2), (followed, 1)):
            waiting[user] = []
            for _ in range(count):
                word = new_word()
                ClaudeScripts(user.claude.http, word).script(text(RECOVERED))
                waiting[user].append(user.socket.chat(f"And then? {word}", conversation_id=user.conversation))
                user.socket.until("queued")
        for pid in stack.functions["chat_worker"].pids:
            os.kill(pid, signal.SIGKILL)
        yield Lost(*scenes, before, waiting)


def test_workers_are_killed(lost: Lost) -> None:
    """What was told before is told; the rest of this module happens while the leases run out."""
    for user, frames in lost.before.items():
        assert told(frames).strip() == PIECES
        assert len(lines(frames)) == 1, user


# Cancel


@scenario
def cancel_in_the_middle_of_the_text(context: ScenarioContext) -> None:
    """Ends at once with what was told; Claude is hung up on; the next question knows that it was stopped."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=60))
    message_id = user.send()
    frames = up_to_the_pause(user.socket)
    for _ in range(2):
        user.socket.send("cancel", message_id=message_id)
    frames = check_frames(frames + user.socket.until("done", "error"))
    assert (frames[-1]["type"], frames[-1]["truncated"]) == ("done", True)
    assert frames[-1]["text"].strip() == PIECES
    until(lambda: user.claude.requests()[0]["ended"] == "disconnected")
    user.conversation = frames[0]["conversation_id"]
    following = said(user.ask_follow_up())
    assert PIECES in following and "Stopped by the traveller" in following


@scenario
def cancel_before_the_worker_begins(context: ScenarioContext) -> None:
    """A question that waits in socket is answered by nobody, and costs nothing."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=1.5))
    user.send()
    user.conversation = user.socket.until("delta")[0]["conversation_id"]
    word = new_word()
    ClaudeScripts(user.claude.http, word).script(ANSWER)
    second = user.socket.chat(f"And this? {word}", conversation_id=user.conversation)
    user.socket.until("queued")
    user.socket.send("cancel", message_id=second)
    frames = user.socket.until("done") + user.socket.until("done")
    last = frames[-1]
    assert (last["message_id"], last["text"], last["truncated"]) == (second, "", True)
    assert ClaudeScripts(user.claude.http, word).requests() == []
    user.ask_follow_up()


@scenario
def cancel_after_the_end(context: ScenarioContext) -> None:
    """Nothing happens to what was told."""
    user = context.new_user()
    user.claude.script(ANSWER)
    frames = user.ask()
    user.socket.send("cancel", message_id=frames[0]["message_id"])
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def cancel_of_somebody_elses_answer(context: ScenarioContext) -> None:
    """Refused, and the answer goes on."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=1))
    message_id = user.send()
    frames = user.socket.until("delta")
    stranger = context.new_user()
    stranger.socket.send("cancel", message_id=message_id)
    assert stranger.socket.next()["code"] == "message_not_found"
    frames = check_frames(frames + user.socket.until("done"))
    assert (frames[-1]["text"], frames[-1]["truncated"]) == (LONG, False)


# Confirm


def asked_about(frames: Frames) -> dict[str, Any]:
    """A yes to what the frames ask for."""
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    return {"confirmation_id": asked["confirmation_id"], "decision": "yes", "digest": asked["digest"]}


def posting(user: ChatUser) -> dict[str, Any]:
    """A yes to a post that is asked about."""
    user.claude.script(use("create_post", content="Quiet at Goblin Valley."))
    return asked_about(user.ask())


@scenario
def confirm_twice_at_the_same_instant(context: ScenarioContext) -> None:
    """Published once; both sockets hear the same."""
    user = context.new_user()
    yes = posting(user)
    sockets = [user.socket, user.connect_socket(), user.connect_socket()]
    for socket in sockets:
        socket.send("confirm", **yes)
    heard = [socket.until("confirmed")[-1] for socket in sockets]
    assert {each["decision"] for each in heard} == {"yes"}
    assert len({each["seq"] for each in heard}) == 1
    assert len(user.rows("posts", "author_id")) == len(user.rows("effects")) == 1
    following = said(user.ask_follow_up())
    assert following.count("is published") == 1


@scenario
def confirm_too_late(context: ScenarioContext) -> None:
    """Not done, and said so; asked again it can be."""
    user = context.new_user()
    yes = posting(user)
    context.table.update(
        (f"confirmation#{user.id}#{yes['confirmation_id']}", "-"),
        "set #expires_at = :past",
        {"past": int(time.time()) - 1},
        condition="attribute_exists(#expires_at)",
    )
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.next()["code"] == "confirmation_expired"
    assert user.rows("posts", "author_id") == []
    user.ask_follow_up()
    user.socket.send("confirm", **posting(user))
    assert user.socket.next()["type"] == "confirmed"
    assert len(user.rows("posts", "author_id")) == 1


@scenario
def no_then_yes(context: ScenarioContext) -> None:
    """The no holds, however often the yes comes; Claude hears of the no."""
    user = context.new_user()
    yes = posting(user)
    user.socket.send("confirm", **(yes | {"decision": "no"}))
    assert user.socket.next()["decision"] == "no"
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.next()["code"] == "confirmation_used"
    assert user.rows("posts", "author_id") == user.rows("effects") == []
    assert "the traveller said no" in said(user.ask_follow_up())


@scenario
def yes_then_no(context: ScenarioContext) -> None:
    """What is published stays so."""
    user = context.new_user()
    yes = posting(user)
    user.socket.send("confirm", **yes)
    assert user.socket.next()["decision"] == "yes"
    user.socket.send("confirm", **(yes | {"decision": "no"}))
    assert user.socket.next()["code"] == "confirmation_used"
    assert len(user.rows("posts", "author_id")) == 1
    user.ask_follow_up()


@scenario
def confirm_by_another_and_with_another_digest(context: ScenarioContext) -> None:
    """Neither does anything; the traveller's own yes to what they saw still does."""
    user = context.new_user()
    yes = posting(user)
    stranger = context.new_user()
    stranger.socket.send("confirm", **yes)
    assert stranger.socket.next()["code"] == "confirmation_not_found"
    user.socket.send("confirm", **(yes | {"digest": "f" * 64}))
    assert user.socket.next()["code"] == "confirmation_mismatch"
    assert user.rows("posts", "author_id") == []
    user.socket.send("confirm", **yes)
    assert user.socket.next()["type"] == "confirmed"
    user.ask_follow_up()


@scenario
def confirm_in_the_middle_of_the_turn(context: ScenarioContext) -> None:
    """Done at once, told by the worker in its place among the frames."""
    user = context.new_user()
    user.claude.script(use("create_post", content="Quiet.", more_to_do=True), pausing(TALK, seconds=2))
    user.send()
    frames = user.socket.until("delta")
    user.conversation = frames[0]["conversation_id"]
    user.socket.send("confirm", **asked_about(frames))
    frames = check_frames(frames + user.socket.until("done", "error"))
    kinds = [frame["type"] for frame in frames]
    assert kinds.count("confirmed") == 1
    assert frames[-1]["type"] == "done"
    assert len(user.rows("posts", "author_id")) == 1
    assert user.resume(frames[0]["message_id"]) == frames
    assert "is published" in said(user.ask_follow_up())


@scenario
def confirm_a_message_to_somebody_who_is_gone(context: ScenarioContext) -> None:
    """Nothing is sent, the traveller hears why, and the conversation goes on."""
    user = context.new_user()
    friend = context.new_user()
    name = f"Friend {friend.id}"
    for each, called in ((user, f"Writer {user.id}"), (friend, name)):
        context.owner.execute("insert into users (id) values (%s) on conflict do nothing", (each.id,))
        context.owner.execute("insert into public_profiles (user_id, display_name) values (%s, %s)", (each.id, called))
    context.owner.execute("insert into friendships values (%s, %s, now())", (user.id, friend.id))
    user.claude.script(use("message_friend", recipient=name, message="Still on for Saturday?"))
    yes = asked_about(user.ask())
    context.owner.execute("delete from public_profiles where user_id = %s", (friend.id,))
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.next()["code"] == "unknown_recipient"
    assert user.rows("direct_messages", "sender_id") == user.rows("effects") == []
    user.ask_follow_up()


# Sockets


@scenario
def the_client_goes_in_the_middle(context: ScenarioContext) -> None:
    """The answer goes on without it; a new socket gets exactly the rest, and everything if it wants."""
    user = context.new_user()
    user.claude.script(WRITE_WITH_MORE, pausing(TALK, seconds=1.5))
    socket = user.connect_socket()
    message_id = user.send(socket=socket)
    before = socket.until("delta")
    socket.close()
    rest = user.resume(message_id, before[-1]["seq"])
    frames = check_frames(before + rest)
    assert frames[-1]["type"] == "done"
    assert LONG in frames[-1]["text"]
    user.conversation = frames[0]["conversation_id"]
    assert user.resume(message_id) == frames
    assert len(user.rows("expenses")) == len(user.rows("turns")) == 1
    assert user.resume(message_id, frames[-1]["seq"] - 1) == frames[-1:]
    user.socket.send("resume", message_id=message_id, after=frames[-1]["seq"] + 5)
    user.ask_follow_up()


@scenario
def a_quick_answer_whose_line_changes_meanwhile(context: ScenarioContext) -> None:
    """Asked again over a new socket while it is being answered for the old one: told over the new one."""
    user, backend = context.new_user(), context.backend
    asked = {"message_id": str(uuid4()), "text": "How much did I spend on gas this month?"}
    newer: list[ChatSocket] = []

    def ask_again(operation: str, request: Mapping[str, Any]) -> bool:
        if operation == "UpdateItem" and "#frames" in request["UpdateExpression"] and not newer:
            newer.append(user.connect_socket())
            newer[0].send("chat", **asked)
            assert newer[0].next()["type"] == "ack"
        return False

    backend.dynamodb.refuses = ask_again
    backend.send(user, "chat", **asked)
    frames = collect_frames(newer[0])
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    user.socket = newer[0]
    user.conversation = frames[0]["conversation_id"]
    user.ask_follow_up()


@scenario
def the_same_message_from_two_sockets_at_once(context: ScenarioContext) -> None:
    """One answer, one model call, one expense; each of them can have it whole."""
    user = context.new_user()
    user.claude.script(WRITE)
    message_id = str(uuid4())
    sockets = [user.socket, user.connect_socket()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda socket: user.send(message_id=message_id, socket=socket), sockets))
    until(lambda: (context.table.get(f"turn#{user.id}#{message_id}", "state") or {}).get("state") == "ended")
    answers = []
    for socket in sockets:
        socket.send("resume", message_id=message_id, after=0)
        answers.append(collect_frames(socket))
    assert answers[0] == answers[1]
    assert answers[0][-1]["type"] == "done"
    assert len(user.claude.requests()) == len(user.rows("expenses")) == len(user.rows("turns")) == 1
    user.conversation = answers[0][0]["conversation_id"]
    user.socket = user.connect_socket()
    assert user.ask(message_id=message_id) == answers[0]
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@scenario
def the_same_message_after_a_minute(context: ScenarioContext) -> None:
    """By a clock that is a minute ahead, beyond every lease of a turn: what was answered comes, and nothing else."""
    user, backend = context.new_user(), context.backend
    user.claude.script(WRITE)
    message_id = str(uuid4())
    answered = backend.ask(user, message_id=message_id)
    backend.wait()
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + timedelta(seconds=90)))
    assert backend.ask(user, message_id=message_id) == answered
    assert len(user.claude.requests()) == len(user.rows("expenses")) == len(user.rows("turns")) == 1
    user.ask_follow_up()


@scenario
def an_invocation_that_comes_again(context: ScenarioContext) -> None:
    """The turn has been answered: nothing happens. One for a turn that isn't there, neither."""
    user = context.new_user()
    user.claude.script(WRITE)
    frames = user.ask()
    worker = context.stack.functions["chat_worker"]
    for message_id in (frames[0]["message_id"], str(uuid4())):
        job = {"user_id": str(user.id), "message_id": message_id, "conversation_id": user.conversation}
        assert worker.invoke(job | {"timezone": None}).function_error is None
    assert user.resume(frames[0]["message_id"]) == frames
    assert len(user.claude.requests()) == len(user.rows("expenses")) == len(user.rows("turns")) == 1
    user.ask_follow_up()


# Lines


@scenario
def two_questions_at_once(context: ScenarioContext) -> None:
    """The second waits, and its prompt has the first with its answer."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=1))
    first = user.send()
    begun = user.socket.until("delta")
    user.conversation = begun[0]["conversation_id"]
    word = new_word()
    ClaudeScripts(user.claude.http, word).script(ANSWER)
    second = user.socket.chat(f"And this? {word}", conversation_id=user.conversation)
    frames = begun + user.socket.until("done") + user.socket.until("done")
    of_first, of_second = ([frame for frame in frames if frame["message_id"] == each] for each in (first, second))
    assert check_frames(of_first)[-1]["text"] == LONG
    assert [frame["type"] for frame in check_frames(of_second)[:2]] == ["ack", "queued"]
    assert (of_second[1]["position"], of_second[-1]["text"]) == (1, "Here you are.")
    (asked,) = ClaudeScripts(user.claude.http, word).requests()
    assert LONG in said(asked["body"])
    user.ask_follow_up()


@scenario
def more_questions_than_may_wait(context: ScenarioContext) -> None:
    """The last is refused, the others are answered in their order."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=2))
    user.send()
    user.conversation = user.socket.until("delta")[0]["conversation_id"]
    word = new_word()
    ClaudeScripts(user.claude.http, word).script(ANSWER)
    waiting = []
    for position in range(1, MAX_WAITING + 1):
        waiting.append(user.socket.chat(f"And this? {word}", conversation_id=user.conversation))
        assert user.socket.until("queued")[-1]["position"] == position
    refused = user.socket.chat(f"And this? {word}", conversation_id=user.conversation)
    frames = user.socket.until("error")
    assert (frames[-1]["message_id"], frames[-1]["code"]) == (refused, "queue_full")
    assert frames[-1]["retry_after"] == 10
    answered = [user.socket.until("done", "error")[-1] for _ in range(MAX_WAITING + 1)]
    assert [last["message_id"] for last in answered[1:]] == waiting
    assert {last["type"] for last in answered} == {"done"}
    assert len(ClaudeScripts(user.claude.http, word).requests()) == MAX_WAITING
    user.ask_follow_up()


# Limits


@scenario
def more_questions_than_in_a_minute(context: ScenarioContext) -> None:
    """Refused with the seconds to wait, and not kept: the same message is answered later."""
    user = context.new_user()
    now = datetime.now(UTC)
    minutes = [(now + timedelta(minutes=ahead)).strftime("%Y-%m-%dT%H:%M") for ahead in range(3)]
    taken = {str(uuid4()) for _ in range(MAX_QUESTIONS_PER_MINUTE)}
    for minute in minutes:
        context.table.put((f"rate#{user.id}", minute), {"messages": taken}, now + timedelta(days=2))
    message_id = user.send()
    refusal = user.socket.next()
    assert (refusal["type"], refusal["code"]) == ("error", "rate_limited")
    assert 0 < refusal["retry_after"] <= 60
    assert refusal["message_id"] == message_id
    assert "seq" not in refusal
    for minute in minutes:
        context.table.delete(f"rate#{user.id}", minute)
    user.claude.script(ANSWER)
    assert user.ask(message_id=message_id)[-1]["text"] == "Here you are."
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@contextmanager
def used_up(context: ScenarioContext, user: ChatUser) -> Iterator[None]:
    """For a while the traveller has spent what they may in a day."""
    cap = Decimal(context.stack.environment_of("chat")["CHAT_USER_DAY_CAP_USD"])
    now = datetime.now(UTC)
    days = [(now + timedelta(days=ahead)).date().isoformat() for ahead in range(2)]
    for day in days:
        context.table.put((f"spend#{user.id}", day), {"held": int(cap * 1_000_000)}, now + timedelta(days=2))
    yield
    for day in days:
        context.table.delete(f"spend#{user.id}", day)


@scenario
def a_travellers_day_is_used_up(context: ScenarioContext) -> None:
    """Told with the time until tomorrow, Claude isn't asked; quick questions still work."""
    user = context.new_user()
    with used_up(context, user):
        last = user.ask()[-1]
        assert last["code"] == "daily_limit_reached"
        assert 0 < last["retry_after"] <= 86_400
        assert user.claude.requests() == []
        user.socket.chat("How much did I spend on gas this month?")
        assert user.socket.until("done", "error")[-1]["tier"] == 1
    user.claude.script(ANSWER)
    assert user.ask()[-1]["type"] == "done"
    user.ask_follow_up()


@scenario
def a_day_is_used_up_by_the_question_before(context: ScenarioContext) -> None:
    """The limit counts when a question's turn has come, not when it was asked."""
    user = context.new_user()
    user.claude.script(pausing(TALK, seconds=1.5))
    first = user.send()
    user.conversation = user.socket.until("delta")[0]["conversation_id"]
    second = user.send("And this?")
    user.socket.until("queued")
    with used_up(context, user):
        ends = [user.socket.until("done", "error")[-1] for _ in range(2)]
    assert [(end["message_id"], end.get("code")) for end in ends] == [(first, None), (second, "daily_limit_reached")]
    user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, lost: Lost, run_scenarios: Callable[[Scenario], None]) -> None:
    """As the scenario's own sentence says; workers were killed before."""
    run_scenarios(scenario)


# Workers that were killed, when their leases are over


def test_who_resumes_hears_that_the_turn_is_lost(lost: Lost, chat_table: DynamoTable) -> None:
    """What was told stays, and a word about the rest; the next question has what the tool had found."""
    user = lost.answering
    until(lambda: lost.is_lost(chat_table, user))
    before = lost.before[user]
    for _ in range(2):
        frames = check_frames(user.resume(before[0]["message_id"]))
        assert frames[: len(before)] == before
        assert frames[-1]["code"] == "turn_lost"
    following = said(user.ask_follow_up())
    assert "What now?" in following and "tool_result" in following and "interrupted" in following


def test_a_confirmation_needs_no_worker(lost: Lost, chat_table: DynamoTable) -> None:
    """Done while nobody knew that the worker was lost; told together with that."""
    user = lost.asking
    user.socket.send("confirm", **asked_about(lost.before[user]))
    until(lambda: len(user.rows("posts", "author_id")) == 1)
    until(lambda: lost.is_lost(chat_table, user))
    user.socket.send("resume", message_id=lost.before[user][0]["message_id"], after=0)
    collect_frames(user.socket, "error", "confirmed")
    user.socket = user.connect_socket()
    assert "is published" in said(user.ask_follow_up())
    assert len(user.rows("posts", "author_id")) == len(user.rows("effects")) == 1


def test_what_was_written_stays_and_is_known(lost: Lost, chat_table: DynamoTable) -> None:
    """Once, with its socket; the next question has the sentence, and needn't do it again."""
    user = lost.writing
    until(lambda: lost.is_lost(chat_table, user))
    frames = check_frames(user.resume(lost.before[user][0]["message_id"]))
    assert lines(frames) == [("create_expense", "done")]
    assert ADDED in said(user.ask_follow_up())
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1


def test_who_waits_behind_a_lost_turn_is_answered(lost: Lost, chat_table: DynamoTable) -> None:
    """By itself, once somebody has asked for the lost one."""
    user = lost.leading
    until(lambda: lost.is_lost(chat_table, user))
    message_id = lost.before[user][0]["message_id"]
    user.socket.send("resume", message_id=message_id, after=0)
    ends = {last["message_id"]: last for last in (user.socket.until("done", "error")[-1] for _ in range(3))}
    assert ends.pop(message_id)["code"] == "turn_lost"
    assert [(each, ends[each].get("text")) for each in ends] == [(each, RECOVERED) for each in lost.waiting[user]]
    user.ask_follow_up()


def test_who_waits_may_ask_for_their_own_answer(lost: Lost, chat_table: DynamoTable) -> None:
    """The lost turn before it is cleared away by that, too."""
    user = lost.followed
    until(lambda: lost.is_lost(chat_table, user))
    (message_id,) = lost.waiting[user]
    assert user.resume(message_id)[-1].get("text") == RECOVERED
    assert user.resume(lost.before[user][0]["message_id"])[-1]["code"] == "turn_lost"
    user.ask_follow_up()


def test_the_next_question_needs_nobody_to_resume(lost: Lost, chat_table: DynamoTable) -> None:
    """It is answered; the lost one has ended."""
    user = lost.left
    until(lambda: lost.is_lost(chat_table, user))
    user.ask_follow_up()
    assert user.resume(lost.before[user][0]["message_id"])[-1]["code"] == "turn_lost"
