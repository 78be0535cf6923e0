"""The rounds: start the contestants, ask them in turn, and make figures of their turns."""

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

REPLY_TIMEOUT_S = 60
"""How long a contestant may take to start, or for a turn."""

PEERS = ("langgraph", "pydantic_ai")

_COMMANDS: dict[str, tuple[str, ...]] = {
    "ours": ("bench.peers.ours",),
    "loop": ("bench.peers.loop",),
    "langgraph": ("bench.peers.langgraph_agent", "memory"),
    "langgraph_durable": ("bench.peers.langgraph_agent", "durable"),
    "langgraph_batched": ("bench.peers.langgraph_agent", "batched"),
    "pydantic_ai": ("bench.peers.pydantic_ai_agent", "memory"),
    "pydantic_ai_durable": ("bench.peers.pydantic_ai_agent", "durable"),
    "pydantic_ai_batched": ("bench.peers.pydantic_ai_agent", "batched"),
}
"""Each contestant's module and arguments."""

_IN_OUR_ENVIRONMENT = ("ours", "loop")


@dataclass(frozen=True)
class Sample:
    """What some turns took together: seconds, tokens, model calls, frames. `uncached` tokens were in no cache."""

    cpu: float = 0.0
    time: float = 0.0
    net_time: float = 0.0
    """`time` without the stand-in for DynamoDB's time."""
    first_text: float = 0.0
    tokens: float = 0.0
    uncached: float = 0.0
    calls: float = 0.0
    frames: float = 0.0

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    def each(self, turns: int) -> "Sample":
        """Return the share of one of so many turns."""
        return Sample(*(value / turns for value in astuple(self)))

    def ratio(self, other: "Sample") -> "Sample":
        """Return each value divided by the other's; 0 where that is 0."""
        return Sample(*(one / more if more else 0.0 for one, more in zip(astuple(self), astuple(other), strict=True)))


class Contestant:
    """A process that answers questions."""

    def __init__(
        self,
        name: str,
        process: "subprocess.Popen[str]",
        sink: Sink,
        owner: "psycopg.Connection[Any]",
        user_id: uuid.UUID,
    ) -> None:
        """`owner` is a connection that sees the rows of `user_id`, who asks the questions."""
        self._name = name
        self._owner = owner
        self._user_id = user_id
        self._process = process
        self._sink = sink

    def read_line(self) -> str:
        """Return the next line that it writes. Raises TimeoutError, and RuntimeError if it has ended."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], REPLY_TIMEOUT_S)[0]:
            raise TimeoutError(f"{self._name} doesn't answer")
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{self._name} has ended")
        return line

    def clear_memory(self) -> None:
        """Empty the user's memory: a benchmark's questions are the same again and again, and would all be recalled."""
        self._owner.execute("delete from exchanges where user_id = %s", (self._user_id,))

    def ask(self, conversation: str, question: Question, reference: str) -> Sample:
        """Run one turn. Its requests are found in the stand-in's journal by `reference`."""
        assert self._process.stdin is not None
        request = {"conversation": conversation, "text": f"{question.text} (Reference: {reference})"}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        record = json.loads(self.read_line())
        message_id, frames = record["message_id"], 0
        assert question.answer in record["text"], record
        if message_id is None:
            first_text_at = record["first_text_at"]
        else:
            assert message_id in self._sink.ended, record
            first_text_at, frames = self._sink.first_delta_at[message_id], self._sink.frames[message_id]
        time = record["ended_at"] - record["started_at"]
        return Sample(
            cpu=record["cpu_s"],
            time=time,
            net_time=time - record["dynamodb_s"],
            first_text=first_text_at - record["started_at"],
            frames=frames,
        )


