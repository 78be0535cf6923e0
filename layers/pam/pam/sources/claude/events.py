"""The events of a streamed response, assembled into a reply.

Blocks, deltas and events of unknown types are ignored, so that an addition to the API doesn't break a turn. Thinking
blocks are kept with their signature, as the API requires when they are sent back; server tools, which PAM doesn't
use, are left out with their results.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelReply, TextDelta, ToolUse

_SENDABLE = {"text", "tool_use", "thinking", "redacted_thinking"}


def read_events(events: Iterable[Any], reply: ModelReply) -> Iterator[TextDelta | ToolUse]:
    """Assemble the SDK's events into `reply`; yield text as it arrives and tool calls once complete.

    `reply.stop_reason` is set by `message_stop` only.
    """
    block: dict[str, Any] = {}
    arguments = ""  # of the current tool call
    stop_reason: str | None = None
    for event in events:
        match event.type:
            case "message_start":
                reply.usage = _usage(event.message.usage, TokenUsage(calls=1))
            case "content_block_start":
                block, arguments = _start_block(event.content_block), ""
                if block["type"] in _SENDABLE:
                    reply.content.append(block)
                if block["type"] == "text" and block["text"]:
                    yield TextDelta(block["text"])
            case "content_block_delta":
                delta = event.delta
                if delta.type == "text_delta" and block.get("type") == "text":
                    block["text"] += delta.text
                    if delta.text:
                        yield TextDelta(delta.text)
                elif delta.type == "input_json_delta":
                    arguments += delta.partial_json
                elif delta.type == "thinking_delta" and block.get("type") == "thinking":
                    block["thinking"] += delta.thinking
                elif delta.type == "signature_delta" and block.get("type") == "thinking":
                    block["signature"] += delta.signature
            case "content_block_stop":
                tool = _finish_block(reply.content, block, arguments)
                block = {}
                if tool is not None:
                    reply.tools.append(tool)
                    yield tool
            case "message_delta":
                reply.usage = _usage(event.usage, reply.usage)
                stop_reason = event.delta.stop_reason
            case "message_stop":
                reply.stop_reason = stop_reason


def _start_block(content_block: Any) -> dict[str, Any]:
    """Return the block as it is sent back: without citations and callers, which only describe it."""
    block: dict[str, Any] = content_block.to_dict(exclude_none=True)
    match block["type"]:
        case "text":
            return {"type": "text", "text": block.get("text", "")}
        case "tool_use":
            return {"type": "tool_use", "id": block["id"], "name": block["name"], "input": block.get("input", {})}
        case "thinking":
            return {
                "type": "thinking",
                "thinking": block.get("thinking", ""),
                "signature": block.get("signature", ""),
            }
    return block


def _finish_block(content: list[dict[str, Any]], block: dict[str, Any], arguments: str) -> ToolUse | None:
    """Complete the block, and return its tool call, if it is one. A blank text block is removed."""
    if block.get("type") == "text" and not block["text"].strip():
        content.pop()
    if block.get("type") != "tool_use":
        return None
    if arguments:
        block["input"] = {}
        with suppress(ValueError):
            block["input"] = json.loads(arguments)
    else:
        arguments = json.dumps(block["input"])
    if not isinstance(block["input"], dict):
        block["input"] = {}
    return ToolUse(block["id"], block["name"], arguments)


def _usage(counts: Any, before: TokenUsage) -> TokenUsage:
    """Return the API's counts. Those of `message_delta` are cumulative, and omit what hasn't changed."""

    def count(value: Any, name: str, known: int) -> int:
        return max(known, int(getattr(value, name, None) or 0))

    creation = getattr(counts, "cache_creation", None)
    write_5m = count(creation, "ephemeral_5m_input_tokens", before.write_5m)
    write_1h = count(creation, "ephemeral_1h_input_tokens", before.write_1h)
    # A total without its split: what has been added is of the marker that moves with the conversation.
    write_5m += max(0, count(counts, "cache_creation_input_tokens", 0) - write_5m - write_1h)
    return TokenUsage(
        input=count(counts, "input_tokens", before.input),
        write_5m=write_5m,
        write_1h=write_1h,
        read=count(counts, "cache_read_input_tokens", before.read),
        output=count(counts, "output_tokens", before.output),
        calls=before.calls,
    )
