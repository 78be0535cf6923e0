"""Tools that run a function of the test, and the tool results that Claude was sent."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pam.ledger.operation import WriteOperation, WriteResult
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Tool, ToolResult
from tests.functional.chat.chat_user import ChatUser


class _NoArguments(ToolArguments):
    """No arguments."""


def fake_reader(name: str, read: Callable[[], ToolResult], timeout_s: float = 0.5) -> Tool[Any]:
    """Return a tool without effects."""
    return Tool(name, "x", _NoArguments, EffectKind.READ, lambda _: "Reading", lambda *_: read(), timeout_s=timeout_s)


def fake_writer(name: str, write: Callable[[], WriteResult], timeout_s: float = 0.5) -> Tool[Any]:
    """Return a tool that writes the user's own data."""
    operation = WriteOperation(name, lambda *_: write())
    return Tool(name, "x", _NoArguments, EffectKind.OWN, lambda _: "Writing", operation=operation, timeout_s=timeout_s)


def empty_result() -> ToolResult:
    """Return the result of a reader that found nothing."""
    return ToolResult("Nothing there.", {}, "A test", "2026-11-22T10:00:00+00:00")


def empty_write() -> WriteResult:
    """Return the result of a writer that wrote nothing but its effect."""
    return WriteResult("Written.", {}, "A test", {})


def newest_results(user: ChatUser) -> list[dict[str, Any]]:
    """Return the tool results in the newest request that Claude was sent."""
    blocks: list[dict[str, Any]] = user.claude.requests()[-1]["body"]["messages"][-1]["content"]
    return blocks


def error_code(result: Mapping[str, Any]) -> str | None:
    """Return the code of a failed tool result, None of a successful one."""
    code = json.loads(result["content"]).get("error", {}).get("code")
    assert (code is not None) is result.get("is_error", False)
    return code
