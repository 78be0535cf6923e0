"""A user: one traveller in one conversation whose words nobody else says, and what is left of it backend the frames."""

import json
import re
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg
from websockets.sync.client import connect

from local.stack import LocalStack
from tests.functional.chat.conftest import ChatSocket, ClaudeScripts, text, use

Frames = list[dict[str, Any]]

RECOVERED = "All is well again."
"""What Claude says to a user's last question."""

LONG = "The Needles district is quieter in November than the Island in the Sky."
PIECES = "The Needles district is quieter in"
"""Its first two pieces, which is how far it comes where it breaks."""

ANSWER = text("Here you are.")
TALK = text(LONG)
READ = use("get_spending_summary", period="this_month")
WRITE = use("create_expense", amount=45, category="fuel")
WRITE_WITH_MORE = use("create_expense", amount=45, category="fuel", more_to_do=True)
ADDED = "Added $45.00 for fuel."
"""What is told of it."""

# What a traveller reads: no names of ours, no JSON, nothing of a stack trace.
_PLAIN = re.compile(r"[A-Z][^_{}<>\[\]\\]{10,300}[.!]", re.DOTALL)
_JARGON = re.compile(r"error|exception|null|None|http|status|DynamoDB|Postgres|Lambda|tool_use|JSON", re.IGNORECASE)


def new_word() -> str:
    """A word that no other question has."""
    return f"w{uuid.uuid4().hex[:10]}"


def plain(sentence: str) -> bool:
    """Whether a traveller can be told this."""
    return bool(_PLAIN.fullmatch(sentence)) and not _JARGON.search(sentence)


class ChatUser:
    """Somebody new at a socket. As a context it closes what it opened."""

    def __init__(self, stack: LocalStack, owner: psycopg.Connection) -> None:
        self.stack = stack
        self.owner = owner
        self.id = uuid.uuid4()
        self.conversation: str | None = None
        self._open = ExitStack()
        headers = {"authorization": f"Bearer {stack.token(self.id)}"}
        # Nothing here is encrypted, and reading all certificates takes longer than a question.
        self.http = self._open.enter_context(
            httpx.Client(base_url=stack.url, headers=headers, timeout=60, verify=False)
        )
        told = self._open.enter_context(httpx.Client(base_url=stack.claude.url, timeout=60, verify=False))
        self.claude = ClaudeScripts(told, new_word())
        self.socket = self.connect_socket()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def connect_socket(self) -> ChatSocket:
        """Another socket of the same traveller."""
        ticket = self.http.post("/v1/ws-ticket", json={})
        assert ticket.status_code == 201, ticket.text
        told = ticket.json()
        return ChatSocket(self._open.enter_context(connect(f"{told['url']}?ticket={told['ticket']}", max_size=None)))

    def send(self, words: str = "What now?", *, socket: ChatSocket | None = None, **fields: Any) -> str:
        """Sends a question of this user's conversation, with the user's word; returns the message's id."""
        if self.conversation is not None:
            fields = {"conversation_id": self.conversation} | fields
        return (socket or self.socket).chat(f"{words} {self.claude.marker}", **fields)

    def ask(self, words: str = "What now?", *, socket: ChatSocket | None = None, **fields: Any) -> Frames:
        """A question with all frames of its answer, which are checked to be in order, whole and kept."""
        socket = socket or self.socket
        message_id = self.send(words, socket=socket, **fields)
        frames = check_frames(socket.until("done", "error"))
        self.conversation = frames[0]["conversation_id"]
        assert self.resume(message_id, socket=socket) == frames
        return frames

    def resume(self, message_id: str, after: int = 0, *, socket: ChatSocket | None = None) -> Frames:
        """The frames after that number up to the message's end."""
        socket = socket or self.socket
        socket.send("resume", message_id=message_id, after=after)
        return socket.until("done", "error")

    def ask_follow_up(self) -> dict[str, Any]:
        """Asks the conversation's next question, which is answered; returns the request that Claude got for it."""
        word = new_word()
        stand_in = ClaudeScripts(self.claude.http, word)
        stand_in.script(text(RECOVERED))
        self.socket.chat(f"And after that? {word}", conversation_id=self.conversation)
        frames = check_frames(self.socket.until("done", "error"))
        assert (frames[-1]["type"], frames[-1].get("text")) == ("done", RECOVERED), frames[-1]
        asked = stand_in.requests()
        assert [entry["status"] for entry in asked] == [200]
        body: dict[str, Any] = asked[0]["body"]
        return body

    def rows(self, table: str, of: str = "user_id") -> list[dict[str, Any]]:
        """The traveller's rows of a table, as its owner sees them."""
        with self.owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(f"select * from {table} where {of} = %s", (self.id,)).fetchall()

    def messages(self) -> list[dict[str, Any]]:
        """The kept messages in their order, which has no gap."""
        rows = sorted(self.rows("messages"), key=lambda row: row["position"])
        assert [row["position"] for row in rows] == list(range(len(rows)))
        return rows


def check_frames(frames: Frames) -> Frames:
    """The frames of one message: numbered from 1 without a gap, all of one message, the text equal to its pieces."""
    assert [frame.get("seq") for frame in frames] == list(range(1, len(frames) + 1)), frames
    assert frames[0]["type"] == "ack"
    assert len({(frame["message_id"], frame["conversation_id"]) for frame in frames}) == 1
    last = frames[-1]
    if last["type"] == "done" and last["tier"] == 3:
        assert last["text"] == told(frames)
    if last["type"] == "error":
        assert plain(last["message"]), last
    return frames


def collect_frames(socket: ChatSocket, *kinds: str) -> Frames:
    """Receive the frames of one message, dropping repeated ones, until it has ended and has these types."""
    by_number: dict[int, dict[str, Any]] = {}
    while True:
        frame = socket.next()
        by_number[frame["seq"]] = frame
        frames = [by_number[number] for number in sorted(by_number)]
        there = {each["type"] for each in frames}
        if len(frames) == frames[-1]["seq"] and there & {"done", "error"} and there.issuperset(kinds):
            return check_frames(frames)


def told(frames: Frames) -> str:
    """The text that was streamed."""
    return "".join(frame["text"] for frame in frames if frame["type"] == "delta")


def lines(frames: Frames) -> list[tuple[str, str]]:
    """Name and last state of each tool's socket."""
    last = {frame["id"]: (frame["name"], frame["state"]) for frame in frames if frame["type"] == "tool"}
    return list(last.values())


def said(body: dict[str, Any]) -> str:
    """All that a request's messages say, as text to look into."""
    return json.dumps(body["messages"], ensure_ascii=False)


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for a condition."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
