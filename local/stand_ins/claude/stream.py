"""Converts a reply to a message, or to the events of a stream."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.stand_ins.claude.cache import Usage
from local.stand_ins.claude.prompt import count_tokens
from local.stand_ins.claude.replies import ModelReply, ReplyPart, TextPart, ToolCallPart, ToolSearchPart, content_blocks

_MIN_DELTA_CHARACTERS = 14
"""About four tokens. Words aren't split."""

_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `tokens_before` is the number of output tokens before it."""

    name: str
    data: dict[str, Any]
    tokens_before: int = 0

    @property
    def kind(self) -> str:
        """The type of the delta, or the event's name."""
        return str(self.data["delta"]["type"]) if self.name == "content_block_delta" else self.name

    def encode(self) -> bytes:
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: {self.name}\ndata: {data}\n\n".encode()


def message(message_id: str, model: str, usage: Usage, reply: ModelReply) -> dict[str, Any]:
    """Return the message for a response that isn't streamed."""
    return _empty_message(message_id, model) | {
        "content": reply.content(),
        "stop_reason": reply.stop_reason,
        "stop_details": reply.stop_details,
        "usage": _full_usage(usage, reply.tokens),
    }


def events(message_id: str, model: str, usage: Usage, reply: ModelReply) -> Iterator[Event]:
    """Yield the events; `tokens_before` grows from 0 to the reply's tokens."""
    start = _empty_message(message_id, model) | {"usage": _full_usage(usage, min(reply.tokens, 1))}
    yield Event("message_start", {"type": "message_start", "message": start})
    before = index = 0
    for part in reply.parts:
        for block in content_blocks(part):
            deltas = _deltas(part, block)
            empty: dict[str, Any] = (
                {"text": ""} if block["type"] == "text" else {"input": {}} if "input" in block else {}
            )
            yield _block_event("content_block_start", index, before, content_block=block | empty)
            if index == 0:
                yield Event("ping", {"type": "ping"}, before)
            ahead = 0
            for delta_text in deltas:
                name = "text" if block["type"] == "text" else "partial_json"
                delta = {"type": "text_delta" if name == "text" else "input_json_delta", name: delta_text}
                yield _block_event("content_block_delta", index, before + ahead, delta=delta)
                ahead = min(ahead + count_tokens(len(delta_text)), part.tokens)
            # The result of a search isn't output of the model.
            before += part.tokens if deltas else 0
            yield _block_event("content_block_stop", index, before)
            index += 1
    stop = {"stop_reason": reply.stop_reason, "stop_sequence": None, "stop_details": reply.stop_details}
    cumulative = _usage(usage) | {"output_tokens": reply.tokens}
    yield Event("message_delta", {"type": "message_delta", "delta": stop, "usage": cumulative}, before)
    yield Event("message_stop", {"type": "message_stop"}, before)


def _empty_message(message_id: str, model: str) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "diagnostics": None,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.uncached,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.read,
    }


def _full_usage(usage: Usage, output: int) -> dict[str, Any]:
    return _usage(usage) | {
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.written_5m,
            "ephemeral_1h_input_tokens": usage.written_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }


def _block_event(name: str, index: int, before: int, **more: Any) -> Event:
    return Event(name, {"type": name, "index": index} | more, before)


def _deltas(part: ReplyPart, block: dict[str, Any]) -> list[str]:
    """Return the texts of a block's deltas."""
    match part:
        case TextPart(text):
            return _split(text)
        case ToolCallPart():
            # An empty delta precedes the input, and is the only one if there are no arguments.
            return ["", *_split(part.json)]
        case ToolSearchPart() if block["type"] == "server_tool_use":
            return ["", *_split(part.json)]
    return []


def _split(text: str) -> list[str]:
    """Split a text into pieces of a few tokens, at least two if it has two characters."""
    pieces: list[str] = []
    for word in _WORD.findall(text):
        if pieces and len(pieces[-1]) < _MIN_DELTA_CHARACTERS:
            pieces[-1] += word
        else:
            pieces.append(word)
    if len(pieces) == 1 and len(text) > 1:
        return [text[: len(text) // 2], text[len(text) // 2 :]]
    return pieces
