"""What a request says about where its conversation stands: who asked what, and what came of it so far."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stand_ins.claude.request import (
    Bm25Search,
    Countable,
    FoundTool,
    Message,
    SearchFound,
    SearchResult,
    Text,
    Tool,
    ToolAddition,
    ToolByName,
    ToolRemoval,
    ToolResult,
    ToolUse,
)

_SECTION = re.compile(r"<(?P<name>[a-z][a-z0-9_-]*)(?:\s[^<>]*)?>(?P<text>.*?)</(?P=name)>", re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """A tool's result: `value` is its JSON, or its text where that isn't JSON."""

    name: str
    value: Any
    is_error: bool


@dataclass(frozen=True)
class Conversation:
    """A request from its newest turn's side; a turn begins at the newest user message with a block of text.

    `text` is all text of that message, `asked` the same without sections in tags, and `sections` those by
    their names. `earlier` are the `asked` of the turns before, newest first. `step` counts the assistant's
    messages since the turn began, `called` names the tools that they called, and `outcomes` are all results of
    the conversation in order, those of the turn being the last `fresh` ones.

    `offered` are the tools that may be called, `deferred` those that would have to be found first, by name.
    """

    text: str
    asked: str
    sections: Mapping[str, str]
    earlier: tuple[str, ...]
    step: int
    called: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    fresh: int
    offered: Mapping[str, Tool]
    deferred: Mapping[str, Tool]
    can_search: bool
    forced: str | None
    """`any`, or the name of the tool that must be called."""
    one_at_a_time: bool

    @property
    def results(self) -> tuple[Outcome, ...]:
        """What came of the calls of this turn."""
        return self.outcomes[len(self.outcomes) - self.fresh :]


def read(request: Countable) -> Conversation:
    """The conversation in a request that `rules.check` has passed."""
    messages = request.messages
    starts = [index for index, message in enumerate(messages) if message.role == "user" and _text(message)]
    start = starts[-1] if starts else 0
    turn = messages[start:]
    text = _text(messages[start])
    outcomes, fresh = _outcomes(messages, start)
    offered, deferred = _tools(request)
    choice = request.tool_choice
    if choice and choice.type == "none":
        offered, deferred = {}, {}
    return Conversation(
        text=text,
        asked=_asked(text),
        sections=_sections(text),
        earlier=tuple(_asked(_text(messages[index])) for index in reversed(starts[:-1])),
        step=sum(message.role == "assistant" for message in turn),
        called=tuple(block.name for message in turn for block in message.content if isinstance(block, ToolUse)),
        outcomes=outcomes,
        fresh=fresh,
        offered=offered,
        deferred=deferred,
        can_search=any(isinstance(tool, Bm25Search) for tool in request.tools),
        forced={"any": "any", "tool": choice.name}.get(choice.type) if choice else None,
        one_at_a_time=bool(choice and choice.disable_parallel_tool_use),
    )


def _text(message: Message) -> str:
    return "\n".join(block.text for block in message.content if isinstance(block, Text))


def _sections(text: str) -> dict[str, str]:
    """Sections by their names, those within others too."""
    found: dict[str, str] = {}
    for match in _SECTION.finditer(text):
        found |= {match["name"]: match["text"].strip()} | _sections(match["text"])
    return found


def _asked(text: str) -> str:
    return _SECTION.sub("", text).strip()


def _outcomes(messages: list[Message], start: int) -> tuple[tuple[Outcome, ...], int]:
    names: dict[str, str] = {}
    outcomes: list[Outcome] = []
    before = 0
    for index, message in enumerate(messages):
        if index == start:
            before = len(outcomes)
        for block in message.content:
            if isinstance(block, ToolUse):
                names[block.id] = block.name
            elif isinstance(block, ToolResult):
                content = "".join(each.text for each in block.content if isinstance(each, Text))
                outcomes.append(Outcome(names[block.tool_use_id], _value(content), bool(block.is_error)))
    return tuple(outcomes), len(outcomes) - before


def _value(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


def _tools(request: Countable) -> tuple[dict[str, Tool], dict[str, Tool]]:
    """What may be called at the end of the messages, and what is still deferred."""
    known = {tool.name: tool for tool in request.tools if isinstance(tool, Tool)}
    offered = {name: tool for name, tool in known.items() if not tool.defer_loading}
    removed: set[str] = set()
    for message in request.messages:
        for block in message.content:
            if isinstance(block, ToolRemoval):
                offered.pop(block.tool.name, None)
                removed.add(block.tool.name)
            for name in _loaded(block, known):
                offered[name] = known[name]
                removed.discard(name)
    deferred = {name: tool for name, tool in known.items() if name not in offered and name not in removed}
    return offered, deferred


def _loaded(block: Any, known: dict[str, Tool]) -> list[str]:
    if isinstance(block, ToolAddition):
        if isinstance(block.tool, ToolByName):
            return [block.tool.name]
        known[block.tool.definition.name] = block.tool.definition
        return [block.tool.definition.name]
    if isinstance(block, SearchResult) and isinstance(block.content, SearchFound):
        return [each.tool_name for each in block.content.tool_references]
    if isinstance(block, ToolResult):
        return [each.tool_name for each in block.content if isinstance(each, FoundTool)]
    return []
