"""Scripted turns: the texts that they match, and a reply for each step."""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from local.stand_ins.claude.conversation import Conversation
from local.stand_ins.claude.faults import Fault
from local.stand_ins.claude.replies import ModelReply, ReplyPart, TextPart, ToolCallPart, ToolSearchPart, make_reply

_PLACEHOLDER = re.compile(r"\{\{tool_result:([\w-]+):([^{}]*)\}\}")


class _ScriptModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Match(_ScriptModel):
    """Conditions on the newest turn, which all have to be true."""

    text_contains: str | None = None
    user_text_equals: str | None = None
    any: Literal[True] | None = None

    def matches(self, conversation: Conversation) -> bool:
        if self.text_contains is not None and self.text_contains not in conversation.text:
            return False
        if self.user_text_equals is not None and self.user_text_equals != conversation.user_text:
            return False
        return bool(self.any or self.text_contains or self.user_text_equals)


class _Text(_ScriptModel):
    type: Literal["text"]
    text: str


class _ToolUse(_ScriptModel):
    type: Literal["tool_use"]
    name: str
    input: dict[str, Any] = {}


class _Search(_ScriptModel):
    type: Literal["tool_search"]
    query: str
    found: tuple[str, ...]


def _as_fault(value: Any) -> Any:
    return {"mode": value} if isinstance(value, str) else value


class ScriptedReply(_ScriptModel):
    content: list[Annotated[_Text | _ToolUse | _Search, Field(discriminator="type")]] = []
    stop_reason: str | None = None
    fault: Annotated[Fault | None, BeforeValidator(_as_fault)] = None

    def render(self, conversation: Conversation) -> ModelReply:
        """Return the reply, with tool results in the place of its placeholders."""
        parts: list[ReplyPart] = []
        for block in self.content:
            match block:
                case _Text():
                    parts.append(TextPart(_fill_placeholders(block.text, conversation)))
                case _ToolUse():
                    parts.append(ToolCallPart(block.name, block.input))
                case _Search():
                    parts.append(ToolSearchPart(block.query, block.found))
        reply = make_reply(*parts)
        return ModelReply(reply.parts, self.stop_reason or reply.stop_reason)


class Script(_ScriptModel):
    match: Match
    replies: list[ScriptedReply] = Field(min_length=1)


_SCRIPTS = TypeAdapter(list[Script])


class ScriptStore:
    """The active scripts. A reply depends on the request alone, so that concurrent conversations don't interfere."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []

    def add(self, body: bytes) -> None:
        """Add a list of scripts before the others, replacing those with the same `match`.

        Raises pydantic's ValidationError.
        """
        added = _SCRIPTS.validate_json(body)
        matches = [script.match for script in added]
        self._scripts = added + [script for script in self._scripts if script.match not in matches]

    def clear(self) -> None:
        self._scripts.clear()

    def find(self, conversation: Conversation) -> ScriptedReply | None:
        """Return the reply for this step of the turn, the last one for later steps, or None if no script matches."""
        for script in self._scripts:
            if script.match.matches(conversation):
                return script.replies[min(conversation.step, len(script.replies) - 1)]
        return None


def _fill_placeholders(text: str, conversation: Conversation) -> str:
    def fill(placeholder: re.Match[str]) -> str:
        name, path = placeholder.groups()
        results = [outcome.value for outcome in conversation.outcomes if outcome.name == name]
        value = _value_at(results[-1], path.split(".") if path else []) if results else None
        if value is None:
            return f"(no {path or 'result'} from {name})"
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _PLACEHOLDER.sub(fill, text)


def _value_at(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
