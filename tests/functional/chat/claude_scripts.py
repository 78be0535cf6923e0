"""Scripted replies of the stand-in for Claude, and the requests that it has received."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.words import new_word


@dataclass(frozen=True)
class ClaudeScripts:
    """The replies to questions whose text contains `marker`. `http` is a client of the stand-in."""

    http: httpx.Client
    marker: str = field(default_factory=new_word)

    def script(self, *replies: Any, condition: str = "") -> None:
        """Set the replies to the model calls of a turn whose question contains the marker followed by `condition`."""
        match = {"text_contains": f"{self.marker}{condition}"}
        steps = [reply if "content" in reply or "fault" in reply else step(reply) for reply in replies]
        response = self.http.put("/_script", json=[{"match": match, "replies": steps}])
        assert response.is_success, response.text

    def requests(self) -> list[dict[str, Any]]:
        """Return the journal's entries of the model calls, in their order."""
        entries: list[dict[str, Any]] = self.http.get("/_journal", params={"contains": self.marker}).json()["last"]
        return entries

    def with_new_marker(self) -> Self:
        """Return scripts for other questions."""
        return type(self)(self.http)


def text(content: str) -> dict[str, Any]:
    """Return a text block."""
    return {"type": "text", "text": content}


def use(name: str, **arguments: Any) -> dict[str, Any]:
    """Return a tool use block."""
    return {"type": "tool_use", "name": name, "input": arguments}


def step(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a reply of several blocks."""
    return {"content": list(blocks)} | more


def failing_reply(mode: str, *blocks: dict[str, Any], times: int | None = 1, **more: Any) -> dict[str, Any]:
    """Return a reply that fails the first `times` times, always if None, and is complete afterwards."""
    return step(*(blocks or [SHORT_ANSWER]), fault={"mode": mode, "times": times} | more)


def pausing_reply(*blocks: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return a reply that pauses in its text once, after `LONG_TEXT_START` if its text is `LONG_TEXT`."""
    return failing_reply("silence_in_text", *blocks, seconds=seconds)


def messages_text(request_body: dict[str, Any]) -> str:
    """Return the messages of a request as JSON text, to search in."""
    return json.dumps(request_body["messages"], ensure_ascii=False)


SHORT_TEXT = "Here you are."
LONG_TEXT = "The Needles district is quieter in November than the Island in the Sky."
LONG_TEXT_START = "The Needles district is quieter in"
"""What is streamed of `LONG_TEXT` before a fault in the text: the stand-in's first two pieces."""
FOLLOW_UP_TEXT = "All is well again."

SHORT_ANSWER = text(SHORT_TEXT)
LONG_ANSWER = text(LONG_TEXT)
FOLLOW_UP_ANSWER = text(FOLLOW_UP_TEXT)
READ = use("get_spending_summary", period="this_month")
WRITE = use("create_expense", amount=45, category="fuel")
WRITE_WITH_MORE_TO_DO = use("create_expense", amount=45, category="fuel", more_to_do=True)
WRITE_TEXT = "Added $45.00 for fuel."
"""The beginning of the text that reports `WRITE`."""
POST = use("create_post", content="Quiet at Goblin Valley.")
"""A tool use that needs the user's confirmation."""
