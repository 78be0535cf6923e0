"""All tools in every request, compared with a list of tools that is filtered for each question.

PAM sends all tools; its requests are recorded through the whole local stack. They are then sent again with the five
tools that match the question best. Costs are computed by the price table from the stand-in's token counts: it caches
prefixes as the API does, and its counts are an estimate, by the same rule for both.
"""

import math
import re
import statistics
import tempfile
import uuid
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bench.figures import Figure
from local.chat_client import open_chat
from local.stack import LocalStack
from local.stand_ins.claude.server import CLAUDE_KEY
from pam.sources.claude.pricing import TokenUsage

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
ROUNDS = 4


def run() -> dict[str, Figure]:
    """Run the conversations once, and send their requests again with filtered tools."""
    every, filtered = _conversations()

    def cost(calls: Sequence[TokenUsage]) -> float:
        return float(sum((usage.cost(MODEL) for usage in calls), Decimal(0)))

    def share(calls: Sequence[TokenUsage]) -> float:
        return round(sum(usage.read for usage in calls) / sum(usage.prompt for usage in calls), 4)

    def prompt(calls: Sequence[TokenUsage]) -> int:
        return round(statistics.median(usage.prompt for usage in calls))

    return {
        "cache_read_share": Figure(share(every), "", "of all prompt tokens, all tools"),
        "cache_read_share_filtered": Figure(share(filtered), "", "the same, tools filtered for each question"),
        "cost_all_usd": Figure(round(cost(every), 6), "$", "all conversations, all tools"),
        "cost_filtered_usd": Figure(round(cost(filtered), 6), "$", "the same, tools filtered for each question"),
        "prompt_tokens_all_p50": Figure(prompt(every), "", "the prompt of a model call"),
        "prompt_tokens_filtered_p50": Figure(prompt(filtered), "", "the same, filtered"),
        "calls": Figure(len(every), "", "model calls"),
    }


def _conversations() -> tuple[list[TokenUsage], list[TokenUsage]]:
    """Return the usage of all model calls, and of the same calls with filtered tools."""
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
        usages = [_usage(entry) for entry in entries]
        claude.delete("/_journal")  # and the cache with it
        for entry in entries:
            headers = {"authorization": f"Bearer {CLAUDE_KEY}", "anthropic-version": "2026-10-21"}
            claude.post("/v1/messages", json=_filtered(entry["body"]), headers=headers).raise_for_status()
        return usages, [_usage(entry) for entry in claude.get("/_journal").json()["last"]]


def _converse(stack: LocalStack, questions: Sequence[str]) -> None:
    with open_chat(stack.url, stack.token(uuid.uuid4())) as client:
        conversation = None
        for question in questions:
            frames = client.ask(question, conversation, timezone="America/Denver")
            if frames[-1].frame["type"] != "done":
                raise RuntimeError(f"{question!r} failed: {frames[-1].frame}")
            conversation = frames[-1].frame["conversation_id"]


def _filtered(body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with the tools that match its question best, and those that its conversation has used."""
    messages = body["messages"]
    question = next(
        message["content"][-1]["text"]
        for message in reversed(messages)
        if message["role"] == "user" and message["content"][-1]["type"] == "text"
    )
    used = {block["name"] for message in messages for block in message["content"] if block["type"] == "tool_use"}
    wanted = set(_best_tools(question, body["tools"])) | used
    tools = [tool for tool in body["tools"] if tool["name"] in wanted] or body["tools"]
    return body | {"tools": tools, "stream": False}


def _best_tools(question: str, tools: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of the tools whose descriptions share the most rare words with the question."""
    asked = set(_words(question))
    words = {tool["name"]: set(_words(f"{tool['name'].replace('_', ' ')} {tool['description']}")) for tool in tools}
    occurrences = Counter(word for own in words.values() for word in own)
    scores = {
        name: sum(math.log(1 + len(tools) / occurrences[word]) for word in own & asked) for name, own in words.items()
    }
    ranked = sorted((name for name, score in scores.items() if score > 0), key=lambda name: (-scores[name], name))
    return ranked[:FILTERED_TOOLS]


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
