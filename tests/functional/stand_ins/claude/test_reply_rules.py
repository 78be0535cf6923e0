"""Generated replies: tools and arguments from the user's text, and texts from the tools' results."""

import json
from typing import Any

import pytest

from local.stand_ins.claude import conversation
from local.stand_ins.claude.replies import SIMULATED, ModelReply, TextPart, ToolCallPart, ToolSearchPart
from local.stand_ins.claude.reply_rules import generate_reply
from local.stand_ins.claude.request import MessagesRequest

_PLACE = {"place": {"type": "string", "description": "A town or state."}}
_HERE = {"place": {"type": "string"}}
_ROUTE = {"origin": _HERE["place"], "destination": {"type": "string"}}
_MONEY = {"amount": {"type": "number"}, "category": {"enum": ["fuel", "groceries", "dining", "camping"]}}
_WRITE = {"more_to_do": {"type": "boolean"}}
_PROPERTIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "create_expense": (_MONEY | _WRITE | {"date": {"type": "string"}}, ["amount", "category"]),
    "get_spending_summary": ({"period": {}, "category": _MONEY["category"]}, []),
    "compare_vs_budget": ({"period": {}, "category": _MONEY["category"]}, []),
    "update_budget": (_MONEY | _WRITE, ["amount", "category"]),
    "find_cheap_gas": (_PLACE | {"fuel": {"enum": ["regular", "diesel"]}}, ["place"]),
    "get_weather_forecast": (_HERE | {"days": {}, "period": {"enum": ["tomorrow", "this_weekend"]}}, []),
    "estimate_travel_time": (_ROUTE, ["origin", "destination"]),
    "find_rv_parks": (_HERE, ["place"]),
    "plan_trip": (_ROUTE | {"budget": {"type": "number"}} | _WRITE, ["origin", "destination"]),
    "save_favorite_spot": ({"name": {}} | _PLACE, ["name", "place"]),
    "remember_fact": ({"subject": {}, "value": {}, "standing": {}}, ["subject", "value"]),
    "list_memories": ({"search": {}}, []),
    "forget_memory": ({"topic": {}, "everything": {}}, []),
    "create_post": ({"content": {}}, ["content"]),
    "message_friend": ({"recipient": {}, "message": {}}, ["recipient", "message"]),
    "get_road_conditions": (_ROUTE, ["origin", "destination"]),
    "find_attractions": (_HERE, ["place"]),
    "track_order": ({"order": {}}, ["order"]),
    **{
        name: ({}, [])
        for name in (
            "get_calendar_events", "get_feed", "find_events", "get_messages", "get_cart", "get_maintenance_schedule",
            "get_fuel_stats", "get_user_stats", "predict_end_of_month", "find_savings_opportunities",
        )
    },
}  # fmt: skip
TOOLS = [
    {"name": name, "input_schema": {"type": "object", "properties": properties, "required": required}}
    for name, (properties, required) in _PROPERTIES.items()
]
DENVER = "I'm in Denver. Check if I'm over budget on gas, and if so, find the cheapest station nearby."
OVER = {"data": {"text": "You've spent $420 of $400 on fuel: 105 %, $20 over."}}
UNDER = {"data": {"text": "You've spent $320 of $400 on fuel: 80 %, $80 left."}}
PRICES = {"source": "EIA", "data": {"text": "Regular averages $3.10 in Colorado."}}


class Chat:
    """A conversation with the stand-in, in which each tool call gets the result of its name."""

    def __init__(self, results: dict[str, Any] | None = None, tools: list[dict[str, Any]] = TOOLS, **more: Any) -> None:
        self._results = results or {}
        system = "A place is a town or park; `here` is where the traveller is."
        self._more = {"tools": tools, "model": "claude-haiku-5-5", "max_tokens": 1024, "system": system} | more
        self._messages: list[dict[str, Any]] = []

    def ask(self, *texts: str) -> list[ModelReply]:
        """Send a message and return all replies of its turn."""
        self._messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in texts]})
        replies: list[ModelReply] = []
        while len(replies) < 6:
            request = MessagesRequest.model_validate_json(json.dumps(self._more | {"messages": self._messages}))
            replies.append(generate_reply(conversation.read(request)))
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


def calls_of(reply: ModelReply) -> list[ToolCallPart]:
    return [part for part in reply.parts if isinstance(part, ToolCallPart)]


def text_of(reply: ModelReply) -> str:
    return " ".join(part.text for part in reply.parts if isinstance(part, TextPart))


