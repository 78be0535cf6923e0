"""A socket that drops, anywhere: what comes over the next one is exactly the rest."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.conftest import PATIENCE_S, ChatSocket, ClaudeScripts, step, text, use

STORY = " ".join(f"Mile {number} brings another canyon." for number in range(60))

SOCKETS = 100


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_after_any_frame_comes_exactly_the_rest(
    taken: list[int],
    connect_socket: Callable[[Traveller], ChatSocket],
    new_traveller: Callable[[], Traveller],
    claude: ClaudeScripts,
) -> None:
    """Numbers without gap or repetition over all lines together, and the same frames that are kept.

    `taken` says how many frames are read from each socket before it drops.
    """
    somebody = new_traveller()
    claude.script(
        step(text(STORY), use("find_cheap_gas", place="Denver")),
        step(text(STORY), use("get_weather_forecast", place="Moab, Utah")),
        text(STORY),
    )
    socket = connect_socket(somebody)
    message_id = socket.chat(f"Tell me the long story {claude.marker}")
    got: list[dict[str, Any]] = []
    for count in taken:
        for _ in range(count):
            if not got or got[-1]["type"] != "done":
                got.append(socket.next())
        socket.close()
        socket = connect_socket(somebody)
        socket.send("resume", message_id=message_id, after=got[-1]["seq"])
    if got[-1]["type"] != "done":
        got += socket.until("done", "error")
    assert [frame["seq"] for frame in got] == list(range(1, len(got) + 1))
    assert got[-1]["type"] == "done"
    socket.send("resume", message_id=message_id, after=0)
    assert socket.until("done") == got


def test_a_hundred_sockets_at_once_lose_nothing_and_mix_nothing_up(stack: LocalStack, claude: ClaudeScripts) -> None:
    """Each of a hundred travellers gets the answer to their own question, whole and once."""
    entries = [
        {
            "match": {"text_contains": f"{claude.marker}-{number}."},
            "replies": [step(text(f"Answer {number}.")), step(text("A second answer."))],
        }
        for number in range(SOCKETS)
    ]
    assert claude.http.put("/_script", json=entries).is_success

    async def one(number: int, http: httpx.AsyncClient) -> list[dict[str, Any]]:
        headers = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
        ticket = (await http.post("/v1/ws-ticket", json={}, headers=headers)).raise_for_status().json()
        async with connect(f"{ticket['url']}?ticket={ticket['ticket']}", open_timeout=PATIENCE_S) as socket:
            question = {"action": "chat", "message_id": str(uuid.uuid4()), "text": f"Tell me {claude.marker}-{number}."}
            await socket.send(json.dumps(question))
            frames: list[dict[str, Any]] = []
            while not frames or frames[-1]["type"] not in ("done", "error"):
                frames.append(json.loads(await asyncio.wait_for(socket.recv(), 2 * PATIENCE_S)))
            return frames

    async def all_of_them() -> list[list[dict[str, Any]]]:
        async with httpx.AsyncClient(base_url=stack.url, timeout=PATIENCE_S) as http:
            return await asyncio.gather(*(one(number, http) for number in range(SOCKETS)))

    for number, frames in enumerate(asyncio.run(all_of_them())):
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        assert frames[-1]["type"] == "done", frames[-1]
        assert frames[-1]["text"] == f"Answer {number}."
    assert len(claude.requests()) == SOCKETS
