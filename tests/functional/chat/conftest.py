"""A traveller at a WebSocket, and the stand-in for Claude, which says what a test tells it to."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from local.stack import LocalStack
from pam.chat.store import ChatTable
from pam.platform import aws
from tests.conftest import Traveller

PATIENCE_S = 60.0


@dataclass
class Line:
    """An open socket. Frames are kept as they came, by message."""

    socket: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)

    def send(self, action: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"action": action} | fields))

    def next(self, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The next frame, whatever it is. Raises TimeoutError."""
        frame = json.loads(self.socket.recv(timeout=seconds))
        self.frames.append(frame)
        return frame

    def until(self, *types: str) -> list[dict[str, Any]]:
        """The frames up to the first of one of these types, with it."""
        got = [self.next()]
        while got[-1].get("type") not in types:
            got.append(self.next())
        return got

    def chat(self, text: str, *, message_id: str | None = None, **fields: Any) -> str:
        """Sends a question; returns its id."""
        message_id = message_id or str(uuid.uuid4())
        self.send("chat", message_id=message_id, text=text, **fields)
        return message_id

    def ask(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """A question with all frames of its answer."""
        self.chat(text, **fields)
        return self.until("done", "error")

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def dial(stack: LocalStack) -> Iterator[Callable[[Traveller], Line]]:
    """Opens sockets, each with a ticket of its own."""
    with ExitStack() as lines:

        def open_line(traveller: Traveller) -> Line:
            ticket = traveller.http.post("/v1/ws-ticket", json={})
            assert ticket.status_code == 201, ticket.text
            told = ticket.json()
            return Line(lines.enter_context(connect(f"{told['url']}?ticket={told['ticket']}", max_size=None)))

        yield open_line


@pytest.fixture
def line(dial: Callable[[Traveller], Line], traveller: Traveller) -> Line:
    """Somebody's open socket."""
    return dial(traveller)


@dataclass(frozen=True)
class StandIn:
    """The stand-in's own routes, beside Claude's. `word` is in every question of a test, and in no other's."""

    http: httpx.Client
    word: str

    def says(self, *replies: Any, when: str = "") -> None:
        """Scripts the model calls of a turn whose question has this test's word, and `when`."""
        match = {"text_contains": f"{self.word}{when}"}
        told = [reply if "content" in reply or "fault" in reply else {"content": [reply]} for reply in replies]
        answer = self.http.put("/_script", json=[{"match": match, "replies": told}])
        assert answer.is_success, answer.text

    def fails(self, mode: str, **more: Any) -> None:
        """Has requests for this test's questions fail."""
        answer = self.http.put("/_control", json={"mode": mode, "contains": self.word} | more)
        assert answer.is_success, answer.text

    def asked(self) -> list[dict[str, Any]]:
        """The model calls of this test, from the journal."""
        entries: list[dict[str, Any]] = self.http.get("/_journal", params={"contains": self.word}).json()["last"]
        return entries


@pytest.fixture
def claude(stack: LocalStack) -> Iterator[StandIn]:
    """The stand-in, with a word of this test's own."""
    with httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        yield StandIn(http, f"w{uuid.uuid4().hex[:10]}")


def text(words: str) -> dict[str, Any]:
    """A text block of a script."""
    return {"type": "text", "text": words}


def use(name: str, **arguments: Any) -> dict[str, Any]:
    """A tool block of a script."""
    return {"type": "tool_use", "name": name, "input": arguments}


def step(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A whole reply of a script."""
    return {"content": list(blocks)} | more


@pytest.fixture(scope="session")
def chat_table(stack: LocalStack, lambda_environment: None) -> ChatTable:
    """The conversations' table, to look into and to alter."""
    return ChatTable(aws.client("dynamodb"), stack.environment_of("chat")["CHAT_TABLE"])


@pytest.fixture(scope="module")
def playing(
    stack: LocalStack, chat_table: ChatTable, request: pytest.FixtureRequest
) -> Iterator[Callable[[Callable[..., None]], None]]:
    """Begins all acts of the module that are to be tested, and waits for the one that is asked for."""
    from tests.functional.chat import acts  # which are made of what is above

    tests = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    chosen = [test.callspec.params["act"] for test in tests if "act" in test.callspec.params]
    with acts.playing(stack, chat_table, chosen) as wait:
        yield wait
