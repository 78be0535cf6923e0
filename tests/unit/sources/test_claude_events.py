"""Replies assembled from the SDK's own event types, as the API streams them."""

from collections.abc import Iterable
from typing import Any

import pytest
from anthropic._models import construct_type
from anthropic.types import RawMessageStreamEvent

from pam.sources.claude.events import read_events
from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelReply, TextDelta, ToolUse

USAGE = {"input_tokens": 12, "output_tokens": 1}
STOP = {"type": "message_stop"}


def start(**usage: Any) -> dict[str, Any]:
    """Return a `message_start` event."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": []}
    return {"type": "message_start", "message": message | {"usage": usage or USAGE}}


def block(index: int, content_block: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a whole block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": content_block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end(reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    """Return a `message_delta` event."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": usage or {"output_tokens": 9}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": words}


def json_piece(piece: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": piece}


def call(**more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}} | more


def read(*events: dict[str, Any]) -> tuple[ModelReply, list[TextDelta | ToolUse]]:
    """Return the reply, and what was yielded meanwhile, for events as the SDK constructs them from JSON."""
    reply = ModelReply()
    constructed: Iterable[Any] = (construct_type(type_=RawMessageStreamEvent, value=event) for event in events)
    return reply, list(read_events(constructed, reply))


def read_block(content_block: dict[str, Any], *deltas: dict[str, Any]) -> tuple[ModelReply, list[TextDelta | ToolUse]]:
    """Return the same for a message of one block."""
    return read(start(), *block(0, content_block, *deltas), end(), STOP)


def test_reply_of_text_and_two_calls() -> None:
    """Text is yielded as it arrives, calls once complete; the blocks are those of the message."""
    second = call(id="toolu_2")
    reply, pieces = read(
        start(),
        *block(0, {"type": "text", "text": ""}, text("Let me "), text("look.")),
        *block(1, call(), json_piece(""), json_piece('{"place": '), json_piece('"Moab"}')),
        *block(2, second, json_piece("")),
        end("tool_use"),
        STOP,
    )
    calls = [ToolUse("toolu_1", "get_weather", '{"place": "Moab"}'), ToolUse("toolu_2", "get_weather", "{}")]
    assert pieces == [TextDelta("Let me "), TextDelta("look."), *calls]
    assert reply.tools == calls
    assert reply.content == [{"type": "text", "text": "Let me look."}, call(input={"place": "Moab"}), second]
    assert (reply.stop_reason, reply.text) == ("tool_use", "Let me look.")


def test_text_at_the_start_of_a_block_is_kept() -> None:
    """A block may begin with text already, with or without deltas after it."""
    reply, pieces = read_block({"type": "text", "text": "Dry"}, text(" and cold."))
    assert pieces == [TextDelta("Dry"), TextDelta(" and cold.")]
    assert reply.content == [{"type": "text", "text": "Dry and cold."}]
    assert read_block({"type": "text", "text": "Dry."})[0].text == "Dry."


@pytest.mark.parametrize("deltas", [(), (json_piece(""),)])
def test_input_at_the_start_of_a_block_is_kept(deltas: tuple[dict[str, Any], ...]) -> None:
    """A call may begin with its whole input, without deltas or with an empty one."""
    reply, pieces = read_block(call(input={"place": "Moab", "days": 3}), *deltas)
    assert pieces == [ToolUse("toolu_1", "get_weather", '{"place": "Moab", "days": 3}')]
    assert reply.content == [call(input={"place": "Moab", "days": 3})]


@pytest.mark.parametrize("arguments", ['{"place": "Mo', "[1]", '"Moab"', "{} {}"])
def test_input_that_is_no_object_is_sent_back_empty(arguments: str) -> None:
    """The call keeps its text, for the tool's error message; its block is valid."""
    reply, pieces = read_block(call(), json_piece(arguments))
    assert pieces == [ToolUse("toolu_1", "get_weather", arguments)]
    assert reply.content == [call(input={})]


@pytest.mark.parametrize("caller", [{"type": "direct"}, {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}])
def test_caller_of_a_call_is_accepted(caller: dict[str, Any]) -> None:
    """It isn't sent back."""
    reply, pieces = read_block(call(caller=caller), json_piece('{"place": "Moab"}'))
    assert pieces == [ToolUse("toolu_1", "get_weather", '{"place": "Moab"}')]
    assert reply.content == [call(input={"place": "Moab"})]


