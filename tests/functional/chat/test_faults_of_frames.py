"""What isn't a frame, or isn't this traveller's: refused in a sentence, and the socket goes on."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from local.stack import LocalStack
from pam.chat.gateway.connections import MAX_CONNECTIONS_PER_USER
from tests.functional.chat.chat_user import ANSWER, ChatUser, said
from tests.functional.chat.conftest import ChatSocket, text, use
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()

ID = "3f1c2a9e-6a52-4c0e-9a0f-0c6a5b1d7e42"
DIGEST = "0" * 64
LONGEST = 4000


@pytest.fixture(scope="module")
def patient(stack: LocalStack) -> Iterator[ChatUser]:
    """Somebody whose one socket gets everything that is wrong."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner, ChatUser(stack, owner) as patient:
        yield patient


@dataclass(frozen=True)
class Case:
    """A frame, and the code of what is answered; None: the gateway's own `Forbidden`."""

    name: str
    frame: str
    code: str | None
    field: str | None = None


def chat(**fields: Any) -> str:
    return json.dumps({"action": "chat", "message_id": str(uuid.uuid4()), "text": "What now?"} | fields)


def resume(after: str) -> str:
    return f'{{"action": "resume", "message_id": "{ID}", "after": {after}}}'


def confirm(**fields: Any) -> str:
    return json.dumps({"action": "confirm", "confirmation_id": ID, "decision": "yes", "digest": DIGEST} | fields)


def at(latitude: Any, longitude: Any) -> dict[str, Any]:
    return {"location": {"latitude": latitude, "longitude": longitude}}


INVALID = "invalid_request"

CASES = (
    Case("no JSON", "What now?", None),
    Case("nothing", "", None),
    Case("an array", "[]", None),
    Case("no action", json.dumps({"message_id": ID, "text": "What now?"}), None),
    Case("an unknown action", json.dumps({"action": "dance"}), None),
    Case("an action that is a number", json.dumps({"action": 1}), None),
    Case("the gateway's own route", json.dumps({"action": "$connect"}), None),
    Case("a name twice", f'{{"action": "cancel", "message_id": "{ID}", "message_id": "{ID}"}}', "malformed_json"),
    Case("an unknown field", chat(model="opus"), INVALID, "model"),
    Case("a user id", chat(user_id=ID), INVALID, "user_id"),
    Case("no message id", json.dumps({"action": "chat", "text": "What now?"}), INVALID, "message_id"),
    Case("a message id that is none", chat(message_id="1"), INVALID, "message_id"),
    Case("a message id that is a number", chat(message_id=1), INVALID, "message_id"),
    Case("a conversation id that is none", chat(conversation_id="../1"), INVALID, "conversation_id"),
    Case("no text", json.dumps({"action": "chat", "message_id": ID}), INVALID, "text"),
    Case("an empty text", chat(text=""), "invalid_text", "text"),
    Case("a blank text", chat(text=" \n "), "invalid_text", "text"),
    Case("a text that is too long", chat(text="x" * (LONGEST + 1)), "invalid_text", "text"),
    Case("a text that is a list", chat(text=["What now?"]), "invalid_text", "text"),
    Case("half a character", chat(text="\ud83d"), INVALID, "text"),
    Case("a context that is a list", chat(context=[]), INVALID, "context"),
    Case("a context with more in it", chat(context={"rig": "van"}), INVALID, "context.rig"),
    Case("no such time zone", chat(context={"timezone": "Mars/Olympus"}), "unknown_time_zone", "timezone"),
    Case("a time zone that is a path", chat(context={"timezone": "../../etc/passwd"}), "unknown_time_zone", "timezone"),
    Case("a time zone that is a number", chat(context={"timezone": 1}), "unknown_time_zone", "timezone"),
    Case("too far north", chat(context=at(90.1, 0)), INVALID, "context.location.latitude"),
    Case("too far west", chat(context=at(0, -180.1)), INVALID, "context.location.longitude"),
    Case("half a place", chat(context={"location": {"latitude": 38}}), INVALID, "context.location.longitude"),
    Case("a place in words", chat(context=at("38.5", "-109.5")), INVALID, "context.location.latitude"),
    Case("nowhere", chat(context=at(float("nan"), 0)), INVALID, "context.location.latitude"),
    Case("less than nothing", resume("-1"), INVALID, "after"),
    Case("a number in quotes", resume('"1"'), INVALID, "after"),
    Case("a part of a frame", resume("1.5"), INVALID, "after"),
    Case("yes, a number", resume("true"), INVALID, "after"),
    Case("more than there can be", resume("1e400"), INVALID, "after"),
    Case("no number", json.dumps({"action": "resume", "message_id": ID}), INVALID, "after"),
    Case("neither yes nor no", confirm(decision="maybe"), INVALID, "decision"),
    Case("a digest that is none", confirm(digest="0"), INVALID, "digest"),
    Case("nothing to cancel", json.dumps({"action": "cancel"}), INVALID, "message_id"),
    Case("an unknown message to resume", resume("0"), "message_not_found"),
    Case("an unknown message to cancel", json.dumps({"action": "cancel", "message_id": ID}), "message_not_found"),
    Case("an unknown confirmation", confirm(), "confirmation_not_found"),
    Case("a ping with more in it", json.dumps({"action": "ping", "text": "x"}), INVALID, "text"),
)


