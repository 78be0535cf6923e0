"""Renders a request to the prompt: blocks in the order tools, system, messages, with their tokens and cache keys.

Tokens are estimated: a block has one token for each CHARACTERS_PER_TOKEN characters of its text, rounded up.
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
    CountTokensRequest,
    RedactedThinking,
    SearchResult,
    SearchSuccess,
    ServerToolUse,
    Text,
    Thinking,
    Tool,
    ToolAddition,
    ToolByName,
    ToolReference,
    ToolRemoval,
    ToolResult,
    ToolUse,
)

CHARACTERS_PER_TOKEN = 2.5
"""As the API's documentation gives it for the current tokenizer."""

TOOL_USE_TOKENS = 286
"""Tokens of the API's own instructions for tools, if there are tools; the search for tools has as many again."""


def count_tokens(characters: int) -> int:
    """Return the tokens of a text with so many characters."""
    return math.ceil(characters / CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class PromptBlock:
    """A block. `end_tokens` is the number of tokens up to its end, `key` a hash of the prompt up to its end.

    `ttl` is set if the block has a cache marker.
    """

    end_tokens: int
    key: bytes
    ttl: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt. Prefixes with fewer than `min_cached_tokens` aren't cached."""

    blocks: list[PromptBlock]
    min_cached_tokens: int
    tools_hash: str
    system_hash: str

    @property
    def total(self) -> int:
        return self.blocks[-1].end_tokens


def render(request: CountTokensRequest) -> Prompt:
    """Render the prompt of a request that `request_rules.check` has accepted."""
    return _Renderer(request).prompt()


class _Renderer:
    def __init__(self, request: CountTokensRequest) -> None:
        self._request = request
        self._hash = hashlib.blake2b(request.model.encode(), digest_size=16)
        self._blocks: list[PromptBlock] = []
        self._end_tokens = 0
        self._definitions = {tool.name: _dump(tool) for tool in request.tools}

    def prompt(self) -> Prompt:
        request = self._request
        model = MODELS[request.model]
        if request.tools:
            has_search = any(not isinstance(tool, Tool) for tool in request.tools)
            self._end_tokens = TOOL_USE_TOKENS * (2 if has_search else 1)
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
                # Thinking blocks have no marker.
                marker = getattr(block, "cache_control", None)
                dump = _dump(block) + "".join(self._loaded(block))
                self._add(message.role + dump, self._characters(block), marker)
        if request.cache_control:
            self._mark_last(request.cache_control.ttl)
        return Prompt(
            self._blocks,
            model.min_cached_tokens,
            _digest(f"{tool.defer_loading}{self._definitions[tool.name]}" for tool in request.tools),
            _digest(_dump(text) for text in request.system),
        )

    def _settings(self, *settings: Any) -> None:
        """Add settings to the keys of all following blocks, without a block of their own."""
        self._hash.update(json.dumps(settings).encode())

    def _add(self, key: str, characters: int, marker: CacheControl | None) -> None:
        self._hash.update(key.encode())
        self._hash.update(b"\0")
        self._end_tokens += count_tokens(characters)
        self._blocks.append(PromptBlock(self._end_tokens, self._hash.digest(), marker.ttl if marker else None))

    def _mark_last(self, ttl: str) -> None:
        """Set the automatic marker on the last block that can have one, which thinking blocks can't."""
        blocks = [block for message in self._request.messages for block in message.content]
        offset = len(self._blocks) - len(blocks)
        for index in range(len(blocks) - 1, -1, -1):
            if not isinstance(blocks[index], Thinking | RedactedThinking):
                block = self._blocks[offset + index]
                self._blocks[offset + index] = PromptBlock(block.end_tokens, block.key, ttl)
                return

    def _loaded(self, block: Block) -> list[str]:
        """Return the definitions of deferred tools that this block adds to the prompt."""
        if isinstance(block, ToolAddition):
            if isinstance(block.tool, ToolByName):
                # A tool that an earlier addition defined is in the prompt already.
                return [self._definitions.get(block.tool.name, "")]
            return [_dump(block.tool.definition)]
        found: Iterable[Any] = ()
        if isinstance(block, SearchResult) and isinstance(block.content, SearchSuccess):
            found = block.content.tool_references
        if isinstance(block, ToolResult):
            found = [each for each in block.content if isinstance(each, ToolReference)]
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
    """Serialise a part of the request for the key, without the fields that control caching and loading."""
    return part.model_dump_json(exclude={"cache_control", "defer_loading"}, exclude_unset=True)


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _choice(request: CountTokensRequest) -> Any:
    """Return the tool choice; an explicit `auto` equals the default."""
    choice = request.tool_choice
    return ("auto", None, False) if choice is None else (choice.type, choice.name, choice.disable_parallel_tool_use)


def _thinking(request: CountTokensRequest) -> tuple[Any, ...]:
    """Return thinking, effort and format; an explicit default equals an omitted one."""
    model, output = MODELS[request.model], request.output_config
    thinking = request.thinking.model_dump() if request.thinking else {"type": model.thinking[0]}
    explicit = {name: value for name, value in thinking.items() if value is not None}
    return explicit, (output and output.effort) or model.effort, output and output.format
