"""All tools in every request, compared with deferred tools, and with a list that is filtered for each question.

PAM sends all tools; its requests are recorded through the whole local stack. They are then sent again with most tools
deferred, found by the API's tool search, and with the five tools that match the question best. Costs are computed by
the price table from the stand-in's token counts: it caches prefixes as the API does, and its counts are an estimate, by
the same rule for all.

A tool is reachable if it is sent or found: `bench/sentences/tool_requests.txt` has requests with the tools they need.
"""

import math
import re
import statistics
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bench.figures import Figure
from local.chat_client import open_chat
from local.stack import LocalStack
from local.stand_ins.claude.server import CLAUDE_KEY
from pam.sources.claude.pricing import TokenUsage
from pam.tools.catalog import TOOLS

MODEL = "claude-haiku-5-5"

CONVERSATIONS = (
    (
        "I'm in Denver. Check if I'm over budget on gas, and if so, find the cheapest station nearby.",
        "What would the drive from Denver to Moab take me, with breaks?",
        "And is there somewhere to camp near Moab for an RV like mine?",
        "What will the weather in Moab be like over the next five days?",
        "Thanks. Which of those days would you leave on?",
    ),
    (
        "Why did I spend so much on groceries last month compared to my budget?",
        "Please put my groceries budget at 450 from here on.",
        "I also paid 38 dollars for propane just now, write that down please.",
        "How does everything stand now against the budgets?",
    ),
    (
        "Plan a trip from Denver to Salt Lake City with a stop in Moab, please.",
        "Save Goblin Valley as one of my favorite spots.",
        "Tell my friends in a post that we'll be around Moab next week.",
        "What's the cheapest gas around Salt Lake City?",
        "Good. Anything I've forgotten for a week like that?",
    ),
)
FILTERED_TOOLS = 5
FOUND_TOOLS = 5
"""A search returns as many."""
HOT_TOOLS = frozenset(
    {
        "create_expense", "get_spending_summary", "compare_vs_budget", "update_budget", "get_weather_forecast",
        "find_rv_parks", "find_cheap_gas", "estimate_travel_time", "plan_trip", "remember_fact",
    }
)  # fmt: skip
"""Those that are never deferred: each that isn't is searched for once in a conversation."""
SEARCH_TOOL = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
ROUNDS = 4

_REQUESTS = Path(__file__).parent / "sentences" / "tool_requests.txt"


def run() -> dict[str, Figure]:
    """Run the conversations once, and send their requests again with deferred and with filtered tools."""
    every, deferred, filtered = _conversations()

    def cost(calls: Sequence[TokenUsage]) -> float:
        return float(sum((usage.cost(MODEL) for usage in calls), Decimal(0)))

    def share(calls: Sequence[TokenUsage]) -> float:
        return round(sum(usage.read for usage in calls) / sum(usage.prompt for usage in calls), 4)

    def prompt(calls: Sequence[TokenUsage]) -> int:
        return round(statistics.median(usage.prompt for usage in calls))

    return {
        "cache_read_share": Figure(share(every), "", "of all prompt tokens, all tools"),
        "cache_read_share_deferred": Figure(share(deferred), "", "the same, most tools deferred"),
        "cache_read_share_filtered": Figure(share(filtered), "", "the same, tools filtered for each question"),
        "cost_all_usd": Figure(round(cost(every), 6), "$", "all conversations, all tools"),
        "cost_deferred_usd": Figure(round(cost(deferred), 6), "$", "the same, most tools deferred"),
        "cost_filtered_usd": Figure(round(cost(filtered), 6), "$", "the same, tools filtered for each question"),
        "prompt_tokens_all_p50": Figure(prompt(every), "", "the prompt of a model call"),
        "prompt_tokens_deferred_p50": Figure(prompt(deferred), "", "the same, most tools deferred"),
        "prompt_tokens_filtered_p50": Figure(prompt(filtered), "", "the same, filtered"),
        "calls": Figure(len(every), "", "model calls"),
        **_reachable(),
    }


def _reachable() -> dict[str, Figure]:
    """Return the shares of the requests all of whose tools are reachable, by mode."""
    lines = [line.split("|", 1) for line in _REQUESTS.read_text().splitlines() if line and not line.startswith("#")]
    requests = [(set(tools.strip().split(",")), text) for tools, text in lines]
    tools = TOOLS.definitions()
    rare = [tool for tool in tools if tool["name"] not in HOT_TOOLS]

    def share(reach: Callable[[str], AbstractSet[str]]) -> float:
        return round(sum(needed <= reach(text) for needed, text in requests) / len(requests), 4)

    return {
        "reachable_share": Figure(share(lambda _: set(TOOLS)), "", f"of {len(requests)} requests, all tools"),
        "reachable_share_deferred": Figure(
            share(lambda text: HOT_TOOLS | set(_best_tools(text, rare, FOUND_TOOLS))),
            "",
            "the same, rare tools found by one search with the request's words",
        ),
        "reachable_share_filtered": Figure(
            share(lambda text: set(_best_tools(text, tools, FILTERED_TOOLS))), "", "the same, filtered"
        ),
    }