def first_calls(*texts: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(call.name, call.input) for call in calls_of(Chat(**more).ask(*texts)[0])]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        (
            "Is there any traffic from Denver to Vail?",
            "get_road_conditions",
            {"origin": "Denver", "destination": "Vail"},
        ),
        ("What museums are there in Santa Fe?", "find_attractions", {"place": "Santa Fe"}),
        ("What is in my calendar?", "get_calendar_events", {}),
        ("Show me the feed.", "get_feed", {}),
        ("Are there any meetups?", "find_events", {}),
        ("Do I have any messages?", "get_messages", {}),
        ("Where is my order?", "track_order", {"order": "latest"}),
        ("What is in my cart?", "get_cart", {}),
        ("When is the next oil change due?", "get_maintenance_schedule", {}),
        ("What mileage do I really get?", "get_fuel_stats", {}),
        ("Give me my numbers.", "get_user_stats", {}),
        ("Where will I land by the end of the month?", "predict_end_of_month", {}),
        ("Where could I cut back?", "find_savings_opportunities", {}),
    ],
)
def test_text_selects_a_reader(text: str, tool: str, arguments: dict[str, Any]) -> None:
    """One for each kind of question that a newcomer tries."""
    assert first_calls(text) == [(tool, arguments)]


@pytest.mark.parametrize(
    ("text", "calls"),
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
        ("Remember that our rig is 12 feet high.",
         [("remember_fact", {"subject": "rig", "value": "12 feet high"})]),
        ("remember that we travel with two dogs",
         [("remember_fact", {"subject": "dogs", "value": "two dogs", "standing": True})]),
        ("remember that we are allergic to peanuts",
         [("remember_fact", {"subject": "allergy to peanuts", "value": "allergic to peanuts"})]),
        ("Always answer in km",
         [("remember_fact", {"subject": "distance units", "value": "Always answer in km", "standing": True})]),
        ("What do you remember about me?", [("list_memories", {})]),
        ("what do you remember about the water pump?", [("list_memories", {"search": "water pump"})]),
        ("forget the water pump", [("forget_memory", {"topic": "water pump"})]),
        ("Please forget what I said about my sister.", [("forget_memory", {"topic": "sister"})]),
        ("Forget everything.", [("forget_memory", {"everything": True})]),
        ("Forget it, add $45 for gas", [("create_expense", {"amount": 45, "category": "fuel"})]),
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
def test_text_selects_a_tool_and_its_arguments(text: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    """Keywords select a tool, and patterns its arguments."""
    assert first_calls(text) == calls


def test_yesterday_is_the_day_before_the_context_s_date() -> None:
    """`yesterday` is the day before the date in the `context` section."""
    calls = first_calls("<context>\nNow: Sunday, 2026-03-01 09:00\n</context>", "Add $20 for gas yesterday")
    assert calls == [("create_expense", {"amount": 20, "category": "fuel", "date": "2026-02-28"})]


_THURSDAY = "<context>\nNow: Thursday, 2026-11-26 09:00\n</context>"


def test_date_of_a_payment_is_passed() -> None:
    """A payment's date in words is passed as ISO 8601."""
    calls = first_calls(_THURSDAY, "Paid $62 for groceries on october 30")
    assert calls == [("create_expense", {"amount": 62, "category": "groceries", "date": "2026-10-30"})]


def test_uncertain_date_is_asked_for_and_the_answer_completes_the_call() -> None:
    """A date that may be of two years is asked for instead of recorded as today; the answer is read with its text."""
    chat = Chat()
    (asked,) = chat.ask(_THURSDAY, "paid $120 for camping on december 5")
    assert calls_of(asked) == []
    assert "is december 5 that of 2025?" in text_of(asked)
    first = chat.ask(_THURSDAY, "Yes, 2025.")[0]
    assert [(call.name, call.input) for call in calls_of(first)] == [
        ("create_expense", {"amount": 120, "category": "camping", "date": "2025-12-05"})
    ]


def test_two_intents_are_called_in_parallel_unless_disabled() -> None:
    """Two intents are two calls of one step, or of two steps if parallel calls are disabled."""
    text = "What's the weather in Moab and find RV parks near Zion."
    both = [("get_weather_forecast", {"place": "Moab"}), ("find_rv_parks", {"place": "Zion"})]
    assert first_calls(text) == both
    one = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    replies = Chat(**one).ask(text)
    assert [[call.name for call in calls_of(reply)] for reply in replies] == [[both[0][0]], [both[1][0]], []]


def test_budget_in_facts_is_quoted_without_a_call() -> None:
    """A budget in the `facts` section is quoted, and what depends on it is called at once."""
    facts = "Budgets of this month:\n- dining: $10 of $100, $90 left\n- fuel: $420 of $400, over by $20"
    first, second = Chat({"find_cheap_gas": PRICES}).ask(
        f"<context>\nNow: today\n<facts>\n{facts}\n</facts>\n</context>", DENVER
    )
    assert text_of(first).startswith("Your budget of this month: fuel: $420 of $400, over by $20.")
    assert [(call.name, call.input) for call in calls_of(first)] == [("find_cheap_gas", {"place": "Denver"})]
    assert text_of(second) == f"Regular averages $3.10 in Colorado. {SIMULATED}"


def test_condition_that_the_facts_refute_calls_nothing() -> None:
    """If the facts refute a condition, nothing is called."""
    (reply,) = Chat().ask("<facts>fuel: $320 of $400, $80 left</facts>", DENVER)
    assert text_of(reply) == (
        f"Your budget of this month: fuel: $320 of $400, $80 left. So I looked no further. {SIMULATED}"
    )


def test_condition_without_facts_calls_the_comparison_first() -> None:
    """Without facts, the budget is compared before the call that depends on it."""
    replies = Chat({"compare_vs_budget": OVER, "find_cheap_gas": PRICES}).ask(DENVER)
    assert [[(call.name, call.input) for call in calls_of(reply)] for reply in replies] == [
        [("compare_vs_budget", {"category": "fuel"})],
        [("find_cheap_gas", {"place": "Denver"})],
        [],
    ]
    assert text_of(replies[-1]) == f"{OVER['data']['text']} {PRICES['data']['text']} {SIMULATED}"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (UNDER, f"{UNDER['data']['text']} So I looked no further."),
        ({"error": {"code": "database_down", "message": "The database is away."}},
         "compare_vs_budget didn't work: The database is away. So I can't tell whether to look on."),
    ],
)  # fmt: skip
def test_unmet_condition_ends_the_turn(result: dict[str, Any], text: str) -> None:
    """A comparison that fails, or finds the budget within its limit, ends the turn."""
    first, second = Chat({"compare_vs_budget": result}).ask(DENVER)
    assert [call.name for call in calls_of(first)] == ["compare_vs_budget"]
    assert text_of(second) == f"{text} {SIMULATED}"


