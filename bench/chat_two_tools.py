"""A question that needs two facts, end to end, against the stand-in for Claude with two profiles of its latency.

These are an ASSUMPTION. By `seed`, taken from the specification, a reply begins after 500 ms if the static part of the
prompt is cached, else after 1,200 ms, and continues at 150 tokens per second. By `published`, closer to published
figures, it begins after 900 ms or 1,200 ms, and continues at 185 tokens per second. The specification's own design
takes 4,200 ms for the question: three model calls of 1,200 ms each, and two tools. Here the budget is in the prompt
already, which saves a call, and the static part is cached. The figures show what the design saves at these latencies;
Claude itself isn't measured.
"""

import statistics
import tempfile
import uuid
from pathlib import Path

import httpx
import psycopg

from bench.figures import Figure, percentile_ms
from local.chat_client import TimedFrame, open_chat, seconds_to_first
from local.stack import LocalStack

ROUNDS = 20
QUESTION = "I'm in Denver. Check if I'm over budget on gas, and if so, find the cheapest station nearby."


def run() -> dict[str, Figure]:
    """Measure rounds in conversations of their own, so that only the static part of the prompt is cached.

    Figures by the profile `published` end in its name.
    """
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state), claude_profile="seed") as stack:
        stack.warm()
        token = stack.token(uuid.uuid4())
        _overspend(stack, token)
        owner = psycopg.connect(stack.postgres.owner, autocommit=True)

        def ask() -> list[TimedFrame]:
            # All earlier rounds would be recalled: nobody asks the same again and again.
            owner.execute("delete from exchanges")
            return client.ask(QUESTION)

        with owner, open_chat(stack.url, token) as client:
            ask()
            seed = [ask() for _ in range(ROUNDS)]
            httpx.put(f"{stack.claude.url}/_control", json={"profile": "published"}).raise_for_status()
            published = [ask() for _ in range(ROUNDS)]
    return _figures(seed) | {f"{name}_published": figure for name, figure in _figures(published).items()}


def _figures(rounds: list[list[TimedFrame]]) -> dict[str, Figure]:
    done = [each[-1].frame for each in rounds]
    if any(frame["type"] != "done" or not frame["sources"] for frame in done):
        raise RuntimeError(f"an answer failed: {done}")

    def after(kind: str, **fields: str) -> list[float]:
        return [seconds_to_first(each, kind, **fields) for each in rounds]

    return {
        "ack_ms_p50": _median(after("ack"), "the question is accepted"),
        "first_delta_ms_p50": _median(after("delta"), "the first text: that the budget is exceeded"),
        "tool_running_ms_p50": _median(after("tool", state="running"), "find_cheap_gas is running"),
        "tool_done_ms_p50": _median(after("tool", state="done"), "find_cheap_gas has returned"),
        "second_text_ms_p50": _median([_second_text(each) for each in rounds], "the first text after the tool"),
        "total_ms_p50": _median(after("done"), "the whole answer"),
        "total_ms_p95": Figure(percentile_ms(after("done"), 95), "ms", "the same, 95th percentile"),
        "model_calls": Figure(statistics.median(frame["usage"]["model_calls"] for frame in done), "", "a question"),
        "cost_usd": Figure(statistics.median(float(frame["cost_usd"]) for frame in done), "$", "a question"),
        "rounds": Figure(ROUNDS, "", "questions"),
    }


def _overspend(stack: LocalStack, token: str) -> None:
    """Give the user a fuel budget of $100, and expenses of $160."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        for amount in ("90", "70"):
            client.post("/v1/expenses", json={"amount": amount, "category": "fuel"}).raise_for_status()
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner:
        owner.execute(
            "insert into budgets (user_id, category, monthly_limit, currency)"
            " select id, 'fuel', 100, 'USD' from users where not exists"
            " (select from budgets b where b.user_id = users.id and b.category = 'fuel')"
        )


def _second_text(frames: list[TimedFrame]) -> float:
    tool = seconds_to_first(frames, "tool", state="done")
    return next(timed.after_s for timed in frames if timed.frame["type"] == "delta" and timed.after_s > tool)


def _median(seconds: list[float], text: str) -> Figure:
    return Figure(round(statistics.median(seconds) * 1000, 1), "ms", text)