def _conversations() -> list[list[TokenUsage]]:
    """Return the usages of all model calls, and of the same calls with deferred and with filtered tools."""
    with (
        tempfile.TemporaryDirectory() as state,
        LocalStack(Path(state), claude_profile="zero") as stack,
        httpx.Client(base_url=stack.claude.url, timeout=60) as claude,
    ):
        stack.warm()
        for _ in range(ROUNDS):
            for questions in CONVERSATIONS:
                _converse(stack, questions)
        entries = claude.get("/_journal").json()["last"]
        return [
            [_usage(entry) for entry in entries],
            *(_send_again(claude, [change(entry["body"]) for entry in entries]) for change in (_deferred, _filtered)),
        ]


def _send_again(claude: httpx.Client, bodies: Sequence[dict[str, Any]]) -> list[TokenUsage]:
    claude.delete("/_journal")  # and the cache with it
    headers = {"authorization": f"Bearer {CLAUDE_KEY}", "anthropic-version": "2026-10-21"}
    for body in bodies:
        claude.post("/v1/messages", json=body | {"stream": False}, headers=headers).raise_for_status()
    return [_usage(entry) for entry in claude.get("/_journal").json()["last"]]


def _converse(stack: LocalStack, questions: Sequence[str]) -> None:
    with open_chat(stack.url, stack.token(uuid.uuid4())) as client:
        conversation = None
        for question in questions:
            frames = client.ask(question, conversation, timezone="America/Denver")
            if frames[-1].frame["type"] != "done":
                raise RuntimeError(f"{question!r} failed: {frames[-1].frame}")
            conversation = frames[-1].frame["conversation_id"]


def _deferred(body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with rare tools deferred, and the searches that its conversation would have had."""
    found: set[str] = set()
    messages = [message | {"content": list(_searched(message["content"], found))} for message in body["messages"]]
    tools = [tool if tool["name"] in HOT_TOOLS else _without_marker(tool) for tool in body["tools"]]
    return body | {"tools": [SEARCH_TOOL, *tools], "messages": messages}


def _without_marker(tool: dict[str, Any]) -> dict[str, Any]:
    """Return the tool as a deferred one, which can't mark the end of a cached part."""
    return {key: value for key, value in tool.items() if key != "cache_control"} | {"defer_loading": True}


def _searched(content: Sequence[dict[str, Any]], found: set[str]) -> Iterator[dict[str, Any]]:
    """Yield blocks with a search before the first call of each rare tool."""
    for block in content:
        name = block.get("name", "")
        if block["type"] == "tool_use" and name not in HOT_TOOLS | found:
            found.add(name)
            id = f"srvtoolu_{name}"
            query = {"query": name.replace("_", " ")}
            references = [{"type": "tool_reference", "tool_name": name}]
            result = {"type": "tool_search_tool_search_result", "tool_references": references}
            yield {"type": "server_tool_use", "id": id, "name": SEARCH_TOOL["name"], "input": query}
            yield {"type": "tool_search_tool_result", "tool_use_id": id, "content": result}
        yield block


def _filtered(body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the tools that match its question best, and those that its conversation has used."""
    messages = body["messages"]
    question = next(
        message["content"][-1]["text"]
        for message in reversed(messages)
        if message["role"] == "user" and message["content"][-1]["type"] == "text"
    )
    used = {block["name"] for message in messages for block in message["content"] if block["type"] == "tool_use"}
    wanted = set(_best_tools(question, body["tools"], FILTERED_TOOLS)) | used
    tools = [tool for tool in body["tools"] if tool["name"] in wanted] or body["tools"]
    return body | {"tools": tools}


def _best_tools(question: str, tools: Sequence[dict[str, Any]], limit: int) -> list[str]:
    """Return the names of the tools whose descriptions share the most rare words with the question."""
    asked = set(_words(question))
    words = {tool["name"]: set(_words(f"{tool['name'].replace('_', ' ')} {tool['description']}")) for tool in tools}
    occurrences = Counter(word for own in words.values() for word in own)
    scores = {
        name: sum(math.log(1 + len(tools) / occurrences[word]) for word in own & asked) for name, own in words.items()
    }
    ranked = sorted((name for name, score in scores.items() if score > 0), key=lambda name: (-scores[name], name))
    return ranked[:limit]


def _words(text: str) -> list[str]:
    return [word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.casefold())]


def _usage(entry: dict[str, Any]) -> TokenUsage:
    return TokenUsage(
        input=entry["uncached"],
        write_5m=entry["cache_write"] - entry["cache_write_1h"],
        write_1h=entry["cache_write_1h"],
        read=entry["cache_read"],
        output=entry["output_tokens"],
        calls=1,
    )
