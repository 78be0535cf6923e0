"""The official SDK takes what the stand-in sends, and the stand-in takes what the SDK sends."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from local.stand_ins.claude.message_rules import TOOL_CHANGES
from local.stand_ins.claude.prompt import tokens
from tests.functional.claude.conftest import MODEL, TOOL, Standin

Body = Callable[..., dict[str, Any]]

WORDS = "The road to Moab is dry, and the wind is low. "
CALLS = [
    {"type": "text", "text": WORDS},
    {"type": "tool_use", "name": "get_weather_forecast", "input": {"place": "Moab"}},
    {"type": "tool_use", "name": "get_weather_forecast", "input": {"place": "Zürich"}},
]


def test_a_message_is_one_to_the_sdk(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    standin.says(asked, {"content": [{"type": "text", "text": WORDS}]})
    raw = sdk.messages.with_raw_response.create(**body())
    message = Message.model_validate_json(raw.text())
    assert (message.role, message.model, message.stop_reason) == ("assistant", MODEL, "end_turn")
    assert message.id.startswith("msg_")
    assert message.content[0].text == WORDS
    assert message.usage.input_tokens == tokens(len(asked))
    assert message.usage.output_tokens == tokens(len(WORDS))
    assert raw.headers["request-id"].startswith("req_")
    for name in ("requests", "input-tokens", "output-tokens"):
        limit, left, reset = (
            raw.headers[f"anthropic-ratelimit-{name}-{part}"] for part in ("limit", "remaining", "reset")
        )
        assert 0 < int(left) < int(limit)
        assert reset.endswith("Z")


def test_a_stream_has_the_events_in_their_order(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    """Each event fits the SDK's type, text and input come in several pieces, and the pieces make the whole."""
    standin.says(asked, {"content": CALLS})
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
def test_tools_are_called_in_parallel(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, stream: bool
) -> None:
    """The reply is taken back as it is, with both results in one message."""
    standin.says(
        asked,
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


def _ask(sdk: anthropic.Anthropic, asked: dict[str, Any], stream: bool) -> Message:
    if not stream:
        return sdk.messages.create(**asked)
    with sdk.messages.stream(**asked) as events:
        return events.get_final_message()


@pytest.mark.parametrize("stream", [True, False])
def test_usage_tells_what_the_cache_did(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, stream: bool
) -> None:
    """The first request writes for an hour and for five minutes, the second reads, and changed tools lose all."""
    long = [{"type": "text", "text": f"{asked} " * 100, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    cached = body(system=long, tools=[TOOL], cache_control={"type": "ephemeral"})
    first, second = (_ask(sdk, cached, stream).usage for _ in range(2))
    assert first.cache_creation.ephemeral_1h_input_tokens > 512
    assert first.cache_creation.ephemeral_5m_input_tokens == tokens(len(asked))
    written = first.cache_creation.ephemeral_1h_input_tokens + first.cache_creation.ephemeral_5m_input_tokens
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens, first.input_tokens) == (written, 0, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, written)
    other = _ask(sdk, cached | {"tools": [TOOL | {"description": "Other."}]}, stream).usage
    assert (other.cache_read_input_tokens, other.cache_creation_input_tokens > 512) == (0, True)
    counted = sdk.messages.count_tokens(model=MODEL, system=long, tools=[TOOL], messages=cached["messages"])
    assert counted.input_tokens == written


def test_usage_at_the_end_of_a_stream_is_that_of_its_start(sdk: anthropic.Anthropic, body: Body) -> None:
    """Input counts are cumulative, and so the same; output has grown."""
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


def test_a_cached_prefix_ends_with_its_time(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    """The clock is put forward by command."""
    cached = body(system=f"{asked} " * 100, cache_control={"type": "ephemeral"})
    written = sdk.messages.create(**cached).usage.cache_creation_input_tokens
    standin.orders(advance_s=290)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == written
    standin.orders(advance_s=301)
    assert sdk.messages.create(**cached).usage.cache_creation_input_tokens == written


def test_tools_are_added_in_the_middle_of_a_conversation(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    """By the beta namespace and by a header: the tool is called, and the prefix before it is still read."""
    hidden = TOOL | {"name": "find_rv_parks", "defer_loading": True}
    long = [{"type": "text", "text": f"{asked} " * 100, "cache_control": {"type": "ephemeral"}}]
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
def test_the_server_searches_for_a_deferred_tool(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, stream: bool
) -> None:
    """Search, result and call are in one reply; replayed, they are taken, and the tool is loaded."""
    hidden = TOOL | {"name": "find_rv_parks", "defer_loading": True}
    search = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    question = {"role": "user", "content": f"Are there RV parks near Moab? ({asked})"}
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


def test_a_request_for_no_tokens_warms_the_cache(sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    cached = body(system=f"{asked} " * 100, cache_control={"type": "ephemeral"})
    warmed = sdk.messages.create(**cached | {"max_tokens": 0})
    assert (warmed.content, warmed.usage.output_tokens) == ([], 0)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == warmed.usage.cache_creation_input_tokens > 0


def test_a_reply_ends_where_its_tokens_do(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    standin.says(asked, {"content": [{"type": "text", "text": WORDS * 10}]})
    for stream in (True, False):
        message = _ask(sdk, body(max_tokens=20), stream)
        assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 20)
        assert (WORDS * 10).startswith(message.content[0].text)


def test_all_text_of_a_stream_comes_in_order(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    """However long it is, and whatever it is made of."""
    long = "Straße, 道路, 🚐.\n\n  - $3.10 " * 200
    standin.says(asked, {"content": [{"type": "text", "text": long}]})
    with sdk.messages.stream(**body(max_tokens=5000)) as events:
        snapshots = [event.snapshot for event in events if event.type == "text"]
    assert snapshots[-1] == long
    assert all(later.startswith(earlier) for earlier, later in pairwise(snapshots))
