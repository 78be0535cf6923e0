"""The official SDK accepts the stand-in's responses, and the stand-in the SDK's requests."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from local.stand_ins.claude.message_rules import TOOL_CHANGES
from local.stand_ins.claude.prompt import count_tokens
from tests.functional.stand_ins.claude.conftest import MODEL, TOOL, ClaudeClient

Body = Callable[..., dict[str, Any]]

WORDS = "The road to Moab is dry, and the wind is low. "
CALLS = [
    {"type": "text", "text": WORDS},
    {"type": "tool_use", "name": "get_weather_forecast", "input": {"place": "Moab"}},
    {"type": "tool_use", "name": "get_weather_forecast", "input": {"place": "Zürich"}},
]


def test_message_is_valid_for_the_sdk(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A response is the SDK's Message, with usage, ids and rate limit headers."""
    claude.script(question, {"content": [{"type": "text", "text": WORDS}]})
    raw = sdk.messages.with_raw_response.create(**body())
    message = Message.model_validate_json(raw.text())
    assert (message.role, message.model, message.stop_reason) == ("assistant", MODEL, "end_turn")
    assert message.id.startswith("msg_")
    assert message.content[0].text == WORDS
    assert message.usage.input_tokens == count_tokens(len(question))
    assert message.usage.output_tokens == count_tokens(len(WORDS))
    assert raw.headers["request-id"].startswith("req_")
    for name in ("requests", "input-tokens", "output-tokens"):
        limit, left, reset = (
            raw.headers[f"anthropic-ratelimit-{name}-{part}"] for part in ("limit", "remaining", "reset")
        )
        assert 0 < int(left) < int(limit)
        assert reset.endswith("Z")


def test_stream_events_are_valid_and_ordered(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """Each event is valid for the SDK; text and input come in several deltas that make up the whole."""
    claude.script(question, {"content": CALLS})
    with sdk.messages.with_streaming_response.create(**body(tools=[TOOL], stream=True)) as response:
        lines = list(response.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert names == [each["type"] for each in data]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert names.count("ping") == 1
    for each in data:
        if each["type"] != "ping":
            TypeAdapter(RawMessageStreamEvent).validate_python(each)
    in_blocks = [each for each in data if "index" in each]
    assert [each["index"] for each in in_blocks] == sorted(each["index"] for each in in_blocks)
    for index in range(3):
        of_block = [each for each in in_blocks if each["index"] == index]
        assert of_block[0]["type"] == "content_block_start"
        assert of_block[-1]["type"] == "content_block_stop"
        pieces = [each["delta"] for each in of_block[1:-1]]
        if index == 0:
            assert len(pieces) > 2
            assert "".join(piece["text"] for piece in pieces) == WORDS
        else:
            assert pieces[0] == {"type": "input_json_delta", "partial_json": ""}
            assert len(pieces) > 2
            assert json.loads("".join(piece["partial_json"] for piece in pieces)) == CALLS[index]["input"]


@pytest.mark.parametrize("stream", [True, False])
def test_parallel_tool_calls_are_accepted_back(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, stream: bool
) -> None:
    """A reply with two tool calls is accepted back unchanged, with both results in one message."""
    claude.script(
        question,
        {"content": CALLS},
        {"content": [{"type": "text", "text": "{{tool_result:get_weather_forecast:data.text}}"}]},
    )
    message = _ask(sdk, body(tools=[TOOL]), stream)
    assert message.stop_reason == "tool_use"
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"place": "Moab"}, {"place": "Zürich"}]
    assert len({call.id for call in calls}) == 2
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps({"data": {"text": call.input["place"]}})}
        for call in calls
    ]
    messages = [
        *body()["messages"],
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": results},
    ]
    answer = _ask(sdk, body(tools=[TOOL], messages=messages), stream)
    assert (answer.stop_reason, answer.content[0].text) == ("end_turn", "Zürich")


def _ask(sdk: anthropic.Anthropic, request: dict[str, Any], stream: bool) -> Message:
    if not stream:
        return sdk.messages.create(**request)
    with sdk.messages.stream(**request) as events:
        return events.get_final_message()


