"""What Claude is sent stays cached: every request extends the one before it, to the byte."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pam.chat.turn.transcript import MAX_HISTORY_TOKENS
from tests.conftest import Traveller
from tests.functional.chat.conftest import ChatSocket, ClaudeScripts, step, text, use

LEAST_SHARE = 0.95


def plain(node: Any) -> Any:
    """Without cache markers, which aren't part of what is cached."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items() if key != "cache_control"}
    return node


def as_bytes(node: Any) -> str:
    return json.dumps(plain(node), ensure_ascii=False)


def read_share(entry: dict[str, Any], before: dict[str, Any]) -> float:
    """How much of the prefix, which is the whole prompt of the request before, was read from the cache."""
    return entry["cache_read"] / before["input_total"]


def converse(socket: ChatSocket, claude: ClaudeScripts, turns: int, words: str = "") -> list[dict[str, Any]]:
    """Turns of all kinds, one after another; returns the model calls."""
    claude.script(text("One."), when=" plain")
    claude.script(
        step(use("get_weather_forecast", place="Moab, Utah"), use("find_cheap_gas", place="Denver")),
        use("estimate_travel_time", origin="Moab, Utah", destination="Denver"),
        text("Three."),
        when=" tools",
    )
    claude.script(use("create_expense", amount=12, category="groceries"), when=" write")
    claude.script(use("create_post", content="Quiet."), when=" outward")
    kinds = ["plain", "tools", "write", "outward", "fast"]
    conversation = None
    for turn in range(turns):
        kind = kinds[turn % len(kinds)]
        asked = "How much did I spend on gas this month?" if kind == "fast" else f"{claude.marker} {kind} {words}"
        frames = socket.ask(asked, **({"conversation_id": conversation} if conversation else {}))
        assert frames[-1]["type"] == "done", frames[-1]
        conversation = frames[-1]["conversation_id"]
    return claude.requests()


def test_each_request_extends_the_one_before(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Tools and system never change; messages are only appended; what was cached is read."""
    calls = converse(socket, claude, 12)
    assert len(calls) > 12
    for before, entry in pairwise(calls):
        old, new = before["body"], entry["body"]
        assert as_bytes(new["tools"]) == as_bytes(old["tools"])
        assert as_bytes(new["system"]) == as_bytes(old["system"])
        assert as_bytes(new["messages"][: len(old["messages"])]) == as_bytes(old["messages"])
        assert read_share(entry, before) >= LEAST_SHARE


def test_the_fixed_part_is_everybody_s(
    connect_socket: Callable[[Traveller], ChatSocket], new_traveller: Callable[[], Traveller], claude: ClaudeScripts
) -> None:
    """A second traveller's first question reads tools and instructions that the first one's had cached."""
    claude.script(text("Hello."))
    for _ in range(2):
        connect_socket(new_traveller()).ask(f"Say hello {claude.marker}")
    first, second = claude.requests()
    assert as_bytes(first["body"]["tools"]) == as_bytes(second["body"]["tools"])
    assert as_bytes(first["body"]["system"][0]) == as_bytes(second["body"]["system"][0])
    fixed = second["cache_read"]
    assert fixed >= 0.9 * (len(as_bytes(second["body"]["tools"])) / 4)
    assert second["cache_write"] + second["uncached"] < fixed / 2


def test_a_bulk_cut_misses_once_and_parts_no_pair(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Beyond its budget the history loses its older half; the request after that reads what is left."""
    calls = converse(socket, claude, 29, words="and tell me more about the road ahead " * 95)
    totals = [call["input_total"] for call in calls]
    assert max(totals) < MAX_HISTORY_TOKENS * 1.4
    misses = [(before, entry) for before, entry in pairwise(calls) if read_share(entry, before) < LEAST_SHARE]
    cuts = [entry for before, entry in misses if len(entry["body"]["messages"]) < len(before["body"]["messages"])]
    assert 1 <= len(cuts) == len(misses)
    for call in calls:
        first = call["body"]["messages"][0]
        assert first["role"] == "user"
        assert first["content"][0]["type"] == "text"
