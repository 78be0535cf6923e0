"""Deletions of memories meet the chat: its frames, its history and its running turns."""

from collections.abc import Callable, Collection
from dataclasses import replace
from random import randrange
from typing import Any
from uuid import UUID, uuid4

import pytest

from pam.answers.memory_deletion import DeletionRequest, delete_selection
from pam.answers.memory_deletion import delete_message as delete_message_of
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.users.held_data import ARCHIVE_PREFIX
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    READ,
    SHORT_ANSWER,
    SHORT_TEXT,
    pausing_reply,
    step,
    text,
    use,
)
from tests.functional.chat.disconnecting_tool import add_disconnecting_tool
from tests.functional.chat.frames import check_frames
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until
from tests.functional.memory.traces import items_with, rows_of_user, rows_with

scenario = ScenarioList()


def delete_everything(user: ChatUser) -> None:
    selection = user.http.post("/v1/memories/selections", json={"everything": True}).json()
    reply = user.http.delete(f"/v1/memories/selections/{selection['id']}")
    assert reply.status_code == 200, reply.text


def delete_message(user: ChatUser, message_id: str) -> None:
    reply = user.http.delete(f"/v1/memories/messages/{message_id}")
    assert reply.status_code == 200, reply.text


def traces(context: ScenarioContext, word: str) -> list[str]:
    """Return where a word is left, in Postgres and in DynamoDB."""
    return [*rows_with(context.owner, word), *items_with(context.stack, word)]


def ask_about(user: ChatUser, text: str, *replies: Any, **fields: Any) -> Any:
    """Ask a question with replies of its own; return its frames."""
    user.claude.script(*replies)
    message_id = user.send(text, **fields)
    frames = check_frames(user.socket.receive_until("done", "error"))
    assert frames[-1]["type"] == "done", frames[-1]
    user.conversation_id = frames[0]["conversation_id"]
    return message_id, frames


def ask_about_fuel(user: ChatUser, conversation_id: str) -> str:
    """Ask a question that is answered without Claude; return a number that is in no other question."""
    miles = f"{randrange(1000, 3000)}.{randrange(1, 10)}"
    question = f"how much fuel for {miles} miles at 10 mpg at $3.50 a gallon"
    assert user.socket.ask(question, conversation_id=conversation_id)[-1]["tier"] == 2
    wait_until(lambda: bool(user.rows("notes")))
    return miles


def stored_question(user: ChatUser, conversation_id: str) -> str:
    """The first message of a conversation as it is stored, with what was recalled for it."""
    rows = [row for row in user.rows("messages") if str(row["conversation_id"]) == conversation_id]
    return str(min(rows, key=lambda row: row["position"])["content"])


@scenario
def deletion_of_everything_leaves_no_trace_of_any_question(context: ScenarioContext) -> None:
    """Answered by Claude with tools, without it, with what was recalled, waiting for a confirmation, or failed."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    first, other = str(uuid4()), str(uuid4())
    ask_about(user, f"The {word} pump.", step(READ, text(word)), text(f"A {word}."), conversation_id=first)
    miles = ask_about_fuel(user, first)
    ask_about(user, f"What did we say about the {word} pump?", text(f"It is a {word}."), conversation_id=other)
    assert word in stored_question(user, other)
    ask_about(user, f"Post {word}.", use("create_post", content=f"{word}"), conversation_id=other)
    assert {"messages", "exchanges", "notes"} <= rows_with(context.owner, word) | rows_with(context.owner, miles)
    assert items_with(context.stack, word) and items_with(context.stack, miles)
    delete_everything(user)
    assert (traces(context, word), traces(context, miles), rows_of_user(context.owner, user.id)) == ([], [], set())
    assert word not in user.ask_follow_up()


@scenario
def deleted_message_is_in_no_later_prompt(context: ScenarioContext) -> None:
    """Neither its text nor what a later question had recalled of it, and its frames can't be resumed."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    first, other = str(uuid4()), str(uuid4())
    message_id, _ = ask_about(user, f"The {word} pump.", text(f"A {word}."), conversation_id=first)
    ask_about(user, "Which pump did we say it was?", text("The old one."), conversation_id=other)
    assert word in stored_question(user, other)
    delete_message(user, message_id)
    assert rows_with(context.owner, word) == set()
    user.conversation_id = other
    assert word not in user.ask_follow_up()
    user.conversation_id = first
    assert word not in user.ask_follow_up()
    user.socket.send("resume", message_id=message_id, after=0)
    assert user.socket.receive_until("error")[-1]["code"] == "message_not_found"


