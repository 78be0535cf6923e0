"""The stand-in's own brain: tools that are offered, arguments from the words, answers from the results."""

import json
from typing import Any

import pytest

from local.stand_ins.claude import conversation, reply_rules
from local.stand_ins.claude.replies import SIMULATED, Call, Reply, Say, Search
from local.stand_ins.claude.request import Request

_PLACE = {"place": {"type": "string"}}
_HERE = {"place": {"type": "string", "description": "A town; `here` is where the traveller is."}}
_WAY = {"origin": _HERE["place"], "destination": {"type": "string"}}
_MONEY = {"amount": {"type": "number"}, "category": {"enum": ["fuel", "groceries", "dining", "camping"]}}
_WRITE = {"more_to_do": {"type": "boolean"}}
_PROPERTIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "create_expense": (_MONEY | _WRITE | {"date": {"type": "string"}}, ["amount", "category"]),
    "get_spending_summary": ({"period": {}, "category": _MONEY["category"]}, []),
    "compare_vs_budget": ({"period": {}, "category": _MONEY["category"]}, []),
    "update_budget": (_MONEY | _WRITE, ["amount", "category"]),
    "find_cheap_gas": (_PLACE | {"fuel": {"enum": ["regular", "diesel"]}}, ["place"]),
    "get_weather_forecast": (_HERE | {"days": {}, "period": {"enum": ["tomorrow", "this_weekend"]}}, []),
    "estimate_travel_time": (_WAY, ["origin", "destination"]),
    "find_rv_parks": (_HERE, ["place"]),
    "plan_trip": (_WAY | {"budget": {"type": "number"}} | _WRITE, ["origin", "destination"]),
    "save_favorite_spot": ({"name": {}} | _PLACE, ["name", "place"]),
    "create_post": ({"content": {}}, ["content"]),
    "message_friend": ({"recipient": {}, "message": {}}, ["recipient", "message"]),
}
TOOLS = [
    {"name": name, "input_schema": {"type": "object", "properties": properties, "required": required}}
    for name, (properties, required) in _PROPERTIES.items()
]
DENVER = "I'm in Denver. Check if I'm over budget on gas, and if so, find the cheapest station nearby."
OVER = {"data": {"text": "You've spent $420 of $400 on fuel: 105 %, $20 over."}}
UNDER = {"data": {"text": "You've spent $320 of $400 on fuel: 80 %, $80 left."}}
PRICES = {"source": "EIA", "data": {"text": "Regular averages $3.10 in Colorado."}}


class Talk:
    """A conversation with the brain: results are answered to its calls by the tools' names."""

    def __init__(self, results: dict[str, Any] | None = None, tools: list[dict[str, Any]] = TOOLS, **more: Any) -> None:
        self._results = results or {}
        self._more = {"tools": tools, "model": "claude-haiku-5-5", "max_tokens": 1024} | more
        self._messages: list[dict[str, Any]] = []

    def asks(self, *texts: str) -> list[Reply]:
        """All replies of a turn."""
        self._messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in texts]})
        replies: list[Reply] = []
        while len(replies) < 6:
            request = Request.model_validate_json(json.dumps(self._more | {"messages": self._messages}))
            replies.append(reply_rules.reply(conversation.read(request)))
            self._messages.append({"role": "assistant", "content": replies[-1].content()})
            calls = calls_of(replies[-1])
            if not calls:
                break
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(self._results.get(call.name, {}))}
                for call in calls
            ]
            self._messages.append({"role": "user", "content": results})
        return replies


def calls_of(reply: Reply) -> list[Call]:
    return [part for part in reply.parts if isinstance(part, Call)]


def text_of(reply: Reply) -> str:
    return " ".join(part.text for part in reply.parts if isinstance(part, Say))