def about(case: Case) -> dict[str, str]:
    """What the frame says that it is about, as far as it can be read."""
    fields = {} if case.code == "malformed_json" else json.loads(case.frame)
    names = ("message_id", "confirmation_id")
    return {name: fields[name] for name in names if isinstance(fields.get(name), str)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_frame_that_is_none(case: Case, patient: ChatUser) -> None:
    """One answer, without a number, that names what it is about; nothing is kept, and the next frame is answered."""
    patient.socket.socket.send(case.frame)
    answer = patient.socket.next()
    if case.code is None:
        assert answer["message"] == "Forbidden"
    else:
        assert (answer["type"], answer["code"], answer.get("field")) == ("error", case.code, case.field), answer
        assert answer["message"].endswith(".")
        assert "seq" not in answer
        assert {name: told for name, told in answer.items() if name.endswith("_id")} == about(case)
    patient.socket.send("ping")
    assert patient.socket.next() == {"type": "pong"}


def test_nothing_is_kept_of_frames_that_were_none(patient: ChatUser) -> None:
    """No turn, no message, no call of Claude."""
    for frame in (chat(text=""), chat(context=[]), chat(model="opus")):
        patient.socket.socket.send(frame)
        assert patient.socket.next()["type"] == "error"
    assert patient.rows("conversations") == patient.rows("messages") == patient.rows("turns") == []
    patient.claude.script(ANSWER)
    assert patient.ask()[-1]["type"] == "done"


@scenario
def a_text_may_be_anything(context: ScenarioContext) -> None:
    """The longest one, emoji, what can't be printed: each reaches Claude as it was, and stays so."""
    for words in ("x" * (LONGEST - 20), "\U0001f690" * 2000, "What\u0000now?", "\u202eWhat now?"):
        user = context.new_user()
        user.claude.script(ANSWER)
        assert user.ask(words)[-1]["type"] == "done"
        asked = user.ask_follow_up()["messages"][0]["content"][1]["text"]
        assert asked == f"{words} {user.claude.marker}"


@scenario
def a_quick_question_with_what_can_not_be_printed(context: ScenarioContext) -> None:
    """Answered or left to Claude, but nothing is told after the answer."""
    user = context.new_user()
    user.socket.chat("How much did I spend on gas this month?\u0000")
    frames = user.socket.until("done", "error")
    assert frames[-1]["type"] == "done", frames
    user.socket.send("ping")
    assert user.socket.next() == {"type": "pong"}


def closed(socket: ChatSocket) -> int:
    """The code with which the server closes."""
    with pytest.raises(ConnectionClosed) as caught:
        socket.next()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


@scenario
def a_frame_that_is_too_large_closes_the_socket(context: ScenarioContext) -> None:
    """100 KB in one frame, and more than 128 KB in several; a new socket goes on."""
    user = context.new_user()
    large = user.connect_socket()
    with suppress(ConnectionClosed):  # before all of it is sent, as it may be
        large.socket.send(chat(text="x" * 100_000))
    assert closed(large) == 1009
    larger = user.connect_socket()
    with suppress(ConnectionClosed):
        larger.socket.send([chat(text="x" * 140_000)[at : at + 30_000] for at in range(0, 140_000, 30_000)])
    assert closed(larger) == 1009
    user.claude.script(ANSWER)
    assert user.ask(socket=user.connect_socket())[-1]["type"] == "done"


@scenario
def a_text_of_100_kb_in_pieces_is_too_long(context: ScenarioContext) -> None:
    """The gateway takes it; PAM says what is wrong."""
    user = context.new_user()
    whole = chat(text="x" * 100_000)
    user.socket.socket.send([whole[at : at + 30_000] for at in range(0, len(whole), 30_000)])
    assert user.socket.next()["code"] == "invalid_text"


def refusal(url: str) -> int:
    with pytest.raises(InvalidStatus) as caught:
        connect(url)
    return caught.value.response.status_code


@scenario
def a_ticket_opens_one_socket(context: ScenarioContext) -> None:
    """Used, run out, made up or missing, it opens none."""
    user = context.new_user()
    told = user.http.post("/v1/ws-ticket", json={}).json()
    with connect(f"{told['url']}?ticket={told['ticket']}"):
        assert refusal(f"{told['url']}?ticket={told['ticket']}") == 401
    late = user.http.post("/v1/ws-ticket", json={}).json()
    context.table.update(
        ("ticket#" + hashlib.sha256(late["ticket"].encode()).hexdigest(), "-"),
        "set #ttl = :past",
        {"past": 1},
        condition="attribute_exists(#ttl)",
    )
    assert refusal(f"{late['url']}?ticket={late['ticket']}") == 401
    for query in ("", "?ticket=", f"?ticket={'x' * 43}"):
        assert refusal(told["url"] + query) == 401


@scenario
def more_sockets_than_anybody_needs(context: ScenarioContext) -> None:
    """The one too many is refused, the others stay."""
    user = context.new_user()
    for number in range(MAX_CONNECTIONS_PER_USER):
        context.table.put((f"connections#{user.id}", f"{number}"), {}, datetime.now(UTC) + timedelta(hours=1))
    told = user.http.post("/v1/ws-ticket", json={}).json()
    assert refusal(f"{told['url']}?ticket={told['ticket']}") == 429
    user.socket.send("ping")
    assert user.socket.next() == {"type": "pong"}


@scenario
def what_is_somebody_elses_is_not_there(context: ScenarioContext) -> None:
    """Neither resumed, cancelled nor confirmed by another, whose socket hears nothing of it."""
    user = context.new_user()
    user.claude.script(use("create_post", content="Quiet at Goblin Valley."), ANSWER)
    frames = user.ask()
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    stranger = context.new_user()
    stranger.socket.send("resume", message_id=frames[0]["message_id"], after=0)
    assert stranger.socket.next()["code"] == "message_not_found"
    stranger.socket.send("cancel", message_id=frames[0]["message_id"])
    assert stranger.socket.next()["code"] == "message_not_found"
    stranger.socket.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest=asked["digest"])
    assert stranger.socket.next()["code"] == "confirmation_not_found"
    assert user.rows("posts", "author_id") == []
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()
    stranger.socket.send("ping")
    assert stranger.socket.next() == {"type": "pong"}