def test_citations_are_accepted() -> None:
    """At the start of a block or as deltas, they aren't sent back."""
    citation = {"type": "char_location", "cited_text": "Dry.", "document_index": 0, "start_char_index": 0}
    delta = {"type": "citations_delta", "citation": citation}
    reply, _ = read_block({"type": "text", "text": "", "citations": [citation]}, text("Dry"), delta, text("."))
    assert reply.content == [{"type": "text", "text": "Dry."}]
    assert read_block({"type": "text", "text": "", "citations": None}, text("Dry."))[0].content == reply.content


def test_thinking_keeps_its_signature() -> None:
    """Thinking is sent back as it came, and isn't text."""
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [
        {"type": "thinking_delta", "thinking": "They want "},
        {"type": "thinking_delta", "thinking": "rain."},
        {"type": "signature_delta", "signature": "EqoB"},
    ]
    reply, pieces = read(
        start(), *block(0, thinking, *deltas), *block(1, {"type": "text", "text": ""}, text("Dry.")), end(), STOP
    )
    assert pieces == [TextDelta("Dry.")]
    assert reply.content == [
        {"type": "thinking", "thinking": "They want rain.", "signature": "EqoB"},
        {"type": "text", "text": "Dry."},
    ]
    assert reply.text == "Dry."


def test_omitted_thinking_keeps_its_signature() -> None:
    """Thinking that isn't displayed has a signature only, at its start or as a delta."""
    expected = [{"type": "thinking", "thinking": "", "signature": "EqoB"}]
    assert read_block({"type": "thinking", "thinking": "", "signature": "EqoB"})[0].content == expected
    delta = {"type": "signature_delta", "signature": "EqoB"}
    assert read_block({"type": "thinking", "thinking": ""}, delta)[0].content == expected


def test_redacted_thinking_is_kept() -> None:
    """Its data is opaque."""
    redacted = {"type": "redacted_thinking", "data": "Ab+/"}
    assert read_block(redacted)[0].content == [redacted]


@pytest.mark.parametrize(
    "unknown",
    [
        {"type": "hologram", "text": "Not for now.", "input": {"a": 1}},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        {"type": "tool_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "x"}},
    ],
)
@pytest.mark.parametrize(
    "delta", [text("Not this."), json_piece('{"query": "rain"}'), {"type": "hologram_delta", "x": 1}]
)
def test_unknown_block_is_ignored_with_its_deltas(unknown: dict[str, Any], delta: dict[str, Any]) -> None:
    """The blocks beside it are whole."""
    answer = {"type": "text", "text": ""}
    reply, pieces = read(
        start(),
        *block(0, answer, text("Dry")),
        *block(1, unknown, delta),
        *block(2, answer, text(" and cold.")),
        end(),
        STOP,
    )
    assert pieces == [TextDelta("Dry"), TextDelta(" and cold.")]
    assert reply.content == [{"type": "text", "text": "Dry"}, {"type": "text", "text": " and cold."}]
    assert reply.tools == []


def test_unknown_delta_and_event_are_ignored() -> None:
    """Whatever is added to the API, the reply is the same."""
    unknown = {"type": "weather_report", "index": 0, "delta": {"type": "text_delta", "text": "Not this."}}
    events = [start(), *block(0, {"type": "text", "text": ""}, text("Dry."), {"type": "hologram_delta", "x": 1}), end()]
    with_unknown = [each for event in [*events, STOP] for each in (unknown, event)]
    assert read(*with_unknown) == read(*events, STOP)
    assert read(*with_unknown)[0].text == "Dry."


@pytest.mark.parametrize("words", ["", " ", "\n\n"])
def test_blank_text_is_removed(words: str) -> None:
    """The API rejects blank text blocks."""
    reply, _ = read(
        start(), *block(0, {"type": "text", "text": ""}, text(words)), *block(1, call(), json_piece("{}")), end(), STOP
    )
    assert reply.content == [call()]


def test_reply_without_message_stop_has_no_stop_reason() -> None:
    """The caller sees that it broke off."""
    assert read(start(), end())[0].stop_reason is None
    assert read(start(), end("max_tokens"), STOP)[0].stop_reason == "max_tokens"


def test_later_delta_keeps_the_stop_reason() -> None:
    """A second `message_delta` may have usage alone."""
    assert read(start(), end("tool_use"), end(None, output_tokens=12), STOP)[0].stop_reason == "tool_use"


def split(hour: int, minutes: int) -> dict[str, Any]:
    return {
        "cache_creation_input_tokens": hour + minutes,
        "cache_creation": {"ephemeral_1h_input_tokens": hour, "ephemeral_5m_input_tokens": minutes},
    }


SPLIT = split(8000, 1000)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # A total without its split keeps that of the start, and what is added is the moving marker's.
        (SPLIT, {"cache_creation_input_tokens": 9400}, (1400, 8000)),
        (SPLIT, {"cache_creation_input_tokens": 9000}, (1000, 8000)),
        (SPLIT, {"cache_creation_input_tokens": 0}, (1000, 8000)),
        (SPLIT, {"cache_creation_input_tokens": None}, (1000, 8000)),
        (SPLIT, {}, (1000, 8000)),
        # A split in the delta, which the SDK's type doesn't have.
        (SPLIT, split(8000, 1400), (1400, 8000)),
        (SPLIT, {"cache_creation": {}}, (1000, 8000)),
        (SPLIT, {"cache_creation": None, "cache_creation_input_tokens": 9400}, (1400, 8000)),
        ({"cache_creation_input_tokens": 9000}, SPLIT, (1000, 8000)),
        # No split at all.
        ({"cache_creation_input_tokens": 700}, {"cache_creation_input_tokens": 900}, (900, 0)),
        ({"cache_creation": None, "cache_creation_input_tokens": 700}, {}, (700, 0)),
        ({}, {"cache_creation_input_tokens": 900}, (900, 0)),
        ({}, {}, (0, 0)),
    ],
)
def test_cache_writes_keep_their_split(first: dict[str, Any], last: dict[str, Any], expected: tuple[int, int]) -> None:
    """The two kinds of cache writes have different prices."""
    usage = read(start(**USAGE | first), end(output_tokens=9, **last), STOP)[0].usage
    assert (usage.write_5m, usage.write_1h) == expected
    assert (usage.input, usage.output, usage.calls) == (12, 9, 1)


