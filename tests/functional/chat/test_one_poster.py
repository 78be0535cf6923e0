"""While a turn passes from the gateway to its worker, each connection gets its frames in order, each once."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from local.stack import LocalStack
from pam.chat.frames import Delta, Done
from pam.chat.gateway.resume import send_frames_after
from pam.chat.lifecycle.turn import Turn
from pam.chat.turn.stream import FrameStream
from pam.platform.websocket import FrameSender, WebSocketRequest
from tests.functional.chat.in_process_backend import InProcessBackend, in_process_backend

ROUNDS = 40
RESUMES = 3


class RecordingSender(FrameSender):
    """Records what each connection gets. Each frame takes a random time, as on a real connection."""

    def __init__(self, seed: int) -> None:
        self.received: dict[str, list[int]] = defaultdict(list)
        self._random = random.Random(seed)

    def post(self, connection_id: str, *frames: Mapping[str, Any]) -> bool:
        for frame in frames:
            time.sleep(self._random.choice((0.0, 0.0, 0.002, 0.01)))
            self.received[connection_id].append(int(frame["seq"]))
        return True


@pytest.fixture(scope="module")
def backend(stack: LocalStack, lambda_environment: None) -> Iterator[InProcessBackend]:
    with in_process_backend(stack) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_frames_are_in_order_during_the_hand_over(backend: InProcessBackend, seed: int) -> None:
    """A worker starts while clients resume the queued turn, on the same connection and on new ones."""
    chance = random.Random(seed)
    sender = RecordingSender(seed)
    backend.replace(frame_sender=sender)
    chat, user_id = backend.chat, uuid4()
    request = {"text": "What now?", "context": {"timezone": None, "location": None}, "retry_of": None}
    turn = chat.turns.open(user_id, uuid4(), uuid4(), "first", request)
    assert turn is not None
    sender.post("first", {"seq": 1})

    def work() -> None:
        time.sleep(chance.random() * 0.05)
        started = chat.turns.start(user_id, turn.message_id, uuid4().hex)
        assert started is not None
        stream = FrameStream(chat.turns, sender, started, lambda: None, lambda: None)
        stream.send(Delta("one"))
        time.sleep(0.1)
        stream.send(Delta("two"))
        stream.close(Done(text="onetwo", tier=3))

    def resume(connection_id: str, delay_s: float) -> None:
        time.sleep(delay_s)
        send_frames_after(chat, WebSocketRequest(user_id, connection_id, backend.context(), sender), turn.message_id, 0)

    connections = ["first", "second", "third"][:RESUMES]
    threads = [threading.Thread(target=work)]
    threads += [threading.Thread(target=resume, args=(each, chance.random() * 0.06)) for each in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _check(chat.turns.frames.after(_ended(chat.turns.get(user_id, turn.message_id))), sender.received)


def _ended(turn: Turn | None) -> Turn:
    assert turn is not None
    return turn


def _check(stored: list[dict[str, Any]], received: Mapping[str, list[int]]) -> None:
    """A connection gets consecutive frames from the first one on, and once more from the first one when it resumes."""
    numbers = [int(frame["seq"]) for frame in stored]
    assert numbers == list(range(1, len(numbers) + 1))
    for connection, seen in received.items():
        starts = [index for index, number in enumerate(seen) if number == 1]
        assert len(starts) <= (2 if connection == "first" else 1), (connection, seen)
        for start, end in pairwise([*starts, len(seen)]):
            assert seen[start:end] == list(range(1, end - start + 1)), (connection, seen)
        assert seen[0] == 1, (connection, seen)
    assert any(seen[-1] == numbers[-1] for seen in received.values()), received
