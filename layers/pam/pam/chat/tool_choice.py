"""Which tools Claude has at hand: all of them, or the usual ones with the rest within reach.

`tools` is the same in every request of a conversation: a changed list would throw the whole cached prompt away. In
the mode `deferred` the rest is sent with `defer_loading`; what a turn is likely to need is added to the conversation
by reference, and what was missed Claude finds by the server's own search. No tool is ever out of reach.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Any

from pam.tools.catalog.registry import definitions

HOT = frozenset(
    {"create_expense", "get_spending_summary", "compare_vs_budget", "get_weather_forecast", "find_rv_parks"}
)
"""Loaded from the start in the mode `deferred`: what travellers ask for most."""

ADDED_AT_MOST = 5

TOOL_SEARCH = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}

_WORD = re.compile(r"[a-z]{3,}")


@dataclass(frozen=True)
class Selection:
    """What goes into `tools`, the same bytes for everybody in one mode."""

    mode: str
    tools: tuple[Mapping[str, Any], ...]
    deferred: frozenset[str]


@cache
def selection(mode: str) -> Selection:
    """The tools of a mode: `all` or `deferred`."""
    if mode == "all":
        return Selection(mode, definitions(), frozenset())
    deferred = frozenset(str(tool["name"]) for tool in definitions()) - HOT
    tools = tuple(dict(tool) | ({"defer_loading": True} if tool["name"] in deferred else {}) for tool in definitions())
    return Selection(mode, (*tools, TOOL_SEARCH), deferred)


def addition(selected: Selection, text: str, added: frozenset[str]) -> dict[str, Any] | None:
    """The message that adds what the question is likely to need; None where that is there already."""
    likely = [name for name in likely_tools(text) if name in selected.deferred and name not in added]
    if not likely:
        return None
    references = [
        {"type": "tool_addition", "tool": {"type": "tool_reference", "name": name}} for name in likely[:ADDED_AT_MOST]
    ]
    return {"role": "system", "content": references}


def added_by(messages: list[dict[str, Any]]) -> frozenset[str]:
    """The tools that a conversation has added."""
    return frozenset(
        block["tool"]["name"]
        for message in messages
        if message["role"] == "system"
        for block in message["content"]
        if block["type"] == "tool_addition"
    )


def likely_tools(text: str) -> list[str]:
    """Tools by how much of the question's rare words are in their names and descriptions, the likeliest first."""
    asked = set(_words(text))
    scores = {
        name: sum(weight for word, weight in weights.items() if word in asked) for name, weights in _index().items()
    }
    return sorted((name for name, score in scores.items() if score > 0), key=lambda name: (-scores[name], name))


@cache
def _index() -> Mapping[str, Mapping[str, float]]:
    """For each tool its words, weighted by how few tools have them."""
    words = {
        str(tool["name"]): set(_words(str(tool["name"]).replace("_", " ") + " " + str(tool["description"])))
        for tool in definitions()
    }
    tools_with = Counter(word for own in words.values() for word in own)
    return {
        name: {
            word: log(1 + len(words) / tools_with[word]) for word in sorted(own) if tools_with[word] * 2 < len(words)
        }
        for name, own in words.items()
    }


def _words(text: str) -> list[str]:
    return [word.removesuffix("s") for word in _WORD.findall(text.casefold())]
