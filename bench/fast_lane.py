"""All fast answers at 50 requests a second through the local gateway: tier 1, and tier 2 from the shared cache.

Requests are sent on a fixed schedule, whether or not earlier ones are answered, and each is timed from the moment at
which it was due, so that waiting counts. The load comes from a process of its own. One request in twenty is a write,
which invalidates its user's cached tier-1 answers.
"""

import asyncio
import multiprocessing
import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from bench.figures import Figure, percentile_ms
from local.stack import LocalStack

PER_SECOND = 50
SECONDS = 30
USERS = 20

TIER_1 = (
    "/v1/spend-summary?period=this_month",
    "/v1/spend-summary?category=fuel&period=last_30_days",
    "/v1/budget-status",
    "/v1/savings",
    "/v1/expenses?limit=20",
)
TIER_2 = (
    "/v1/weather?place=Moab&period=tomorrow",
    "/v1/distance?origin=Denver&destination=Moab",
    "/v1/fuel-estimate?distance=400&unit=mi&consumption=9&consumption_unit=mpg",
    "/v1/parks?place=Moab",
    "/v1/gas-prices?place=Colorado",
)


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state)) as stack:
        stack.warm()
        tokens = [stack.token(uuid.uuid4()) for _ in range(USERS)]
        _warm_up(stack.url, tokens)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            load = pool.apply(_load, (stack.url, tokens))
    return {
        "tier1_ms_p95": Figure(percentile_ms(load["tier1"], 95), "ms", "tier 1, cached or not"),
        "tier1_ms_p50": Figure(percentile_ms(load["tier1"], 50), "ms", "the same, median"),
        "tier2_cached_ms_p95": Figure(percentile_ms(load["tier2"], 95), "ms", "tier 2 from the shared cache"),
        "tier2_cached_ms_p50": Figure(percentile_ms(load["tier2"], 50), "ms", "the same, median"),
        "write_ms_p95": Figure(percentile_ms(load["write"], 95), "ms", "creating an expense"),
        "requests_per_second": Figure(
            round(load["requests"] / load["seconds"], 1), "1/s", "answered, over the whole run"
        ),
        "errors": Figure(load["errors"], "", "answers other than 200 and 201"),
        "requests": Figure(load["requests"], "", "requests in all"),
    }


def _warm_up(url: str, tokens: list[str]) -> None:
    """Give each user expenses, and request every answer once."""
    with httpx.Client(base_url=url, timeout=30) as client:
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"}
            for number in range(10):
                expense = {"amount": str(10 + number), "category": ("fuel", "camping", "dining")[number % 3]}
                client.post("/v1/expenses", json=expense, headers=headers).raise_for_status()
            for path in TIER_1 + TIER_2:
                client.get(path, headers=headers).raise_for_status()


def _load(url: str, tokens: list[str]) -> dict[str, Any]:
    return asyncio.run(_arrivals(url, tokens))


async def _arrivals(url: str, tokens: list[str]) -> dict[str, Any]:
    generator = random.Random(7)
    durations: dict[str, list[float]] = {"tier1": [], "tier2": [], "write": []}
    errors = 0
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client:

        async def one(kind: str, path: str, token: str, due: float) -> None:
            nonlocal errors
            headers = {"authorization": f"Bearer {token}"}
            if kind == "write":
                response = await client.post("/v1/expenses", json={"amount": "5", "category": "tolls"}, headers=headers)
            else:
                response = await client.get(path, headers=headers)
            durations[kind].append(time.perf_counter() - due)
            errors += response.status_code not in (200, 201)

        began = time.perf_counter() + 0.2
        tasks = []
        for number in range(PER_SECOND * SECONDS):
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            kind = "write" if number % 20 == 19 else ("tier1", "tier2")[number % 2]
            path = generator.choice(TIER_1 if kind == "tier1" else TIER_2)
            tasks.append(asyncio.create_task(one(kind, path, generator.choice(tokens), due)))
        await asyncio.gather(*tasks)
        seconds = time.perf_counter() - began
    return durations | {"errors": errors, "requests": len(tasks), "seconds": seconds}
