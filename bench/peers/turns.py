"""The questions for all contestants, and the replies of the stand-in for Claude, call by call."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """A question, Claude's replies in its turn, and what every contestant's answer must contain."""

    text: str
    replies: tuple[dict[str, Any], ...]
    answer: str


def _text(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def _use(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"content": [{"type": "tool_use", "name": name, "input": arguments} for name, arguments in calls]}


_ADVICE = (
    "Chock both wheels on the low side first, then raise that side with blocks until the bubble is centred, and only "
    "then put the jacks down: they steady the rig, they don't lift it. On soft ground, lay boards under the jacks and "
    "look again after an hour, for it will have sunk a little. Leave the fridge off until you are level."
)

_SPENT = ("get_spending_summary", {"period": "last_30_days"})
_WEATHER = ("get_weather_forecast", {"place": "Moab", "period": "tomorrow"})
_DRIVE = ("estimate_travel_time", {"origin": "Denver", "destination": "Moab"})
_PARKS = ("find_rv_parks", {"place": "Moab"})
_NOTED = ("create_expense", {"amount": 42.5, "category": "propane"})

PLAIN = Question("How do I level the rig on soft ground?", (_text(_ADVICE),), _ADVICE)
PARALLEL = Question(
    "What have I spent these thirty days, and how is the weather in Moab?",
    (_use(_SPENT, _WEATHER), _text(f"As much as last month, and Moab stays dry. {_ADVICE}")),
    _ADVICE,
)
CHAIN = Question(
    "How long do I drive from Denver to Moab, and where can I stay there?",
    (_use(_DRIVE), _use(_PARKS), _text(f"It is a day's drive, and there are parks. {_ADVICE}")),
    _ADVICE,
)
# Our answer comes from a template, with other words than Claude's.
WRITE = Question(
    "I've just paid 42.50 for propane, please note it.", (_use(_NOTED), _text("Noted: $42.50 for propane.")), "42.50"
)

QUESTIONS = (PLAIN, PARALLEL, CHAIN, WRITE)

ROUND = (
    ("plain", (PLAIN,)),
    ("parallel", (PARALLEL,)),
    ("chain", (CHAIN,)),
    ("write", (WRITE,)),
    ("conversation", (PLAIN, PARALLEL, PLAIN, CHAIN, WRITE, PLAIN, PARALLEL, PLAIN, CHAIN, WRITE)),
)
"""The conversations of a round, each a name and its questions."""

TURNS = sum(len(questions) for _, questions in ROUND)