def test_location_of_an_earlier_turn_is_used() -> None:
    """The location that an earlier turn states is used as the place."""
    chat = Chat()
    chat.ask("We're in Flagstaff.")
    first = chat.ask("Find cheap gas stations nearby.")[0]
    assert calls_of(first)[0].input == {"place": "Flagstaff"}


def test_result_without_text_is_summarised_by_its_figures() -> None:
    """A result without a text is summarised by its figures and their names."""
    result = {"data": {"total": 12.5, "by_day": [{"day_no": 1, "high": 70}], "unknown": None}}
    assert text_of(Chat({"get_weather_forecast": result}).ask("The weather in Moab?")[-1]) == (
        f"get_weather_forecast: total 12.5, day no 1, high 70. {SIMULATED}"
    )


def test_unavailable_tool_is_not_called() -> None:
    """A tool that is missing, deferred or excluded by `tool_choice` isn't called."""
    others = [tool for tool in TOOLS if tool["name"] != "get_weather_forecast"]
    deferred = [*others, *(tool | {"defer_loading": True} for tool in TOOLS if tool not in others)]
    for more in ({"tools": others}, {"tools": deferred}, {"tool_choice": {"type": "none"}}):
        (reply,) = Chat(**more).ask("The weather in Moab?")
        assert text_of(reply) == (
            f"I'd need the tool get_weather_forecast for that, and I can't call it here. {SIMULATED}"
        )


def test_deferred_tool_is_searched_for() -> None:
    """A deferred tool is found by the search tool, if there is one, and then called."""
    deferred = [tool | {"defer_loading": tool["name"] == "find_rv_parks"} for tool in TOOLS]
    search = {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"}
    first, second = Chat(tools=[*deferred, search]).ask("RV parks near Moab?")
    assert [type(part) for part in first.parts] == [TextPart, ToolSearchPart, ToolCallPart]
    assert calls_of(second) == []


@pytest.mark.parametrize(
    ("choice", "text", "call"),
    [
        ({"type": "tool", "name": "find_rv_parks"}, "Hello.", ("find_rv_parks", {"place": "here"})),
        ({"type": "any"}, "The weather in Moab?", ("get_weather_forecast", {"place": "Moab"})),
    ],
)
def test_required_call_has_no_text(choice: dict[str, Any], text: str, call: tuple[str, dict[str, Any]]) -> None:
    """A call that `tool_choice` requires comes without a text."""
    first = Chat(tool_choice=choice).ask(text)[0]
    assert text_of(first) == ""
    assert [(made.name, made.input) for made in calls_of(first)] == [call]


def test_write_states_whether_more_follows() -> None:
    """A writing tool's `more_to_do` states whether other calls follow; a write alone has no text before it."""
    first = Chat().ask("Add $20 for gas")[0]
    assert (text_of(first), calls_of(first)[0].input) == ("", {"amount": 20, "category": "fuel"})
    both = first_calls("Add $20 for gas and check the weather in Moab.")
    assert both[0] == ("create_expense", {"amount": 20, "category": "fuel", "more_to_do": True})
    assert both[1][0] == "get_weather_forecast"


def test_missing_argument_is_named() -> None:
    """A required argument that the text doesn't contain is named in the reply."""
    (reply,) = Chat().ask("Find me cheap gas stations.")
    assert text_of(reply) == f"To use find_cheap_gas, I need to know: place. {SIMULATED}"


def test_text_without_intent_gets_an_introduction() -> None:
    """A text without an intent gets an introduction with the available tools."""
    (reply,) = Chat(tools=TOOLS[:2]).ask("Sing me a song.")
    assert text_of(reply) == (
        "I'm a stand-in for Claude and follow simple rules, so I don't understand that. I can call create_expense, "
        f"get_spending_summary, when a question has the right words. {SIMULATED}"
    )
