"""The state of a conversation, as far as a request contains it: the user's text, tools and their results."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from local.stand_ins.claude.request import (
    Bm25SearchTool,
    CountTokensRequest,
    Message,
    SearchResult,
    SearchSuccess,
    Text,
    Tool,
    ToolAddition,
    ToolByName,
    ToolReference,
    ToolRemoval,
    ToolResult,
    ToolUse,
)

_DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")
_LOCALE = re.compile(r"Language and country: (\w+)")
_MEMORY = re.compile(r"<memory>\n.*?\n</memory>\n?", re.DOTALL)
_SECTION = re.compile(r"<(?P<name>[a-z][a-z0-9_-]*)(?:\s[^<>]*)?>(?P<text>.*?)</(?P=name)>", re.DOTALL)


@dataclass(frozen=True)
class ToolOutcome:
    """A tool's result: `value` is its JSON, or its text if that isn't JSON."""

    name: str
    value: Any
    is_error: bool


@dataclass(frozen=True)
class Conversation:
    """The newest turn of a request, which starts at the newest user message with a text block.

    `text` is all text of that message but what was recalled, `user_text` the same without sections in tags, and
    `sections` those by name.
    `earlier_user_texts` are those of earlier turns, newest first, and `previous_reply` is the text of the reply before
    the turn. `step` counts the assistant's messages of the turn,
    `called` names the tools that they called. `outcomes` are all tool results of the conversation in order; the last
    `turn_outcomes` of them belong to the turn.

    `offered` are the tools that can be called, `deferred` those that a search has to find first, by name.
    """

    text: str
    user_text: str
    sections: Mapping[str, str]
    earlier_user_texts: tuple[str, ...]
    previous_reply: str
    step: int
    called: tuple[str, ...]
    outcomes: tuple[ToolOutcome, ...]
    turn_outcomes: int
    offered: Mapping[str, Tool]
    deferred: Mapping[str, Tool]
    can_search: bool
    required_tool: str | None
    """`any`, or the name of the tool that `tool_choice` requires."""
    locale: str
    """The user's, which the `traveller` section of the system prompt has."""
    knows_here: bool
    """Whether the system prompt says that `here` is a place."""
    is_sequential: bool
    """Whether `tool_choice` disables parallel calls."""

    @property
    def today(self) -> date | None:
        """The user's date, which the `context` section has."""
        match = _DATE.search(self.sections.get("context", ""))
        return date.fromisoformat(match[0]) if match else None

    @property
    def location_is_unknown(self) -> bool:
        """Whether the `context` section says that it doesn't know where the user is."""
        return "Device: its place isn't known" in self.sections.get("context", "")

    @property
    def results(self) -> tuple[ToolOutcome, ...]:
        """The results of this turn's calls."""
        return self.outcomes[len(self.outcomes) - self.turn_outcomes :]


def read(request: CountTokensRequest) -> Conversation:
    """Read the conversation of a request that `request_rules.check` has accepted."""
    messages = request.messages
    starts = [index for index, message in enumerate(messages) if message.role == "user" and _text(message)]
    start = starts[-1] if starts else 0
    turn = messages[start:]
    full_text = _text(messages[start])
    text = _MEMORY.sub("", full_text)
    outcomes, turn_outcomes = _outcomes(messages, start)
    offered, deferred = _tools(request)
    choice = request.tool_choice
    if choice and choice.type == "none":
        offered, deferred = {}, {}
    return Conversation(
        text=text,
        user_text=_user_text(text),
        sections=_sections(full_text),
        earlier_user_texts=tuple(_user_text(_text(messages[index])) for index in reversed(starts[:-1])),
        previous_reply=_text(messages[start - 1]) if start else "",
        step=sum(message.role == "assistant" for message in turn),
        called=tuple(block.name for message in turn for block in message.content if isinstance(block, ToolUse)),
        outcomes=outcomes,
        turn_outcomes=turn_outcomes,
        offered=offered,
        deferred=deferred,
        can_search=any(isinstance(tool, Bm25SearchTool) for tool in request.tools),
        required_tool={"any": "any", "tool": choice.name}.get(choice.type) if choice else None,
        locale=_locale(request),
        knows_here=any(_HERE.search(block.text) for block in request.system),
        is_sequential=bool(choice and choice.disable_parallel_tool_use),
    )


_HERE = re.compile(r"`here`(?: is|:)")


def _locale(request: CountTokensRequest) -> str:
    match = _LOCALE.search("\n".join(block.text for block in request.system))
    return match[1] if match else "en_US"


def _text(message: Message) -> str:
    return "\n".join(block.text for block in message.content if isinstance(block, Text))


def _sections(text: str) -> dict[str, str]:
    """Return sections by name, including nested ones."""
    found: dict[str, str] = {}
    for match in _SECTION.finditer(text):
        lines = map(_decode, match["text"].strip().splitlines())
        found |= {match["name"]: "\n".join(lines)} | _sections(match["text"])
    return found


def _decode(line: str) -> str:
    """Return a line that is a JSON string as its text."""
    value = _value(line) if line.startswith('"') else line
    return value if isinstance(value, str) else line


def _user_text(text: str) -> str:
    return _SECTION.sub("", text).strip()


def _outcomes(messages: list[Message], start: int) -> tuple[tuple[ToolOutcome, ...], int]:
    names: dict[str, str] = {}
    outcomes: list[ToolOutcome] = []
    before = 0
    for index, message in enumerate(messages):
        if index == start:
            before = len(outcomes)
        for block in message.content:
            if isinstance(block, ToolUse):
                names[block.id] = block.name
            elif isinstance(block, ToolResult):
                content = "".join(each.text for each in block.content if isinstance(each, Text))
                outcomes.append(ToolOutcome(names[block.tool_use_id], _value(content), bool(block.is_error)))
    return tuple(outcomes), len(outcomes) - before


def _value(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


def _tools(request: CountTokensRequest) -> tuple[dict[str, Tool], dict[str, Tool]]:
    """Return the tools that can be called after the last message, and those that are still deferred."""
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
    if isinstance(block, SearchResult) and isinstance(block.content, SearchSuccess):
        return [each.tool_name for each in block.content.tool_references]
    if isinstance(block, ToolResult):
        return [each.tool_name for each in block.content if isinstance(each, ToolReference)]
    return []
