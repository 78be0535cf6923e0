"""A client of the chat's WebSocket, for the command line and for benchmarks."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

RECEIVE_TIMEOUT_S = 60


@dataclass(frozen=True)
class TimedFrame:
    """A frame, and the seconds between the message and its arrival."""

    frame: dict[str, Any]
    after_s: float


class ChatClient:
    """One open socket of one user."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def ask(self, text: str, conversation_id: str | None = None, **context: Any) -> list[TimedFrame]:
        """Send a message and return all frames of its answer. Raises TimeoutError as `stream` does."""
        return list(self.stream(text, conversation_id, **context))

    def stream(self, text: str, conversation_id: str | None = None, **context: Any) -> Iterator[TimedFrame]:
        """Send a message and yield the frames of its answer as they arrive, up to `done` or `error`.

        Raises TimeoutError when no frame arrives for RECEIVE_TIMEOUT_S.
        """
        message: dict[str, Any] = {"action": "chat", "message_id": str(uuid.uuid4()), "text": text, "context": context}
        if conversation_id is not None:
            message["conversation_id"] = conversation_id
        began = time.perf_counter()
        self._socket.send(json.dumps(message))
        frame: dict[str, Any] = {}
        while frame.get("type") not in ("done", "error"):
            frame = json.loads(self._socket.recv(timeout=RECEIVE_TIMEOUT_S))
            yield TimedFrame(frame, time.perf_counter() - began)


@contextmanager
def open_chat(url: str, token: str) -> Iterator[ChatClient]:
    """Open a socket for the user of this access token; `url` is the HTTP API's. Raises httpx.HTTPError."""
    headers = {"authorization": f"Bearer {token}"}
    ticket = httpx.post(f"{url}/v1/ws-ticket", json={}, headers=headers, timeout=30).raise_for_status().json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}") as socket:
        yield ChatClient(socket)


def seconds_to_first(frames: list[TimedFrame], kind: str, **fields: Any) -> float:
    """The arrival time of the first frame of this type with these fields. Raises StopIteration if there is none."""
    return next(
        timed.after_s for timed in frames if timed.frame["type"] == kind and fields.items() <= timed.frame.items()
    )
