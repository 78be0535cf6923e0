"""What a client may rely on of the WebSocket API: who gets in, what is answered, and the limits of a socket.

The first half is API Gateway's, whatever is behind it; the second is PAM's protocol as a client sees it.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from local.stack import LocalStack

MAX_FRAME = 32 * 1024
MAX_MESSAGE = 128 * 1024
"""Bytes: API Gateway's quotas."""

NEW_TICKET = "POST", "/v1/ws-ticket"
QUESTION = "How much did I spend on gas this month?"
"""Answered without a model, so that a run against a stage costs nothing."""

ANY_ID = "00000000-0000-4000-8000-000000000000"

Open = Callable[[], ClientConnection]


@pytest.fixture
def new_ticket(api: httpx.Client, token: str) -> Callable[[], dict[str, Any]]:
    """Asks for a ticket, as the page does before it opens a socket."""

    def new() -> dict[str, Any]:
        answer = api.request(*NEW_TICKET, json={}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 201, answer.text
        ticket: dict[str, Any] = answer.json()
        return ticket

    return new


@pytest.fixture
def open_socket(ws_url: str, new_ticket: Callable[[], dict[str, Any]]) -> Iterator[Open]:
    """Opens sockets, each with a ticket of its own."""
    with ExitStack() as sockets:
        yield lambda: sockets.enter_context(connect(f"{ws_url}?ticket={new_ticket()['ticket']}"))


@pytest.fixture
def socket(open_socket: Open) -> ClientConnection:
    """One socket."""
    return open_socket()


def receive(socket: ClientConnection) -> dict[str, Any]:
    """The next frame."""
    frame: dict[str, Any] = json.loads(socket.recv(timeout=40))
    return frame


def send(socket: ClientConnection, **frame: Any) -> None:
    socket.send(json.dumps(frame))


def status_of(url: str) -> int:
    """How a handshake is refused."""
    with pytest.raises(InvalidStatus) as caught, connect(url):
        pass
    return caught.value.response.status_code


def close_code(socket: ClientConnection) -> int:
    """The code that the server closes with."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            socket.recv(timeout=40)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def assert_is_alive(socket: ClientConnection) -> None:
    send(socket, action="ping")
    assert receive(socket) == {"type": "pong"}


# ----------------------------------------------------------------------------------------------------------
# API Gateway
# ----------------------------------------------------------------------------------------------------------


def test_every_route(local_stack: LocalStack | None) -> None:
    """The template has the routes that the protocol knows, and no others."""
    if local_stack is None:
        pytest.skip("reads the template that the local stack serves")
    assert local_stack.template.websocket is not None
    known = {"$connect", "$disconnect", "chat", "resume", "confirm", "cancel", "ping"}
    assert local_stack.template.websocket.routes.keys() == known


@pytest.mark.parametrize("query", ["", "?", "?ticket", "?ticket=", "?other=x", "?ticket=nonsense"])
def test_no_ticket(ws_url: str, query: str) -> None:
    """Without a ticket, or with one that nobody has given, the handshake is refused."""
    assert status_of(ws_url + query) == 401


def test_no_such_stage(ws_url: str, new_ticket: Callable[[], dict[str, Any]]) -> None:
    """Sockets open at the stage's path only."""
    assert status_of(f"{ws_url}-not?ticket={new_ticket()['ticket']}") == 403


@pytest.mark.parametrize(
    "message",
    [
        '{"action": "unknown"}',
        '{"action": "$connect"}',
        '{"action": "$disconnect"}',
        '{"action": ["ping"]}',
        '{"Action": "ping"}',
        "{}",
        "[]",
        '"ping"',
        '{"action": "ping"',
        "ping",
    ],
)
def test_no_route(socket: ClientConnection, message: str) -> None:
    """What selects no route, malformed JSON included, is answered by the gateway, and the socket stays open."""
    socket.send(message)
    answer = receive(socket)
    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Forbidden"
    assert re.fullmatch(r"[\w-]{15}=", answer["connectionId"])
    assert re.fullmatch(r"[\w-]{15}=", answer["requestId"])
    assert_is_alive(socket)


def test_connection_ids_differ(open_socket: Open) -> None:
    """Each socket has an id of its own, and keeps it."""
    sockets = [open_socket(), open_socket()]
    ids = []
    for _ in range(2):
        for socket in sockets:
            socket.send("no route")
            ids.append(receive(socket)["connectionId"])
    assert ids[0] != ids[1]
    assert ids[:2] == ids[2:]


def test_largest_frame(socket: ClientConnection) -> None:
    """A frame may have 32 KB."""
    socket.send("x" * MAX_FRAME)
    assert receive(socket)["message"] == "Forbidden"
    assert_is_alive(socket)


def test_message_in_frames(socket: ClientConnection) -> None:
    """A message may come in several frames."""
    text = json.dumps({"action": "ping"})
    socket.send([text[:5], text[5:9], text[9:]])
    assert receive(socket) == {"type": "pong"}


@pytest.mark.parametrize(
    "message",
    [["x" * (MAX_FRAME + 1)], ["x" * MAX_FRAME] * (MAX_MESSAGE // MAX_FRAME) + ["x"]],
    ids=["frame", "message"],
)
def test_too_large(socket: ClientConnection, message: list[str]) -> None:
    """A larger frame, or a larger message, ends the socket with 1009."""
    with suppress(ConnectionClosed):  # it may have closed before it has read all
        socket.send(message)
    assert close_code(socket) == 1009


def test_binary_frame(socket: ClientConnection) -> None:
    """A binary frame ends the socket with 1003."""
    socket.send(b'{"action": "ping"}')
    assert close_code(socket) == 1003


def test_close(socket: ClientConnection) -> None:
    """A client that closes gets its close frame back."""
    socket.close(1000, "done")
    assert socket.close_code == 1000


# ----------------------------------------------------------------------------------------------------------
# PAM
# ----------------------------------------------------------------------------------------------------------


def test_ticket(ws_url: str, new_ticket: Callable[[], dict[str, Any]]) -> None:
    """A ticket names the address to open, and how long it is good."""
    ticket = new_ticket()
    assert ticket.keys() == {"ticket", "url", "expires_at", "expires_in"}
    assert ticket["url"] == ws_url
    assert ticket["expires_in"] == 60
    expires = datetime.fromisoformat(ticket["expires_at"])
    assert abs((expires - datetime.now(UTC)).total_seconds() - 60) < 30
    assert new_ticket()["ticket"] != ticket["ticket"]


def test_ticket_is_used_up(ws_url: str, new_ticket: Callable[[], dict[str, Any]]) -> None:
    """A ticket opens one socket."""
    url = f"{ws_url}?ticket={new_ticket()['ticket']}"
    with connect(url) as socket:
        assert_is_alive(socket)
        assert status_of(url) == 401
    assert status_of(url) == 401


def test_ping(socket: ClientConnection) -> None:
    """A ping is answered, as often as it comes."""
    for _ in range(3):
        assert_is_alive(socket)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"action": "chat"}, "invalid_request"),
        ({"action": "chat", "message_id": "1", "text": QUESTION}, "invalid_request"),
        ({"action": "chat", "message_id": ANY_ID, "text": QUESTION, "more": 1}, "invalid_request"),
        ({"action": "chat", "message_id": ANY_ID, "text": ""}, "invalid_text"),
        ({"action": "chat", "message_id": ANY_ID, "text": "x" * 4001}, "invalid_text"),
        ({"action": "resume", "message_id": ANY_ID, "after": -1}, "invalid_request"),
        (
            {"action": "confirm", "confirmation_id": ANY_ID, "decision": "perhaps", "digest": "0" * 64},
            "invalid_request",
        ),
        ({"action": "cancel"}, "invalid_request"),
    ],
)
def test_wrong_frame(socket: ClientConnection, frame: dict[str, Any], code: str) -> None:
    """A frame that isn't as it should be is an error of its own, and the socket stays open."""
    send(socket, **frame)
    error = receive(socket)
    assert (error["type"], error["code"]) == ("error", code)
    assert error["message"]
    assert "seq" not in error
    assert_is_alive(socket)


def answer_to(socket: ClientConnection) -> list[dict[str, Any]]:
    """The frames of one message, up to its last."""
    frames = [receive(socket)]
    while frames[-1]["type"] not in ("done", "error"):
        frames.append(receive(socket))
    return frames


def test_question(open_socket: Open) -> None:
    """A question is acknowledged and answered in numbered frames, which any socket of the traveller gets again."""
    socket = open_socket()
    message_id = str(uuid.uuid4())
    send(socket, action="chat", message_id=message_id, text=QUESTION, context={"timezone": "America/Denver"})
    frames = answer_to(socket)
    assert (frames[0]["type"], frames[-1]["type"]) == ("ack", "done")
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert {frame["message_id"] for frame in frames} == {message_id}
    assert len({frame["conversation_id"] for frame in frames}) == 1
    done = frames[-1]
    assert done["tier"] == 1
    deltas = "".join(frame["text"] for frame in frames if frame["type"] == "delta")
    assert deltas in ("", done["text"])

    other = open_socket()
    send(other, action="resume", message_id=message_id, after=1)
    assert answer_to(other) == frames[1:]
    send(other, action="chat", message_id=message_id, text=QUESTION, context={"timezone": "America/Denver"})
    assert answer_to(other) == frames