def test_usage_is_cumulative() -> None:
    """Counts of `message_delta` replace those of `message_start`, unless they are lower or missing."""
    first = start(input_tokens=5, cache_read_input_tokens=900, output_tokens=3)
    assert read(first, end(output_tokens=0), STOP)[0].usage == TokenUsage(input=5, read=900, output=3, calls=1)
    grown = end(input_tokens=7, cache_read_input_tokens=950, output_tokens=40)
    assert read(first, grown, STOP)[0].usage == TokenUsage(input=7, read=950, output=40, calls=1)
    null = end(input_tokens=None, cache_read_input_tokens=None, output_tokens=40)
    assert read(first, null, STOP)[0].usage == TokenUsage(input=5, read=900, output=40, calls=1)


@pytest.mark.parametrize("count", [float("inf"), float("nan"), "many", [1]])
def test_count_that_is_none_keeps_what_is_known(count: Any) -> None:
    """A usage that isn't a number of tokens doesn't break the turn."""
    assert read(start(output_tokens=3), end(output_tokens=count), STOP)[0].usage.output == 3


@pytest.mark.parametrize(
    "arguments", ['{"days": 1e400}', '{"days": NaN}', "[" * 5000, '{"a": ' * 500 + "1" + "}" * 500]
)
def test_arguments_that_cannot_be_stored_are_kept_as_text_only(arguments: str) -> None:
    """The tool gets what the model wrote, and rejects it; the block that is stored and sent again is empty."""
    start_block = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": arguments}
    reply, pieces = read(
        start(),
        {"type": "content_block_start", "index": 0, "content_block": start_block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        end(),
        STOP,
    )
    assert reply.content == [start_block]
    assert [piece.arguments for piece in pieces] == [arguments]


def test_infinite_number_in_the_start_of_a_block_is_not_stored() -> None:
    """The arguments may already be there when the block starts."""
    block = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"days": float("inf")}}
    reply, pieces = read(
        start(),
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        end(),
        STOP,
    )
    assert reply.content == [block | {"input": {}}]
    assert pieces[0].arguments == '{"days": Infinity}'


@pytest.mark.parametrize("usage", [None, {}])
def test_missing_usage_counts_what_is_known(usage: dict[str, Any] | None) -> None:
    """A message without usage is a call all the same."""
    first, last = start(), end()
    last["usage"] = usage
    assert read(first, last, STOP)[0].usage == TokenUsage(input=12, output=1, calls=1)
    first["message"]["usage"] = usage
    assert read(first, end(), STOP)[0].usage == TokenUsage(output=9, calls=1)
    assert read(first, last, STOP)[0].usage == TokenUsage(calls=1)
    del first["message"]["usage"], last["usage"]
    assert read(first, last, STOP)[0].usage == TokenUsage(calls=1)
