"""The rounds: starts the contestants, asks them in turn, and makes figures of what they took."""

import json
import select
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg

from bench.figures import Figure
from bench.peers import environment
from bench.peers.contestant import READY
from bench.peers.sink import Sink
from bench.peers.turns import QUESTIONS, ROUND, TURNS, Question
from local.stack import LocalStack
from local.stand_ins.claude.server import CLAUDE_KEY

ROUNDS = 30
WARM_UP = 3

PATIENCE_S = 60
"""How long a contestant may take to start, or for a turn."""

_MODULES = {
    "ours": "bench.peers.ours",
    "langgraph": "bench.peers.langgraph_agent",
    "pydantic_ai": "bench.peers.pydantic_ai_agent",
    "loop": "bench.peers.loop",
}
_OURS = ("ours", "loop")
_PEERS = ("langgraph", "pydantic_ai")


@dataclass(frozen=True)
class Sample:
    """What some turns took together: seconds, tokens, calls. `unread` tokens are those that no cache had."""

    cpu: float = 0.0
    time: float = 0.0
    first_text: float = 0.0
    tokens: float = 0.0
    unread: float = 0.0
    calls: float = 0.0
    moto: float = 0.0

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


class Contestant:
    """A process that answers questions."""

    def __init__(self, module: str, process: "subprocess.Popen[str]", first_delta_at: Mapping[str, float]) -> None:
        self._module = module
        self._process = process
        self._first_delta_at = first_delta_at

    def line(self) -> str:
        """What it writes next."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], PATIENCE_S)[0]:
            raise TimeoutError(f"{self._module} says nothing")
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{self._module} has ended")
        return line

    def ask(self, conversation: str, question: Question, word: str) -> Sample:
        """One turn. `word` is how its requests are found again in the stand-in's journal."""
        assert self._process.stdin is not None
        asked = {"conversation": conversation, "text": f"{question.text} (Reference: {word})"}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        took = json.loads(self.line())
        assert question.answer in took["text"], took
        more = took["more"]
        first = took["first_at"] or self._first_delta_at[more["message_id"]]
        began = took["began_at"]
        return Sample(took["cpu_s"], took["ended_at"] - began, first - began, moto=more.get("moto_s", 0.0))


def measure() -> dict[str, Figure]:
    """All rounds, on a stack that ends with them."""
    python = {name: Path(sys.executable) if name in _OURS else environment.make() for name in _MODULES}
    with ExitStack() as parts:
        state = parts.enter_context(tempfile.TemporaryDirectory())
        stack = parts.enter_context(LocalStack(Path(state), claude_profile="zero"))
        sink = parts.enter_context(Sink())
        claude = parts.enter_context(httpx.Client(base_url=stack.claude.url, timeout=30))
        scripts = [{"match": {"text_contains": each.text}, "replies": each.replies} for each in QUESTIONS]
        claude.put("/_script", json=scripts).raise_for_status()
        contestants = {
            name: parts.enter_context(_started(module, python[name], stack, sink)) for name, module in _MODULES.items()
        }
        samples: dict[tuple[str, str], list[Sample]] = {}
        for turn in range(WARM_UP + ROUNDS):
            for name, contestant in contestants.items():
                for kind, questions in ROUND:
                    sample = _conversation(contestant, questions, claude)
                    if turn >= WARM_UP:
                        samples.setdefault((name, kind), []).append(sample)
    _print(samples)
    return _figures(samples)


