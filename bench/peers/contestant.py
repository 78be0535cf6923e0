"""A contestant's end of the pipe: a question comes in as a line of JSON, and the record of its turn goes out as one."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.peers.dynamodb_time import DynamoDBTime

READY = "ready"

_dynamodb_time = DynamoDBTime()


@dataclass
class TurnRecord:
    """A turn's text and costs. Instants are of `time.monotonic`, which all processes of a machine share."""

    text: str = ""
    first_text_at: float | None = None
    """None where the sink knows it: by `message_id`."""
    started_at: float = 0.0
    ended_at: float = 0.0
    cpu_s: float = 0.0
    dynamodb_s: float = 0.0
    message_id: str | None = None

    def add_text(self, text: str) -> None:
        """Append a piece of the answer, and note when the first one came."""
        if self.first_text_at is None:
            self.first_text_at = time.monotonic()
        self.text += text

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the body as the turn: its time, and the CPU of all threads of this process."""
        _dynamodb_time.reset()
        cpu, self.started_at = time.process_time(), time.monotonic()
        yield
        self.ended_at = time.monotonic()
        self.cpu_s = time.process_time() - cpu
        self.dynamodb_s = _dynamodb_time.between(self.started_at, self.ended_at)


def serve(answer: Callable[[str, str], TurnRecord]) -> None:
    """Answer one question after another until the pipe is closed. `answer` takes a conversation's id and the question.

    Standard output belongs to the pipe from here on; whatever else writes there (metrics, logs) is discarded.
    """
    _dynamodb_time.install()
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    with Path(os.devnull).open("w") as discarded:
        os.dup2(discarded.fileno(), sys.stdout.fileno())
    pipe.write(f"{READY}\n")
    for line in sys.stdin:
        request = json.loads(line)
        pipe.write(json.dumps(asdict(answer(request["conversation"], request["text"]))) + "\n")