def measure() -> dict[str, Figure]:
    """Run all rounds on a stack that ends with them."""
    peers_python = environment.install()
    with ExitStack() as resources:
        state = resources.enter_context(tempfile.TemporaryDirectory())
        stack = resources.enter_context(LocalStack(Path(state), claude_profile="zero"))
        sink = resources.enter_context(Sink())
        claude = resources.enter_context(httpx.Client(base_url=stack.claude.url, timeout=30))
        scripts = [{"match": {"text_contains": each.text}, "replies": each.replies} for each in QUESTIONS]
        claude.put("/_script", json=scripts).raise_for_status()
        contestants = {
            name: resources.enter_context(
                _started(name, Path(sys.executable) if name in _IN_OUR_ENVIRONMENT else peers_python, stack, sink)
            )
            for name in _COMMANDS
        }
        samples: dict[tuple[str, str], list[Sample]] = {}
        for number in range(WARM_UP + ROUNDS):
            for name, contestant in contestants.items():
                for kind, questions in ROUND:
                    sample = _run_conversation(contestant, questions, claude)
                    if number >= WARM_UP:
                        samples.setdefault((name, kind), []).append(sample)
    _print(samples)
    return _figures(samples)


@contextmanager
def _started(name: str, python: Path, stack: LocalStack, sink: Sink) -> Iterator[Contestant]:
    user_id = uuid.uuid4()
    _create_user(stack.postgres.owner, user_id)
    variables = stack.environment_of("chat_worker")
    variables |= environment.variables(user_id, CLAUDE_KEY, stack.postgres.owner)
    variables["WEBSOCKET_ENDPOINT"] = sink.url
    command = [str(python), "-m", *_COMMANDS[name]]
    with (
        psycopg.connect(stack.postgres.owner, autocommit=True) as owner,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as process,
    ):
        try:
            contestant = Contestant(name, process, sink, owner, user_id)
            assert contestant.read_line() == READY
            yield contestant
        finally:
            process.kill()


def _run_conversation(contestant: Contestant, questions: Sequence[Question], claude: httpx.Client) -> Sample:
    reference, conversation = uuid.uuid4().hex, str(uuid.uuid4())
    sample = Sample()
    contestant.clear_memory()
    for question in questions:
        sample += contestant.ask(conversation, question, reference)
    entries: list[dict[str, Any]] = claude.get("/_journal", params={"contains": reference}).json()["last"]
    assert all(entry["ended"] == "complete" for entry in entries), entries
    tokens = sum(entry["input_total"] for entry in entries)
    uncached = tokens - sum(entry["cache_read"] for entry in entries)
    return sample + Sample(tokens=tokens, uncached=uncached, calls=len(entries))


def _create_user(owner: str, user_id: uuid.UUID) -> None:
    """Insert a user with three budgets, and two expenses a day for a hundred days."""
    with psycopg.connect(owner) as connection:
        connection.execute("insert into users (id) values (%s)", (user_id,))
        connection.execute(
            """
            insert into budgets (user_id, category, monthly_limit, currency)
            values (%(user)s, 'fuel', 600, 'USD'), (%(user)s, 'camping', 900, 'USD'), (%(user)s, 'dining', 250, 'USD')
            """,
            {"user": user_id},
        )
        connection.execute(
            """
            insert into expenses (user_id, amount, currency, category, spent_at)
            select %(user)s, 1 + n %% 180, 'USD',
                   (array['fuel', 'groceries', 'camping', 'dining', 'tolls', 'laundry'])[1 + n %% 6],
                   now() - n * interval '12 hours'
              from generate_series(1, 200) n
            """,
            {"user": user_id},
        )


def _print(samples: Mapping[tuple[str, str], Sequence[Sample]]) -> None:
    """Print the medians of each kind of turn: the figures are of whole rounds."""
    columns = f"{'CPU ms':>8}{'ms':>8}{'net ms':>8}{'to text':>8}{'tokens':>9}{'uncached':>9}{'calls':>6}{'frames':>7}"
    print(f"  {'':34}{columns}")
    for kind, questions in ROUND:
        for name in _COMMANDS:
            it = _median(samples[name, kind])
            print(
                f"  {kind:14}{name:20}{it.cpu * 1000:8.1f}{it.time * 1000:8.1f}{it.net_time * 1000:8.1f}"
                f"{it.first_text * 1000 / len(questions):8.1f}{it.tokens:9.0f}{it.uncached:9.0f}{it.calls:6.0f}"
                f"{it.frames:7.0f}"
            )


def _median(samples: Sequence[Sample]) -> Sample:
    return Sample(*(median(column) for column in zip(*map(astuple, samples), strict=True)))


