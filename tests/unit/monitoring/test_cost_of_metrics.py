"""Metrics cost a handler at most 0.3 ms of a request."""

import contextlib
import io
import statistics
import time
from collections.abc import Callable

import pytest

from bench.metrics_cost import cached_answer, fast_question, worker_turn
from pam.platform.observability import metrics

MAX_MS = 0.3
ROUNDS = 10
"""Other processes take turns on the CPU's caches: they can only make a round slower."""


def median_ms(request_metrics: Callable[[], None]) -> float:
    """Return the median of the CPU time of recording and writing a request's metrics, in milliseconds."""
    took = []
    with contextlib.redirect_stdout(io.StringIO()) as written:
        for _ in range(300):
            began = time.thread_time()
            request_metrics()
            metrics.flush()
            took.append((time.thread_time() - began) * 1000)
    assert written.getvalue().count("\n") >= 300
    return statistics.median(took)


@pytest.mark.parametrize("request_metrics", [cached_answer, fast_question, worker_turn])
def test_recording_and_writing_take_less_than_their_limit(request_metrics: Callable[[], None]) -> None:
    """In the best of some rounds."""
    metrics.drain()
    best = median_ms(request_metrics)
    for _ in range(ROUNDS - 1):
        if best <= MAX_MS:
            break
        best = min(best, median_ms(request_metrics))
    assert best <= MAX_MS