@pytest.mark.parametrize("stream", [True, False])
def test_usage_reports_cache_reads_and_writes(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, stream: bool
) -> None:
    """The first request writes for an hour and five minutes, the second reads, and changed tools read nothing."""
    long = [{"type": "text", "text": f"{question} " * 100, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    cached = body(system=long, tools=[TOOL], cache_control={"type": "ephemeral"})
    first, second = (_ask(sdk, cached, stream).usage for _ in range(2))
    assert first.cache_creation.ephemeral_1h_input_tokens > 512
    assert first.cache_creation.ephemeral_5m_input_tokens == count_tokens(len(question))
    written = first.cache_creation.ephemeral_1h_input_tokens + first.cache_creation.ephemeral_5m_input_tokens
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens, first.input_tokens) == (written, 0, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, written)
    other = _ask(sdk, cached | {"tools": [TOOL | {"description": "Other."}]}, stream).usage
    assert (other.cache_read_input_tokens, other.cache_creation_input_tokens > 512) == (0, True)
    counted = sdk.messages.count_tokens(model=MODEL, system=long, tools=[TOOL], messages=cached["messages"])
    assert counted.input_tokens == written


def test_stream_ends_with_cumulative_usage(sdk: anthropic.Anthropic, body: Body) -> None:
    """At the end of a stream the input counts are those of its start, and the output count has grown."""
    start = delta = None
    for event in sdk.messages.create(**body(), stream=True):
        if event.type == "message_start":
            start = event.message.usage
        elif event.type == "message_delta":
            delta = event.usage
    assert start is not None
    assert delta is not None
    for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"):
        assert getattr(start, name) == getattr(delta, name)
    assert start.output_tokens < delta.output_tokens


def test_cache_entry_expires(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body) -> None:
    """A cache entry expires after five minutes on a clock that can be advanced."""
    cached = body(system=f"{question} " * 100, cache_control={"type": "ephemeral"})
    written = sdk.messages.create(**cached).usage.cache_creation_input_tokens
    claude.control(advance_s=290)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == written
    claude.control(advance_s=301)
    assert sdk.messages.create(**cached).usage.cache_creation_input_tokens == written


def test_tool_is_added_within_a_conversation(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A tool added by a system message can be called, and the prefix before it is still cached."""
    hidden = TOOL | {"name": "find_rv_parks", "defer_loading": True}
    long = [{"type": "text", "text": f"{question} " * 100, "cache_control": {"type": "ephemeral"}}]
    usual = body(system=long, tools=[TOOL, hidden], messages=[{"role": "user", "content": "RV parks near Moab?"}])
    before = sdk.messages.create(**usual)
    assert "find_rv_parks" in before.content[0].text
    assert before.stop_reason == "end_turn"
    addition = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "find_rv_parks"}}
    with_tool = usual | {"messages": [*usual["messages"], {"role": "system", "content": [addition]}]}
    for added in (
        sdk.beta.messages.create(**with_tool, betas=[TOOL_CHANGES]),
        sdk.messages.create(**with_tool, extra_headers={"anthropic-beta": TOOL_CHANGES}),
    ):
        assert added.content[-1].name == "find_rv_parks"
        assert added.usage.cache_read_input_tokens == before.usage.cache_creation_input_tokens


@pytest.mark.parametrize("stream", [True, False])
def test_server_search_finds_a_deferred_tool(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, stream: bool
) -> None:
    """Search, result and call are in one reply; sent back, they are accepted, and the tool stays loaded."""
    hidden = TOOL | {"name": "find_rv_parks", "defer_loading": True}
    search = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    question = {"role": "user", "content": f"Are there RV parks near Moab? ({question})"}
    found = _ask(sdk, body(tools=[TOOL, hidden, search], messages=[question]), stream)
    assert [block.type for block in found.content] == ["text", "server_tool_use", "tool_search_tool_result", "tool_use"]
    assert found.content[2].tool_use_id == found.content[1].id
    assert found.content[2].content.tool_references[0].tool_name == found.content[3].name == "find_rv_parks"
    result = {"type": "tool_result", "tool_use_id": found.content[3].id, "content": '{"data": {"text": "Two parks."}}'}
    messages = [
        question,
        {"role": "assistant", "content": [block.to_dict() for block in found.content]},
        {"role": "user", "content": [result]},
    ]
    answer = _ask(sdk, body(tools=[TOOL, hidden, search], messages=messages), stream)
    assert answer.content[0].text == "Two parks. (simulated Claude)"
    messages += [{"role": "assistant", "content": answer.content}, question]
    again = _ask(sdk, body(tools=[TOOL, hidden, search], messages=messages), stream)
    assert [block.type for block in again.content] == ["text", "tool_use"]


def test_request_for_no_tokens_writes_the_cache(sdk: anthropic.Anthropic, question: str, body: Body) -> None:
    """A request with `max_tokens: 0` writes the cache without output."""
    cached = body(system=f"{question} " * 100, cache_control={"type": "ephemeral"})
    warmed = sdk.messages.create(**cached | {"max_tokens": 0})
    assert (warmed.content, warmed.usage.output_tokens) == ([], 0)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == warmed.usage.cache_creation_input_tokens > 0


def test_reply_ends_at_max_tokens(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body) -> None:
    """A reply ends after `max_tokens`."""
    claude.script(question, {"content": [{"type": "text", "text": WORDS * 10}]})
    for stream in (True, False):
        message = _ask(sdk, body(max_tokens=20), stream)
        assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 20)
        assert (WORDS * 10).startswith(message.content[0].text)


def test_long_text_is_streamed_in_order(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A long text with any characters is streamed completely and in order."""
    long = "Straße, 道路, 🚐.\n\n  - $3.10 " * 200
    claude.script(question, {"content": [{"type": "text", "text": long}]})
    with sdk.messages.stream(**body(max_tokens=5000)) as events:
        snapshots = [event.snapshot for event in events if event.type == "text"]
    assert snapshots[-1] == long
    assert all(later.startswith(earlier) for earlier, later in pairwise(snapshots))