@scenario
def somebody_elses_ids_are_ones_own(context: ScenarioContext) -> None:
    """The same message and conversation ids of another traveller are another message and conversation."""
    user = context.new_user()
    stranger = context.new_user()
    for each in (user, stranger):
        each.claude.script(text(f"To {each.id}."))
    frames = user.ask("My secret is Zion.")
    message_id, conversation_id = frames[0]["message_id"], frames[0]["conversation_id"]
    theirs = stranger.ask(message_id=message_id, conversation_id=conversation_id)
    assert theirs[-1]["text"] == f"To {stranger.id}."
    assert "Zion" not in said(stranger.ask_follow_up())
    assert user.resume(message_id) == frames
    assert str(stranger.id) not in said(user.ask_follow_up())


@scenario
def two_at_once_hear_only_their_own(context: ScenarioContext) -> None:
    """Both are answered at the same time, each over their own socket."""
    user = context.new_user()
    both = (user, context.new_user())
    for each in both:
        each.claude.script(use("get_spending_summary"), text(f"To {each.id}."))
    sent = [each.send() for each in both]
    for each, message_id in zip(both, sent, strict=True):
        frames = each.socket.until("done", "error")
        assert {frame["message_id"] for frame in frames} == {message_id}
        assert frames[-1]["text"] == f"To {each.id}."


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, run_scenarios: Callable[[Scenario], None]) -> None:
    """As the scenario's own sentence says."""
    run_scenarios(scenario)
