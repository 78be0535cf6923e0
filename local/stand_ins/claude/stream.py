"""A message as the events of a stream."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.stand_ins.claude.cache import Usage
from local.stand_ins.claude.prompt import tokens
from local.stand_ins.claude.replies import Call, Part, Reply, Say, Search, blocks

_PIECE = 14
"""Characters of a delta at least, which makes about four tokens; a word isn't broken."""

_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Event:
    """`before` is how many output tokens come before it."""

    name: str
    data: dict[str, Any]
    before: int = 0

    @property
    def kind(self) -> str:
        """The type of its delta, or its own name."""
        return str(self.data["delta"]["type"]) if self.name == "content_block_delta" else self.name

    def encode(self) -> bytes:
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: {self.name}\ndata: {data}\n\n".encode()


def message(message_id: str, model: str, usage: Usage, reply: Reply) -> dict[str, Any]:
    """The whole message, as it is answered when it isn't streamed."""
    return _frame(message_id, model) | {
        "content": reply.content(),
        "stop_reason": reply.stop_reason,
        "stop_details": reply.stop_details,
        "usage": _full_usage(usage, reply.size),
    }


def events(message_id: str, model: str, usage: Usage, reply: Reply) -> Iterator[Event]:
    """The events in their order; `before` grows from 0 to the reply's size."""
    start = _frame(message_id, model) | {"usage": _full_usage(usage, min(reply.size, 1))}
    yield Event("message_start", {"type": "message_start", "message": start})
    before = index = 0
    for part in reply.parts:
        for block in blocks(part):
            written = _written(part, block)
            empty: dict[str, Any] = (
                {"text": ""} if block["type"] == "text" else {"input": {}} if "input" in block else {}
            )
            yield _in_block("content_block_start", index, before, content_block=block | empty)
            if index == 0:
                yield Event("ping", {"type": "ping"}, before)
            ahead = 0
            for piece in written:
                name = "text" if block["type"] == "text" else "partial_json"
                delta = {"type": "text_delta" if name == "text" else "input_json_delta", name: piece}
                yield _in_block("content_block_delta", index, before + ahead, delta=delta)
                ahead = min(ahead + tokens(len(piece)), part.size)
            # A search's result isn't written by the model.
            before += part.size if written else 0
            yield _in_block("content_block_stop", index, before)
            index += 1
    stop = {"stop_reason": reply.stop_reason, "stop_sequence": None, "stop_details": reply.stop_details}
    cumulative = _usage(usage) | {"output_tokens": reply.size}
    yield Event("message_delta", {"type": "message_delta", "delta": stop, "usage": cumulative}, before)
    yield Event("message_stop", {"type": "message_stop"}, before)


def _frame(message_id: str, model: str) -> dict[str, Any]:
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


def _in_block(name: str, index: int, before: int, **more: Any) -> Event:
    return Event(name, {"type": name, "index": index} | more, before)


def _written(part: Part, block: dict[str, Any]) -> list[str]:
    """What is written into a block bit by bit."""
    match part:
        case Say(text):
            return _pieces(text)
        case Call():
            # An empty delta opens the input, and is all of it where there are no arguments.
            return ["", *_pieces(part.json)]
        case Search() if block["type"] == "server_tool_use":
            return ["", *_pieces(part.json)]
    return []


def _pieces(text: str) -> list[str]:
    """The text in pieces of a few tokens, two at least where it has two characters."""
    pieces: list[str] = []
    for word in _WORD.findall(text):
        if pieces and len(pieces[-1]) < _PIECE:
            pieces[-1] += word
        else:
            pieces.append(word)
    if len(pieces) == 1 and len(text) > 1:
        return [text[: len(text) // 2], text[len(text) // 2 :]]
    return pieces
