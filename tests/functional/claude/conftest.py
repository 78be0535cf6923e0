"""The stand-in for Claude in its own process, and the official SDK that talks to it."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import pytest

from local.stand_ins.claude.request_rules import VERSION
from local.stand_ins.claude.server import CLAUDE_KEY, ClaudeStandIn

MODEL = "claude-haiku-5-5"

TOOL = {
    "name": "get_weather_forecast",
    "description": "The weather at a place.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


class Standin:
    """The stand-in, as a test commands it and reads its journal."""

    def __init__(self, url: str) -> None:
        self.url = url
        headers = {"authorization": f"Bearer {CLAUDE_KEY}", "anthropic-version": VERSION}
        self.http = httpx.Client(base_url=url, trust_env=False, headers=headers, timeout=30)

    def says(self, text: str, *replies: dict[str, Any]) -> None:
        """Scripts the turns whose text contains this one."""
        script = [{"match": {"text_contains": text}, "replies": replies}]
        self.http.put("/_script", json=script).raise_for_status()

    def orders(self, **control: Any) -> None:
        self.http.put("/_control", json=control).raise_for_status()

    def journal(self, **filters: str) -> dict[str, Any]:
        told: dict[str, Any] = self.http.get("/_journal", params=filters).json()
        return told

    def post(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        return self.http.post("/v1/messages", json=body, headers=headers)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClaudeStandIn]:
    claude = ClaudeStandIn(tmp_path_factory.mktemp("claude") / "claude.log", "zero")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(claude.start(), loop).result(60)
        yield claude
    finally:
        asyncio.run_coroutine_threadsafe(claude.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def standin(server: ClaudeStandIn) -> Iterator[Standin]:
    """The stand-in, knowing nothing of other tests, and answering at once."""
    it = Standin(server.url)
    it.http.delete("/_journal").raise_for_status()
    it.orders(profile="zero")
    yield it
    it.http.close()


@pytest.fixture
def sdk(standin: Standin) -> Iterator[anthropic.Anthropic]:
    """The SDK without retries, so that a test sees what was answered."""
    with anthropic.Anthropic(base_url=standin.url, api_key=CLAUDE_KEY, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def asked() -> str:
    """A question that nobody else asks."""
    return f"Question {uuid.uuid4().hex}"


@pytest.fixture
def body(asked: str) -> Callable[..., dict[str, Any]]:
    """Makes a request that the API takes; what is given replaces, and None leaves out."""

    def make(**changes: Any) -> dict[str, Any]:
        usual = {"model": MODEL, "max_tokens": 1024, "messages": [{"role": "user", "content": asked}]}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    return make
