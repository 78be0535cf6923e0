"""Rules that map a user's text to tools and their arguments, by keywords and regular expressions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.stand_ins.claude import argument_patterns
from local.stand_ins.claude.conversation import Conversation
from local.stand_ins.claude.fact_patterns import find_facts
from local.stand_ins.claude.payment_day import PaymentDay, payment_day

ArgumentParser = Callable[[str, Conversation], dict[str, Any]]
"""Returns arguments by name: None for those that the text doesn't contain, a `Question` for those that aren't clear."""


@dataclass(frozen=True)
class Question:
    """What has to be asked about an argument."""

    text: str


_MESSAGE = re.compile(
    r"\b(?:tell|message|text|let)\s+(?P<who>(?!me\b|us\b)(?-i:[A-Z])[\w'-]*)\s+(?:know\s+)?(?:that\s+)?(?P<what>.+)",
    re.I,
)
_POST = re.compile(r"\b(?:post|publish|share)\b(?:\s+that\b|[^:]{0,20}:)\s*(?P<what>.+)", re.I)
_SPOT = re.compile(
    r"\b(?:save|remember|bookmark)\s+(?:the\s+)?(?P<name>.+?)(?=\s+(?:as|to|in|near|at)\s|[.!?]|$)", re.I
)
_REMEMBER = re.compile(
    r"\b(?:remember|note|keep in mind)\s*(?:that\b|this\b|:)[\s:,]*(?P<statement>.+)"
    r"|(?P<preference>(?:from now on\b.*|\balways (?:answer|use|give|show|say)\b.*|\bnever (?:suggest|recommend)\b.*))",
    re.I,
)
_SUBJECT_AND_VALUE = re.compile(
    r"(?:(?:my|our|the)\s+(?P<thing>.+?)\s+(?:is|are|was|were)|(?:we|I)\s+(?P<verb>\w+(?:\s+(?:with|in|on|at|to))?))\s+"
    r"(?P<value>.+)",
    re.I,
)
_ABOUT = re.compile(r"\babout\s+(?:the\s+|my\s+|our\s+)?(?P<topic>(?!me\b|us\b)[^?.!]+)", re.I)
_FORGET = re.compile(r"\b(?:forget|delete)\s+(?:the\s+|my\s+|our\s+)?(?P<topic>[^?.!]+)", re.I)
_EVERYTHING = re.compile(r"^(?:everything|all|it all|all of it)\b|\b(?:remember|know)(?: of| about)? (?:me|us)\b", re.I)
_SENTENCE_END = re.compile(r"(?<=[.?!;])(?<!\bSt\.)(?<!\bFt\.)(?<!\bMt\.)\s+")
_CLAUSE_END = re.compile(r",?\s+(?:and|then)\s+(?:then\s+)?|,\s+(?=if\b)", re.I)
_IF_SO = re.compile(r"^if (?:so|yes|I am|it is)\b", re.I)


def _message(text: str, _: Conversation) -> dict[str, Any]:
    match = _MESSAGE.search(text)
    return {"recipient": match["who"], "message": match["what"].rstrip(".")} if match else {}


def _post(text: str, _: Conversation) -> dict[str, Any]:
    match = _POST.search(text)
    return {"content": match["what"]} if match else {}


def _remember(text: str, _: Conversation) -> dict[str, Any]:
    match = _REMEMBER.search(text)
    if match is None:
        return {}
    statement = (match["statement"] or match["preference"]).strip(" .!")
    parts = _SUBJECT_AND_VALUE.match(statement)
    # As the summary of the conversation names it later.
    fact = next(iter(find_facts(statement)), None)
    if fact is not None and not (parts and parts["thing"]):
        return {"subject": fact.subject, "value": fact.value, "standing": fact.standing or None}
    if match["preference"] or re.match(r"(?:always|never)\b", statement, re.I) or parts is None:
        words = [word for word in statement.split() if word.lower() not in ("always", "never", "from", "now", "on")]
        return {"subject": " ".join(words[:2]).strip(",") or statement, "value": statement, "standing": True}
    return {"subject": parts["thing"] or parts["verb"], "value": parts["value"]}


def _remembered(text: str, _: Conversation) -> dict[str, Any]:
    match = _ABOUT.search(text)
    return {"search": match["topic"].strip() if match else None}


def _forget(text: str, _: Conversation) -> dict[str, Any]:
    match = _ABOUT.search(text) or _FORGET.search(text)
    topic = match["topic"].strip() if match else ""
    if _EVERYTHING.search(topic) or _EVERYTHING.search(text):
        return {"everything": True}
    return {"topic": topic or Question("what to forget")}


def _spot(text: str, turn: Conversation) -> dict[str, Any]:
    match = _SPOT.search(text)
    return {"name": match["name"] if match else None} | _place(text, turn)


def _route(text: str, turn: Conversation) -> dict[str, Any]:
    start = {"origin": _stated_location(turn)}
    return start | argument_patterns.route(text)


def _trip(text: str, turn: Conversation) -> dict[str, Any]:
    named = _route(text, turn)
    destination = named.get("destination") or argument_patterns.place(text)
    return named | {"destination": destination, "budget": argument_patterns.amount(text)}


def _place(text: str, turn: Conversation) -> dict[str, Any]:
    place = argument_patterns.place(text) or argument_patterns.place(turn.user_text)
    return {"place": place or _stated_location(turn)}


def _stated_location(turn: Conversation) -> str | None:
    """Return the location that the user has stated last, in this turn or an earlier one."""
    locations = map(argument_patterns.stated_location, (turn.user_text, *turn.earlier_user_texts))
    return next(filter(None, locations), None)


def _weather(text: str, turn: Conversation) -> dict[str, Any]:
    days = argument_patterns.days(text)
    return _place(text, turn) | ({"days": days} if days else {"period": argument_patterns.period(text)})


def _gas(text: str, turn: Conversation) -> dict[str, Any]:
    return _place(text, turn) | {"fuel": "diesel" if "diesel" in text.lower() else None}


def _money(text: str, turn: Conversation) -> dict[str, Any]:
    unclear = argument_patterns.unclear_amount(text, comma_groups=turn.locale.startswith("en"))
    return {
        "amount": Question(f"the amount: how much is “{unclear}”") if unclear else argument_patterns.amount(text),
        "category": argument_patterns.category(text),
        "period": argument_patterns.period(text),
    }


def _expense(text: str, turn: Conversation) -> dict[str, Any]:
    today = turn.today
    paid = payment_day(text, today) if today else PaymentDay()
    day = paid.day.isoformat() if paid.day and paid.day != today else None
    return _money(text, turn) | {"date": Question(paid.question) if paid.question else day}


def _nothing(_: str, __: Conversation) -> dict[str, Any]:
    return {}


def _latest_order(_: str, __: Conversation) -> dict[str, Any]:
    return {"order": "latest"}


@dataclass(frozen=True)
class Rule:
    """A tool, and the pattern of the texts that require it.

    The pattern is matched with whole sentences if `matches_sentence`, otherwise with their clauses. `opening` is the
    text before a call; tools that write have none.
    """

    tool: str
    pattern: re.Pattern[str]
    parse_arguments: ArgumentParser
    opening: str = ""
    matches_sentence: bool = False


def _rule(tool: str, pattern: str, parse_arguments: ArgumentParser, opening: str = "") -> Rule:
    return Rule(tool, re.compile(pattern, re.I), parse_arguments, opening)


RULES = (
    Rule("message_friend", _MESSAGE, _message, matches_sentence=True),
    Rule("create_post", _POST, _post, matches_sentence=True),
    Rule(
        "forget_memory",
        re.compile(r"^(?:please\s+)?forget\b(?!\s+it\b)|\bdelete\b.*\byou (?:remember|know)\b", re.I),
        _forget,
        matches_sentence=True,
    ),
    Rule(
        "list_memories",
        re.compile(r"\bwhat (?:all )?do you (?:remember|know) (?:about|of)\b|\bwhat do you remember\b", re.I),
        _remembered,
        "Let me look up what I remember.",
        matches_sentence=True,
    ),
    Rule("remember_fact", _REMEMBER, _remember, matches_sentence=True),
    _rule("save_favorite_spot", r"\b(?:save|remember|bookmark|favou?rite)\b", _spot),
    _rule(
        "plan_trip",
        r"\bplan\b.*(?:\b(?:trip|route|way|weeks?|weekend|drive|days?|journey|vacation|holidays?)\b|\bto\b)"
        r"|\btrip (?:from|to)\b",
        _trip,
    ),
    _rule("estimate_travel_time", r"\bhow (?:long|far)\b|\bdriving time\b", _route, "Let me work out the drive."),
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
        r"\b(?:cheap\w*|prices?)\b.*\b(?:gas|fuel|diesel|stations?)\b|\b(?:gas|fuel|diesel) prices?\b"
        r"|\bwhere\b.*\bcheap\w*"
        r"|^(?!.*\b(?:spent|spend|paid|pay|add|log|record)\b).*\b(?:gas|fuel|diesel)\b.*\b(?:near|nearby|around)\b",
        _gas, "Let me look at fuel prices.",
    ),
    _rule("create_expense", r"^(?!.*\bhow much\b).*\b(?:spent|paid|add|log|record)\b.*\d", _expense),
    _rule(
        "get_spending_summary",
        r"\b(?:how much|spent|spend|spending|expenses|costs?|bills?|pay|paid)\b"
        rf"|{argument_patterns.CATEGORY_AND_PERIOD}",
        _money, "Let me add that up.",
    ),
    _rule(
        "get_road_conditions", r"\btraffic\b|\baccidents?\b|\broad (?:conditions|closures?)\b", _route,
        "Let me look at the road.",
    ),
    _rule(
        "find_attractions", r"\b(?:attractions?|sights|museums?|things? to (?:see|do))\b", _place,
        "Let me see what is there.",
    ),
    _rule("get_calendar_events", r"\bcalendar\b|\bappointments?\b", _nothing, "Let me look at your calendar."),
    _rule("get_feed", r"\bfeed\b|\bposts? (?:from|of) (?:my )?friends\b", _nothing, "Let me read the feed."),
    _rule(
        "find_events", r"\bmeet-?ups?\b|\bevents? (?:near|nearby|around|in|at|of)\b", _nothing,
        "Let me look for events.",
    ),
    _rule("get_messages", r"\b(?:my|any|new) messages?\b|\bwrote (?:to )?me\b", _nothing, "Let me read them."),
    _rule("track_order", r"\bmy order\b", _latest_order, "Let me look at your order."),
    _rule("get_cart", r"\bcart\b", _nothing, "Let me look at your cart."),
    _rule("predict_end_of_month", r"\bend of (?:the|this) month\b", _nothing, "Let me work that out."),
    _rule("find_savings_opportunities", r"\bsave (?:some )?money\b|\bcut back\b", _nothing, "Let me look for that."),
    _rule(
        "get_maintenance_schedule", r"\b(?:oil change|maintenance|services?)\b", _nothing, "Let me see what is due.",
    ),
    _rule("get_fuel_stats", r"\b(?:mileage|mpg|consumption)\b", _nothing, "Let me look at your fuel log."),
    _rule("get_user_stats", r"\bmy (?:stats|statistics|numbers)\b", _nothing, "Let me count."),
)  # fmt: skip


@dataclass(frozen=True)
class Intent:
    """A rule that matches a part of the user's text.

    `is_conditional` if the part begins with `if so`, which refers to the intent before it.
    """

    rule: Rule
    text: str
    is_conditional: bool


def find_intents(user_text: str) -> list[Intent]:
    """Return the intents in a text, in order, at most one for each tool."""
    intents: dict[str, Intent] = {}
    for sentence in _SENTENCE_END.split(user_text):
        rule = next((rule for rule in RULES if rule.matches_sentence and rule.pattern.search(sentence)), None)
        if rule:
            intents.setdefault(rule.tool, Intent(rule, sentence, False))
            continue
        for clause in _CLAUSE_END.split(sentence):
            rule = next((rule for rule in RULES if not rule.matches_sentence and rule.pattern.search(clause)), None)
            if rule:
                intents.setdefault(rule.tool, Intent(rule, clause, bool(_IF_SO.search(clause))))
    return list(intents.values())
