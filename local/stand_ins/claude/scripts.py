"""Turns that are told beforehand: which words begin one, and what Claude says at each of its steps."""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from local.stand_ins.claude.conversation import Conversation
from local.stand_ins.claude.faults import Order
from local.stand_ins.claude.replies import Call, Part, Reply, Say, Search, said

_PLACE = re.compile(r"\{\{tool_result:([\w-]+):([^{}]*)\}\}")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Match(_Told):
    """All that is given must hold, of the newest turn."""

    text_contains: str | None = None
    user_text_equals: str | None = None
    any: Literal[True] | None = None

    def fits(self, conversation: Conversation) -> bool:
        if self.text_contains is not None and self.text_contains not in conversation.text:
            return False
        if self.user_text_equals is not None and self.user_text_equals != conversation.asked:
            return False
        return bool(self.any or self.text_contains or self.user_text_equals)


class _Text(_Told):
    type: Literal["text"]
    text: str


class _ToolUse(_Told):
    type: Literal["tool_use"]
    name: str
    input: dict[str, Any] = {}


class _Search(_Told):
    type: Literal["tool_search"]
    query: str
    found: tuple[str, ...]


def _as_order(value: Any) -> Any:
    return {"mode": value} if isinstance(value, str) else value


class ScriptedReply(_Told):
    content: list[Annotated[_Text | _ToolUse | _Search, Field(discriminator="type")]] = []
    stop_reason: str | None = None
    fault: Annotated[Order | None, BeforeValidator(_as_order)] = None

    def spoken(self, conversation: Conversation) -> Reply:
        """The reply, with what the tools have told in its places."""
        parts: list[Part] = []
        for block in self.content:
            match block:
                case _Text():
                    parts.append(Say(_filled(block.text, conversation)))
                case _ToolUse():
                    parts.append(Call(block.name, block.input))
                case _Search():
                    parts.append(Search(block.query, block.found))
        reply = said(*parts)
        return Reply(reply.parts, self.stop_reason or reply.stop_reason)


class Script(_Told):
    match: Match
    replies: list[ScriptedReply] = Field(min_length=1)


_SCRIPTS = TypeAdapter(list[Script])


class Scripts:
    """The turns that are told. Where a reply comes from the request alone, conversations don't disturb each other."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []

    def add(self, body: bytes) -> None:
        """Adds a list of scripts in front of the others; one with the same `match` is replaced.

        Raises pydantic's ValidationError.
        """
        added = _SCRIPTS.validate_json(body)
        matches = [script.match for script in added]
        self._scripts = added + [script for script in self._scripts if script.match not in matches]

    def clear(self) -> None:
        self._scripts.clear()

    def find(self, conversation: Conversation) -> ScriptedReply | None:
        """The reply for this step of the turn; past the last one, the last one again. None: no script fits."""
        for script in self._scripts:
            if script.match.fits(conversation):
                return script.replies[min(conversation.step, len(script.replies) - 1)]
        return None


def _filled(text: str, conversation: Conversation) -> str:
    def fill(place: re.Match[str]) -> str:
        name, path = place.groups()
        results = [outcome.value for outcome in conversation.outcomes if outcome.name == name]
        value = _at(results[-1], path.split(".") if path else []) if results else None
        if value is None:
            return f"(no {path or 'result'} from {name})"
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _PLACE.sub(fill, text)


def _at(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
