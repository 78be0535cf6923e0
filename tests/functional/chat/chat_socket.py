"""A client's WebSocket connection."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

RECEIVE_TIMEOUT_S = 60.0


class ChatSocket:
    """An open connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, action: str, **fields: Any) -> None:
        """Send a frame."""
        self.send_raw(json.dumps({"action": action} | fields))

    def send_raw(self, message: str | Sequence[str]) -> None:
        """Send a message as it is, in several fragments where it is a sequence."""
        self._connection.send(message)

    def send_question(self, text: str, *, message_id: str | None = None, **fields: Any) -> str:
        """Send a question; return its message id, by default a new one."""
        message_id = message_id or str(uuid.uuid4())
        self.send("chat", message_id=message_id, text=text, **fields)
        return message_id

    def receive(self, timeout_s: float = RECEIVE_TIMEOUT_S) -> dict[str, Any]:
        """Return the next frame. Raises TimeoutError."""
        frame: dict[str, Any] = json.loads(self._connection.recv(timeout=timeout_s))
        return frame

    def receive_until(self, *types: str) -> list[dict[str, Any]]:
        """Return the next frames up to the first of one of these types, inclusive."""
        frames = [self.receive()]
        while frames[-1].get("type") not in types:
            frames.append(self.receive())
        return frames

    def ask(self, text: str, **fields: Any) -> list[dict[str, Any]]:
        """Send a question; return all frames of its answer."""
        self.send_question(text, **fields)
        return self.receive_until("done", "error")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextmanager
def open_socket(http: httpx.Client) -> Iterator[ChatSocket]:
    """Open a connection for the user of an HTTP client, with a new ticket."""
    response = http.post("/v1/ws-ticket", json={})
    assert response.status_code == 201, response.text
    ticket = response.json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}", max_size=None) as connection:
        yield ChatSocket(connection)