def _figures(samples: Mapping[tuple[str, str], Sequence[Sample]]) -> dict[str, Figure]:
    rounds = {
        name: [sum(parts, Sample()) for parts in zip(*(samples[name, kind] for kind, _ in ROUND), strict=True)]
        for name in _COMMANDS
    }
    figures: dict[str, Figure] = {}
    for peer in PEERS:
        figures |= _durable_ratios(rounds, peer) | _memory_ratios(rounds, peer)
    for name in _COMMANDS:
        figures |= _values(name, _median(rounds[name]).each(TURNS))
    return figures | {"rounds": Figure(ROUNDS, "", f"rounds of {TURNS} turns each, all contestants in turn")}


def _durable_ratios(rounds: Mapping[str, Sequence[Sample]], peer: str) -> dict[str, Figure]:
    durable = _ratios(rounds, "ours", f"{peer}_durable")
    batched = _ratios(rounds, "ours", f"{peer}_batched")
    net = "DynamoDB's stand-in's time subtracted from both"
    return {
        f"durable_cpu_ratio_{peer}": _times(durable.cpu, f"CPU of our worker against durable {peer}"),
        f"durable_time_ratio_{peer}": _times(durable.net_time, f"its time against durable {peer}'s, {net}"),
        f"durable_gross_time_ratio_{peer}": _times(durable.time, "the same with the stand-in's time in both"),
        f"batched_cpu_ratio_{peer}": _times(batched.cpu, f"CPU of our worker against durable {peer} that gathers text"),
        f"batched_time_ratio_{peer}": _times(batched.net_time, f"its time against that one's, {net}"),
    }


def _memory_ratios(rounds: Mapping[str, Sequence[Sample]], peer: str) -> dict[str, Figure]:
    worker, loop = _ratios(rounds, "ours", peer), _ratios(rounds, "loop", peer)
    return {
        f"cpu_ratio_{peer}": _times(worker.cpu, f"CPU of our worker against {peer} in memory"),
        f"time_ratio_{peer}": _times(worker.time, f"its time against {peer}'s in memory, DynamoDB's stand-in included"),
        f"tokens_ratio_{peer}": _times(worker.tokens, f"input tokens against {peer}'s"),
        f"uncached_tokens_ratio_{peer}": _times(worker.uncached, f"input tokens that no cache had, against {peer}'s"),
        f"loop_cpu_ratio_{peer}": _times(loop.cpu, f"CPU of our loop alone against {peer} in memory"),
        f"loop_time_ratio_{peer}": _times(loop.time, f"its time against {peer}'s in memory"),
        f"loop_first_text_ratio_{peer}": _times(loop.first_text, f"its time to the first text against {peer}'s"),
    }


def _ratios(rounds: Mapping[str, Sequence[Sample]], one: str, other: str) -> Sample:
    """Return the medians of the ratios within each round."""
    return _median([mine.ratio(its) for mine, its in zip(rounds[one], rounds[other], strict=True)])


def _values(name: str, turn: Sample) -> dict[str, Figure]:
    figures = {
        f"{name}_cpu_ms": Figure(_ms(turn.cpu), "ms", f"CPU of {name}'s process for a turn"),
        f"{name}_ms": Figure(_ms(turn.time), "ms", "time to the turn's end"),
        f"{name}_dynamodb_ms": Figure(
            _ms(turn.time - turn.net_time), "ms", "of it, time in which DynamoDB's stand-in worked"
        ),
        f"{name}_first_text_ms": Figure(_ms(turn.first_text), "ms", "time to the first text"),
        f"{name}_tokens": Figure(round(turn.tokens, 1), "", "input tokens of a turn, as the stand-in counts them"),
        f"{name}_uncached_tokens": Figure(round(turn.uncached, 1), "", "those of them that no cache had"),
        f"{name}_model_calls": Figure(round(turn.calls, 2), "", "model calls of a turn"),
    }
    if turn.frames:
        figures[f"{name}_frames"] = Figure(round(turn.frames, 2), "", "frames of a turn that the sink received")
    return figures


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _times(value: float, meaning: str) -> Figure:
    return Figure(round(value, 2), "x", meaning)
