"""A contestant's end of the pipe: a question comes in as a line of JSON, and what came of it goes out as another."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY = "ready"


@dataclass
class Took:
    """A turn's text and costs. Instants by `time.monotonic`, which is one for all processes of a machine."""

    text: str = ""
    first_at: float | None = None
    cpu_s: float = 0.0
    began_at: float = 0.0
    ended_at: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """A piece of the answer has come."""
        if self.first_at is None:
            self.first_at = time.monotonic()
        self.text += text

    @contextmanager
    def timed(self) -> Iterator[None]:
        """What happens inside is the turn."""
        cpu, self.began_at = time.process_time(), time.monotonic()
        yield
        self.ended_at = time.monotonic()
        self.cpu_s = time.process_time() - cpu


def serve(turn: Callable[[str, str], Took]) -> None:
    """Has `turn`, given a conversation's id and a question, answer until the pipe is closed.

    Standard output is the pipe's from here on; what else is written there (metrics, logs) goes nowhere.
    """
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    pipe.write(f"{READY}\n")
    for line in sys.stdin:
        asked = json.loads(line)
        pipe.write(json.dumps(vars(turn(asked["conversation"], asked["text"]))) + "\n")
