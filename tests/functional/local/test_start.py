"""What is there when during a start, and how functions warm up after it."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from local.gateway.http_gateway import AccessLogEntry
from local.lambda_runtime.start_slots import StartSlots
from local.stack import LocalStack


@dataclass
class Start:
    """A stack, and what was observed while it started."""

    stack: LocalStack | None = None
    parts: list[str] = field(default_factory=list)
    requests: list[AccessLogEntry] = field(default_factory=list)
    page: dict[str, int] = field(default_factory=dict)
    """Statuses by path, of requests that were answered before the database was ready."""
    api_waited: bool = False
    answer: "Future[httpx.Response]" = field(default_factory=Future)
    """Of a request to the API that was sent before the database was ready."""


@pytest.fixture(scope="module")
def start(used_state_dir: Path, app: Path) -> Iterator[Start]:
    start = Start()
    with ThreadPoolExecutor() as pool:

        def get(url: str) -> httpx.Response:
            return httpx.get(url, timeout=60, trust_env=False)

        def request(url: str) -> None:
            start.answer = pool.submit(get, f"{url}/echo/x")
            pages.extend((path, pool.submit(get, url + path)) for path in ("/", "/config.json", "/local/issuer/jwks"))

        def prepare(owner: str) -> None:
            psycopg.connect(owner).close()
            start.page = {path: response.result(60).status_code for path, response in pages}
            start.api_waited = not start.answer.done()

        pages: list[tuple[str, Future[httpx.Response]]] = []
        with LocalStack(
            used_state_dir,
            template=app / "template.yaml",
            on_serving=request,
            load_data=prepare,
            on_progress=lambda part, _seconds: start.parts.append(part),
            on_request=start.requests.append,
        ) as start.stack:
            start.answer.exception(60)
            yield start


def test_page_is_served_during_start(start: Start) -> None:
    """The page and the issuer answer while the database is prepared; a request to the API waits until it is open."""
    assert start.page == {"/": 200, "/config.json": 200, "/local/issuer/jwks": 200}
    assert start.api_waited
    assert start.answer.result().json()["rawPath"] == "/echo/x"


def test_progress_names_each_part(start: Start) -> None:
    """Each part that is up is reported; stand-ins whose base URL isn't a parameter of the template don't start."""
    assert start.parts[0] == "Page"
    assert start.parts[-1] == "API"
    assert set(start.parts) == {"Page", "Postgres", "Template", "DynamoDB, S3, Secrets Manager, SSM, SQS", "API"}


def test_each_request_is_reported(start: Start) -> None:
    """The access log names a request's method, path and status, and the function that answered it."""
    assert start.stack is not None
    httpx.get(f"{start.stack.url}/nothing", trust_env=False)
    wanted = {("GET", "/echo/x", 200, "echo"), ("GET", "/config.json", 200, None), ("GET", "/nothing", 404, None)}
    end = time.monotonic() + 20
    while time.monotonic() < end:
        logged = {(access.method, access.path, access.status, access.function) for access in start.requests}
        if logged >= wanted:
            return
        time.sleep(0.05)
    raise AssertionError(start.requests)


def test_warm_up_reports_each_function(start: Start) -> None:
    """Each function is reported once it is warm, or with the reason why it doesn't start.

    An event that comes while its function warms up starts no second environment, whichever is first.
    """
    stack = start.stack
    assert stack is not None
    reports: list[tuple[str, str | None]] = []
    with ThreadPoolExecutor() as pool:
        warming = pool.submit(stack.warm, lambda name, failure: reports.append((name, failure)))
        pid = stack.functions["probe"].invoke({"do": "pid"}).json()
        failures = warming.result(60)
    assert stack.functions["probe"].pids == [pid]
    assert list(failures) == ["broken"]
    assert "no_such_module" in failures["broken"]
    assert len(reports) == len(dict(reports)) > 3
    assert dict(reports)["broken"] == failures["broken"]
    assert dict(reports)["echo"] is None


def test_start_for_event_precedes_warm_ups() -> None:
    """A start that an event waits for gets the next free slot, before warm-ups that have waited longer."""
    order: list[str] = []

    async def start(slots: StartSlots, name: str, *, warm_up: bool) -> None:
        await slots.acquire(warm_up=warm_up)
        order.append(name)
        await asyncio.sleep(0)
        slots.release()

    async def run() -> None:
        slots = StartSlots(1)
        await slots.acquire(warm_up=True)
        queued = [asyncio.create_task(start(slots, f"warm-up {number}", warm_up=True)) for number in range(3)]
        await asyncio.sleep(0)
        queued.append(asyncio.create_task(start(slots, "event", warm_up=False)))
        await asyncio.sleep(0)
        queued.pop(1).cancel()
        await asyncio.sleep(0)
        slots.release()
        await asyncio.gather(*queued)

    asyncio.run(run())
    assert order == ["event", "warm-up 0", "warm-up 2"]
