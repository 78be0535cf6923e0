"""A request as the model reads it: blocks in the order tools, system, messages, each with its tokens and its key.

Tokens follow a rule, not a tokenizer: `TOKEN` characters of a block's text are one token, and the block is
rounded up.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from local.stand_ins.claude.models import MODELS
from local.stand_ins.claude.request import (
    Block,
    CacheControl,
    Countable,
    FoundTool,
    RedactedThinking,
    SearchFound,
    SearchResult,
    ServerToolUse,
    Text,
    Thinking,
    ToolAddition,
    ToolByName,
    ToolRemoval,
    ToolResult,
    ToolUse,
)

TOKEN = 3.6
"""Characters."""

TOOL_USE_TOKENS = 286
"""What the API's own instructions for tools take, once there is a tool."""


def tokens(characters: int) -> int:
    """What so many characters of text count."""
    return math.ceil(characters / TOKEN)


@dataclass(frozen=True, slots=True)
class Part:
    """A block: `end` is the tokens from the prompt's beginning to its end, `key` a hash of all that.

    `ttl` is set where a marker is.
    """

    end: int
    key: bytes
    ttl: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """`minimum` is the model's: prefixes with fewer tokens aren't cached."""

    parts: list[Part]
    minimum: int
    tools_hash: str
    system_hash: str

    @property
    def total(self) -> int:
        return self.parts[-1].end


def render(request: Countable) -> Prompt:
    """The prompt of a request that `rules.check` has passed."""
    return _Renderer(request).prompt()


class _Renderer:
    def __init__(self, request: Countable) -> None:
        self._request = request
        self._hash = hashlib.blake2b(request.model.encode(), digest_size=16)
        self._parts: list[Part] = []
        self._end = 0
        self._definitions = {tool.name: _dump(tool) for tool in request.tools}

    def prompt(self) -> Prompt:
        request = self._request
        model = MODELS[request.model]
        if request.tools:
            self._end = TOOL_USE_TOKENS
        self._settings("tools")
        for tool in request.tools:
            if not tool.defer_loading:
                definition = self._definitions[tool.name]
                self._add(definition, len(definition), tool.cache_control)
        self._settings("system", request.speed or "standard")
        for text in request.system:
            self._add(_dump(text), len(text.text), text.cache_control)
        self._settings("messages", _choice(request), *_thinking(request))
        for message in request.messages:
            for block in message.content:
                # Thinking carries no marker.
                marker = getattr(block, "cache_control", None)
                dump = _dump(block) + "".join(self._loaded(block))
                self._add(message.role + dump, self._characters(block), marker)
        if request.cache_control:
            self._mark_last(request.cache_control.ttl)
        return Prompt(
            self._parts,
            model.minimum,
            _digest(f"{tool.defer_loading}{self._definitions[tool.name]}" for tool in request.tools),
            _digest(_dump(text) for text in request.system),
        )

    def _settings(self, *settings: Any) -> None:
        """A level begins: what it depends on is in the key of everything after, and is no block."""
        self._hash.update(json.dumps(settings).encode())

    def _add(self, key: str, characters: int, marker: CacheControl | None) -> None:
        self._hash.update(key.encode())
        self._hash.update(b"\0")
        self._end += tokens(characters)
        self._parts.append(Part(self._end, self._hash.digest(), marker.ttl if marker else None))

    def _mark_last(self, ttl: str) -> None:
        """The automatic marker: on the last block that can have one. Thinking can't."""
        blocks = [block for message in self._request.messages for block in message.content]
        offset = len(self._parts) - len(blocks)
        for index in range(len(blocks) - 1, -1, -1):
            if not isinstance(blocks[index], Thinking | RedactedThinking):
                part = self._parts[offset + index]
                self._parts[offset + index] = Part(part.end, part.key, ttl)
                return

    def _loaded(self, block: Block) -> list[str]:
        """Definitions that the model reads at this block: those of tools that were deferred until here."""
        if isinstance(block, ToolAddition):
            if isinstance(block.tool, ToolByName):
                # One that an earlier addition brought by value is known to the model already.
                return [self._definitions.get(block.tool.name, "")]
            return [_dump(block.tool.definition)]
        found: Iterable[Any] = ()
        if isinstance(block, SearchResult) and isinstance(block.content, SearchFound):
            found = block.content.tool_references
        if isinstance(block, ToolResult):
            found = [each for each in block.content if isinstance(each, FoundTool)]
        return [self._definitions.get(each.tool_name, "") for each in found]

    def _characters(self, block: Block) -> int:
        loaded = sum(map(len, self._loaded(block)))
        match block:
            case Text():
                return len(block.text)
            case ToolUse() | ServerToolUse():
                return len(block.name) + len(json.dumps(block.input, ensure_ascii=False))
            case ToolResult():
                return loaded + sum(len(each.text) for each in block.content if isinstance(each, Text))
            case Thinking():
                return len(block.thinking)
            case RedactedThinking():
                return len(block.data)
            case ToolRemoval():
                return len(block.tool.name)
        return loaded


def _dump(part: BaseModel) -> str:
    """A part as it enters the key: without what only steers caching and loading."""
    return part.model_dump_json(exclude={"cache_control", "defer_loading"}, exclude_unset=True)


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _choice(request: Countable) -> Any:
    """`auto` said and not said are the same."""
    choice = request.tool_choice
    return ("auto", None, False) if choice is None else (choice.type, choice.name, choice.disable_parallel_tool_use)


def _thinking(request: Countable) -> tuple[Any, ...]:
    """Thinking, effort and format; a default that is said and one that isn't are the same."""
    model, output = MODELS[request.model], request.output_config
    thinking = request.thinking.model_dump() if request.thinking else {"type": model.thinking[0]}
    stated = {name: value for name, value in thinking.items() if value is not None}
    return stated, (output and output.effort) or model.effort, output and output.format
