"""Both stages end to end on the attack suite and on ordinary messages, and what they add to the time to the first text.

Stage 1 was trained with these texts, so that the shares are those of known attacks; `make train` prints what it finds
of unseen ones. Stage 2 is the stand-in for Gemini over its wire format, which is right about 79 % of attacks and 91 %
of harmless messages by definition. The time is measured on a question that isn't flagged, with the checks of a turn and
without them, in turn, on the worker in this process with the real Postgres and Claude's stand-in without latency.
"""

import hashlib
import json
import os
import tempfile
import uuid
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from bench.figures import Figure, median_ms
from bench.memory_delay import first_text
from bench.peers.sink import Sink
from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.lifecycle.queue import ConversationQueue
from pam.chat.turn import worker as worker_module
from pam.chat.turn.turn_safety import TurnSafety
from pam.platform.deadline import Deadline
from pam.safety.message_judge import MessageJudge
from pam.safety.outcome import Outcome, decide
from pam.safety.screen import screen
from pam.tools.engine.policy import TurnPolicy

ROUNDS = 120

_WARM_UP = 10
_CHECKOUT = Path(__file__).parent.parent
_SUITE = _CHECKOUT / "tests/security/attack_suite"
_QUESTION = "How do I level the rig on soft ground?"
_ANSWER = "Chock both wheels on the low side first, then raise that side with blocks until the bubble is centred."
_ORDINARY_STEP = 5


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with ExitStack() as resources:
        state = resources.enter_context(tempfile.TemporaryDirectory())
        stack = resources.enter_context(LocalStack(Path(state), claude_profile="zero"))
        sink = resources.enter_context(Sink())
        reply = {"content": [{"type": "text", "text": _ANSWER}]}
        script = [{"match": {"text_contains": _QUESTION}, "replies": [reply]}]
        httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
        variables = stack.environment_of("chat_worker") | {"WEBSOCKET_ENDPOINT": sink.url}
        resources.enter_context(mock.patch.dict(os.environ, variables))
        # The worker's metrics are lines on standard output, where our figures go.
        resources.enter_context(redirect_stdout(resources.enter_context(Path(os.devnull).open("w"))))
        return _outcomes(stack) | _delay(sink)


def _outcomes(stack: LocalStack) -> dict[str, Figure]:
    attacks, harmless = _suite("attacks"), _suite("harmless")
    paths = sorted((_CHECKOUT / "training/sentences").glob("travellers*.txt"))
    ordinary = [line.replace("\\n", "\n") for path in paths for line in path.read_text().splitlines()][::_ORDINARY_STEP]
    labels = {_sha256(text): "attack" for text in attacks} | {_sha256(text): "benign" for text in harmless + ordinary}
    httpx.put(f"{stack.gemini.url}/_labels", json=labels).raise_for_status()
    judge = Bootstrap().message_judge
    of_attacks, of_harmless, of_ordinary = (_decide(judge, texts) for texts in (attacks, harmless, ordinary))
    return {
        "attacks_handled_pct": _share(of_attacks, {Outcome.BLOCK, Outcome.RESTRICT}, "attacks blocked or restricted"),
        "attacks_blocked_pct": _share(of_attacks, {Outcome.BLOCK}, "attacks blocked"),
        "harmless_blocked_pct": _share(of_harmless, {Outcome.BLOCK}, "messages blocked that resemble attacks"),
        "ordinary_blocked_pct": _share(of_ordinary, {Outcome.BLOCK}, "ordinary messages blocked"),
        "ordinary_restricted_pct": _share(of_ordinary, {Outcome.RESTRICT}, "ordinary messages restricted"),
        "ordinary": Figure(len(ordinary), "", "ordinary messages"),
    }


def _decide(judge: MessageJudge, texts: list[str]) -> list[Outcome]:
    outcomes = []
    for text in texts:
        screening = screen(text)
        outcomes.append(decide(screening, judge.judge(text, Deadline(10)) if screening.flagged else None))
    return outcomes


def _share(outcomes: list[Outcome], wanted: set[Outcome], meaning: str) -> Figure:
    return Figure(round(100 * sum(each in wanted for each in outcomes) / len(outcomes), 2), "%", meaning)


def _suite(name: str) -> list[str]:
    return [json.loads(line)["text"] for line in (_SUITE / f"{name}.jsonl").read_text().splitlines()]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Unchecked(TurnSafety):
    """A turn without checks: what it is compared with."""

    def __init__(self, _dependencies: Any, _limits: Any, _clock: Any, _turn: Any, send: Any, _stop: Any) -> None:
        self.send = send

    def start(self, *_: Any) -> None:
        """Judge nothing."""

    @property
    def is_flagged(self) -> bool:
        return False

    def policy(self, *_: Any) -> TurnPolicy:
        """Return a policy that only has the tools' own rules."""
        return TurnPolicy(
            [], is_tainted=False, has_recalled=False, is_restricted=lambda: False, check_enabled=lambda _: None
        )

    def scan(self, *_: Any) -> Any:
        """Return a scan that changes nothing."""
        return mock.Mock(feed=lambda text: text, flush=lambda: "", clean=lambda text: text)

    def finish(self, *_: Any) -> None:
        """Wait for nothing."""

    def record(self, *_: Any) -> None:
        """Record nothing."""


def _delay(sink: Sink) -> dict[str, Figure]:
    environment = Bootstrap()
    worker = environment.worker_dependencies
    queue = ConversationQueue(environment.chat_table, environment.clock)
    user, times = uuid.uuid4(), dict[str, list[float]]()
    for number in range(_WARM_UP + ROUNDS):
        for name, kind in (("with", TurnSafety), ("without", _Unchecked)):
            with mock.patch.object(worker_module, "TurnSafety", kind):
                seconds = first_text(worker, queue, sink, user, uuid.uuid4(), _QUESTION)
            if number >= _WARM_UP:
                times.setdefault(name, []).append(seconds)
    medians = {name: median_ms(values) for name, values in times.items()}
    return {
        "delay_ms": Figure(round(medians["with"] - medians["without"], 2), "ms", "later with the checks, not flagged"),
        "with_ms_p50": Figure(medians["with"], "ms", "from the worker's start to the first text, with them"),
        "without_ms_p50": Figure(medians["without"], "ms", "the same, without them"),
        "rounds": Figure(ROUNDS, "", "of each variant"),
    }
