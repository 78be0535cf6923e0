"""What Claude says: text, calls of tools and searches for them, and why it stopped."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.stand_ins.claude.prompt import TOKEN, tokens

SIMULATED = "(simulated Claude)"
"""Ends every text of the stand-in's own brain."""


def new_id(prefix: str) -> str:
    """An id as the API gives them: `msg_`, `toolu_`, `srvtoolu_` or `req_`, and 24 characters."""
    return f"{prefix}_01{secrets.token_hex(11)}"


@dataclass(frozen=True, slots=True)
class Say:
    text: str

    @property
    def size(self) -> int:
        return tokens(len(self.text))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a client's tool; `written` is its input as it is streamed, which may be broken."""

    name: str
    input: dict[str, Any]
    written: str = ""
    id: str = field(default_factory=lambda: new_id("toolu"))

    @property
    def json(self) -> str:
        return self.written or (json.dumps(self.input, ensure_ascii=False) if self.input else "")

    @property
    def size(self) -> int:
        return tokens(len(self.name) + len(self.json))


@dataclass(frozen=True, slots=True)
class Search:
    """A search for deferred tools on the server, with what it found."""

    query: str
    found: tuple[str, ...]
    id: str = field(default_factory=lambda: new_id("srvtoolu"))

    @property
    def json(self) -> str:
        return json.dumps({"query": self.query}, ensure_ascii=False)

    @property
    def size(self) -> int:
        return tokens(len(self.json))


Part = Say | Call | Search


@dataclass(frozen=True, slots=True)
class Reply:
    parts: tuple[Part, ...]
    stop_reason: str
    stop_details: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """Output tokens."""
        return sum(part.size for part in self.parts)

    def content(self) -> list[dict[str, Any]]:
        """The blocks of a message that isn't streamed."""
        return [block for part in self.parts for block in blocks(part)]


def said(*parts: Part) -> Reply:
    """A reply that stops for its calls, or because all is said."""
    calls = any(isinstance(part, Call) for part in parts)
    return Reply(parts, "tool_use" if calls else "end_turn")


def blocks(part: Part) -> list[dict[str, Any]]:
    """A part as content blocks on the wire."""
    match part:
        case Say(text):
            return [{"type": "text", "text": text}]
        case Call():
            # Broken input can't be an object: the API has the same trouble, and this is what is left of it.
            value = {} if part.written else part.input
            return [{"type": "tool_use", "id": part.id, "name": part.name, "input": value}]
        case Search():
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


def limited(reply: Reply, max_tokens: int) -> Reply:
    """The reply as far as `max_tokens` let it come."""
    left = max_tokens
    parts: list[Part] = []
    for part in reply.parts:
        if part.size <= left:
            parts.append(part)
            left -= part.size
            continue
        return Reply((*parts, *_beginning(part, left)), "max_tokens")
    return reply


def _beginning(part: Part, size: int) -> Sequence[Part]:
    characters = int(size * TOKEN)
    match part:
        case Say(text) if characters:
            return [Say(text[:characters])]
        case Call() if characters > len(part.name) + 1:
            return [replace(part, written=part.json[: characters - len(part.name)])]
    return []
