"""What an answer of each tier uses: time and memory of Lambda, requests to DynamoDB, transactions of Postgres, tokens.

The questions of the load tests, one after another on a warm stack, each traveller's first ones; the third tier with the
seed's latency profile of the stand-in for Claude. Lambda's figures are those of the REPORT lines of all functions that
an answer invokes, with the memory that the template gives them; the duration depends on this machine's processor. The
tokens are the stored usage of the turns. docs/capacity.md is calculated from these figures.
"""

import itertools
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from bench.figures import Figure
from load.plan import TEXTS
from local.chat_client import open_chat
from local.stack import LocalStack

ROUNDS = 60
QUESTIONS_PER_USER = 5

STATISTICS_DELAY_S = 11
"""Postgres adds what an idle connection has done to its statistics within ten seconds."""

_REPORT = re.compile(r"REPORT .*?Duration: ([\d.]+) ms\tMemory Size: (\d+) MB")


@dataclass(frozen=True)
class _Counters:
    """What was used so far: GB-seconds and invocations of Lambda, units of DynamoDB, transactions of Postgres."""

    gb_s: float
    invocations: int
    reads: int
    writes: int
    transactions: int


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state)) as stack:
        failures = stack.warm()
        assert not failures, failures
        amounts = itertools.count(100)
        for name, texts in (
            ("tier1", itertools.cycle(TEXTS[1])),
            ("tier2", itertools.cycle(TEXTS[2])),
            ("write", (f"Add ${next(amounts) / 100:.2f} expense for gas" for _ in itertools.count())),
            ("tier3", itertools.cycle(TEXTS[3])),
        ):
            figures |= _measure(stack, name, texts)
        with psycopg.connect(stack.postgres.owner) as owner:
            figures |= _tokens(owner)
    return figures


def _measure(stack: LocalStack, name: str, texts: Iterable[str]) -> dict[str, Figure]:
    ask = _over_websocket if name == "tier3" else _over_http
    questions = iter(texts)
    ask(stack, [next(questions) for _ in range(QUESTIONS_PER_USER * 2)])
    before = _count(stack)
    began = time.perf_counter()
    ask(stack, [next(questions) for _ in range(ROUNDS)])
    seconds = (time.perf_counter() - began) / ROUNDS
    after = _count(stack)
    what = {"tier1": "a question", "tier2": "a question", "write": "a new expense", "tier3": "a question to Claude"}[
        name
    ]

    def each(field: Callable[[_Counters], float]) -> float:
        return round((field(after) - field(before)) / ROUNDS, 4)

    return {
        f"{name}_gb_s": Figure(each(lambda c: c.gb_s), "GB s", f"memory and time of Lambda for {what}"),
        f"{name}_invocations": Figure(each(lambda c: c.invocations), "", "invocations of functions"),
        f"{name}_read_units": Figure(each(lambda c: c.reads), "", "read units of DynamoDB"),
        f"{name}_write_units": Figure(each(lambda c: c.writes), "", "write units of DynamoDB"),
        f"{name}_transactions": Figure(each(lambda c: c.transactions), "", "transactions of Postgres"),
        f"{name}_s": Figure(round(seconds, 4), "s", "from the question to its answer"),
    }


def _per_user(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), QUESTIONS_PER_USER):
        yield texts[start : start + QUESTIONS_PER_USER]


def _over_http(stack: LocalStack, texts: Sequence[str]) -> None:
    for own in _per_user(texts):
        headers = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
        with httpx.Client(base_url=stack.url, headers=headers, timeout=30) as client:
            for text in own:
                client.post("/v1/ask", json={"text": text}).raise_for_status()


def _over_websocket(stack: LocalStack, texts: Sequence[str]) -> None:
    for own in _per_user(texts):
        with open_chat(stack.url, stack.token(uuid.uuid4())) as chat:
            for text in own:
                end = chat.ask(text)[-1].frame
                assert end["type"] == "done", end


def _count(stack: LocalStack) -> _Counters:
    while any(function.queued for function in stack.functions.values()):
        time.sleep(0.05)
    time.sleep(STATISTICS_DELAY_S)
    reports = [
        (float(ms), int(mb))
        for function in stack.functions.values()
        for ms, mb in _REPORT.findall(function.log.read_text(errors="replace"))
    ]
    journal = httpx.get(f"{stack.aws_endpoint}/_journal").raise_for_status().json()
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner:
        row = owner.execute(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
        ).fetchone()
    assert row is not None
    return _Counters(
        sum(ms / 1000 * mb / 1024 for ms, mb in reports),
        len(reports),
        journal["read_units"],
        journal["write_units"],
        row[0],
    )


def _tokens(owner: psycopg.Connection) -> dict[str, Figure]:
    row = owner.execute(
        "select avg(input_tokens + cache_read_tokens + cache_write_tokens)::float8, avg(input_tokens)::float8,"
        " avg(cache_write_tokens)::float8, avg(output_tokens)::float8, avg(model_calls)::float8,"
        " avg(cost_microdollars)::float8 / 1e6"
        "  from turns where tier = 3"
    ).fetchone()
    assert row is not None
    names = {
        "tier3_prompt_tokens": "tokens of all prompts of a question",
        "tier3_uncached_tokens": "those of them that were neither read from a cache nor written to it",
        "tier3_cache_write_tokens": "those that were written to a cache",
        "tier3_output_tokens": "tokens of its replies",
        "tier3_model_calls": "calls of the model for a question",
    }
    figures = {name: Figure(round(row[n], 2), "", meaning) for n, (name, meaning) in enumerate(names.items())}
    return figures | {"tier3_cost_usd": Figure(round(row[5], 6), "$", "what Claude costs for a question")}
