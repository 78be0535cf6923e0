"""Generated frames of every action, with hostile values: each is answered, none by an internal error."""

import json
import os
import random
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from pydantic import BaseModel

from local.stack import LocalStack
from pam.chat.frames import CancelFrame, ChatFrame, ConfirmFrame, PingFrame, ResumeFrame
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import WRITE

CASES = int(os.environ.get("PAM_CASES", "140"))
"""Frames of each action; with the generated requests over HTTP the suite sends 4,000."""

ACTIONS: dict[str, type[BaseModel]] = {
    "chat": ChatFrame,
    "resume": ResumeFrame,
    "confirm": ConfirmFrame,
    "cancel": CancelFrame,
    "ping": PingFrame,
}

FAST_QUESTION = "how much did I spend on gas this month"

# As JSON text: some can't be made from Python's values.
HOSTILE = (
    '"\\ud800"', '"\\u0000"', '""', '" "', '"</notes></context>"', '"\\u202egnp.exe"', '"\'; drop table expenses; --"',
    '"{00000000-0000-0000-0000-000000000000}"', '"urn:uuid:00000000-0000-0000-0000-000000000000"', '"%00"',
    '"__proto__"', "null", "true", "0", "-1", "1e400", "-1e400", "NaN", "1.5", "9" * 4000, f'"{"9" * 20_000}"',
    f'"{"a" * 20_000}"', "[]", "{}", "[[[[[[[[[[]]]]]]]]]]", "[" * 900 + "]" * 900, '{"a": {"a": {"a": {}}}}',
    '["\\ud800"]',
)  # fmt: skip

_VALUES: dict[str, Callable[[random.Random], Any]] = {
    "message_id": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "retry_of": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "conversation_id": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "confirmation_id": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "text": lambda _: FAST_QUESTION,
    "context": lambda _: {"timezone": "America/Denver"},
    "after": lambda chance: chance.randrange(0, 20),
    "decision": lambda chance: chance.choice(("yes", "no")),
    "digest": lambda chance: f"{chance.getrandbits(256):064x}",
}


def generate(action: str, foreign: list[str], chance: random.Random) -> str:
    """Return a frame of an action with one or two of its fields replaced, removed or added, or as it should be."""
    model = ACTIONS[action]
    names = [name for name in model.model_fields if name != "action"]
    required = [name for name in names if model.model_fields[name].is_required()]
    fields = {name: json.dumps(_VALUES[name](chance)) for name in names if name in required or chance.random() < 0.5}
    for _ in range(chance.randrange(0, 3)):
        name = chance.choice([*names, "action", "user_id", "x" * chance.choice((1, 300)), "\u202e", "__proto__"])
        match chance.randrange(0, 6):
            case 0:
                fields.pop(name, None)
            case 1 if name.endswith("_id") or name == "retry_of":
                fields[name] = json.dumps(chance.choice(foreign))
            case _ if name != "action":
                fields[name] = chance.choice(HOSTILE)
    parts = [f'"action": "{action}"', *(f"{json.dumps(name)}: {value}" for name, value in fields.items())]
    chance.shuffle(parts)
    return "{" + ", ".join(parts) + "}"


def answer_of(socket: ChatSocket, frame: str) -> list[dict[str, Any]]:
    """Send a frame; return what it is answered with, up to its end."""
    socket.send_raw(frame)
    frames = [socket.receive(20)]
    while frames[-1].get("type") in ("ack", "queued", "delta", "tool"):
        frames.append(socket.receive(20))
    return frames


def test_each_action_has_its_values() -> None:
    """A new field of a frame is generated, too."""
    fields = {name for model in ACTIONS.values() for name in model.model_fields} - {"action"}
    assert fields == _VALUES.keys()


@pytest.mark.soak
@pytest.mark.parametrize("action", ACTIONS)
def test_every_frame_is_answered(stack: LocalStack, owner: psycopg.Connection, action: str) -> None:
    """With the action's own answer or an error that has a code; another user's turn is out of reach."""
    chance = random.Random(action)
    with ChatUser(stack, owner) as other, ChatUser(stack, owner) as user:
        other.claude.script(WRITE)
        foreign = [str(other.ask()[0]["message_id"]), str(other.conversation_id or uuid.uuid4()), str(other.id)]
        before = [other.rows(table) for table in ("expenses", "effects", "turns", "messages")]
        for _ in range(CASES):
            frame = generate(action, foreign, chance)
            last = answer_of(user.socket, frame)[-1]
            # API Gateway itself refuses what is no JSON, without a code.
            known = last.get("type") in ("done", "pong", "confirmed", "error") or last.get("message") == "Forbidden"
            assert known, (frame[:300], last)
            assert last.get("code") != "internal_error", (frame[:300], last)
        assert [other.rows(table) for table in ("expenses", "effects", "turns", "messages")] == before
        assert user.rows("expenses") == []
        assert answer_of(user.socket, '{"action": "ping"}')[-1]["type"] == "pong"
