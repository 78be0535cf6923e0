"""Invalid frames are rejected one by one, and unusual texts are accepted."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from local.stack import LocalStack
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import SHORT_ANSWER
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()

ID = "3f1c2a9e-6a52-4c0e-9a0f-0c6a5b1d7e42"
DIGEST = "0" * 64
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_TEXT_CHARS = 4000


@pytest.fixture(scope="module")
def user(stack: LocalStack) -> Iterator[ChatUser]:
    """A user whose one connection sends all invalid frames."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner, ChatUser(stack, owner) as user:
        yield user


@dataclass(frozen=True)
class InvalidFrame:
    """A frame, and the code and field of the error. Without a code, API Gateway responds `Forbidden`."""

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


def nested(depth: int) -> str:
    return f'{{"action": "ping", "x": {"[" * depth}{"]" * depth}}}'


def location(latitude: Any, longitude: Any) -> dict[str, Any]:
    return {"location": {"latitude": latitude, "longitude": longitude}}


INVALID = "invalid_request"
ZONE = "unknown_time_zone"
TYPED = "invalid_typed_at"

INVALID_FRAMES = (
    InvalidFrame("no JSON", "What now?", None),
    InvalidFrame("empty", "", None),
    InvalidFrame("array", "[]", None),
    InvalidFrame("no action", json.dumps({"message_id": ID, "text": "What now?"}), None),
    InvalidFrame("unknown action", json.dumps({"action": "dance"}), None),
    InvalidFrame("action is a number", json.dumps({"action": 1}), None),
    InvalidFrame("action is a route of the gateway", json.dumps({"action": "$connect"}), None),
    InvalidFrame(
        "repeated name", f'{{"action": "cancel", "message_id": "{ID}", "message_id": "{ID}"}}', "malformed_json"
    ),
    InvalidFrame("unknown field", chat(model="opus"), INVALID, "model"),
    InvalidFrame("user id", chat(user_id=ID), INVALID, "user_id"),
    InvalidFrame("no message id", json.dumps({"action": "chat", "text": "What now?"}), INVALID, "message_id"),
    InvalidFrame("message id is no UUID", chat(message_id="1"), INVALID, "message_id"),
    InvalidFrame("message id is a number", chat(message_id=1), INVALID, "message_id"),
    InvalidFrame("lone surrogate in the message id", chat(message_id="\ud83d"), INVALID, "message_id"),
    InvalidFrame("conversation id is no UUID", chat(conversation_id="../1"), INVALID, "conversation_id"),
    InvalidFrame("no text", json.dumps({"action": "chat", "message_id": ID}), INVALID, "text"),
    InvalidFrame("empty text", chat(text=""), "invalid_text", "text"),
    InvalidFrame("blank text", chat(text=" \n "), "invalid_text", "text"),
    InvalidFrame("text is too long", chat(text="x" * (MAX_TEXT_CHARS + 1)), "invalid_text", "text"),
    InvalidFrame("text is a list", chat(text=["What now?"]), "invalid_text", "text"),
    InvalidFrame("lone surrogate in the text", chat(text="\ud83d"), INVALID, "text"),
    InvalidFrame("context is a list", chat(context=[]), INVALID, "context"),
    InvalidFrame("unknown field in the context", chat(context={"rig": "van"}), INVALID, "context.rig"),
    InvalidFrame("unknown time zone", chat(context={"timezone": "Mars/Olympus"}), ZONE, "timezone"),
    InvalidFrame("time zone is a path", chat(context={"timezone": "../../etc/passwd"}), ZONE, "timezone"),
    InvalidFrame("time zone is a number", chat(context={"timezone": 1}), ZONE, "timezone"),
    InvalidFrame("time of typing has no offset", chat(context={"typed_at": "2026-11-26T10:00:00"}), TYPED, "typed_at"),
    InvalidFrame("time of typing is a number", chat(context={"typed_at": 1764153600}), TYPED, "typed_at"),
    InvalidFrame("latitude is too large", chat(context=location(90.1, 0)), INVALID, "context.location.latitude"),
    InvalidFrame("longitude is too small", chat(context=location(0, -180.1)), INVALID, "context.location.longitude"),
    InvalidFrame("no longitude", chat(context={"location": {"latitude": 38}}), INVALID, "context.location.longitude"),
    InvalidFrame("latitude is a string", chat(context=location("38.5", -109)), INVALID, "context.location.latitude"),
    InvalidFrame("latitude is NaN", chat(context=location(float("nan"), 0)), INVALID, "context.location.latitude"),
    InvalidFrame("after is negative", resume("-1"), INVALID, "after"),
    InvalidFrame("after is a string", resume('"1"'), INVALID, "after"),
    InvalidFrame("after is a fraction", resume("1.5"), INVALID, "after"),
    InvalidFrame("after is a boolean", resume("true"), INVALID, "after"),
    InvalidFrame("after is too large", resume("1e400"), INVALID, "after"),
    InvalidFrame("no after", json.dumps({"action": "resume", "message_id": ID}), INVALID, "after"),
    InvalidFrame("unknown decision", confirm(decision="maybe"), INVALID, "decision"),
    InvalidFrame("digest is too short", confirm(digest="0"), INVALID, "digest"),
    InvalidFrame("cancel without message id", json.dumps({"action": "cancel"}), INVALID, "message_id"),
    InvalidFrame("resume of an unknown message", resume("0"), "message_not_found"),
    InvalidFrame(
        "cancel of an unknown message", json.dumps({"action": "cancel", "message_id": ID}), "message_not_found"
    ),
    InvalidFrame("unknown confirmation", confirm(), "confirmation_not_found"),
    InvalidFrame(
        "lone surrogate in an unknown id", '{"action": "ping", "message_id": "\\ud800"}', INVALID, "message_id"
    ),
    InvalidFrame("message id in braces", chat(message_id=f"{{{ID}}}"), INVALID, "message_id"),
    InvalidFrame("message id is a URN", resume("0").replace(ID, f"urn:uuid:{ID}"), INVALID, "message_id"),
    InvalidFrame("message id without hyphens", chat(message_id=ID.replace("-", "")), INVALID, "message_id"),
    InvalidFrame("nested too deeply", nested(40), "malformed_json"),
    InvalidFrame("nested deeper than pydantic goes", nested(500), "malformed_json"),
    InvalidFrame("nested deeper than Python goes", nested(15_000), None),
    InvalidFrame(
        "too many digits",
        chat(context=location(0, 0)).replace("0}", f"0.{'1' * 20_000}}}"),
        INVALID,
        "context.location.longitude",
    ),
    InvalidFrame("unknown field in a ping", json.dumps({"action": "ping", "text": "x"}), INVALID, "text"),
)


