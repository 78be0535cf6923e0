"""What metrics cost a handler: recording and writing those of one request, without the request itself.

The requests are a cached answer, a question over the WebSocket that a fast answer ends, and a turn of a worker with two
model calls and four tools. The lines go to memory: what the pipe to Lambda takes isn't in it. Times are the
medians and 99th percentiles of many requests in one process.
"""

import contextlib
import io
import statistics
import time
from collections.abc import Callable

from bench.figures import Figure, percentile_ms
from pam.platform.metrics import Metric
from pam.platform.observability import count, measure, metrics
from pam.platform.request_metrics import record_answer
from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.usage_metrics import record_usage
from pam.sources.model_call import ModelCall

REQUESTS = 3000
MODEL = "claude-haiku-5-5"
USAGE = TokenUsage(input=300, read=9000, write_1h=700, output=120)


def cached_answer() -> None:
    """Record what a cached tier 1 answer over HTTP does."""
    count(Metric.ANSWER_CACHED)
    record_answer("GET /v1/spend-summary", 1, 12.5)


def fast_question() -> None:
    """Record what a question over the WebSocket does that a computed answer ends."""
    count(Metric.ANSWER_COMPUTED)
    count(Metric.ROUTED_FAST)
    record_answer("chat", 1, 31.0, is_question=True)


def worker_turn() -> None:
    """Record what a turn does, except what its safety checks and its context add: some values to one line."""
    measure(Metric.QUEUE_AGE, 12.0)
    for _ in range(2):
        call = ModelCall("chat", "anthropic", MODEL)
        call.note_chunk()
        call.end()
        record_usage(MODEL, USAGE)
    for tool in ("get_spending_summary", "get_weather_forecast", "find_rv_parks", "create_expense"):
        count(Metric.TOOL_CALLS, {"tool": tool, "outcome": "done"})
        measure(Metric.TOOL_DURATION, 0.2, {"gen_ai.tool.name": tool})
    measure(Metric.FIRST_DELTA, 400)
    measure(Metric.TURN_TIME, 1200)
    count(Metric.CHAT_DONE)
    record_answer("chat", 3, 1250.0, is_question=True)


def seconds(request: Callable[[], None]) -> list[float]:
    """Return the times of the requests, each with the writing of its lines."""
    took = []
    for number in range(REQUESTS + 100):
        with contextlib.redirect_stdout(io.StringIO()):
            began = time.perf_counter()
            request()
            metrics.flush()
            if number >= 100:
                took.append(time.perf_counter() - began)
    return took


def run() -> dict[str, Figure]:
    """Measure each kind of request."""
    figures = {}
    for name, request, meaning in (
        ("cached_answer", cached_answer, "a cached answer over HTTP"),
        ("fast_question", fast_question, "a fast answer over the WebSocket"),
        ("worker_turn", worker_turn, "a turn with two model calls and four tools"),
    ):
        took = seconds(request)
        figures[f"{name}_us_p50"] = Figure(round(statistics.median(took) * 1e6), "µs", f"{meaning}, median")
        figures[f"{name}_us_p99"] = Figure(round(percentile_ms(took, 99) * 1000), "µs", "the same, 99th percentile")
    return figures
