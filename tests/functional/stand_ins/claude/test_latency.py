"""Latency profiles: time to first token and output speed, also with many concurrent requests."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import pytest

from local.stand_ins.claude.profile import PROFILES
from tests.functional.stand_ins.claude.conftest import ClaudeClient

Body = Callable[..., dict[str, Any]]


def test_seed_profile_has_the_seed_s_assumptions() -> None:
    """The `seed` profile has 500 ms for a cached prefix, 1,200 ms for 5,000 uncached tokens."""
    seed = PROFILES["seed"]
    assert seed.first_token_s(0) == 0.5
    assert seed.first_token_s(5000) == pytest.approx(1.2)
    assert seed.output_s(150) == 1.0
    assert (PROFILES["zero"].first_token_s(5000), PROFILES["zero"].output_s(150)) == (0, 0)


def test_published_profile_is_within_the_published_figures() -> None:
    """Caching 5,000 tokens reduces 1,200 ms by 13 to 31 %, and 150 to 220 tokens follow a second."""
    published = PROFILES["published"]
    assert published.first_token_s(5000) == pytest.approx(1.2)
    assert 0.13 <= 1 - published.first_token_s(0) / published.first_token_s(5000) <= 0.31
    assert 150 <= 1 / published.output_s(1) <= 220


def test_uncached_tokens_delay_the_first_token(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """Uncached tokens delay the first token until they are cached; the others follow at the profile's speed."""
    profile = {"first_token_ms": 10, "ms_per_uncached_token": 1.0, "tokens_per_second": 100}
    claude.script(question, {"content": [{"type": "text", "text": "word " * 36}]})
    claude.control(profile=profile)
    cached = body(system=f"{question} " * 90, cache_control={"type": "ephemeral"}, stream=True)

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


def test_whole_message_takes_as_long_as_a_stream(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A response that isn't streamed takes the time of all its tokens."""
    claude.script(question, {"content": [{"type": "text", "text": "word " * 36}]})
    claude.control(profile={"first_token_ms": 50, "ms_per_uncached_token": 0, "tokens_per_second": 100})
    began = time.monotonic()
    sdk.messages.create(**body())
    assert time.monotonic() - began >= 0.05 + 0.5


def test_concurrent_streams_do_not_delay_each_other(claude: ClaudeClient, question: str, body: Body) -> None:
    """A hundred concurrent streams take far less than one after another, and each has its own text."""
    claude.control(profile={"first_token_ms": 100, "ms_per_uncached_token": 0, "tokens_per_second": 50})
    for number in range(100):
        claude.script(f"{question}-{number}.", {"content": [{"type": "text", "text": f"I am {number}. " * 12}]})

    async def ask(client: httpx.AsyncClient, number: int) -> str:
        asking = body(stream=True, messages=[{"role": "user", "content": f"{question}-{number}."}])
        reply = await client.post("/v1/messages", json=asking)
        return reply.text

    async def ask_all() -> list[str]:
        headers = dict(claude.http.headers)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=claude.url, headers=headers, limits=limits, timeout=60, trust_env=False
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


def test_disconnect_ends_the_output(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body) -> None:
    """When the client disconnects, output stops, and the journal has the tokens sent until then."""
    claude.script(question, {"content": [{"type": "text", "text": "word " * 1000}]})
    claude.control(profile={"first_token_ms": 0, "ms_per_uncached_token": 0, "tokens_per_second": 20})
    with sdk.messages.stream(**body(max_tokens=4000)) as stream:
        next(iter(stream.text_stream))
    deadline = time.monotonic() + 30
    while claude.journal()["last"][-1]["ended"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    entry = claude.journal()["last"][-1]
    assert entry["ended"] == "disconnected"
    assert entry["output_tokens"] < 1000
