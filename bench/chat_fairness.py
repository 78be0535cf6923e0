"""What one user's burst costs another user: sixty long questions at once from one, short ones from others meanwhile.

Each question of the burst begins a conversation of its own, over six connections, and its answer takes three seconds.
The others ask on a fixed schedule, each user twenty questions, until the burst is over; each question is timed from the
moment at which it was due, so that waiting counts. Environments are warm for a single user's turns, as after a quiet
hour. Target: a 95th percentile of at most one second to the others' first frame.

The burst's own questions are answered, in their order, or refused with a code and `retry_after`; none may be without an
end.
"""

import json
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from bench.figures import Figure, percentile_ms
from local.stack import LocalStack

BURST = 60
CONNECTIONS = 6
ANSWER_S = 3.0
QUESTIONS_PER_USER = 20
INTERVAL_S = 0.15
RECEIVE_TIMEOUT_S = 60

LONG_QUESTION = "Plan a month along the coast for me"
SHORT_QUESTION = "Can I leave the awning out tonight?"


@dataclass
class Outcome:
    """Seconds from the others' questions to their first frame and first text, and how the burst's questions ended."""

    first_frame: list[float] = field(default_factory=list)
    first_text: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    """Questions of the burst by `done` or the code of their error."""
    answering: list[tuple[float, float]] = field(default_factory=list)
    """When answers of the burst began and ended, as far as there were any."""

    @property
    def most_at_once(self) -> int:
        """How many answers of the burst were under way at once."""
        return max(sum(began <= at < ended for began, ended in self.answering) for at, _ in self.answering)


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state), claude_profile="zero") as stack:
        failures = stack.warm()
        assert not failures, failures
        set_replies(stack, ANSWER_S)
        quiet = measure_quiet(stack)
        outcome = measure(stack, BURST, INTERVAL_S)
    ms = "ms"
    return {
        "first_frame_ms_p50": Figure(
            percentile_ms(outcome.first_frame, 50), ms, "from another user's question to its ack"
        ),
        "first_frame_ms_p95": Figure(percentile_ms(outcome.first_frame, 95), ms, "the same, 95th percentile"),
        "first_text_ms_p50": Figure(
            percentile_ms(outcome.first_text, 50), ms, "from another user's question to its text"
        ),
        "first_text_ms_p95": Figure(percentile_ms(outcome.first_text, 95), ms, "the same, 95th percentile"),
        "first_text_ms_max": Figure(percentile_ms(outcome.first_text, 100), ms, "the same, maximum"),
        "quiet_first_text_ms_p95": Figure(percentile_ms(quiet.first_text, 95), ms, "the same without a burst"),
        "questions": Figure(len(outcome.first_frame), "", "of the others during the burst"),
        "burst_answered": Figure(outcome.ends["done"], "", "questions of the burst that were answered"),
        "burst_refused": Figure(outcome.ends.total() - outcome.ends["done"], "", "the same, refused with a code"),
        "burst_at_once": Figure(outcome.most_at_once, "", "answers of the burst under way at once, at most"),
        "burst": Figure(outcome.ends.total(), "", "questions of the burst"),
    }


def set_replies(stack: LocalStack, answer_s: float) -> None:
    """Have Claude's stand-in answer the long question within `answer_s` seconds, and the short one at once."""
    text = {"type": "text", "text": "Start in the north, and let the weather decide about the rest of the way."}
    slow = {"content": [text], "fault": {"mode": "silence_in_text", "times": None, "seconds": answer_s}}
    scripts = [(LONG_QUESTION, slow), (SHORT_QUESTION, {"content": [{"type": "text", "text": "Better not: wind."}]})]
    body = [{"match": {"text_contains": question}, "replies": [reply]} for question, reply in scripts]
    httpx.put(f"{stack.claude.url}/_script", json=body).raise_for_status()


def measure_quiet(stack: LocalStack) -> Outcome:
    """Ask the questions of one of the others, without a burst."""
    outcome = Outcome()
    with socket_of(stack, uuid.uuid4()) as socket:
        for _ in range(QUESTIONS_PER_USER):
            _ask(socket, outcome, time.perf_counter())
    return outcome


def measure(stack: LocalStack, burst: int, interval_s: float) -> Outcome:
    """Send the burst, and the others' questions at this interval until all of it has ended."""
    outcome = Outcome()
    is_over = threading.Event()
    with ThreadPoolExecutor(CONNECTIONS + 1) as pool, ExitStack() as opened:
        user = uuid.uuid4()
        sockets = [opened.enter_context(socket_of(stack, user)) for _ in range(CONNECTIONS)]
        others = pool.submit(_ask_until, is_over, stack, outcome, interval_s)
        time.sleep(0.5)
        shares = [len(range(number, burst, CONNECTIONS)) for number in range(CONNECTIONS)]
        try:
            for ends, answering in pool.map(_send_burst, sockets, shares):
                outcome.ends.update(ends)
                outcome.answering += answering
        finally:
            is_over.set()
        others.result()
    return outcome


@contextmanager
def socket_of(stack: LocalStack, user: uuid.UUID) -> Iterator[ClientConnection]:
    """Yield an open connection of a user."""
    headers = {"authorization": f"Bearer {stack.token(user)}"}
    ticket = httpx.post(f"{stack.url}/v1/ws-ticket", json={}, headers=headers, timeout=60).raise_for_status().json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}", open_timeout=60) as socket:
        yield socket


def _send_burst(socket: ClientConnection, count: int) -> tuple[list[str], list[tuple[float, float]]]:
    """Send questions at once; return how each of them ended, and when answers began and ended."""
    ids = {str(uuid.uuid4()) for _ in range(count)}
    for message_id in ids:
        socket.send(json.dumps({"action": "chat", "message_id": message_id, "text": LONG_QUESTION}))
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    ends: list[str] = []
    while ended.keys() != ids:
        frame = json.loads(socket.recv(timeout=RECEIVE_TIMEOUT_S))
        if frame["type"] == "delta":
            began.setdefault(frame["message_id"], time.perf_counter())
        elif frame["type"] in ("done", "error"):
            ended[frame["message_id"]] = time.perf_counter()
            ends.append(frame.get("code", "done"))
    return ends, [(began[message_id], ended[message_id]) for message_id in began]


def _ask_until(is_over: threading.Event, stack: LocalStack, outcome: Outcome, interval_s: float) -> None:
    """Ask the others' questions as they are due, as a new user after each twenty."""
    due = time.perf_counter()
    while not is_over.is_set():
        with socket_of(stack, uuid.uuid4()) as socket:
            for _ in range(QUESTIONS_PER_USER):
                _ask(socket, outcome, due)
                due += interval_s
                if is_over.wait(max(0.0, due - time.perf_counter())):
                    return


def _ask(socket: ClientConnection, outcome: Outcome, due: float) -> None:
    frame: dict[str, Any] = {}
    received_at: dict[str, float] = {}
    socket.send(json.dumps({"action": "chat", "message_id": str(uuid.uuid4()), "text": SHORT_QUESTION}))
    while frame.get("type") != "done":
        frame = json.loads(socket.recv(timeout=RECEIVE_TIMEOUT_S))
        assert frame["type"] != "error", frame
        received_at.setdefault(frame["type"], time.perf_counter() - due)
    outcome.first_frame.append(min(received_at.values()))
    outcome.first_text.append(received_at["delta"])
