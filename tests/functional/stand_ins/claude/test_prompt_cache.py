"""The prompt cache: what is read and written, and which changes invalidate an entry."""

import json
from typing import Any

import pytest

from local.stand_ins.claude.cache import LOOK_BACK_BLOCKS, CachePlan, PromptCache, Usage
from local.stand_ins.claude.prompt import TOOL_USE_TOKENS, Prompt, count_tokens, render
from local.stand_ins.claude.request import MessagesRequest

FIVE = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


class Time:
    """A clock that only a test advances."""

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
    return render(MessagesRequest.model_validate_json(json.dumps(usual | changes)))


def send(cache: PromptCache, prompt: Prompt) -> Usage:
    """Look a prompt up and store its entries, as one request does."""
    plan = cache.look_up(prompt)
    cache.store(plan)
    return plan.usage


def test_tokens_are_estimated_from_characters() -> None:
    """A token is 2.5 characters, rounded up for each block; tools and their search add the API's own instructions."""
    assert [count_tokens(0), count_tokens(1), count_tokens(25), count_tokens(26)] == [0, 1, 10, 11]
    without = prompt(tools=[], system=[], messages=[user(text("x" * 25))])
    assert without.total == 10
    definition = json.dumps(tool("first"), separators=(",", ":"))
    one = prompt(tools=[tool("first")], system=[], messages=[user(text("x" * 25))])
    assert one.total == 10 + TOOL_USE_TOKENS + count_tokens(len(definition))
    search = {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}
    searched = prompt(tools=[search, tool("first")], system=[], messages=[user(text("x" * 25))])
    search_definition = json.dumps(search, separators=(",", ":"))
    assert searched.total == one.total + TOOL_USE_TOKENS + count_tokens(len(search_definition))


def test_first_request_writes_and_second_reads(cache: PromptCache) -> None:
    """The first request writes the cache, and the same request reads it."""
    first = send(cache, prompt())
    second = send(cache, prompt())
    assert first.read == 0
    assert first.written_1h > 1000
    assert first.written_5m == count_tokens(len("How far is it?"))
    assert first.uncached == 0
    assert second == Usage(first.total, 0, 0, 0)


def test_blocks_after_the_last_marker_are_uncached(cache: PromptCache) -> None:
    """Blocks after the last marker are neither read nor written."""
    usage = send(cache, prompt(messages=[user(text("x" * 25))]))
    assert usage.uncached == 10
    assert usage.written == usage.written_1h


def test_growing_conversation_reads_all_that_was_written(cache: PromptCache) -> None:
    """Each turn of a growing conversation reads all that earlier turns have written."""
    messages = [QUESTION]
    written = send(cache, prompt(messages=messages)).written
    for turn in range(3):
        messages = [*messages, assistant(f"Answer {turn}"), user(text(f"Question {turn}", FIVE))]
        usage = send(cache, prompt(messages=[*_unmarked(messages[:-1]), messages[-1]]))
        assert usage.read == written
        written += usage.written


def _unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages without markers."""
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
        ({"metadata": {"user_id": "a-user"}}, "messages"),
        ({"stream": True}, "messages"),
        ({"tools": [*TOOLS, tool("third", defer_loading=True)]}, "messages"),
        ({"tool_choice": {"type": "none"}}, "system"),
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, "system"),
        ({"thinking": {"type": "disabled"}}, "system"),
        ({"output_config": {"effort": "low"}}, "system"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "system"),
        ({"messages": [user(text("How far was it?", FIVE))]}, "system"),
        ({"speed": "fast"}, "tools"),
        ({"system": [text("You are another assistant. " * 100, HOUR)]}, "tools"),
        ({"tools": [TOOLS[0] | HOUR, TOOLS[1] | {"description": "Other."}]}, "nothing"),
        ({"tools": [TOOLS[1], TOOLS[0] | HOUR]}, "nothing"),
        ({"tools": [*TOOLS, tool("third", **HOUR)]}, "nothing"),
        ({"model": "claude-sonnet-5-5"}, "nothing"),
    ],
)
def test_change_invalidates_its_level_and_later_ones(cache: PromptCache, change: dict[str, Any], kept: str) -> None:
    """A change invalidates its level and all later ones, by the table in Anthropic's documentation."""
    long = tool("second", description="What this tool does, at length. " * 60)
    tools = [TOOLS[0], long | HOUR]
    if kept != "nothing" and "tools" in change:
        change = {"tools": [*tools, *change["tools"][2:]]}
    first = prompt(tools=tools)
    ends = {
        "nothing": 0,
        "tools": first.blocks[1].end_tokens,
        "system": first.blocks[2].end_tokens,
        "messages": first.blocks[3].end_tokens,
    }
    send(cache, first)
    assert send(cache, prompt(**({"tools": tools} | change))).read == ends[kept]


