"""The events of a streamed response, assembled into a reply.

Blocks, deltas and events of unknown types are ignored, so that an addition to the API doesn't break a turn. Thinking
blocks are kept with their signature, as the API requires when they are sent back; server tools, which PAM doesn't
use, are left out with their results.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from pam.platform.validation import parse_stored_json
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
                stop_reason = event.delta.stop_reason or stop_reason
            case "message_stop":
                reply.stop_reason = stop_reason


def _start_block(start: Any) -> dict[str, Any]:
    """Return the block as it is sent back: without citations and callers, which only describe it."""
    match start.type:
        case "text":
            return {"type": "text", "text": start.text or ""}
        case "tool_use":
            return {"type": "tool_use", "id": start.id, "name": start.name, "input": start.input or {}}
        case "thinking":
            return {"type": "thinking", "thinking": start.thinking or "", "signature": start.signature or ""}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": start.data}
    return {"type": start.type}


def _finish_block(content: list[dict[str, Any]], block: dict[str, Any], arguments: str) -> ToolUse | None:
    """Complete the block, and return its tool call, if it is one. A blank text block is removed."""
    if block.get("type") == "text" and not block["text"].strip():
        content.pop()
    if block.get("type") != "tool_use":
        return None
    arguments = arguments or json.dumps(block["input"])
    block["input"] = {}
    # What isn't JSON can't be stored or sent again. The tool gets the text itself, and says what is wrong with it.
    with suppress(ValueError):
        parsed = parse_stored_json(arguments)
        block["input"] = parsed if isinstance(parsed, dict) else {}
    return ToolUse(block["id"], block["name"], arguments)


def _usage(counts: Any, before: TokenUsage) -> TokenUsage:
    """Return the API's counts. Those of `message_delta` are cumulative, and omit what hasn't changed."""
    write_5m, write_1h = _cache_writes(counts, before)
    return TokenUsage(
        input=_count(counts, "input_tokens", before.input),
        write_5m=write_5m,
        write_1h=write_1h,
        read=_count(counts, "cache_read_input_tokens", before.read),
        output=_count(counts, "output_tokens", before.output),
        calls=before.calls,
    )


def _cache_writes(counts: Any, before: TokenUsage) -> tuple[int, int]:
    """Return the tokens written for five minutes and for an hour.

    The split of `message_start` is kept where a total comes without one: what has been added to it is of the marker
    that moves with the conversation.
    """
    known = before.write_5m + before.write_1h
    split = getattr(counts, "cache_creation", None)
    write_5m, write_1h = (_count(split, f"ephemeral_{ttl}_input_tokens", 0) for ttl in ("5m", "1h"))
    if write_5m + write_1h < known:
        write_5m, write_1h = before.write_5m, before.write_1h
    total = _count(counts, "cache_creation_input_tokens", known)
    return write_5m + max(0, total - write_5m - write_1h), write_1h


def _count(counts: Any, name: str, known: int) -> int:
    """Return a cumulative count, or the known one where it is missing, lower or no count."""
    # The SDK leaves an object at a place where it doesn't expect it as a dict.
    value = counts.get(name) if isinstance(counts, dict) else getattr(counts, name, None)
    try:
        return max(known, int(value or 0))
    except (TypeError, ValueError, OverflowError):
        return known
