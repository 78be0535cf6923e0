"""Claude's stand-in in its own process, and the official SDK as its client."""

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import pytest

from local.stand_ins.claude.request_rules import VERSION
from local.stand_ins.claude.server import CLAUDE_KEY, ClaudeStandIn
from tests.functional.stand_ins.client import StandInClient, running
from tests.words import new_word

MODEL = "claude-haiku-5-5"

TOOL = {
    "name": "get_weather_forecast",
    "description": "The weather at a place.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


class ClaudeClient(StandInClient):
    """A client of Claude's stand-in, without the SDK."""

    def __init__(self, url: str) -> None:
        super().__init__(url, {"authorization": f"Bearer {CLAUDE_KEY}", "anthropic-version": VERSION})

    def script(self, text: str, *replies: dict[str, Any]) -> None:
        """Script the turns whose text contains this one."""
        script = [{"match": {"text_contains": text}, "replies": replies}]
        self.http.put("/_script", json=script).raise_for_status()

    def post(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        return self.http.post("/v1/messages", json=body, headers=headers)


@pytest.fixture(scope="session")
def claude_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stand_in = ClaudeStandIn(tmp_path_factory.mktemp("claude") / "claude.log", "zero")
    with running(stand_in):
        yield stand_in.url


@pytest.fixture
def claude(claude_url: str) -> Iterator[ClaudeClient]:
    """The stand-in without state of other tests, and without latency."""
    client = ClaudeClient(claude_url)
    client.reset()
    client.control(profile="zero")
    yield client
    client.http.close()


@pytest.fixture
def sdk(claude: ClaudeClient) -> Iterator[anthropic.Anthropic]:
    """The SDK without retries."""
    with anthropic.Anthropic(base_url=claude.url, api_key=CLAUDE_KEY, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def question() -> str:
    """A question that no other test contains."""
    return f"Question {new_word()}"


@pytest.fixture
def body(question: str) -> Callable[..., dict[str, Any]]:
    """Makes a valid request body. Arguments replace its fields; None removes one."""

    def make(**changes: Any) -> dict[str, Any]:
        usual = {"model": MODEL, "max_tokens": 1024, "messages": [{"role": "user", "content": question}]}
        return {name: value for name, value in (usual | changes).items() if value is not None}

    return make
