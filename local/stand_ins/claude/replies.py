"""A reply of the model: texts, tool calls, tool searches, and the stop reason."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.stand_ins.claude.prompt import CHARACTERS_PER_TOKEN, count_tokens

SIMULATED = "(simulated Claude)"
"""The end of every text that `reply_rules` generates."""


def new_id(prefix: str) -> str:
    """Return an id in the API's format: `msg_`, `toolu_`, `srvtoolu_` or `req_`, and 24 characters."""
    return f"{prefix}_01{secrets.token_hex(11)}"


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text block."""

    text: str

    @property
    def tokens(self) -> int:
        return count_tokens(len(self.text))


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call of a client tool. `raw_json` replaces the JSON of its input, and may be invalid."""

    name: str
    input: dict[str, Any]
    raw_json: str = ""
    id: str = field(default_factory=lambda: new_id("toolu"))

    @property
    def json(self) -> str:
        return self.raw_json or (json.dumps(self.input, ensure_ascii=False) if self.input else "")

    @property
    def tokens(self) -> int:
        return count_tokens(len(self.name) + len(self.json))


@dataclass(frozen=True, slots=True)
class ToolSearchPart:
    """A server-side search for deferred tools, with the names that it found."""

    query: str
    found: tuple[str, ...]
    id: str = field(default_factory=lambda: new_id("srvtoolu"))

    @property
    def json(self) -> str:
        return json.dumps({"query": self.query}, ensure_ascii=False)

    @property
    def tokens(self) -> int:
        return count_tokens(len(self.json))


ReplyPart = TextPart | ToolCallPart | ToolSearchPart


@dataclass(frozen=True, slots=True)
class ModelReply:
    """A whole reply."""

    parts: tuple[ReplyPart, ...]
    stop_reason: str
    stop_details: dict[str, Any] | None = None

    @property
    def tokens(self) -> int:
        """Output tokens."""
        return sum(part.tokens for part in self.parts)

    def content(self) -> list[dict[str, Any]]:
        """Return the content blocks of a message that isn't streamed."""
        return [block for part in self.parts for block in content_blocks(part)]


def make_reply(*parts: ReplyPart) -> ModelReply:
    """Return a reply that stops for its tool calls, or at the end of its turn."""
    calls = any(isinstance(part, ToolCallPart) for part in parts)
    return ModelReply(parts, "tool_use" if calls else "end_turn")


def content_blocks(part: ReplyPart) -> list[dict[str, Any]]:
    """Return the content blocks of a part in the API's format."""
    match part:
        case TextPart(text):
            return [{"type": "text", "text": text}]
        case ToolCallPart():
            # Invalid JSON can't be an object: like the API, an empty one replaces it.
            value = {} if part.raw_json else part.input
            return [{"type": "tool_use", "id": part.id, "name": part.name, "input": value}]
        case ToolSearchPart():
            found = [{"type": "tool_reference", "tool_name": name} for name in part.found]
            return [
                {
                    "type": "server_tool_use",
                    "id": part.id,
                    "name": "tool_search_tool_bm25",
                    "input": {"query": part.query},
                },
                {
                    "type": "tool_search_tool_result",
                    "tool_use_id": part.id,
                    "content": {"type": "tool_search_tool_search_result", "tool_references": found},
                },
            ]


def truncate(reply: ModelReply, max_tokens: int) -> ModelReply:
    """Cut the reply off after `max_tokens`."""
    remaining = max_tokens
    parts: list[ReplyPart] = []
    for part in reply.parts:
        if part.tokens <= remaining:
            parts.append(part)
            remaining -= part.tokens
            continue
        return ModelReply((*parts, *_cut_off(part, remaining)), "max_tokens")
    return reply


def _cut_off(part: ReplyPart, tokens: int) -> Sequence[ReplyPart]:
    characters = int(tokens * CHARACTERS_PER_TOKEN)
    match part:
        case TextPart(text) if characters:
            return [TextPart(text[:characters])]
        case ToolCallPart() if characters > len(part.name) + 1:
            return [replace(part, raw_json=part.json[: characters - len(part.name)])]
    return []