@scenario
def fast_answer_is_deleted_with_its_note(context: ScenarioContext) -> None:
    """Also from the prompt of the question that was told of it."""
    user = context.new_user()
    conversation_id = str(uuid4())
    miles = ask_about_fuel(user, conversation_id)
    assert user.socket.ask("how much did I spend on tolls?", conversation_id=conversation_id)[-1]["tier"] == 1
    user.conversation_id = conversation_id
    assert miles in user.ask_follow_up()
    (turn,) = {row["turn_id"] for row in user.rows("exchanges") if miles in row["content"]}
    delete_message(user, str(turn))
    assert traces(context, miles) == []
    assert "how much did I spend on tolls?" in user.ask_follow_up()


@scenario
def undone_write_of_a_deleted_fact_is_in_no_later_prompt(context: ScenarioContext) -> None:
    """The question after the undo was told of it."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    message_id, frames = ask_about(user, "Remember our dog.", use("remember_fact", subject="dog", value=word))
    user.http.delete(frames[-1]["undo"][0]["href"]).raise_for_status()
    assert f"dog: {word}" in user.ask_follow_up()
    delete_message(user, message_id)
    assert traces(context, word) == []
    assert word not in user.ask_follow_up()


@scenario
def turn_that_runs_during_the_deletion_of_everything_is_answered_and_not_stored(context: ScenarioContext) -> None:
    """Nothing of it comes back, its frames are gone at its end, and the next question is answered."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=2))
    user.send(f"The {word}?")
    frames = user.receive_until_pause()
    delete_everything(user)
    frames = check_frames(frames + user.socket.receive_until("done", "error"))
    assert (frames[-1]["type"], frames[-1]["text"]) == ("done", LONG_TEXT)
    wait_until(lambda: not traces(context, word))
    assert rows_of_user(context.owner, user.id) == set()
    assert word not in user.ask_follow_up()


@scenario
def turn_that_is_deleted_between_its_steps_stores_no_half(context: ScenarioContext) -> None:
    """Its tool's result would follow nothing."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    user.claude.script(SHORT_ANSWER)
    user.ask()
    user.claude.script(step(READ), pausing_reply(LONG_ANSWER, seconds=2))
    message_id = user.send(f"The {word}?")
    frames = user.receive_until_pause()
    wait_until(lambda: len(user.rows("messages")) >= 5)
    delete_message(user, message_id)
    check_frames(frames + user.socket.receive_until("done", "error"))
    wait_until(lambda: not traces(context, word))
    assert [row["role"] for row in user.rows("messages")] == ["user", "assistant"]
    assert SHORT_TEXT in user.ask_follow_up()


@scenario
def turn_that_recalled_what_is_deleted_meanwhile_does_not_store_it(context: ScenarioContext) -> None:
    """Its own question and answer stay."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    message_id, _ = ask_about(user, f"The {word} pump.", text("Noted."), conversation_id=str(uuid4()))
    user.conversation_id = str(uuid4())
    user.claude.script(step(READ), pausing_reply(LONG_ANSWER, seconds=2))
    user.send("Which pump did we say it was?")
    frames = user.receive_until_pause()
    delete_message(user, message_id)
    user.socket.receive_until("done")
    assert frames[0]["type"] == "ack"
    assert rows_with(context.owner, word) == set()
    assert LONG_TEXT in user.ask_follow_up()


@scenario
def conversation_goes_on_after_a_confirmed_deletion_of_everything(context: ScenarioContext) -> None:
    """The outcome is reported; the conversation it was asked in isn't made again by that report."""
    user, word = context.new_user(), f"q{uuid4().hex[:12]}"
    ask_about(user, f"The {word}.", SHORT_ANSWER)
    _, frames = ask_about(user, "Forget everything.", use("forget_memory", everything=True))
    [request] = [frame for frame in frames if frame["type"] == "confirm_request"]
    assert "messages with their answers" in request["summary"] or "message with its answer" in request["summary"]
    assert rows_with(context.owner, word)
    for _ in range(2):
        user.socket.send(
            "confirm", confirmation_id=request["confirmation_id"], decision="yes", digest=request["digest"]
        )
        confirmed = user.socket.receive_until("confirmed")[-1]
        assert confirmed["text"].endswith("Your money, trips and profile stay.")
    assert (traces(context, word), rows_of_user(context.owner, user.id)) == ([], set())
    assert "Forget everything" not in user.ask_follow_up()


