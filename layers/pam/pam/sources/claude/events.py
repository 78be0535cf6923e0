"""The events of a streamed response, assembled into a reply."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelReply, TextDelta, ToolUse


def read_events(
    events: Iterable[Any], reply: ModelReply, on_event: Callable[[], None]
) -> Iterator[TextDelta | ToolUse]:
    """Assemble the SDK's events into `reply`; yield text as it arrives and tool calls once complete.

    `on_event` is called after each event. `reply.stop_reason` is set by `message_stop` only.
    """
    arguments = ""  # of the current tool call
    stop_reason: str | None = None
    for event in events:
        match event.type:
            case "message_start":
                reply.usage = _usage(event.message.usage)
            case "content_block_start":
                arguments = ""
                block = event.content_block.to_dict(exclude_none=True)
                if block["type"] == "text":
                    block = {"type": "text", "text": ""}
                reply.content.append(block)
            case "content_block_delta" if event.delta.type == "text_delta":
                reply.content[-1]["text"] += event.delta.text
                if event.delta.text:
                    yield TextDelta(event.delta.text)
            case "content_block_delta" if event.delta.type == "input_json_delta":
                arguments += event.delta.partial_json
            case "content_block_stop":
                tool = _finish_block(reply.content, arguments)
                if tool is not None:
                    reply.tools.append(tool)
                    yield tool
            case "message_delta":
                reply.usage = _usage(event.usage, reply.usage)
                stop_reason = event.delta.stop_reason
            case "message_stop":
                reply.stop_reason = stop_reason
        on_event()


def _finish_block(content: list[dict[str, Any]], arguments: str) -> ToolUse | None:
    """Complete the last block, and return its tool call, if it is one. A blank text block is removed."""
    block = content[-1]
    if block["type"] == "text" and not block["text"].strip():
        content.pop()
        return None
    if block["type"] not in ("tool_use", "server_tool_use"):
        return None
    block.pop("caller", None)
    if arguments:
        with suppress(ValueError):
            block["input"] = json.loads(arguments)
    if not isinstance(block.get("input"), dict):
        block["input"] = {}
    if block["type"] == "server_tool_use":
        return None
    return ToolUse(block["id"], block["name"], arguments or "{}")


def _usage(counts: Any, before: TokenUsage | None = None) -> TokenUsage:
    """Return the API's counts; those of `message_delta` are cumulative and omit what hasn't changed."""
    before = before or TokenUsage(calls=1)
    creation = getattr(counts, "cache_creation", None)
    written = counts.cache_creation_input_tokens
    if creation is not None:
        write_5m, write_1h = creation.ephemeral_5m_input_tokens, creation.ephemeral_1h_input_tokens
    elif written is not None and written != before.write_5m + before.write_1h:
        write_5m, write_1h = written, 0
    else:
        write_5m, write_1h = before.write_5m, before.write_1h
    return TokenUsage(
        input=counts.input_tokens if counts.input_tokens is not None else before.input,
        write_5m=write_5m,
        write_1h=write_1h,
        read=counts.cache_read_input_tokens if counts.cache_read_input_tokens is not None else before.read,
        output=counts.output_tokens or before.output,
        calls=1,
    )
