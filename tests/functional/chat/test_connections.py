"""Opening connections with tickets, and the limits of connections."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from pam.chat.gateway.connections import MAX_CONNECTIONS_PER_USER
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import SHORT_ANSWER
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def close_code(socket: ChatSocket) -> int:
    """Return the code with which the server closes a connection."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.receive()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def rejection_status(url: str) -> int:
    """Return the HTTP status of a connection that is rejected."""
    with pytest.raises(InvalidStatus) as rejected:
        connect(url)
    return rejected.value.response.status_code


@scenario
def too_large_message_closes_the_connection(context: ScenarioContext) -> None:
    """In one frame or in fragments; a new connection can be used."""
    user = context.new_user()
    frame = json.dumps({"action": "chat", "text": "x" * 140_000})
    for message in (frame[:100_000], [frame[at : at + 30_000] for at in range(0, len(frame), 30_000)]):
        socket = user.connect_socket()
        with suppress(ConnectionClosed):  # the server may close before all is sent
            socket.send_raw(message)
        assert close_code(socket) == 1009
    user.claude.script(SHORT_ANSWER)
    assert user.ask(socket=user.connect_socket())[-1]["type"] == "done"


@scenario
def invalid_ticket_is_rejected(context: ScenarioContext) -> None:
    """A used, expired, unknown, empty or missing ticket opens no connection."""
    user = context.new_user()
    used = user.http.post("/v1/ws-ticket", json={}).json()
    with connect(f"{used['url']}?ticket={used['ticket']}"):
        assert rejection_status(f"{used['url']}?ticket={used['ticket']}") == 401
    expired = user.http.post("/v1/ws-ticket", json={}).json()
    context.table.update(
        ("ticket#" + hashlib.sha256(expired["ticket"].encode()).hexdigest(), "-"),
        "set #ttl = :past",
        {"past": 1},
        condition="attribute_exists(#ttl)",
    )
    assert rejection_status(f"{expired['url']}?ticket={expired['ticket']}") == 401
    for query in ("", "?ticket=", f"?ticket={'x' * 43}"):
        assert rejection_status(used["url"] + query) == 401


@scenario
def connection_beyond_the_limit_is_rejected(context: ScenarioContext) -> None:
    """The user's other connections stay open."""
    user = context.new_user()
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    connections = {f"{number}": int(expires_at.timestamp()) for number in range(MAX_CONNECTIONS_PER_USER)}
    context.table.put((f"connections#{user.id}", "open"), {"connections": connections}, expires_at)
    ticket = user.http.post("/v1/ws-ticket", json={}).json()
    assert rejection_status(f"{ticket['url']}?ticket={ticket['ticket']}") == 429
    user.socket.send("ping")
    assert user.socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