@scenario
def declined_deletion_deletes_nothing(context: ScenarioContext) -> None:
    """A topic names what it would delete."""
    user = context.new_user()
    ask_about(user, "The water pump leaks.", SHORT_ANSWER)
    _, frames = ask_about(user, "Forget the pump.", use("forget_memory", topic="water pump"))
    [request] = [frame for frame in frames if frame["type"] == "confirm_request"]
    assert request["identities"]["topic"]["name"] == "water pump: 1 message with its answer"
    user.socket.send("confirm", confirmation_id=request["confirmation_id"], decision="no", digest=request["digest"])
    user.socket.receive_until("confirmed")
    assert "The water pump leaks." in user.ask_follow_up()


@scenario
def confirmed_topic_deletes_what_was_shown_and_not_what_was_said_since(context: ScenarioContext) -> None:
    """By its ids."""
    user = context.new_user()
    ask_about(user, "The water pump leaks.", SHORT_ANSWER)
    _, frames = ask_about(user, "Forget the pump.", use("forget_memory", topic="water pump"))
    [request] = [frame for frame in frames if frame["type"] == "confirm_request"]
    ask_about(user, "The water pump is new.", SHORT_ANSWER)
    user.socket.send("confirm", confirmation_id=request["confirmation_id"], decision="yes", digest=request["digest"])
    assert user.socket.receive_until("confirmed")[-1]["text"] == "Deleted: 1 message with its answer."
    later = user.ask_follow_up()
    assert "The water pump leaks." not in later and "The water pump is new." in later


@scenario
def deferred_messages_are_found_by_a_topic_and_deleted_with_everything(context: ScenarioContext) -> None:
    """What waits for Postgres doesn't come back with the next question."""
    for everything in (False, True):
        user, backend, word = context.new_user(), context.backend, f"q{uuid4().hex[:12]}"
        user.claude.script(add_disconnecting_tool(backend, user), text(f"The {word}."))
        backend.ask(user, f"The {word}? {user.claude.marker}")
        backend.wait()
        backend.postgres.reconnect()
        assert items_with(context.stack, word)
        if everything:
            delete_everything(user)
        else:
            selection = user.http.post("/v1/memories/selections", json={"topic": word}).json()
            assert selection["messages"] == 1
            user.http.delete(f"/v1/memories/selections/{selection['id']}")
        assert traces(context, word) == []
        assert word not in user.ask_follow_up()


@scenario
def deletion_without_dynamodb_deletes_nothing_and_succeeds_when_repeated(context: ScenarioContext) -> None:
    """It says so: a copy in DynamoDB would be left."""
    user, backend, word = context.new_user(), context.backend, f"q{uuid4().hex[:12]}"
    ask_about(user, f"The {word} pump.", SHORT_ANSWER)
    selection = user.http.post("/v1/memories/selections", json={"everything": True}).json()
    request = DeletionRequest(user.id, "key", Deadline(20), backend.context())
    backend.dynamodb.should_throttle = lambda operation, body: operation == "DeleteItem" and "turn#" in str(body)
    with pytest.raises(PamError) as refused:
        delete_selection(backend.chat.answers, request, UUID(selection["id"]))
    assert refused.value.error.code == "store_unavailable"
    assert {"messages", "exchanges"} <= rows_with(context.owner, word)
    backend.dynamodb.should_throttle = None
    assert delete_selection(backend.chat.answers, request, UUID(selection["id"])).messages == 1
    assert traces(context, word) == []


@scenario
def archive_that_is_stored_during_a_deletion_is_deleted(context: ScenarioContext) -> None:
    """Its rows were read before."""
    user, answers = context.new_user(), context.backend.chat.answers
    message_id, _ = ask_about(user, "Hello.", SHORT_ANSWER)

    copies = answers.message_copies()
    archives: list[str] = []

    class SlowCopies:
        """Copies of messages whose deletion takes so long that an archive is stored meanwhile."""

        def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
            copies.delete(user_id, turns)
            if not archives:
                archives.append(answers.files().put(user_id, f"{ARCHIVE_PREFIX}x.zip", b"x", "application/zip"))

    request = DeletionRequest(user.id, None, Deadline(20), context.backend.context())
    delete_message_of(replace(answers, message_copies=SlowCopies), request, UUID(message_id))
    assert len(archives) == 1 and answers.files().delete_all(user.id) == 0


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(wait_for_scenario: Callable[[Scenario], None], scenario: Scenario) -> None:
    """What a deletion leaves of the chat."""
    wait_for_scenario(scenario)
