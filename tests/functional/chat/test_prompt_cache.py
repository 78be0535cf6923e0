"""The prompt cache: every request extends the one before it, byte for byte."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pam.chat.turn.conversation import MAX_HISTORY_TOKENS
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import ClaudeScripts, step, text, use

MIN_READ_SHARE = 0.95


def without_cache_markers(node: Any) -> Any:
    """Return JSON without cache markers, which aren't part of what is cached."""
    if isinstance(node, list):
        return [without_cache_markers(item) for item in node]
    if isinstance(node, dict):
        return {key: without_cache_markers(value) for key, value in node.items() if key != "cache_control"}
    return node


def cached_text(node: Any) -> str:
    """Return the text that is cached for a part of a request."""
    return json.dumps(without_cache_markers(node), ensure_ascii=False)


def read_share(request: dict[str, Any], previous: dict[str, Any]) -> float:
    """Return the share of the previous request's prompt that was read from the cache."""
    share: float = request["cache_read"] / previous["input_total"]
    return share


def run_turns(socket: ChatSocket, claude: ClaudeScripts, count: int, padding: str = "") -> list[dict[str, Any]]:
    """Ask questions of all kinds in one conversation; return the model calls."""
    claude.script(text("One."), condition=" plain")
    claude.script(
        step(use("get_weather_forecast", place="Moab, Utah"), use("find_cheap_gas", place="Denver")),
        use("estimate_travel_time", origin="Moab, Utah", destination="Denver"),
        text("Three."),
        condition=" tools",
    )
    claude.script(use("create_expense", amount=12, category="groceries"), condition=" write")
    claude.script(use("create_post", content="Quiet."), condition=" confirmation")
    kinds = ["plain", "tools", "write", "confirmation", "fast"]
    scope: dict[str, str] = {}
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        is_fast = kind == "fast"
        question = "How much did I spend on gas this month?" if is_fast else f"{claude.marker} {kind} {padding}"
        frames = socket.ask(question, **scope)
        assert frames[-1]["type"] == "done", frames[-1]
        scope = {"conversation_id": frames[-1]["conversation_id"]}
    return claude.requests()


def test_each_request_extends_the_one_before(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Tools and system prompt never change, messages are only appended, and the cached prefix is read."""
    requests = run_turns(socket, claude, 12)
    assert len(requests) > 12
    for previous, request in pairwise(requests):
        old, new = previous["body"], request["body"]
        assert cached_text(new["tools"]) == cached_text(old["tools"])
        assert cached_text(new["system"]) == cached_text(old["system"])
        assert cached_text(new["messages"][: len(old["messages"])]) == cached_text(old["messages"])
        assert read_share(request, previous) >= MIN_READ_SHARE


def test_tools_and_instructions_are_cached_for_all_users(
    connect_socket: Callable[[Traveller], ChatSocket], new_traveller: Callable[[], Traveller], claude: ClaudeScripts
) -> None:
    """A second user's first question reads what the first user's question has written to the cache."""
    claude.script(text("Hello."))
    for _ in range(2):
        connect_socket(new_traveller()).ask(f"Say hello {claude.marker}")
    first, second = claude.requests()
    assert cached_text(first["body"]["tools"]) == cached_text(second["body"]["tools"])
    assert cached_text(first["body"]["system"][0]) == cached_text(second["body"]["system"][0])
    shared = second["cache_read"]
    assert shared >= 0.9 * (len(cached_text(second["body"]["tools"])) / 4)
    assert second["cache_write"] + second["uncached"] < shared / 2


def test_history_beyond_its_limit_is_cut_in_bulk(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Each cut misses the cache once, removes the older half of the history, and keeps tool results with their use."""
    requests = run_turns(socket, claude, 29, padding="and tell me more about the road ahead " * 95)
    totals = [request["input_total"] for request in requests]
    assert max(totals) < MAX_HISTORY_TOKENS * 1.4
    misses = [(old, new) for old, new in pairwise(requests) if read_share(new, old) < MIN_READ_SHARE]
    cuts = [new for old, new in misses if len(new["body"]["messages"]) < len(old["body"]["messages"])]
    assert 1 <= len(cuts) == len(misses)
    for request in requests:
        first = request["body"]["messages"][0]
        assert first["role"] == "user"
        assert first["content"][0]["type"] == "text"
