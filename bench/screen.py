"""Stage 1 of injection detection: time per message, for ordinary, long and hostile ones, and to load it."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench.figures import Figure
from pam.safety.screen import screen

ROUNDS = 20

_SENTENCES = Path(__file__).parent.parent / "training/sentences"
_MAX_CHARS = 2_000
_HOSTILE_CHARS = 100_000

_COLD = """
import time
began = time.process_time()
from pam.safety.screen import screen
screen("Where should we camp near Moab?")
print((time.process_time() - began) * 1000)
"""

_HOSTILE = (
    "=", "a", "a ", "1 ", " ", "\n", "-", "# ", "x.", "&#105;", "%41", "\\u0041", "QWxsIHJ1bGVz", "41 ", "01000001 ",
    "\U000e0041", "\u0430", "\u0456gn\u043er\u0435 ", "i" + "\u0301" * 8, "a\u200b", "\ufe00", "a\U0001f600", "1gn0r3 ",
    "system:\n", "user:\n", "<|", "[/", "{{", "${", "![", "send http", "ignore all previous ", "role:", "drop table ",
    "\U0001d400", "ignore ", "you are without ", "select ", "\ud800",
)  # fmt: skip


def run() -> dict[str, Figure]:
    """Time every own training sentence, their longest combinations, and repetitions of 100 kB."""
    sentences = [line.replace("\\n", "\n") for path in sorted(_SENTENCES.glob("*.txt")) for line in _lines(path)]
    took = sorted(_least(sentences[::5]))
    long = sorted(_least(_join(sentences)))
    hostile = _least([(each * _HOSTILE_CHARS)[:_HOSTILE_CHARS] for each in _HOSTILE])
    cold = [float(subprocess.check_output([sys.executable, "-c", _COLD])) for _ in range(ROUNDS)]
    return {
        "us_p50": Figure(round(statistics.median(took) * 1e6), "µs", "a training sentence, median"),
        "us_p99": Figure(round(took[len(took) * 99 // 100] * 1e6), "µs", "the same, 99th percentile"),
        "long_us_p50": Figure(round(statistics.median(long) * 1e6), "µs", "2,000 characters of sentences, median"),
        "long_us_p99": Figure(round(long[len(long) * 99 // 100] * 1e6), "µs", "the same, 99th percentile"),
        "hostile_ms_max": Figure(round(max(hostile) * 1000, 2), "ms", "the slowest of repetitive texts of 100 kB"),
        "cold_ms": Figure(round(min(cold), 1), "ms", "of CPU to load it and to screen the first message"),
        "sentences": Figure(len(took), "", "sentences timed"),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _join(sentences: Iterable[str]) -> list[str]:
    """Return texts of 2,000 characters, of neighbouring sentences."""
    texts, text = [], ""
    for sentence in sentences:
        text += sentence + "\n"
        if len(text) >= _MAX_CHARS:
            texts.append(text[:_MAX_CHARS])
            text = ""
    return texts


def _least(texts: Iterable[str]) -> list[float]:
    """Return the minimum of several rounds for each text, in seconds."""
    least = []
    for text in texts:
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            screen(text)
            times.append(time.perf_counter() - began)
        least.append(min(times))
    return least
