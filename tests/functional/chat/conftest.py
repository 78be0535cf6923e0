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
from pam.platform import aws
from pam.platform.dynamodb import DynamoTable
from tests.conftest import Traveller

PATIENCE_S = 60.0


@dataclass
class ChatSocket:
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
def connect_socket(stack: LocalStack) -> Iterator[Callable[[Traveller], ChatSocket]]:
    """Opens sockets, each with a ticket of its own."""
    with ExitStack() as lines:

        def open_socket(traveller: Traveller) -> ChatSocket:
            ticket = traveller.http.post("/v1/ws-ticket", json={})
            assert ticket.status_code == 201, ticket.text
            told = ticket.json()
            return ChatSocket(lines.enter_context(connect(f"{told['url']}?ticket={told['ticket']}", max_size=None)))

        yield open_socket


@pytest.fixture
def socket(connect_socket: Callable[[Traveller], ChatSocket], traveller: Traveller) -> ChatSocket:
    """Somebody's open socket."""
    return connect_socket(traveller)


@dataclass(frozen=True)
class ClaudeScripts:
    """The stand-in's own routes, beside Claude's. `word` is in every question of a test, and in no other's."""

    http: httpx.Client
    marker: str

    def script(self, *replies: Any, when: str = "") -> None:
        """Scripts the model calls of a turn whose question has this test's word, and `when`."""
        match = {"text_contains": f"{self.marker}{when}"}
        told = [reply if "content" in reply or "fault" in reply else {"content": [reply]} for reply in replies]
        answer = self.http.put("/_script", json=[{"match": match, "replies": told}])
        assert answer.is_success, answer.text

    def inject_fault(self, mode: str, **more: Any) -> None:
        """Has requests for this test's questions fail."""
        answer = self.http.put("/_control", json={"mode": mode, "contains": self.marker} | more)
        assert answer.is_success, answer.text

    def requests(self) -> list[dict[str, Any]]:
        """The model calls of this test, from the journal."""
        entries: list[dict[str, Any]] = self.http.get("/_journal", params={"contains": self.marker}).json()["last"]
        return entries


@pytest.fixture
def claude(stack: LocalStack) -> Iterator[ClaudeScripts]:
    """The stand-in, with a word of this test's own."""
    with httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        yield ClaudeScripts(http, f"w{uuid.uuid4().hex[:10]}")


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
def chat_table(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The conversations' table, to look into and to alter."""
    return DynamoTable(aws.client("dynamodb"), stack.environment_of("chat")["CHAT_TABLE"])


@pytest.fixture(scope="module")
def run_scenarios(
    stack: LocalStack, chat_table: DynamoTable, request: pytest.FixtureRequest
) -> Iterator[Callable[[Callable[..., None]], None]]:
    """Begins all acts of the module that are to be tested, and waits for the one that is asked for."""
    from tests.functional.chat import scenarios  # which are made of what is above

    tests = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    chosen = [test.callspec.params["scenario"] for test in tests if "scenario" in test.callspec.params]
    with scenarios.run_scenarios(stack, chat_table, chosen) as wait:
        yield wait