def first_calls(*texts: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, call.input) for call in calls_of(Talk(**more).asks(*texts)[0])]


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ("Add $45.50 for gas", [("create_expense", {"amount": 45.5, "category": "fuel"})]),
        ("I spent 1,200 dollars on camping", [("create_expense", {"amount": 1200, "category": "camping"})]),
        ("How much did I spend on groceries last month?",
         [("get_spending_summary", {"category": "groceries", "period": "last_month"})]),
        ("Set my dining budget to 250", [("update_budget", {"amount": 250, "category": "dining"})]),
        ("How are my budgets?", [("compare_vs_budget", {})]),
        ("Where is diesel cheap? Show me diesel prices near Santa Fe, New Mexico.",
         [("find_cheap_gas", {"place": "Santa Fe, New Mexico", "fuel": "diesel"})]),
        ("cheap gas in moab?", [("find_cheap_gas", {"place": "moab"})]),
        ("What's the weather in Moab tomorrow?", [("get_weather_forecast", {"place": "Moab", "period": "tomorrow"})]),
        ("A 5-day forecast for Zion, please", [("get_weather_forecast", {"place": "Zion", "days": 5})]),
        ("Will it rain?", [("get_weather_forecast", {"place": "here"})]),
        ("How long is the drive from Denver to St. Louis?",
         [("estimate_travel_time", {"origin": "Denver", "destination": "St. Louis"})]),
        ("How far is it to Moab?", [("estimate_travel_time", {"origin": "here", "destination": "Moab"})]),
        ("Campgrounds around Bend", [("find_rv_parks", {"place": "Bend"})]),
        ("Plan a trip from Denver to Moab for $900", [
            ("plan_trip", {"origin": "Denver", "destination": "Moab", "budget": 900})]),
        ("Save the Big Rock Campground in Moab as a favorite",
         [("save_favorite_spot", {"name": "Big Rock Campground", "place": "Moab"})]),
        ("Post that the view is great!", [("create_post", {"content": "the view is great!"})]),
        ("Tell Sam that I'm late and out of gas.",
         [("message_friend", {"recipient": "Sam", "message": "I'm late and out of gas"})]),
    ],
)  # fmt: skip
def test_words_pick_a_tool_and_its_arguments(asked: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert first_calls(asked) == calls


def test_yesterday_is_the_day_before_the_one_in_the_context() -> None:
    calls = first_calls("<context>\nNow: Sunday, 2026-03-01 09:00\n</context>", "Add $20 for gas yesterday")
    assert calls == [("create_expense", {"amount": 20, "category": "fuel", "date": "2026-02-28"})]


def test_two_wishes_are_two_calls_in_one_step_unless_that_is_forbidden() -> None:
    asked = "What's the weather in Moab and find RV parks near Zion."
    both = [("get_weather_forecast", {"place": "Moab"}), ("find_rv_parks", {"place": "Zion"})]
    assert first_calls(asked) == both
    one = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    replies = Talk(**one).asks(asked)
    assert [[call.name for call in calls_of(reply)] for reply in replies] == [[both[0][0]], [both[1][0]], []]


def test_with_the_facts_at_hand_the_budget_is_not_asked_for() -> None:
    """It is said, and fuel prices are looked for at once."""
    facts = "Budgets of this month:\n- dining: $10 of $100, $90 left\n- fuel: $420 of $400, over by $20"
    first, second = Talk({"find_cheap_gas": PRICES}).asks(
        f"<context>\nNow: today\n<facts>\n{facts}\n</facts>\n</context>", DENVER
    )
    assert text_of(first).startswith("Your budget of this month: fuel: $420 of $400, over by $20.")
    assert [(call.name, call.input) for call in calls_of(first)] == [("find_cheap_gas", {"place": "Denver"})]
    assert text_of(second) == f"Regular averages $3.10 in Colorado. {SIMULATED}"


def test_where_the_facts_say_that_all_is_well_nothing_is_called() -> None:
    (reply,) = Talk().asks("<facts>fuel: $320 of $400, $80 left</facts>", DENVER)
    assert text_of(reply) == (
        f"Your budget of this month: fuel: $320 of $400, $80 left. So I looked no further. {SIMULATED}"
    )


def test_without_facts_the_budget_is_compared_first() -> None:
    replies = Talk({"compare_vs_budget": OVER, "find_cheap_gas": PRICES}).asks(DENVER)
    assert [[(call.name, call.input) for call in calls_of(reply)] for reply in replies] == [
        [("compare_vs_budget", {"category": "fuel"})],
        [("find_cheap_gas", {"place": "Denver"})],
        [],
    ]
    assert text_of(replies[-1]) == f"{OVER['data']['text']} {PRICES['data']['text']} {SIMULATED}"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (UNDER, f"{UNDER['data']['text']} So I looked no further."),
        ({"error": {"code": "database_down", "message": "The database is away."}},
         "compare_vs_budget didn't work: The database is away. So I can't tell whether to look on."),
    ],
)  # fmt: skip
def test_what_depends_on_a_budget_waits_for_it(told: dict[str, Any], said: str) -> None:
    first, second = Talk({"compare_vs_budget": told}).asks(DENVER)
    assert [call.name for call in calls_of(first)] == ["compare_vs_budget"]
    assert text_of(second) == f"{said} {SIMULATED}"


