"""The model of the prompt cache: what is read, what is written, and what loses an entry."""

import json
from typing import Any

import pytest

from local.stand_ins.claude.cache import LOOK_BACK, Plan, PromptCache, Usage
from local.stand_ins.claude.prompt import TOOL_USE_TOKENS, Prompt, render, tokens
from local.stand_ins.claude.request import Request

FIVE = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


class Time:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def cache(time: Time) -> PromptCache:
    return PromptCache(time)


def text(words: str, marker: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "text", "text": words} | (marker or {})


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": name * 40, "input_schema": {"type": "object"}} | more


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(words: str) -> dict[str, Any]:
    return {"role": "assistant", "content": words}


SYSTEM = [text("You are PAM, and you know the road. " * 100, HOUR)]
TOOLS = [tool("first"), tool("second")]
QUESTION = user(text("How far is it?", FIVE))


def prompt(**changes: Any) -> Prompt:
    usual = {"model": "claude-haiku-5-5", "max_tokens": 9, "tools": TOOLS, "system": SYSTEM, "messages": [QUESTION]}
    return render(Request.model_validate_json(json.dumps(usual | changes)))


def ask(cache: PromptCache, asked: Prompt) -> Usage:
    """A whole request: it reads, and its answer writes."""
    plan = cache.look_up(asked)
    cache.store(plan)
    return plan.usage


def test_tokens_follow_the_rule() -> None:
    """3.6 characters are a token, rounded up for each block; tools bring the API's own instructions with them."""
    assert [tokens(0), tokens(1), tokens(36), tokens(37)] == [0, 1, 10, 11]
    without = prompt(tools=[], system=[], messages=[user(text("x" * 36))])
    assert without.total == 10
    definition = json.dumps(tool("first"), separators=(",", ":"))
    one = prompt(tools=[tool("first")], system=[], messages=[user(text("x" * 36))])
    assert one.total == 10 + TOOL_USE_TOKENS + tokens(len(definition))


def test_the_first_request_writes_and_the_second_reads(cache: PromptCache) -> None:
    first = ask(cache, prompt())
    second = ask(cache, prompt())
    assert first.read == 0
    assert first.written_1h > 1000
    assert first.written_5m == tokens(len("How far is it?"))
    assert first.uncached == 0
    assert second == Usage(first.total, 0, 0, 0)


def test_what_follows_the_last_marker_is_neither_read_nor_written(cache: PromptCache) -> None:
    usage = ask(cache, prompt(messages=[user(text("x" * 36))]))
    assert usage.uncached == 10
    assert usage.written == usage.written_1h


def test_a_conversation_that_only_grows_reads_all_that_was_written(cache: PromptCache) -> None:
    messages = [QUESTION]
    written = ask(cache, prompt(messages=messages)).written
    for turn in range(3):
        messages = [*messages, assistant(f"Answer {turn}"), user(text(f"Question {turn}", FIVE))]
        usage = ask(cache, prompt(messages=[*_unmarked(messages[:-1]), messages[-1]]))
        assert usage.read == written
        written += usage.written


def _unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages as they are sent when the marker has moved on."""
    plain = []
    for message in messages:
        content = message["content"]
        if isinstance(content, list):
            content = [{name: value for name, value in block.items() if name != "cache_control"} for block in content]
        plain.append(message | {"content": content})
    return plain


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, "messages"),
        ({"tool_choice": {"type": "auto"}}, "messages"),
        ({"thinking": {"type": "adaptive"}}, "messages"),
        ({"output_config": {"effort": "medium"}}, "messages"),
        ({"max_tokens": 8}, "messages"),
        ({"metadata": {"user_id": "somebody"}}, "messages"),
        ({"stream": True}, "messages"),
        ({"tools": [*TOOLS, tool("third", defer_loading=True)]}, "messages"),
        ({"tool_choice": {"type": "none"}}, "system"),
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, "system"),
        ({"thinking": {"type": "disabled"}}, "system"),
        ({"output_config": {"effort": "low"}}, "system"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "system"),
        ({"messages": [user(text("How far was it?", FIVE))]}, "system"),
        ({"speed": "fast"}, "tools"),
        ({"system": [text("You are somebody else. " * 100, HOUR)]}, "tools"),
        ({"tools": [TOOLS[0] | HOUR, TOOLS[1] | {"description": "Other."}]}, "nothing"),
        ({"tools": [TOOLS[1], TOOLS[0] | HOUR]}, "nothing"),
        ({"tools": [*TOOLS, tool("third", **HOUR)]}, "nothing"),
        ({"model": "claude-sonnet-5-5"}, "nothing"),
    ],
)
def test_a_change_loses_its_own_level_and_all_after_it(cache: PromptCache, change: dict[str, Any], kept: str) -> None:
    """The table of Anthropic's documentation, with a marker at the end of each level."""
    long = tool("second", description="What this tool does, at length. " * 60)
    tools = [TOOLS[0], long | HOUR]
    if kept != "nothing" and "tools" in change:
        change = {"tools": [*tools, *change["tools"][2:]]}
    first = prompt(tools=tools)
    ends = {
        "nothing": 0,
        "tools": first.parts[1].end,
        "system": first.parts[2].end,
        "messages": first.parts[3].end,
    }
    ask(cache, first)
    assert ask(cache, prompt(**({"tools": tools} | change))).read == ends[kept]


