"""The router: time per sentence, for ordinary and hostile ones, and to load the automaton."""

import json
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

from bench.figures import Figure
from pam.routing import grammar
from pam.routing.interpreter import Router

ROUNDS = 20

AUTOMATON = Path(grammar.__file__).with_name("automaton.json")

HOSTILE = (
    "near me " * 25,
    "$1 " * 60,
    "rv parks near " + "moab " * 30,
    "from moab to zion " * 11,
    "how much did i spend on gas " * 8,
    "a" * 5000,
)


def run() -> dict[str, Figure]:
    """Time every test sentence and near miss of the intents."""
    text = AUTOMATON.read_text(encoding="utf-8")
    loads = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        router = Router(json.loads(text))
        loads.append(time.perf_counter() - began)
    loaded = grammar.load_grammar(AUTOMATON.parent)
    sentences = [case[0] for cases in loaded.tests.values() for case in cases]
    sentences += [sentence for cases in loaded.negatives.values() for sentence in cases]
    took = sorted(_times(router, sentences))
    hostile = max(_times(router, HOSTILE))
    return {
        "sentence_us_p50": Figure(
            round(statistics.median(took) * 1e6, 1), "µs", "a test sentence or near miss, median"
        ),
        "sentence_us_p99": Figure(round(took[len(took) * 99 // 100] * 1e6, 1), "µs", "the same, 99th percentile"),
        "hostile_ms_max": Figure(round(hostile * 1000, 3), "ms", "the slowest of repetitive and very long inputs"),
        "load_ms_p50": Figure(round(statistics.median(loads) * 1000, 1), "ms", "to load the automaton"),
        "automaton_kb": Figure(round(len(text.encode()) / 1000), "kB", "the automaton's size"),
        "sentences": Figure(len(sentences), "", "sentences timed"),
    }


def _times(router: Router, sentences: Iterable[str]) -> list[float]:
    """Return the minimum of several rounds for each sentence, in seconds."""
    least = []
    for sentence in sentences:
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            router.route(sentence)
            times.append(time.perf_counter() - began)
        least.append(min(times))
    return least
