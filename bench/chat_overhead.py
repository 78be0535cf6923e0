"""Our own share of a turn: a question over a real WebSocket, through the whole local stack, with a stand-in for Claude
that replies at once.

Socket, gateway, chat function, Lambda's queue, worker, stand-in for Claude with profile `zero`, frames, socket. One
client at a time, warm environments, each question a conversation of its own, without tools and so without sources.
Targets on an idle machine: a median of at most 60 ms to the first text, and of at most 100 ms to the last frame.

The times include everything. What isn't ours is measured separately and not subtracted: the stand-in by sending it the
same request directly, DynamoDB's by its process's CPU. The gateway and Lambda's queue are
local, too: they run in this process, whose CPU is printed as well and includes the client's.
"""

import http.client
import json
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from websockets.sync.client import ClientConnection, connect

from bench.figures import Figure, median_ms, percentile_ms
from local.stack import LocalStack
from local.stand_ins.claude.request_rules import VERSION
from local.stand_ins.claude.server import CLAUDE_KEY

ROUNDS = 100
WARM_UP = 20

QUESTIONS_PER_USER = 20
"""More than 30 in a minute would be refused."""

RECEIVE_TIMEOUT_S = 30
FUNCTIONS = ("chat", "chat_worker")

QUESTION = "How do I level the rig on soft ground?"
ANSWER = (
    "Chock both wheels on the low side first, then raise that side with blocks until the bubble is centred, and only "
    "then put the jacks down: they steady the rig, they don't lift it. On soft ground, lay boards under the jacks and "
    "look again after an hour, for it will have sunk a little. Leave the fridge off until you are level."
)


@dataclass(frozen=True)
class Turn:
    """Seconds from the question to the `ack`, the first text and the `done`. `worker` is the time from the worker's
    start to its last frame, which it then stores and posts."""

    ack: float
    first_delta: float
    total: float
    worker: float


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state), claude_profile="zero") as stack:
        failures = stack.warm()
        assert not failures, failures
        script = [{"match": {"text_contains": QUESTION}, "replies": [{"content": [{"type": "text", "text": ANSWER}]}]}]
        httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
        return _measure(stack)


def _measure(stack: LocalStack) -> dict[str, Figure]:
    stack.functions["chat_worker"].warm(2)  # the previous one may still run when a question comes
    _turns(stack, WARM_UP)
    functions = [psutil.Process(pid) for name in FUNCTIONS for pid in stack.functions[name].pids]
    dynamodb = [child for child in psutil.Process().children() if "local.stand_ins.aws" in child.cmdline()]
    cpu = _cpu(functions), _cpu(dynamodb), _cpu([psutil.Process()])
    turns = _turns(stack, ROUNDS)
    assert {process.pid for process in functions} == {pid for name in FUNCTIONS for pid in stack.functions[name].pids}
    spent = _cpu(functions) - cpu[0], _cpu(dynamodb) - cpu[1], _cpu([psutil.Process()]) - cpu[2]
    ours, dynamodb_ms, local = (round(seconds * 1000 / ROUNDS, 2) for seconds in spent)
    first_delta = [turn.first_delta for turn in turns]
    ms = "ms"
    return {
        "first_delta_ms_p50": Figure(median_ms(first_delta), ms, "from the question to the first text"),
        "first_delta_ms_p95": Figure(percentile_ms(first_delta, 95), ms, "the same, 95th percentile"),
        "total_ms_p50": Figure(median_ms([turn.total for turn in turns]), ms, "from the question to the last frame"),
        "total_ms_p95": Figure(percentile_ms([turn.total for turn in turns], 95), ms, "the same, 95th percentile"),
        "ack_ms_p50": Figure(median_ms([turn.ack for turn in turns]), ms, "from the question to its ack"),
        "worker_ms_p50": Figure(
            median_ms([turn.worker for turn in turns]), ms, "from the worker's start to its last frame, not stored yet"
        ),
        "claude_ms_p50": Figure(
            median_ms(_stand_in(stack)), ms, "the stand-in's own time for the same request: part of the above"
        ),
        "cpu_ms": Figure(ours, ms, "CPU of the functions chat and chat_worker for a turn"),
        "dynamodb_cpu_ms": Figure(dynamodb_ms, ms, "CPU of the stand-in for DynamoDB for a turn"),
        "local_cpu_ms": Figure(local, ms, "CPU of the local gateway, Lambda's queue and the client for a turn"),
        "rounds": Figure(ROUNDS, "", "turns, one after another"),
    }


def _turns(stack: LocalStack, count: int) -> list[Turn]:
    turns: list[Turn] = []
    while len(turns) < count:
        headers = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
        ticket = httpx.post(f"{stack.url}/v1/ws-ticket", json={}, headers=headers).raise_for_status().json()
        with connect(f"{ticket['url']}?ticket={ticket['ticket']}") as socket:
            turns += [_ask(socket) for _ in range(min(QUESTIONS_PER_USER, count - len(turns)))]
        for name in FUNCTIONS:  # what the worker does after its last frame is part of the turn's CPU
            while stack.functions[name].queued:
                time.sleep(0.005)
    return turns


def _ask(socket: ClientConnection) -> Turn:
    received_at: dict[str, float] = {}
    frame: dict[str, Any] = {}
    started_at = time.perf_counter()
    socket.send(json.dumps({"action": "chat", "message_id": str(uuid.uuid4()), "text": QUESTION}))
    while frame.get("type") != "done":
        frame = json.loads(socket.recv(timeout=RECEIVE_TIMEOUT_S))
        received_at.setdefault(frame["type"], time.perf_counter() - started_at)
    assert frame["text"] == ANSWER, frame
    return Turn(received_at["ack"], received_at["delta"], received_at["done"], frame["latency_ms"]["total"] / 1000)


def _stand_in(stack: LocalStack) -> list[float]:
    """Return the seconds of the stand-in's replies to the worker's last request, sent again by a bare client."""
    asked = httpx.get(f"{stack.claude.url}/_journal", params={"contains": QUESTION}).json()["last"][-1]["body"]
    body = json.dumps(asked).encode()
    headers = {"x-api-key": CLAUDE_KEY, "anthropic-version": VERSION, "content-type": "application/json"}
    connection = http.client.HTTPConnection(stack.claude.url.removeprefix("http://"))
    took = []
    for _ in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        connection.request("POST", "/v1/messages", body, headers)
        reply = connection.getresponse().read()
        took.append(time.perf_counter() - began)
        assert b"message_stop" in reply, reply
    connection.close()
    return took[WARM_UP:]


def _cpu(processes: Sequence[psutil.Process]) -> float:
    """Return the CPU seconds of the processes so far, threads included."""
    times = [process.cpu_times() for process in processes]
    return float(sum(each.user + each.system for each in times))