def test_deferred_tool_has_no_tokens_until_added(cache: PromptCache) -> None:
    """A deferred tool has no tokens; added, its definition counts there, and the prefix before it stays cached."""
    deferred = tool("third", defer_loading=True)
    first = prompt(tools=[*TOOLS, deferred])
    assert first.total == prompt().total
    send(cache, first)
    addition = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "third"}}
    added = prompt(tools=[*TOOLS, deferred], messages=[QUESTION, {"role": "system", "content": [addition]}])
    usage = send(cache, added)
    assert usage.read == first.total
    assert usage.uncached == count_tokens(len(json.dumps(tool("third"), separators=(",", ":"))))


@pytest.mark.parametrize(("blocks", "is_found"), [(LOOK_BACK_BLOCKS - 1, True), (LOOK_BACK_BLOCKS, False)])
def test_look_back_is_limited_to_twenty_blocks(cache: PromptCache, blocks: int, is_found: bool) -> None:
    """An entry is found within twenty blocks, including the marked one."""
    first = prompt(system=[text("Long. " * 500)], messages=[user(text("Begin.", FIVE))])
    send(cache, first)
    more = [text(f"Block {number}") for number in range(blocks)]
    more[-1] |= FIVE
    later = prompt(system=[text("Long. " * 500)], messages=[user(text("Begin."), *more)])
    usage = send(cache, later)
    assert usage.read == (first.total if is_found else 0)
    assert usage.written == later.total - usage.read


@pytest.mark.parametrize(
    ("model", "minimum"), [("claude-haiku-5-5", 512), ("claude-sonnet-5", 1024), ("claude-haiku-4-5", 4096)]
)
@pytest.mark.parametrize("missing", [0, 1])
def test_prefix_below_the_minimum_is_not_cached(cache: PromptCache, model: str, minimum: int, missing: int) -> None:
    """A prefix below the model's minimum isn't cached, without an error."""
    words = "x" * int((minimum - missing) * 2.5)
    rendered = prompt(model=model, tools=[], system=[], messages=[user(text(words, FIVE))])
    assert rendered.total == minimum - missing
    for _ in range(2):
        usage = send(cache, rendered)
    assert usage == (Usage(0, 0, 0, rendered.total) if missing else Usage(rendered.total, 0, 0, 0))


def test_entry_expires_after_its_last_use(cache: PromptCache, time: Time) -> None:
    """An entry expires five minutes or an hour after the last request that read or wrote it."""
    first = send(cache, prompt())
    time.now += 299
    assert send(cache, prompt()).read == first.total
    time.now += 299
    assert send(cache, prompt()).read == first.total
    time.now += 300
    later = send(cache, prompt())
    assert (later.read, later.written_5m) == (first.written_1h, first.written_5m)
    time.now += 3600
    assert send(cache, prompt()) == first


def test_lifetime_starts_with_the_request(cache: PromptCache, time: Time) -> None:
    """A lifetime starts when its request starts, not when the entry is stored."""
    plan = cache.look_up(prompt())
    time.now += 60
    cache.store(plan)
    time.now += 239
    assert cache.look_up(prompt()).usage.written_5m == 0
    time.now += 3600
    assert cache.look_up(prompt()).usage.read == 0


def test_entry_is_found_after_the_response_has_begun(cache: PromptCache) -> None:
    """Two concurrent requests both write; an entry is found once a response has begun."""
    plans: list[CachePlan] = [cache.look_up(prompt()), cache.look_up(prompt())]
    assert plans[0].usage == plans[1].usage
    assert plans[0].usage.read == 0
    cache.store(plans[0])
    assert cache.look_up(prompt()).usage.written == 0


def test_automatic_marker_is_on_the_last_block(cache: PromptCache) -> None:
    """The automatic marker moves to the new last block, and the entry of the earlier one is read."""
    plain = {"system": [text("Long. " * 500)], "cache_control": {"type": "ephemeral"}}
    first = send(cache, prompt(messages=[user(text("One?"))], **plain))
    assert (first.written_5m, first.uncached) == (first.total, 0)
    second = send(cache, prompt(messages=[user(text("One?")), assistant("Yes."), user(text("Two?"))], **plain))
    assert second.read == first.total
    assert second.written_5m == count_tokens(len("Yes.")) + count_tokens(len("Two?"))


def test_string_equals_one_text_block(cache: PromptCache) -> None:
    """A string as content has the same key as one text block."""
    send(cache, prompt(messages=[user(text("One?")), assistant("Yes."), user(text("Two?", FIVE))]))
    again = send(
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
