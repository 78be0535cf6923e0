"""Connections that close in the middle of an answer: a new one receives exactly the remaining frames."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import RECEIVE_TIMEOUT_S, ChatSocket
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    WRITE_WITH_MORE_TO_DO,
    ClaudeScripts,
    pausing_reply,
    step,
    text,
    use,
)
from tests.functional.chat.frames import check_frames

STORY = " ".join(f"Mile {number} brings another canyon." for number in range(60))

CONNECTIONS = 100


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame_counts=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_resume_after_any_frame_returns_exactly_the_rest(
    frame_counts: list[int],
    connect_socket: Callable[[Traveller], ChatSocket],
    new_traveller: Callable[[], Traveller],
    claude: ClaudeScripts,
) -> None:
    """Frames over several connections have no gap and no repetition, and are the stored ones.

    `frame_counts` has the number of frames that are received over each connection before it closes.
    """
    traveller = new_traveller()
    claude.script(
        step(text(STORY), use("find_cheap_gas", place="Denver")),
        step(text(STORY), use("get_weather_forecast", place="Moab, Utah")),
        text(STORY),
    )
    socket = connect_socket(traveller)
    message_id = socket.send_question(f"Tell me the long story {claude.marker}")
    frames: list[dict[str, Any]] = []
    for count in frame_counts:
        for _ in range(count):
            if not frames or frames[-1]["type"] != "done":
                frames.append(socket.receive())
        socket.close()
        socket = connect_socket(traveller)
        socket.send("resume", message_id=message_id, after=frames[-1]["seq"])
    if frames[-1]["type"] != "done":
        frames += socket.receive_until("done", "error")
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert frames[-1]["type"] == "done"
    socket.send("resume", message_id=message_id, after=0)
    assert socket.receive_until("done") == frames


def test_closed_connection_does_not_stop_the_turn(stack: LocalStack, owner: psycopg.Connection) -> None:
    """The turn runs once to its end; `resume` returns the rest, all frames, the last one, or none."""
    with ChatUser(stack, owner) as user:
        user.claude.script(WRITE_WITH_MORE_TO_DO, pausing_reply(LONG_ANSWER, seconds=1))
        socket = user.connect_socket()
        message_id = user.send(socket=socket)
        received = socket.receive_until("delta")
        socket.close()
        frames = check_frames(received + user.resume(message_id, received[-1]["seq"]))
        assert frames[-1]["type"] == "done"
        assert LONG_TEXT in frames[-1]["text"]
        user.conversation_id = frames[0]["conversation_id"]
        assert user.resume(message_id) == frames
        assert len(user.rows("expenses")) == len(user.rows("turns")) == 1
        assert user.resume(message_id, frames[-1]["seq"] - 1) == frames[-1:]
        user.socket.send("resume", message_id=message_id, after=frames[-1]["seq"] + 5)
        user.ask_follow_up()


def test_hundred_concurrent_connections_receive_their_own_answers(stack: LocalStack, claude: ClaudeScripts) -> None:
    """Each of a hundred users receives the complete answer to their own question once."""
    entries = [
        {
            "match": {"text_contains": f"{claude.marker}-{number}."},
            "replies": [step(text(f"Answer {number}.")), step(text("A second answer."))],
        }
        for number in range(CONNECTIONS)
    ]
    assert claude.http.put("/_script", json=entries).is_success

    async def ask(number: int, http: httpx.AsyncClient) -> list[dict[str, Any]]:
        headers = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
        ticket = (await http.post("/v1/ws-ticket", json={}, headers=headers)).raise_for_status().json()
        async with connect(f"{ticket['url']}?ticket={ticket['ticket']}", open_timeout=RECEIVE_TIMEOUT_S) as socket:
            question = {"action": "chat", "message_id": str(uuid.uuid4()), "text": f"Tell me {claude.marker}-{number}."}
            await socket.send(json.dumps(question))
            frames: list[dict[str, Any]] = []
            while not frames or frames[-1]["type"] not in ("done", "error"):
                frames.append(json.loads(await asyncio.wait_for(socket.recv(), 2 * RECEIVE_TIMEOUT_S)))
            return frames

    async def ask_all() -> list[list[dict[str, Any]]]:
        async with httpx.AsyncClient(base_url=stack.url, timeout=RECEIVE_TIMEOUT_S) as http:
            return await asyncio.gather(*(ask(number, http) for number in range(CONNECTIONS)))

    for number, frames in enumerate(asyncio.run(ask_all())):
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        assert frames[-1]["type"] == "done", frames[-1]
        assert frames[-1]["text"] == f"Answer {number}."
    assert len(claude.requests()) == CONNECTIONS
