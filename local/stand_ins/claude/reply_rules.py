"""Generates replies without a script: calls of the tools that the intent rules find, and texts that quote the results.

The rules don't understand the text. They exist so that a conversation on this machine runs through the same loop as
one with Claude.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.stand_ins.claude import argument_patterns
from local.stand_ins.claude.conversation import Conversation, ToolOutcome
from local.stand_ins.claude.intent_rules import RULES, Intent, Question, find_intents
from local.stand_ins.claude.replies import (
    SIMULATED,
    ModelReply,
    ReplyPart,
    TextPart,
    ToolCallPart,
    ToolSearchPart,
    make_reply,
)
from local.stand_ins.claude.request import Tool

_OVER_BUDGET = re.compile(r"(?<!not )(?<!n't )\bover\b", re.I)
_MAX_FIGURES = 8
_MAX_RECALLED = 3
_NEED_TO_KNOW = "I need to know:"

_MORE_TO_DO = "more_to_do"
"""An argument of writing tools: whether the model will do anything after this call."""


def generate_reply(turn: Conversation) -> ModelReply:
    """Return the reply for the next step of this turn."""
    step = _plan_step(_find_intents(turn), turn)
    if step.calls:
        return _call_tools(step, turn)
    if turn.required_tool:
        return _call_required_tool(turn)
    texts = [*step.facts, *(_summarise(outcome) for outcome in turn.results), *step.notes]
    return make_reply(TextPart(f"{' '.join(texts) or _recollection(turn) or _introduction(turn)} {SIMULATED}"))


def _find_intents(turn: Conversation) -> Sequence[Intent]:
    """Return the intents of the user's text, together with the text before it if this one answers a question."""
    if _NEED_TO_KNOW in turn.previous_reply and turn.earlier_user_texts:
        return find_intents(f"{turn.earlier_user_texts[0].rstrip('.?! ')} {turn.user_text}")
    return find_intents(turn.user_text)


@dataclass
class _Step:
    """The next tool calls, with the texts before them, or the texts of a final reply."""

    calls: list[ToolCallPart] = field(default_factory=list)
    openings: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    has_more: bool = False
    """Whether more calls will follow these."""


def _plan_step(intents: Sequence[Intent], turn: Conversation) -> _Step:
    step = _Step()
    is_over: bool | None = None
    for intent in intents:
        name = intent.rule.tool
        if intent.is_conditional and is_over is not True:
            if step.calls:
                step.has_more = True
            else:
                note = "So I looked no further." if is_over is False else "So I can't tell whether to look on."
                step.notes.append(note)
            break
        fact = _budget_fact(turn, intent) if name == "compare_vs_budget" else None
        if fact:
            is_over = bool(_OVER_BUDGET.search(fact))
            step.facts += [f"Your budget of this month: {fact}."] if turn.step == 0 else []
            continue
        if name in turn.called:
            is_over = _is_over_budget(turn.results, name)
            continue
        tool = turn.offered.get(name) or (turn.deferred.get(name) if turn.can_search else None)
        if tool is None:
            step.notes.append(f"I'd need the tool {name} for that, and I can't call it here.")
            continue
        arguments, missing = _fit_schema(tool, intent.rule.parse_arguments(intent.text, turn), turn)
        if missing:
            step.notes.append(f"To use {name}, {_NEED_TO_KNOW} {', '.join(missing)}.")
        elif turn.is_sequential and step.calls:
            step.has_more = True
        else:
            step.openings += [intent.rule.opening] if intent.rule.opening else []
            step.calls.append(ToolCallPart(name, arguments))
    return step


def _call_tools(step: _Step, turn: Conversation) -> ModelReply:
    """Return the step's calls, after a search for deferred tools and a text if one of the tools only reads."""
    has_more = step.has_more or bool(step.openings)
    calls = [
        replace(call, input=call.input | {_MORE_TO_DO: True})
        if has_more and _MORE_TO_DO in _properties(turn, call)
        else call
        for call in step.calls
    ]
    parts: list[ReplyPart] = []
    text = " ".join([*step.facts, *step.openings])
    if text and not turn.required_tool:
        parts.append(TextPart(text))
    found = tuple(call.name for call in calls if call.name not in turn.offered)
    if found:
        parts.append(ToolSearchPart(" ".join(found).replace("_", " "), found))
    return make_reply(*parts, *calls)