def ids_in(case: InvalidFrame) -> dict[str, str]:
    """Return the message id and confirmation id of a frame that are ids."""
    fields = {} if case.code == "malformed_json" else json.loads(case.frame)
    given = {name: fields.get(name) for name in ("message_id", "confirmation_id")}
    return {name: value for name, value in given.items() if isinstance(value, str) and _UUID.fullmatch(value)}


@pytest.mark.parametrize("case", INVALID_FRAMES, ids=lambda case: case.name)
def test_invalid_frame_is_rejected(case: InvalidFrame, user: ChatUser) -> None:
    """One error without a number names the ids of the frame, and the next frame is handled."""
    user.socket.send_raw(case.frame)
    error = user.socket.receive()
    if case.code is None:
        assert error["message"] == "Forbidden"
    else:
        assert (error["type"], error["code"], error.get("field")) == ("error", case.code, case.field), error
        assert error["message"].endswith(".")
        assert "seq" not in error
        assert {name: value for name, value in error.items() if name.endswith("_id")} == ids_in(case)
    user.socket.send("ping")
    assert user.socket.receive() == {"type": "pong"}


def test_invalid_frames_store_nothing(user: ChatUser) -> None:
    """They create no conversation, message or turn, and the next question is answered."""
    for frame in (chat(text=""), chat(context=[]), chat(model="opus")):
        user.socket.send_raw(frame)
        assert user.socket.receive()["type"] == "error"
    assert user.rows("conversations") == user.rows("messages") == user.rows("turns") == []
    user.claude.script(SHORT_ANSWER)
    assert user.ask()[-1]["type"] == "done"


@scenario
def unusual_text_reaches_claude_unchanged(context: ScenarioContext) -> None:
    """The longest text, emoji, and control and direction characters are stored and sent as they are."""
    for question in ("x" * (MAX_TEXT_CHARS - 20), "\U0001f690" * 2000, "What\u0000now?", "\u202eWhat now?"):
        user = context.new_user()
        user.claude.script(SHORT_ANSWER)
        assert user.ask(question)[-1]["type"] == "done"
        assert json.dumps(f"{question} {user.claude.marker}", ensure_ascii=False) in user.ask_follow_up()


@scenario
def fast_question_with_a_control_character_is_answered(context: ScenarioContext) -> None:
    """No frame follows the answer."""
    user = context.new_user()
    frames = user.socket.ask("How much did I spend on gas this month?\u0000")
    assert frames[-1]["type"] == "done", frames
    user.socket.send("ping")
    assert user.socket.receive() == {"type": "pong"}


@scenario
def location_of_many_digits_takes_few_tokens(context: ScenarioContext) -> None:
    """120,000 digits are refused; a location with as many as a number may have is rounded to a metre."""
    user = context.new_user()
    frame = chat(context=location(0, 0)).replace('"latitude": 0', f'"latitude": 38.{"5" * 120_000}')
    user.socket.send_raw([frame[at : at + 30_000] for at in range(0, len(frame), 30_000)])
    assert user.socket.receive()["field"] == "context.location.latitude"
    user.claude.script(SHORT_ANSWER)
    long = json.dumps({"location": {"latitude": 38.5, "longitude": -109}}).replace("38.5", "38." + "5" * 61)
    message = {"action": "chat", "message_id": str(uuid.uuid4()), "text": f"Where am I? {user.claude.marker}"}
    user.socket.send_raw(json.dumps(message)[:-1] + f', "context": {long}}}')
    assert user.socket.receive_until("done", "error")[-1]["type"] == "done"
    prompt = user.claude.requests()[0]["body"]["messages"][0]["content"][0]["text"]
    assert "Device: latitude 38.55556, longitude -109.00000 (tools: here)" in prompt


@scenario
def fragmented_text_of_100_kb_is_rejected(context: ScenarioContext) -> None:
    """API Gateway accepts the message, and its text is too long."""
    user = context.new_user()
    frame = chat(text="x" * 100_000)
    user.socket.send_raw([frame[at : at + 30_000] for at in range(0, len(frame), 30_000)])
    assert user.socket.receive()["code"] == "invalid_text"


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
