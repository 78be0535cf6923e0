"""A client at the WebSocket, for the command line and for benchmarks: each frame of an answer, and when it came."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect


@dataclass(frozen=True)
class Timed:
    """A frame, and how many seconds after its question it came."""

    frame: dict[str, Any]
    after_s: float


class Line:
    """One open socket of one traveller."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, text: str, conversation_id: str | None = None, **context: Any) -> list[Timed]:
        """All frames of an answer, in their order. Raises TimeoutError after a minute's silence."""
        return list(self.answer(text, conversation_id, **context))

    def answer(self, text: str, conversation_id: str | None = None, **context: Any) -> Iterator[Timed]:
        """The frames of an answer as they come, the last one included. Raises TimeoutError after a minute's silence."""
        question: dict[str, Any] = {"action": "chat", "message_id": str(uuid.uuid4()), "text": text, "context": context}
        if conversation_id is not None:
            question["conversation_id"] = conversation_id
        began = time.perf_counter()
        self._socket.send(json.dumps(question))
        frame: dict[str, Any] = {}
        while frame.get("type") not in ("done", "error"):
            frame = json.loads(self._socket.recv(timeout=60))
            yield Timed(frame, time.perf_counter() - began)


@contextmanager
def open_line(url: str, token: str) -> Iterator[Line]:
    """A socket of the traveller whose token this is; `url` is the HTTP API's."""
    headers = {"authorization": f"Bearer {token}"}
    ticket = httpx.post(f"{url}/v1/ws-ticket", json={}, headers=headers, timeout=30).raise_for_status().json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}") as socket:
        yield Line(socket)


def first(frames: list[Timed], kind: str, **fields: Any) -> float:
    """Seconds until the first frame of this type with these fields. Raises StopIteration where there is none."""
    return next(
        timed.after_s for timed in frames if timed.frame["type"] == kind and fields.items() <= timed.frame.items()
    )