def _properties(turn: Conversation, call: ToolCallPart) -> dict[str, Any]:
    tool = turn.offered.get(call.name) or turn.deferred[call.name]
    properties: dict[str, Any] = tool.input_schema.model_dump().get("properties", {})
    return properties


def _budget_fact(turn: Conversation, intent: Intent) -> str | None:
    """Return the line of the `facts` section about the budget in question, or None."""
    category = argument_patterns.category(intent.text)
    lines = [line.strip(" -*\t") for line in turn.sections.get("facts", "").splitlines()]
    return next((line.rstrip(".") for line in lines if category and argument_patterns.category(line) == category), None)


def _is_over_budget(results: Sequence[ToolOutcome], name: str) -> bool | None:
    """Return whether the last comparison states that a budget is exceeded, or None if it failed."""
    succeeded = [outcome for outcome in results if outcome.name == name and not _error(outcome)]
    return bool(_OVER_BUDGET.search(_summarise(succeeded[-1]))) if succeeded else None


def _fit_schema(tool: Tool, arguments: dict[str, Any], turn: Conversation) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments that the tool's schema accepts, and what has to be asked: the missing and the unclear."""
    schema = tool.input_schema.model_dump()
    properties: dict[str, Any] = schema.get("properties", {})
    accepted = {}
    questions = []
    for name, value in arguments.items():
        allowed = properties.get(name, {}).get("enum")
        if isinstance(value, Question):
            questions.append(value.text)
        elif value is not None and name in properties and (allowed is None or value in allowed):
            accepted[name] = value
    for name in ("place", "origin"):
        # A place is also `here`, unless the tool says what it is.
        is_here = turn.knows_here and name in properties and "description" not in properties[name]
        if name not in accepted and is_here and not turn.location_is_unknown:
            accepted[name] = "here"
    return accepted, [name for name in schema.get("required", []) if name not in accepted] + questions


def _call_required_tool(turn: Conversation) -> ModelReply:
    """Return the call that `tool_choice` requires, with the arguments that the rules find."""
    tool = turn.offered.get(turn.required_tool or "") or next(iter(turn.offered.values()))
    rule = next((rule for rule in RULES if rule.tool == tool.name), None)
    arguments = rule.parse_arguments(turn.user_text, turn) if rule else {}
    return make_reply(ToolCallPart(tool.name, _fit_schema(tool, arguments, turn)[0]))


def _error(outcome: ToolOutcome) -> str | None:
    value = outcome.value
    if isinstance(value, dict) and "error" in value:
        error = value["error"]
        return str(error.get("message", error)) if isinstance(error, dict) else str(error)
    return str(value) if outcome.is_error else None


def _summarise(outcome: ToolOutcome) -> str:
    """Return a result as a sentence: its own text if it has one, otherwise its figures."""
    if error := _error(outcome):
        return f"{outcome.name} didn't work: {error}"
    value = outcome.value
    if not isinstance(value, dict):
        return str(value)
    data = value.get("data", value)
    for container in (data, value):
        if isinstance(container, dict) and isinstance(container.get("text"), str):
            return str(container["text"])
    return f"{outcome.name}: {', '.join(_figures(data)[:_MAX_FIGURES]) or 'done'}."


def _figures(value: Any, name: str = "") -> list[str]:
    """Return the leaves of a JSON value with their names."""
    if isinstance(value, dict):
        return [figure for key, each in value.items() for figure in _figures(each, key)]
    if isinstance(value, list):
        return [figure for each in value for figure in _figures(each, name)]
    return [] if value is None else [f"{name.replace('_', ' ')} {value}".strip()]


def _recollection(turn: Conversation) -> str:
    """Return the first lines of the `memory` section, or an empty text without one."""
    lines = turn.sections.get("memory", "").splitlines()[:_MAX_RECALLED]
    return f"I remember this. {' '.join(lines)}" if lines else ""


def _introduction(turn: Conversation) -> str:
    known = [
        rule.tool for rule in RULES if rule.tool in turn.offered or (turn.can_search and rule.tool in turn.deferred)
    ]
    can = f"I can call {', '.join(known)}, when a question has the right words" if known else "No tool is at hand"
    return f"I'm a stand-in for Claude and follow simple rules, so I don't understand that. {can}."
