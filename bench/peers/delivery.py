"""How a framework's answer reaches its client: not at all, or as frames that are stored before they are posted."""

import threading
import time
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid4

from bench.peers.contestant import TurnRecord
from pam.chat.frames import Delta, Done, ServerFrame, ToolLine, numbered
from pam.chat.turn.stream import FLUSH_INTERVAL_S
from pam.environment import chat_dependencies

CONNECTION = "sink"
"""The connection id that frames are posted to: the sink takes any."""


class Mode(StrEnum):
    """What becomes of a framework's turn."""

    MEMORY = "memory"
    """The text is handed to a function, the conversation stays in the process."""
    DURABLE = "durable"
    """The conversation is in Postgres, and each text delta is a frame of its own."""
    BATCHED = "batched"
    """As `DURABLE`, but text is gathered into frames for as long as our worker gathers it."""


class Delivery:
    """The answer to one message. In the mode `MEMORY` only its record gets the text. Thread-safe: tools run at once."""

    def __init__(self, mode: Mode, user_id: UUID, conversation: str, question: str) -> None:
        self.record = TurnRecord()
        self._interval_s = FLUSH_INTERVAL_S if mode is Mode.BATCHED else 0.0
        self._stores = mode is not Mode.MEMORY
        self._lock = threading.Lock()
        self._pending_text = ""
        self._posted_text_at: float | None = None
        self._seq = 1  # the ack, which opening the turn implies
        if self._stores:
            message_id, conversation_id = uuid4(), UUID(conversation)
            self._ids = message_id, conversation_id
            self.record.message_id = str(message_id)
            request = {"text": question, "context": {"timezone": None, "location": None}}
            turn = chat_dependencies().turns.open(user_id, message_id, conversation_id, CONNECTION, request)
            assert turn is not None
            self._turn = turn

    def add_text(self, text: str) -> None:
        """Take a text delta: the first is sent at once, a later one when the interval is over."""
        self.record.add_text(text)
        if not self._stores:
            return
        with self._lock:
            self._pending_text += text
            due_at = 0.0 if self._posted_text_at is None else self._posted_text_at + self._interval_s
            if time.monotonic() >= due_at:
                self._send()

    def tool_started(self, id: str, name: str, summary: str) -> None:
        """Send a frame that a tool runs."""
        self._send_with_pending_text(ToolLine(id, name, "running", summary))

    def tool_ended(self, id: str, name: str, summary: str, source: str) -> None:
        """Send a frame with the result of a tool."""
        self._send_with_pending_text(ToolLine(id, name, "done", summary, source))

    def end(self) -> None:
        """Send the last frame, which holds the whole answer."""
        self._send_with_pending_text(Done(text=self.record.text, tier=3))

    def check(self) -> None:
        """Raise unless the stored frames are the whole answer."""
        if self._stores:
            frames = chat_dependencies().turns.frames.after(self._turn)
            assert [frame["seq"] for frame in frames] == list(range(1, self._seq + 1)), frames
            assert "".join(frame["text"] for frame in frames if frame["type"] == "delta") == self.record.text, frames
            assert frames[-1]["type"] == "done", frames

    def _send_with_pending_text(self, frame: ServerFrame) -> None:
        if self._stores:
            with self._lock:
                self._send(frame)

    def _send(self, *more: ServerFrame) -> None:
        frames: Sequence[ServerFrame] = [Delta(self._pending_text), *more] if self._pending_text else more
        if self._pending_text:
            self._pending_text, self._posted_text_at = "", time.monotonic()
        bodies = [numbered(frame.body(), self._seq + place, *self._ids) for place, frame in enumerate(frames, start=1)]
        self._seq += len(bodies)
        dependencies = chat_dependencies()
        dependencies.turns.frames.put(self._turn, bodies)
        assert dependencies.sender.post(CONNECTION, *bodies)
