"""The faults that may happen during load: each is a context manager that begins it and ends it again."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx
import psycopg
from psycopg import sql

from load.skewed_clock import SkewedClock
from load.slow_postgres import SlowPostgres
from local.stack import LocalStack
from local.stand_ins.claude.profile import PROFILES

KILL_INTERVAL_S = 3.0
SLOW_QUERY_S = 0.2
SLOWER = 10
SKEW_S = 30
_HOLDER_PASSWORD = "holder"


@dataclass(frozen=True)
class ChaosContext:
    """What faults act on."""

    stack: LocalStack
    postgres: SlowPostgres
    clock: SkewedClock
    claude_profile: str


@dataclass(frozen=True)
class ChaosFault:
    """A fault that lasts for `seconds`. `begin` returns a context manager that ends it."""

    description: str
    seconds: float
    begin: Callable[[ChaosContext], AbstractContextManager[None]]
    needs_clock: bool = False
    """Whether the worker has to run with a clock that can be set."""


@contextmanager
def _stopped_postgres(context: ChaosContext) -> Iterator[None]:
    context.stack.postgres.stop()
    try:
        yield
    finally:
        context.stack.postgres.start()


@contextmanager
def _slow_queries(context: ChaosContext) -> Iterator[None]:
    context.postgres.delay_s = SLOW_QUERY_S
    try:
        yield
    finally:
        context.postgres.delay_s = 0.0


@contextmanager
def _exhausted_connections(context: ChaosContext) -> Iterator[None]:
    """Hold all connections that Postgres gives to roles that aren't superusers."""
    owner = context.stack.postgres.owner
    with psycopg.connect(owner, autocommit=True) as connection, ExitStack() as held:
        connection.execute(sql.SQL("create role holder login password {}").format(sql.Literal(_HOLDER_PASSWORD)))
        try:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    held.enter_context(psycopg.connect(owner, user="holder", password=_HOLDER_PASSWORD))
            yield
        finally:
            held.close()
            connection.execute("drop role holder")


def _skewed(seconds: int) -> Callable[[ChaosContext], AbstractContextManager[None]]:
    @contextmanager
    def begin(context: ChaosContext) -> Iterator[None]:
        context.clock.set(seconds)
        try:
            yield
        finally:
            context.clock.set(0)

    return begin


def _controlled(
    urls: Callable[[ChaosContext], Sequence[str]], fault: Mapping[str, Any], end: Mapping[str, Any]
) -> Callable[[ChaosContext], AbstractContextManager[None]]:
    """Return a fault that the `PUT /_control` of stand-ins begins and ends."""

    @contextmanager
    def begin(context: ChaosContext) -> Iterator[None]:
        for url in urls(context):
            httpx.put(f"{url}/_control", json=fault).raise_for_status()
        try:
            yield
        finally:
            for url in urls(context):
                httpx.put(f"{url}/_control", json=end).raise_for_status()

    return begin


@contextmanager
def _slow_claude(context: ChaosContext) -> Iterator[None]:
    normal = PROFILES[context.claude_profile]
    slow = normal.model_dump()
    slow["first_token_ms"] *= SLOWER
    slow["ms_per_uncached_token"] *= SLOWER
    if slow["tokens_per_second"]:
        slow["tokens_per_second"] /= SLOWER
    url = f"{context.stack.claude.url}/_control"
    httpx.put(url, json={"profile": slow}).raise_for_status()
    try:
        yield
    finally:
        httpx.put(url, json={"profile": context.claude_profile}).raise_for_status()


@contextmanager
def _repeatedly(action: Callable[[], None], interval_s: float) -> Iterator[None]:
    """Repeat an action in a thread until the end of the context."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            action()
            ended.wait(interval_s)

    with ThreadPoolExecutor(1) as pool:
        repetition = pool.submit(run)
        try:
            yield
        finally:
            ended.set()
        repetition.result()


def _killed_environments(context: ChaosContext) -> AbstractContextManager[None]:
    def kill() -> None:
        for name in ("chat_worker", "chat", "ask"):
            for pid in context.stack.functions[name].pids[:2]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    return _repeatedly(kill, KILL_INTERVAL_S)


def _duplicate_schedules(context: ChaosContext) -> AbstractContextManager[None]:
    def fire() -> None:
        for name in ("summarise_episodes", "embed_memories"):
            for _ in range(2):
                context.stack.functions[name].invoke_async({})

    return _repeatedly(fire, 5.0)


def _claude(context: ChaosContext) -> Sequence[str]:
    return [context.stack.claude.url]


def _dynamodb(context: ChaosContext) -> Sequence[str]:
    return [context.stack.aws_endpoint]


def _gemini(context: ChaosContext) -> Sequence[str]:
    return [context.stack.gemini.url]


def _travel_sources(context: ChaosContext) -> Sequence[str]:
    sources = context.stack.travel_sources
    return [sources.mapbox_url, sources.open_meteo_url, sources.eia_url, sources.ecb_url]


FAULTS: Mapping[str, ChaosFault] = MappingProxyType(
    {
        "postgres_restarted": ChaosFault("Postgres is restarted", 0.0, _stopped_postgres),
        "postgres_stopped": ChaosFault("Postgres is down for a minute", 60.0, _stopped_postgres),
        "postgres_slow": ChaosFault("Each query takes 200 ms longer", 60.0, _slow_queries),
        "postgres_full": ChaosFault("Others hold all connections to Postgres", 45.0, _exhausted_connections),
        "clock_ahead": ChaosFault("The worker's clock is half a minute ahead", 45.0, _skewed(SKEW_S), needs_clock=True),
        "clock_behind": ChaosFault(
            "The worker's clock is half a minute behind", 45.0, _skewed(-SKEW_S), needs_clock=True
        ),
        "dynamodb_throttled": ChaosFault(
            "DynamoDB throttles three requests of ten",
            45.0,
            _controlled(_dynamodb, {"throttled_share": 0.3}, {}),
        ),
        "dynamodb_lost": ChaosFault(
            "The responses to one write to DynamoDB of twenty are lost",
            45.0,
            _controlled(_dynamodb, {"lost_share": 0.05}, {}),
        ),
        "claude_429": ChaosFault(
            "Claude refuses all requests with 429",
            45.0,
            _controlled(_claude, {"mode": "429", "retry_after": 2}, {"mode": "ok"}),
        ),
        "claude_529": ChaosFault(
            "Claude is overloaded for a minute", 60.0, _controlled(_claude, {"mode": "529"}, {"mode": "ok"})
        ),
        "claude_slow": ChaosFault("Claude takes ten times as long", 45.0, _slow_claude),
        "claude_cut": ChaosFault(
            "Claude's streams break in the text", 45.0, _controlled(_claude, {"mode": "cut_in_text"}, {"mode": "ok"})
        ),
        "gemini_down": ChaosFault(
            "Gemini answers 503",
            60.0,
            _controlled(_gemini, {"mode": "503"}, {"mode": "ok"}),
        ),
        "sources_cut": ChaosFault(
            "The sources of weather, roads, prices and rates cut their responses",
            45.0,
            _controlled(_travel_sources, {"mode": "cut"}, {"mode": "ok"}),
        ),
        "environments_killed": ChaosFault("Environments are killed every three seconds", 45.0, _killed_environments),
        "schedules_doubled": ChaosFault("Schedules fire twice every five seconds", 45.0, _duplicate_schedules),
    }
)
"""The faults of `python -m load chaos --fault NAME`."""
