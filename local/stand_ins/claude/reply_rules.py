"""What the stand-in says of itself: rules on keywords, tools that are offered, and answers that quote their results.

It understands nothing. It is there so that a conversation on this machine runs through the same loop as a real one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from local.stand_ins.claude import argument_patterns
from local.stand_ins.claude.conversation import Conversation, Outcome
from local.stand_ins.claude.replies import SIMULATED, Call, Part, Reply, Say, Search, said
from local.stand_ins.claude.request import Tool

Arguments = Callable[[str, Conversation], dict[str, Any]]

_MESSAGE = re.compile(
    r"\b(?:tell|message|text|let)\s+(?P<who>(?!me\b|us\b)(?-i:[A-Z])[\w'-]*)\s+(?:know\s+)?(?:that\s+)?(?P<what>.+)",
    re.I,
)
_POST = re.compile(r"\b(?:post|publish|share)\b(?:\s+that\b|[^:]{0,20}:)\s*(?P<what>.+)", re.I)
_SPOT = re.compile(
    r"\b(?:save|remember|bookmark)\s+(?:the\s+)?(?P<name>.+?)(?=\s+(?:as|to|in|near|at)\s|[.!?]|$)", re.I
)
_SENTENCE_END = re.compile(r"(?<=[.?!;])(?<!\bSt\.)(?<!\bFt\.)(?<!\bMt\.)\s+")
_CLAUSE_END = re.compile(r",?\s+(?:and|then)\s+(?:then\s+)?|,\s+(?=if\b)", re.I)
_IF_SO = re.compile(r"^if (?:so|yes|I am|it is)\b", re.I)
_OVER = re.compile(r"(?<!not )(?<!n't )\bover\b", re.I)
_FIGURES_AT_MOST = 8

_MORE = "more_to_do"
"""An argument by which a writing tool asks whether anything comes after it."""


def _message(said: str, _: Conversation) -> dict[str, Any]:
    match = _MESSAGE.search(said)
    return {"recipient": match["who"], "message": match["what"].rstrip(".")} if match else {}


def _post(said: str, _: Conversation) -> dict[str, Any]:
    match = _POST.search(said)
    return {"content": match["what"]} if match else {}


def _spot(said: str, turn: Conversation) -> dict[str, Any]:
    match = _SPOT.search(said)
    return {"name": match["name"] if match else None} | _place(said, turn)


def _way(said: str, turn: Conversation) -> dict[str, Any]:
    start = {"origin": _whereabouts(turn)}
    return start | argument_patterns.way(said) | {"budget": argument_patterns.amount(said)}


def _place(said: str, turn: Conversation) -> dict[str, Any]:
    return {"place": argument_patterns.place(said) or argument_patterns.place(turn.asked) or _whereabouts(turn)}


def _whereabouts(turn: Conversation) -> str | None:
    """Where the traveller has said to be, in this turn or in one before."""
    return next((place for text in (turn.asked, *turn.earlier) if (place := argument_patterns.whereabouts(text))), None)


def _weather(said: str, turn: Conversation) -> dict[str, Any]:
    days = argument_patterns.days(said)
    return _place(said, turn) | ({"days": days} if days else {"period": argument_patterns.period(said)})


def _gas(said: str, turn: Conversation) -> dict[str, Any]:
    return _place(said, turn) | {"fuel": "diesel" if "diesel" in said.lower() else None}


def _money(said: str, turn: Conversation) -> dict[str, Any]:
    return {
        "amount": argument_patterns.amount(said),
        "category": argument_patterns.category(said),
        "period": argument_patterns.period(said),
        "date": argument_patterns.day_before(turn.sections.get("context", "")) if "yesterday" in said.lower() else None,
    }


@dataclass(frozen=True)
class Rule:
    """Words that ask for a tool. Where `whole`, they are looked for in a sentence, and otherwise in its clauses.

    A tool without an `opening` writes something: nothing is said before it.
    """

    tool: str
    words: re.Pattern[str]
    arguments: Arguments
    opening: str = ""
    whole: bool = False


def _rule(tool: str, words: str, arguments: Arguments, opening: str = "") -> Rule:
    return Rule(tool, re.compile(words, re.I), arguments, opening)


RULES = (
    Rule("message_friend", _MESSAGE, _message, whole=True),
    Rule("create_post", _POST, _post, whole=True),
    _rule("save_favorite_spot", r"\b(?:save|remember|bookmark|favou?rite)\b", _spot),
    _rule("plan_trip", r"\bplan\b.*\b(?:trip|route|way)\b|\btrip (?:from|to)\b", _way),
    _rule("estimate_travel_time", r"\bhow (?:long|far)\b|\bdriving time\b", _way, "Let me work out the drive."),
    _rule(
        "get_weather_forecast", r"\b(?:weather|forecast|rain|wind|windy|snow|temperature)\b", _weather,
        "Let me look up the weather.",
    ),
    _rule(
        "find_rv_parks", r"\b(?:rv parks?|campgrounds?|campsites?|camping spots?|(?:place|where)\b.*\b(?:camp|stay))\b",
        _place, "Let me look for places to camp.",
    ),
    _rule("update_budget", r"\b(?:set|raise|lower|change|increase|update|make)\b.*\bbudget\b.*\d", _money),
    _rule("compare_vs_budget", r"\bbudgets?\b|\boverspent\b", _money, "Let me check your budget."),
    _rule(
        "find_cheap_gas",
        r"\b(?:cheap\w*|prices?)\b.*\b(?:gas|fuel|diesel|stations?)\b|\b(?:gas|fuel|diesel) prices?\b",
        _gas, "Let me look at fuel prices.",
    ),
    _rule("create_expense", r"^(?!.*\bhow much\b).*\b(?:spent|paid|add|log|record)\b.*\d", _money),
    _rule("get_spending_summary", r"\b(?:how much|spent|spend|spending|expenses)\b", _money, "Let me add that up."),
)  # fmt: skip


@dataclass(frozen=True)
class _Wish:
    """A rule that has matched, its words, and whether it depends on the wish before it (`if so`)."""

    rule: Rule
    words: str
    if_so: bool


def reply(turn: Conversation) -> Reply:
    """The next thing to say in this turn."""
    step = _next(_wishes(turn.asked), turn)
    if step.calls:
        return _called(step, turn)
    if turn.forced:
        return _forced(turn)
    told = [*step.facts, *(_told(outcome) for outcome in turn.results), *step.notes]
    return said(Say(f"{' '.join(told) or _introduction(turn)} {SIMULATED}"))


def _wishes(asked: str) -> list[_Wish]:
    """What is asked for, in order, each tool once."""
    found: dict[str, _Wish] = {}
    for sentence in _SENTENCE_END.split(asked):
        rule = next((rule for rule in RULES if rule.whole and rule.words.search(sentence)), None)
        if rule:
            found.setdefault(rule.tool, _Wish(rule, sentence, False))
            continue
        for clause in _CLAUSE_END.split(sentence):
            rule = next((rule for rule in RULES if not rule.whole and rule.words.search(clause)), None)
            if rule:
                found.setdefault(rule.tool, _Wish(rule, clause, bool(_IF_SO.search(clause))))
    return list(found.values())


@dataclass
class _Step:
    """What comes next: calls, and what is said before them or in their place."""

    calls: list[Call] = field(default_factory=list)
    openings: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unfinished: bool = False
    """Whether something will come after these calls."""


def _next(wished: Sequence[_Wish], turn: Conversation) -> _Step:
    step = _Step()
    over: bool | None = None
    for wish in wished:
        name = wish.rule.tool
        if wish.if_so and over is not True:
            if step.calls:
                step.unfinished = True
            else:
                step.notes.append("So I looked no further." if over is False else "So I can't tell whether to look on.")
            break
        fact = _fact(turn, wish) if name == "compare_vs_budget" else None
        if fact:
            over = bool(_OVER.search(fact))
            step.facts += [f"Your budget of this month: {fact}."] if turn.step == 0 else []
            continue
        if name in turn.called:
            over = _says_over(turn.results, name)
            continue
        tool = turn.offered.get(name) or (turn.deferred.get(name) if turn.can_search else None)
        if tool is None:
            step.notes.append(f"I'd need the tool {name} for that, and I can't call it here.")
            continue
        arguments, missing = _fitted(tool, wish.rule.arguments(wish.words, turn))
        if missing:
            step.notes.append(f"To use {name}, I need to know: {', '.join(missing)}.")
        elif turn.one_at_a_time and step.calls:
            step.unfinished = True
        else:
            step.openings += [wish.rule.opening] if wish.rule.opening else []
            step.calls.append(Call(name, arguments))
    return step


def _called(step: _Step, turn: Conversation) -> Reply:
    """The step's calls, with a search before those that were deferred, and a word before those that only read."""
    going_on = step.unfinished or bool(step.openings)
    calls = [
        replace(call, input=call.input | {_MORE: True}) if going_on and _MORE in _properties(turn, call) else call
        for call in step.calls
    ]
    parts: list[Part] = []
    text = " ".join([*step.facts, *step.openings])
    if text and not turn.forced:
        parts.append(Say(text))
    found = tuple(call.name for call in calls if call.name not in turn.offered)
    if found:
        parts.append(Search(" ".join(found).replace("_", " "), found))
    return said(*parts, *calls)