def test_tools_that_were_deferred_cost_nothing_until_they_are_added(cache: PromptCache) -> None:
    """An added tool's definition counts where it is added, and the prefix before it stays."""
    deferred = tool("third", defer_loading=True)
    first = prompt(tools=[*TOOLS, deferred])
    assert first.total == prompt().total
    ask(cache, first)
    addition = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "third"}}
    added = prompt(tools=[*TOOLS, deferred], messages=[QUESTION, {"role": "system", "content": [addition]}])
    usage = ask(cache, added)
    assert usage.read == first.total
    assert usage.uncached == tokens(len(json.dumps(tool("third"), separators=(",", ":"))))


@pytest.mark.parametrize(("blocks", "found"), [(LOOK_BACK - 1, True), (LOOK_BACK, False)])
def test_an_entry_is_looked_for_in_twenty_blocks(cache: PromptCache, blocks: int, found: bool) -> None:
    """The marked block is one of them: with twenty blocks after it, an entry isn't found."""
    first = prompt(system=[text("Long. " * 500)], messages=[user(text("Begin.", FIVE))])
    ask(cache, first)
    more = [text(f"Block {number}") for number in range(blocks)]
    more[-1] |= FIVE
    later = prompt(system=[text("Long. " * 500)], messages=[user(text("Begin."), *more)])
    usage = ask(cache, later)
    assert usage.read == (first.total if found else 0)
    assert usage.written == later.total - usage.read


@pytest.mark.parametrize(
    ("model", "minimum"), [("claude-haiku-5-5", 512), ("claude-sonnet-5", 1024), ("claude-haiku-4-5", 4096)]
)
@pytest.mark.parametrize("short", [0, 1])
def test_a_prefix_below_the_minimum_is_silently_not_cached(
    cache: PromptCache, model: str, minimum: int, short: int
) -> None:
    words = "x" * int((minimum - short) * 3.6)
    asked = prompt(model=model, tools=[], system=[], messages=[user(text(words, FIVE))])
    assert asked.total == minimum - short
    for _ in range(2):
        usage = ask(cache, asked)
    assert usage == (Usage(0, 0, 0, asked.total) if short else Usage(asked.total, 0, 0, 0))


def test_entries_live_five_minutes_or_an_hour_from_the_last_request_that_used_them(
    cache: PromptCache, time: Time
) -> None:
    first = ask(cache, prompt())
    time.now += 299
    assert ask(cache, prompt()).read == first.total
    time.now += 299
    assert ask(cache, prompt()).read == first.total
    time.now += 300
    later = ask(cache, prompt())
    assert (later.read, later.written_5m) == (first.written_1h, first.written_5m)
    time.now += 3600
    assert ask(cache, prompt()) == first


def test_lifetime_counts_from_the_start_of_the_request(cache: PromptCache, time: Time) -> None:
    plan = cache.look_up(prompt())
    time.now += 60
    cache.store(plan)
    time.now += 239
    assert cache.look_up(prompt()).usage.written_5m == 0
    time.now += 3600
    assert cache.look_up(prompt()).usage.read == 0


def test_an_entry_is_found_only_after_the_answer_has_begun(cache: PromptCache) -> None:
    """Of two cold requests at once, both write."""
    plans: list[Plan] = [cache.look_up(prompt()), cache.look_up(prompt())]
    assert plans[0].usage == plans[1].usage
    assert plans[0].usage.read == 0
    cache.store(plans[0])
    assert cache.look_up(prompt()).usage.written == 0


def test_the_automatic_marker_stands_on_the_last_block(cache: PromptCache) -> None:
    """It moves on with the conversation, and reads where it stood before."""
    plain = {"system": [text("Long. " * 500)], "cache_control": {"type": "ephemeral"}}
    first = ask(cache, prompt(messages=[user(text("One?"))], **plain))
    assert (first.written_5m, first.uncached) == (first.total, 0)
    second = ask(cache, prompt(messages=[user(text("One?")), assistant("Yes."), user(text("Two?"))], **plain))
    assert second.read == first.total
    assert second.written_5m == tokens(len("Yes.")) + tokens(len("Two?"))


def test_a_string_is_one_block_of_text(cache: PromptCache) -> None:
    ask(cache, prompt(messages=[user(text("One?")), assistant("Yes."), user(text("Two?", FIVE))]))
    again = ask(
        cache,
        prompt(
            messages=[
                {"role": "user", "content": "One?"},
                {"role": "assistant", "content": [text("Yes.")]},
                user(text("Two?", FIVE)),
            ]
        ),
    )
    assert again.written == again.uncached == 0
