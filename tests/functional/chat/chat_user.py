"""A user in one conversation, whose questions contain a marker of their own."""

import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg

from local.stack import LocalStack
from tests.functional.chat.chat_socket import ChatSocket, open_socket
from tests.functional.chat.claude_scripts import (
    FOLLOW_UP_ANSWER,
    FOLLOW_UP_TEXT,
    LONG_TEXT_START,
    ClaudeScripts,
    messages_text,
)
from tests.functional.chat.frames import Frames, check_frames, streamed_text


class ChatUser:
    """A new user with one open connection. As a context manager it closes all that it has opened."""

    def __init__(self, stack: LocalStack, owner: psycopg.Connection) -> None:
        self.id = uuid.uuid4()
        self.conversation_id: str | None = None
        self._owner = owner
        self._opened = ExitStack()
        headers = {"authorization": f"Bearer {stack.token(self.id)}"}
        # Nothing is encrypted here, and loading all certificates takes longer than a question.
        self.http = self._opened.enter_context(
            httpx.Client(base_url=stack.url, headers=headers, timeout=60, verify=False, trust_env=False)
        )
        stand_in = self._opened.enter_context(
            httpx.Client(base_url=stack.claude.url, timeout=60, verify=False, trust_env=False)
        )
        self.claude = ClaudeScripts(stand_in)
        self.socket = self.connect_socket()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def connect_socket(self) -> ChatSocket:
        """Open another connection."""
        return self._opened.enter_context(open_socket(self.http))

    def send(self, text: str = "What now?", *, socket: ChatSocket | None = None, **fields: Any) -> str:
        """Send a question of the conversation with the marker; return its message id."""
        return (socket or self.socket).send_question(f"{text} {self.claude.marker}", **(self._scope | fields))

    def send_follow_up(self, *replies: Any) -> tuple[str, ClaudeScripts]:
        """Send a question of the conversation with replies of its own; return its message id and its scripts."""
        scripts = self.claude.with_new_marker()
        scripts.script(*replies)
        return self.socket.send_question(f"And then? {scripts.marker}", **self._scope), scripts

    def ask(self, text: str = "What now?", *, socket: ChatSocket | None = None, **fields: Any) -> Frames:
        """Send a question and return all frames of its answer; a `resume` must return the same frames."""
        socket = socket or self.socket
        message_id = self.send(text, socket=socket, **fields)
        frames = check_frames(socket.receive_until("done", "error"))
        self.conversation_id = frames[0]["conversation_id"]
        assert self.resume(message_id, socket=socket) == frames
        return frames

    def ask_follow_up(self) -> str:
        """Ask a question that must be answered by one valid model call; return the messages of its request."""
        _, scripts = self.send_follow_up(FOLLOW_UP_ANSWER)
        last = check_frames(self.socket.receive_until("done", "error"))[-1]
        assert (last["type"], last.get("text")) == ("done", FOLLOW_UP_TEXT), last
        requests = scripts.requests()
        assert [request["status"] for request in requests] == [200]
        return messages_text(requests[0]["body"])

    def resume(self, message_id: str, after: int = 0, *, socket: ChatSocket | None = None) -> Frames:
        """Return the frames of a message after number `after`, up to its end."""
        socket = socket or self.socket
        socket.send("resume", message_id=message_id, after=after)
        return socket.receive_until("done", "error")

    def receive_until_pause(self) -> Frames:
        """Return the frames up to the pause of a `pausing_reply` with `LONG_TEXT`."""
        frames = self.socket.receive_until("delta")
        while streamed_text(frames).strip() != LONG_TEXT_START:
            frames.append(self.socket.receive())
        self.conversation_id = frames[0]["conversation_id"]
        return frames

    def rows(self, table: str, column: str = "user_id") -> list[dict[str, Any]]:
        """Return the user's rows of a table; `column` has the user's id."""
        with self._owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(f"select * from {table} where {column} = %s", (self.id,)).fetchall()

    def messages(self) -> list[dict[str, Any]]:
        """Return the stored messages in their order, which must have no gap."""
        rows = sorted(self.rows("messages"), key=lambda row: row["position"])
        assert [row["position"] for row in rows] == list(range(len(rows)))
        return rows

    @property
    def _scope(self) -> dict[str, Any]:
        return {} if self.conversation_id is None else {"conversation_id": self.conversation_id}