def _properties(turn: Conversation, call: Call) -> dict[str, Any]:
    tool = turn.offered.get(call.name) or turn.deferred[call.name]
    properties: dict[str, Any] = tool.input_schema.model_dump().get("properties", {})
    return properties


def _fact(turn: Conversation, wish: _Wish) -> str | None:
    """The line of the facts at hand about the budget that is asked for."""
    category = argument_patterns.category(wish.words)
    lines = [line.strip(" -*\t") for line in turn.sections.get("facts", "").splitlines()]
    return next((line.rstrip(".") for line in lines if category and argument_patterns.category(line) == category), None)


def _says_over(results: Sequence[Outcome], name: str) -> bool | None:
    """Whether a budget's comparison says that it is over; None for a failed one."""
    found = [outcome for outcome in results if outcome.name == name and not _error(outcome)]
    return bool(_OVER.search(_told(found[-1]))) if found else None


def _fitted(tool: Tool, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arguments that the tool's schema knows, and the names of those that are missing."""
    schema = tool.input_schema.model_dump()
    properties: dict[str, Any] = schema.get("properties", {})
    fitted = {}
    for name, value in arguments.items():
        allowed = properties.get(name, {}).get("enum")
        if value is not None and name in properties and (allowed is None or value in allowed):
            fitted[name] = value
    for name in ("place", "origin"):
        # Tools say themselves where a traveller needn't be named a place.
        if name not in fitted and "`here` is" in properties.get(name, {}).get("description", ""):
            fitted[name] = "here"
    return fitted, [name for name in schema.get("required", []) if name not in fitted]


def _forced(turn: Conversation) -> Reply:
    """The call that `tool_choice` demands, with whatever arguments the rules find."""
    tool = turn.offered.get(turn.forced or "") or next(iter(turn.offered.values()))
    rule = next((rule for rule in RULES if rule.tool == tool.name), None)
    arguments = rule.arguments(turn.asked, turn) if rule else {}
    return said(Call(tool.name, _fitted(tool, arguments)[0]))


def _error(outcome: Outcome) -> str | None:
    value = outcome.value
    if isinstance(value, dict) and "error" in value:
        error = value["error"]
        return str(error.get("message", error)) if isinstance(error, dict) else str(error)
    return str(value) if outcome.is_error else None


def _told(outcome: Outcome) -> str:
    """A result in a sentence: its own where it has one, and else its figures."""
    if error := _error(outcome):
        return f"{outcome.name} didn't work: {error}"
    value = outcome.value
    if not isinstance(value, dict):
        return str(value)
    data = value.get("data", value)
    for place in (data, value):
        for name in ("text", "say"):
            if isinstance(place, dict) and isinstance(place.get(name), str):
                return str(place[name])
    return f"{outcome.name}: {', '.join(_figures(data)[:_FIGURES_AT_MOST]) or 'done'}."


def _figures(value: Any, name: str = "") -> list[str]:
    """The leaves of a JSON value with their names."""
    if isinstance(value, dict):
        return [figure for key, each in value.items() for figure in _figures(each, key)]
    if isinstance(value, list):
        return [figure for each in value for figure in _figures(each, name)]
    return [] if value is None else [f"{name.replace('_', ' ')} {value}".strip()]


def _introduction(turn: Conversation) -> str:
    known = [
        rule.tool for rule in RULES if rule.tool in turn.offered or (turn.can_search and rule.tool in turn.deferred)
    ]
    can = f"I can call {', '.join(known)}, when a question has the right words" if known else "No tool is at hand"
    return f"I'm a stand-in for Claude and follow simple rules, so I don't understand that. {can}."
