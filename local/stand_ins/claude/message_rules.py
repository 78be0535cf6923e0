"""Validates `messages`: order of roles, calls and their results, and changes of tools."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from local.stand_ins.claude.errors import invalid_request
from local.stand_ins.claude.models import MODELS
from local.stand_ins.claude.request import (
    Block,
    CountTokensRequest,
    Message,
    RedactedThinking,
    SearchResult,
    SearchSuccess,
    ServerToolUse,
    Text,
    Thinking,
    ToolAddition,
    ToolByName,
    ToolReference,
    ToolRemoval,
    ToolResult,
    ToolUse,
)

INLINE_TOOLS = "inline-tools-2026-09-15"
TOOL_CHANGES = "mid-conversation-tool-changes-2026-07-01"

Role = Literal["user", "assistant", "system"]

_ALLOWED: dict[Role, tuple[type, ...]] = {
    "user": (Text, ToolResult),
    "assistant": (Text, ToolUse, ServerToolUse, SearchResult, Thinking, RedactedThinking),
    "system": (Text, ToolAddition, ToolRemoval),
}


@dataclass
class MergedMessage:
    """Consecutive messages of one role, which the API treats as one. `index` is that of the first."""

    role: Role
    index: int
    blocks: list[tuple[str, Block]] = field(default_factory=list)


def check(request: CountTokensRequest, betas: frozenset[str]) -> None:
    """Raise ApiError 400 for the first invalid message."""
    messages = request.messages
    if not messages:
        raise invalid_request("messages: at least one message is required")
    for index, message in enumerate(messages):
        _check_content(index, message)
    merged = _merged(messages)
    if merged[0].role != "user":
        raise invalid_request('messages: first message must use the "user" role')
    _check_thinking(merged)
    _check_system(request, merged, betas)
    _check_calls([turn for turn in merged if turn.role != "system"])
    last = [turn for turn in merged if turn.role != "system"][-1]
    # A reply that paused for server tools is sent back unchanged, to be continued.
    paused = isinstance(last.blocks[-1][1], ServerToolUse | SearchResult)
    if last.role == "assistant" and not paused:
        raise invalid_request(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    _check_references(request)


def _check_content(index: int, message: Message) -> None:
    if not message.content:
        raise invalid_request(f"messages.{index}: all messages must have non-empty content")
    for place, block in enumerate(message.content):
        where = f"messages.{index}.content.{place}"
        if not isinstance(block, _ALLOWED[message.role]):
            raise invalid_request(f"{where}: `{block.type}` blocks can not be in `{message.role}` messages")
        if isinstance(block, Text):
            if not block.text:
                raise invalid_request(f"{where}: text content blocks must be non-empty")
            if not block.text.strip():
                raise invalid_request(f"{where}: text content blocks must contain non-whitespace text")


def _merged(messages: Sequence[Message]) -> list[MergedMessage]:
    turns: list[MergedMessage] = []
    for index, message in enumerate(messages):
        if not turns or turns[-1].role != message.role:
            turns.append(MergedMessage(message.role, index))
        turns[-1].blocks += [
            (f"messages.{index}.content.{place}", block) for place, block in enumerate(message.content)
        ]
    return turns


def _check_thinking(merged: Sequence[MergedMessage]) -> None:
    for turn in merged:
        if isinstance(turn.blocks[-1][1], Thinking | RedactedThinking):
            kind = turn.blocks[-1][1].type
            raise invalid_request(f"messages.{turn.index}: The final block in an assistant message cannot be `{kind}`.")
        for place, block in turn.blocks:
            if isinstance(block, Thinking) and not block.signature:
                raise invalid_request(f"{place}: Invalid `signature` in `thinking` block")


def _check_system(request: CountTokensRequest, merged: Sequence[MergedMessage], betas: frozenset[str]) -> None:
    for number, turn in enumerate(merged):
        if turn.role != "system":
            continue
        where = f"messages.{turn.index}"
        if not MODELS[request.model].tool_changes:
            raise invalid_request(f"{where}: role 'system' is not supported for this model")
        after = merged[number + 1].role if number + 1 < len(merged) else None
        if merged[number - 1].role != "user" or after == "user":
            raise invalid_request(
                f"{where}: a `system` message must follow a `user` message, and be the last one or come before an "
                "`assistant` message"
            )
        for place, block in turn.blocks:
            if isinstance(block, ToolAddition) and not isinstance(block.tool, ToolByName):
                if INLINE_TOOLS not in betas:
                    raise invalid_request(f"{place}.tool: `tool_definition` requires the beta header {INLINE_TOOLS}")
            elif isinstance(block, ToolAddition | ToolRemoval) and not betas & {INLINE_TOOLS, TOOL_CHANGES}:
                raise invalid_request(
                    f"{place}: `{block.type}` requires the beta header {INLINE_TOOLS} or {TOOL_CHANGES}"
                )


def _check_calls(turns: Sequence[MergedMessage]) -> None:
    """Check that each call has a result at the start of the next user message, and each result a call."""
    seen: set[str] = set()
    open_calls: list[str] = []
    for number, turn in enumerate(turns):
        if turn.role == "user":
            _check_results(turn, open_calls)
        open_calls = []
        for place, block in turn.blocks:
            if isinstance(block, ToolUse | ServerToolUse):
                if block.id in seen:
                    raise invalid_request(f"{place}: `tool_use` ids must be unique")
                seen.add(block.id)
            if isinstance(block, ToolUse):
                open_calls.append(block.id)
        if turn.role == "assistant":
            _check_searches(turns[number:])
    if open_calls:
        raise _missing_results(turns[-1], open_calls)


def _check_results(turn: MergedMessage, open_calls: Sequence[str]) -> None:
    answered: set[str] = set()
    text_at = None
    for place, block in turn.blocks:
        if not isinstance(block, ToolResult):
            text_at = text_at or place
            continue
        if block.tool_use_id not in open_calls:
            raise invalid_request(
                f"{place}: unexpected `tool_use_id` found in `tool_result` blocks: {block.tool_use_id}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if block.tool_use_id in answered:
            raise invalid_request(
                f"{place}: each tool_use must have a single result. Found multiple: {block.tool_use_id}"
            )
        if text_at:
            raise invalid_request(f"{text_at}: `tool_result` blocks must come first in the content of a message")
        answered.add(block.tool_use_id)
    missing = [call for call in open_calls if call not in answered]
    if missing:
        raise _missing_results(turn, missing)


def _missing_results(turn: MergedMessage, calls: Sequence[str]) -> Exception:
    return invalid_request(
        f"messages.{turn.index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _check_searches(turns: Sequence[MergedMessage]) -> None:
    """Check that each server search of the first turn has its result, or that the request continues the search.

    A reply that paused is continued by sending it back. If it also calls client tools, their results are sent with it,
    and the search's result begins the next reply.
    """
    turn, *following = turns
    replies = [turn]
    is_continued = not following
    if following and any(isinstance(block, ToolUse) for _, block in turn.blocks):
        replies += following[1:2]
        is_continued = len(following) == 1 and all(isinstance(block, ToolResult) for _, block in following[0].blocks)
    results = {block.tool_use_id for each in replies for _, block in each.blocks if isinstance(block, SearchResult)}
    for place, block in turn.blocks:
        if isinstance(block, ServerToolUse) and block.id not in results and not is_continued:
            raise invalid_request(
                f"{place}: `{block.name}` tool use with id {block.id} was found without a corresponding result"
            )


def _check_references(request: CountTokensRequest) -> None:
    known = {tool.name for tool in request.tools}
    for index, message in enumerate(request.messages):
        for place, block in enumerate(message.content):
            if isinstance(block, ToolAddition) and not isinstance(block.tool, ToolByName):
                known.add(block.tool.definition.name)
            for name in _referenced_tools(block):
                if name not in known:
                    raise invalid_request(
                        f"messages.{index}.content.{place}: tool reference '{name}' is not defined at this position",
                        "tool_reference_unresolved",
                    )


def _referenced_tools(block: Block) -> list[str]:
    """Return the names of the tools that a block refers to."""
    if isinstance(block, ToolAddition | ToolRemoval):
        return [block.tool.name] if isinstance(block.tool, ToolByName) else []
    if isinstance(block, SearchResult) and isinstance(block.content, SearchSuccess):
        return [each.tool_name for each in block.content.tool_references]
    if isinstance(block, ToolResult):
        return [each.tool_name for each in block.content if isinstance(each, ToolReference)]
    return []