@contextmanager
def _started(module: str, python: Path, stack: LocalStack, sink: Sink) -> Iterator[Contestant]:
    user = uuid.uuid4()
    _book(stack.postgres.owner, user)
    variables = stack.environment_of("chat_worker") | environment.variables(user, CLAUDE_KEY)
    variables["WEBSOCKET_ENDPOINT"] = sink.url
    with subprocess.Popen(
        [python, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
    ) as process:
        try:
            contestant = Contestant(module, process, sink.first_delta_at)
            assert contestant.line() == READY
            yield contestant
        finally:
            process.kill()


def _conversation(contestant: Contestant, questions: Sequence[Question], claude: httpx.Client) -> Sample:
    word, conversation = uuid.uuid4().hex, str(uuid.uuid4())
    sample = Sample()
    for question in questions:
        sample += contestant.ask(conversation, question, word)
    entries: list[dict[str, Any]] = claude.get("/_journal", params={"contains": word}).json()["last"]
    assert all(entry["ended"] == "complete" for entry in entries), entries
    tokens = sum(entry["input_total"] for entry in entries)
    unread = tokens - sum(entry["cache_read"] for entry in entries)
    return sample + Sample(tokens=tokens, unread=unread, calls=len(entries))


def _book(owner: str, user: uuid.UUID) -> None:
    """A traveller with three budgets, and two expenses a day for a hundred days."""
    with psycopg.connect(owner) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        connection.execute(
            """
            insert into budgets (user_id, category, monthly_limit, currency)
            values (%(user)s, 'fuel', 600, 'USD'), (%(user)s, 'camping', 900, 'USD'), (%(user)s, 'dining', 250, 'USD')
            """,
            {"user": user},
        )
        connection.execute(
            """
            insert into expenses (user_id, amount, currency, category, spent_at)
            select %(user)s, 1 + n %% 180, 'USD',
                   (array['fuel', 'groceries', 'camping', 'dining', 'tolls', 'laundry'])[1 + n %% 6],
                   now() - n * interval '12 hours'
              from generate_series(1, 200) n
            """,
            {"user": user},
        )


def _print(samples: Mapping[tuple[str, str], Sequence[Sample]]) -> None:
    """Medians for each kind of turn: the figures are of whole rounds."""
    print(f"  {'':26}{'CPU ms':>8}{'ms':>8}{'to text':>8}{'tokens':>9}{'unread':>8}{'calls':>6}")
    for kind, questions in ROUND:
        for name in _MODULES:
            cpu, time, first, tokens, unread, calls, _ = _medians(samples[name, kind])
            print(
                f"  {kind:14}{name:12}{cpu * 1000:8.1f}{time * 1000:8.1f}{first * 1000 / len(questions):8.1f}"
                f"{tokens:9.0f}{unread:8.0f}{calls:6.0f}"
            )


def _medians(samples: Sequence[Sample]) -> list[float]:
    return [median(column) for column in zip(*map(astuple, samples), strict=True)]


def _figures(samples: Mapping[tuple[str, str], Sequence[Sample]]) -> dict[str, Figure]:
    rounds = {
        name: [sum(parts, Sample()) for parts in zip(*(samples[name, kind] for kind, _ in ROUND), strict=True)]
        for name in _MODULES
    }
    figures: dict[str, Figure] = {}
    for peer in _PEERS:
        ratios = _medians([_ratio(*pair) for pair in zip(rounds["ours"], rounds[peer], strict=True)])
        alone = _medians([_ratio(*pair) for pair in zip(rounds["loop"], rounds[peer], strict=True)])
        figures |= {
            f"cpu_ratio_{peer}": _times(ratios[0], f"CPU of a whole worker's turn against {peer}'s"),
            f"time_ratio_{peer}": _times(ratios[1], f"time of a whole worker's turn against {peer}'s, moto's included"),
            f"tokens_ratio_{peer}": _times(ratios[3], f"input tokens against {peer}'s"),
            f"unread_tokens_ratio_{peer}": _times(ratios[4], f"input tokens that no cache had, against {peer}'s"),
            f"loop_cpu_ratio_{peer}": _times(alone[0], f"CPU of our loop alone against {peer}'s"),
            f"loop_time_ratio_{peer}": _times(alone[1], f"time of our loop alone against {peer}'s"),
            f"loop_first_text_ratio_{peer}": _times(alone[2], f"time to the first text of our loop against {peer}'s"),
        }
    for name in _MODULES:
        cpu, time, first, tokens, unread, calls, moto = (each / TURNS for each in _medians(rounds[name]))
        figures |= {
            f"{name}_cpu_ms": Figure(round(cpu * 1000, 2), "ms", f"CPU of {name}'s process for a turn"),
            f"{name}_ms": Figure(round(time * 1000, 2), "ms", "time to the turn's end"),
            f"{name}_first_text_ms": Figure(round(first * 1000, 2), "ms", "time to the first text"),
            f"{name}_tokens": Figure(round(tokens, 1), "", "input tokens of a turn, as the stand-in counts them"),
            f"{name}_unread_tokens": Figure(round(unread, 1), "", "those of them that no cache had"),
            f"{name}_model_calls": Figure(round(calls, 2), "", "model calls of a turn"),
        }
        if moto:
            figures[f"{name}_moto_ms"] = Figure(
                round(moto * 1000, 2), "ms", "moto's own time for a turn's requests, some of them at once"
            )
    return figures | {"rounds": Figure(ROUNDS, "", f"rounds of {TURNS} turns each, all contestants in turn")}


def _ratio(ours: Sample, theirs: Sample) -> Sample:
    return Sample(*(mine / its if its else 0.0 for mine, its in zip(astuple(ours), astuple(theirs), strict=True)))


def _times(value: float, meaning: str) -> Figure:
    return Figure(round(value, 2), "x", meaning)