def test_a_place_is_remembered_from_an_earlier_turn() -> None:
    talk = Talk()
    talk.asks("We're in Flagstaff.")
    first = talk.asks("Find cheap gas stations nearby.")[0]
    assert calls_of(first)[0].input == {"place": "Flagstaff"}


def test_a_result_without_a_sentence_is_told_by_its_figures() -> None:
    told = {"data": {"total": 12.5, "by_day": [{"day_no": 1, "high": 70}], "unknown": None}}
    assert text_of(Talk({"get_weather_forecast": told}).asks("The weather in Moab?")[-1]) == (
        f"get_weather_forecast: total 12.5, day no 1, high 70. {SIMULATED}"
    )


def test_a_tool_that_is_not_offered_is_never_called() -> None:
    """Neither one that is missing or deferred, nor any at all where `tool_choice` says none."""
    others = [tool for tool in TOOLS if tool["name"] != "get_weather_forecast"]
    hidden = [*others, *(tool | {"defer_loading": True} for tool in TOOLS if tool not in others)]
    for more in ({"tools": others}, {"tools": hidden}, {"tool_choice": {"type": "none"}}):
        (reply,) = Talk(**more).asks("The weather in Moab?")
        assert text_of(reply) == (
            f"I'd need the tool get_weather_forecast for that, and I can't call it here. {SIMULATED}"
        )


def test_a_deferred_tool_is_searched_for_where_that_is_possible() -> None:
    hidden = [tool | {"defer_loading": tool["name"] == "find_rv_parks"} for tool in TOOLS]
    search = {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}
    first, second = Talk(tools=[*hidden, search]).asks("RV parks near Moab?")
    assert [type(part) for part in first.parts] == [Say, Search, Call]
    assert calls_of(second) == []


@pytest.mark.parametrize(
    ("choice", "asked", "called"),
    [
        ({"type": "tool", "name": "find_rv_parks"}, "Hello.", ("find_rv_parks", {"place": "here"})),
        ({"type": "any"}, "The weather in Moab?", ("get_weather_forecast", {"place": "Moab"})),
    ],
)
def test_a_forced_call_is_made_without_a_word(
    choice: dict[str, Any], asked: str, called: tuple[str, dict[str, Any]]
) -> None:
    first = Talk(tool_choice=choice).asks(asked)[0]
    assert text_of(first) == ""
    assert [(call.name, call.input) for call in calls_of(first)] == [called]


def test_a_write_says_whether_anything_comes_after_it() -> None:
    """Nothing is said before a write alone."""
    first = Talk().asks("Add $20 for gas")[0]
    assert (text_of(first), calls_of(first)[0].input) == ("", {"amount": 20, "category": "fuel"})
    both = first_calls("Add $20 for gas and check the weather in Moab.")
    assert both[0] == ("create_expense", {"amount": 20, "category": "fuel", "more_to_do": True})
    assert both[1][0] == "get_weather_forecast"


def test_what_is_missing_is_asked_for() -> None:
    (reply,) = Talk().asks("Find me cheap gas stations.")
    assert text_of(reply) == f"To use find_cheap_gas, I need to know: place. {SIMULATED}"


def test_it_says_what_it_is_where_it_understands_nothing() -> None:
    (reply,) = Talk(tools=TOOLS[:2]).asks("Sing me a song.")
    assert text_of(reply) == (
        "I'm a stand-in for Claude and follow simple rules, so I don't understand that. I can call create_expense, "
        f"get_spending_summary, when a question has the right words. {SIMULATED}"
    )
