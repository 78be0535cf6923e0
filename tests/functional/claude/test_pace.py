"""How long the stand-in takes: no sooner than its profile says, for many at once."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import pytest

from local.stand_ins.claude.profile import PROFILES
from tests.functional.claude.conftest import Standin

Body = Callable[..., dict[str, Any]]


def test_the_usual_profile_is_the_one_that_the_seed_assumes() -> None:
    """500 ms with a cached prefix, 1,200 ms with one of 5,000 tokens that isn't; both are assumptions."""
    seed = PROFILES["seed"]
    assert seed.first_token(0) == 0.5
    assert seed.first_token(5000) == pytest.approx(1.2)
    assert seed.seconds(150) == 1.0
    assert (PROFILES["zero"].first_token(5000), PROFILES["zero"].seconds(150)) == (0, 0)


def test_uncached_tokens_take_their_time(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    """The first token waits for them, and no longer once they are cached; then the others come one by one."""
    profile = {"first_token_ms": 10, "ms_per_uncached_token": 1.0, "tokens_per_second": 100}
    standin.says(asked, {"content": [{"type": "text", "text": "word " * 36}]})
    standin.orders(profile=profile)
    cached = body(system=f"{asked} " * 90, cache_control={"type": "ephemeral"}, stream=True)

    def ask() -> tuple[float, float, int]:
        began = time.monotonic()
        first = None
        for event in sdk.messages.create(**cached):
            if event.type == "message_start":
                usage = event.message.usage
            if event.type == "content_block_delta" and first is None:
                first = time.monotonic() - began
        assert first is not None
        return first, time.monotonic() - began, usage.cache_creation_input_tokens

    # Tokens that are written into the cache have to be read by the model too: they aren't cached yet.
    first, whole, written = ask()
    assert first >= 0.01 + written * 0.001
    assert whole >= 0.01 + written * 0.001 + 0.5
    again, _, written = ask()
    assert written == 0
    assert again < first


def test_a_whole_message_takes_as_long_as_its_stream(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    standin.says(asked, {"content": [{"type": "text", "text": "word " * 36}]})
    standin.orders(profile={"first_token_ms": 50, "ms_per_uncached_token": 0, "tokens_per_second": 100})
    began = time.monotonic()
    sdk.messages.create(**body())
    assert time.monotonic() - began >= 0.05 + 0.5


def test_a_hundred_streams_at_once(standin: Standin, asked: str, body: Body) -> None:
    """Together they take far less than one after another, and each gets its own text."""
    standin.orders(profile={"first_token_ms": 100, "ms_per_uncached_token": 0, "tokens_per_second": 50})
    for number in range(100):
        standin.says(f"{asked}-{number}.", {"content": [{"type": "text", "text": f"I am {number}. " * 12}]})

    async def ask(client: httpx.AsyncClient, number: int) -> str:
        asking = body(stream=True, messages=[{"role": "user", "content": f"{asked}-{number}."}])
        reply = await client.post("/v1/messages", json=asking)
        return reply.text

    async def ask_all() -> list[str]:
        headers = dict(standin.http.headers)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=standin.url, headers=headers, limits=limits, timeout=60, trust_env=False
        ) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(100)))

    began = time.monotonic()
    replies = asyncio.run(ask_all())
    took = time.monotonic() - began
    for number, reply in enumerate(replies):
        assert f"I am {number}. " in reply
        assert reply.rstrip().endswith('{"type":"message_stop"}')
    one = 0.1 + 30 / 50
    assert took < 100 * one / 4


def test_who_hangs_up_is_noticed(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    """The rest isn't generated, and the journal has what was."""
    standin.says(asked, {"content": [{"type": "text", "text": "word " * 1000}]})
    standin.orders(profile={"first_token_ms": 0, "ms_per_uncached_token": 0, "tokens_per_second": 20})
    with sdk.messages.stream(**body(max_tokens=4000)) as stream:
        next(iter(stream.text_stream))
    deadline = time.monotonic() + 30
    while standin.journal()["last"][-1]["ended"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    entry = standin.journal()["last"][-1]
    assert entry["ended"] == "hung_up"
    assert entry["output_tokens"] < 1000
