"""Tools that no catalogue has, which do what a test wants; and what Claude is sent of tools."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pam.ledger.operation import WriteOperation, WriteResult
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Tool, ToolResult
from tests.functional.chat.chat_user import ChatUser


class _Nothing(ToolArguments):
    """No arguments."""


def reader(name: str, read: Callable[[], ToolResult], timeout_s: float = 0.5) -> Tool[Any]:
    """A tool that only looks, as `read` does."""
    return Tool(name, "x", _Nothing, EffectKind.READ, lambda _: "Having a look", lambda *_: read(), timeout_s=timeout_s)


def writer(name: str, write: Callable[[], WriteResult], timeout_s: float = 0.5) -> Tool[Any]:
    """A tool that writes, as `write` does."""
    operation = WriteOperation(name, lambda *_: write())
    return Tool(
        name, "x", _Nothing, EffectKind.OWN, lambda _: "Writing it down", operation=operation, timeout_s=timeout_s
    )


def nothing_found() -> ToolResult:
    """What a tool tells that looked in vain."""
    return ToolResult("Nothing there.", {}, "A test", "2026-11-22T10:00:00+00:00")


def results(user: ChatUser) -> list[dict[str, Any]]:
    """The newest tool results that Claude was sent."""
    blocks: list[dict[str, Any]] = user.claude.requests()[-1]["body"]["messages"][-1]["content"]
    return blocks


def fault_of(block: Mapping[str, Any]) -> str | None:
    """The code of a failed result."""
    code = json.loads(block["content"]).get("error", {}).get("code")
    assert (code is not None) is block.get("is_error", False)
    return code
