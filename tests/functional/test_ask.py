"""Questions in words: answered at once, or left to the chat, never guessed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.conftest import Traveller


def ask(traveller: Traveller, text: str, key: str | None = None, **more: object) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return traveller.http.post("/v1/ask", json={"text": text} | more, headers=headers)


def test_spending_question_is_answered_with_total_source_and_time(traveller: Traveller) -> None:
    """ "How much did I spend on gas this month?" is answered from the user's own expenses."""
    traveller.spends("62.10", "fuel")
    traveller.spends("45.00", "fuel")
    traveller.spends("12.00", "dining")
    answered = ask(traveller, "How much did I spend on gas this month?").json()
    assert (answered["tier"], answered["intent"]) == (1, "spend_summary")
    assert answered["slots"] == {"category": "fuel", "period": "this_month"}
    assert answered["answer"]["total"] == "107.10" and answered["answer"]["count"] == 2
    assert "$107.10 on fuel this month" in answered["text"]
    assert (answered["source"], answered["simulated"]) == ("Your expenses in PAM", False)
    assert datetime.fromisoformat(answered["as_of"]).tzinfo


def test_question_and_route_share_one_cache_entry(traveller: Traveller) -> None:
    """A question in words is answered from the cache that the route of the same query has filled."""
    traveller.spends("5")
    assert traveller.summary(category="fuel", period="this_month")["cached"] is False
    assert ask(traveller, "how much did I spend on gas this month?").json()["answer"]["cached"] is True


def test_expense_in_words_is_recorded_and_can_be_undone(traveller: Traveller) -> None:
    """It counts at once, on the day in the user's zone, until it is undone."""
    added = ask(traveller, "I spent $45.50 on gas yesterday").json()
    assert (added["tier"], added["intent"]) == (2, "add_expense")
    yesterday = datetime.now(ZoneInfo("America/Denver")).date() - timedelta(days=1)
    assert added["answer"]["expense"]["date"] == str(yesterday)
    assert added["text"].startswith(f"Added $45.50 for fuel on {yesterday:%b} {yesterday.day}, {yesterday.year}.")
    assert traveller.summary(period="last_7_days")["total"] == "45.50"
    assert traveller.http.delete(added["answer"]["undo"]["href"]).status_code == 200
    assert traveller.summary(period="last_7_days")["total"] == "0.00"


def test_item_becomes_description_and_named_currency_is_kept(traveller: Traveller) -> None:
    """ "A$12.50 for coffee" is dining, described as coffee, in Australian dollars, and counts in the user's own."""
    added = ask(traveller, "add A$12.50 for coffee").json()
    expense = added["answer"]["expense"]
    assert (expense["category"], expense["description"], expense["currency"]) == ("dining", "coffee", "AUD")
    assert added["text"].startswith("Added A$12.50 for dining.")
    summary = traveller.summary()
    assert [(part["currency"], part["total"], part["count"]) for part in summary["converted"]] == [("AUD", "12.50", 1)]
    assert summary["total"] == expense["converted"]["amount"] and summary["other_currencies"] == []


def test_repeated_sentence_with_same_key_records_one_expense(traveller: Traveller) -> None:
    """A retry with the same Idempotency-Key is answered like the first request."""
    first, again = ask(traveller, "add $45 for gas", key="k").json(), ask(traveller, "add $45 for gas", key="k").json()
    assert first == again
    assert traveller.summary()["count"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "plan my week to Yellowstone under $600",
        "how much would I have spent on gas if I drove a Tesla?",
        "how much did I not spend on gas this month",
        "how much did my wife spend on gas this month",
        "don't add $45 for gas",
        "forget the previous route, take the coast instead",
        "override my gas budget to $400",
        "'; drop table expenses; --",
        "add $45 for gas " * 30,
        "add $2000000 for gas",
        "\u0000",
        "🚐" * 100,
    ],
)
def test_sentence_that_is_not_fully_understood_is_left_to_the_chat(traveller: Traveller, text: str) -> None:
    """The response is tier 3 without any figure, and nothing is written."""
    reply = ask(traveller, text)
    assert reply.status_code == 200
    assert reply.json() == {"tier": 3, "intent": "chat", "slots": {}}
    assert traveller.summary()["count"] == 0


def test_expense_for_a_later_day_is_of_today(traveller: Traveller) -> None:
    """ "For friday" names the purpose of a payment, not its day."""
    today = str(datetime.now(ZoneInfo("America/Denver")).date())
    for text in ("campsite reservation $60 for friday", "bought movie tickets for tomorrow for $30"):
        added = ask(traveller, text).json()
        assert added["answer"]["expense"]["date"] == today
        assert f"for {added['answer']['expense']['category']}." in added["text"]


@pytest.mark.parametrize(("days", "with_year"), [(1, False), (9, False), (1, True), (-200, False)])
def test_expense_on_a_day_ahead_or_long_ago_is_left_to_the_chat(
    traveller: Traveller, days: int, with_year: bool
) -> None:
    """It isn't dated a year back: the conversation asks for the date."""
    day = datetime.now(ZoneInfo("America/Denver")).date() + timedelta(days=days)
    date = f"{day:%B} {day.day}" + (f" {day.year}" if with_year else "")
    assert ask(traveller, f"paid $120 for camping on {date}").json()["tier"] == 3
    assert traveller.summary(period="all_time")["count"] == 0


def test_category_that_the_user_does_not_use_is_left_to_the_chat(
    new_traveller: Callable[[], Traveller],
) -> None:
    """ "Food" of a user who books groceries means more than the category food: zero would be wrong."""
    books_groceries, new = new_traveller(), new_traveller()
    books_groceries.spends("80", "groceries")
    assert ask(books_groceries, "how much did I spend on food this month?").json()["tier"] == 3
    assert ask(new, "how much did I spend on food this month?").json()["answer"]["total"] == "0.00"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": ""}, "invalid_text"),
        ({"text": "   "}, "invalid_text"),
        ({"text": None}, "invalid_text"),
        ({"text": ["gas"]}, "invalid_text"),
        ({"text": "x" * 4001}, "invalid_text"),
        ({"text": "x" * 1_000_000}, "body_too_large"),
        ({}, "invalid_request"),
        ({"text": "gas", "timezone": "Nowhere/Land"}, "unknown_time_zone"),
        ({"text": "gas", "timezone": "../../etc/passwd"}, "unknown_time_zone"),
        ({"text": "gas", "timezone": 7}, "unknown_time_zone"),
        ({"text": "gas", "location": {"latitude": 91, "longitude": 0}}, "invalid_request"),
        ({"text": "gas", "location": "Moab"}, "invalid_request"),
        ({"text": "I spent $45 on gas on 2019-05-01"}, "date_too_old"),
    ],
)
def test_invalid_question_is_rejected_with_a_code(traveller: Traveller, body: dict, code: str) -> None:
    """The response is a 4xx with a stable code and a sentence, and nothing is written."""
    reply = traveller.http.post("/v1/ask", json=body)
    assert 400 <= reply.status_code < 500
    assert reply.json()["code"] == code
    assert reply.json()["message"].endswith(".")
    assert traveller.summary(period="all_time")["count"] == 0


def test_expense_has_the_date_of_the_device(traveller: Traveller) -> None:
    """At the same instant, devices on two sides of the date line record different days."""
    days = {
        zone: ask(traveller, "add $1 for tolls", timezone=zone).json()["answer"]["expense"]["date"]
        for zone in ("Pacific/Kiritimati", "Pacific/Niue")
    }
    assert days["Pacific/Kiritimati"] > days["Pacific/Niue"]


@pytest.mark.parametrize(
    ("text", "tier", "intent", "part"),
    [
        ("weather in Moab tomorrow", 2, "weather", "In Moab, Utah: "),
        ("how windy will it be in Cheyenne tomorrow", 2, "weather", "Wind in Cheyenne, Wyoming tomorrow: up to "),
        ("will it snow in Moab tonight", 2, "weather", "snow"),
        ("do I need an umbrella in Moab tomorrow afternoon", 2, "weather", "tomorrow afternoon (12:00 – 18:00)"),
        ("what time is sunset in Moab tomorrow", 2, "weather", "Sunset in Moab, Utah: "),
        ("weather in Moab next week", 2, "weather", " next week ("),
        ("How far is Moab from Denver?", 2, "distance", " mi by road from Denver, Colorado to Moab, Utah"),
        ("how many km from Denver to Moab", 2, "distance", " km by road from Denver, Colorado to Moab, Utah"),
        ("fuel for 400 miles at 10 mpg and $3.50 a gallon", 2, "fuel_estimate", "40.0 gal: $140.00 at $3.50 a gallon"),
        ("rv parks near Moab", 2, "nearby_parks", " to camp within 25 mi of Moab, Utah."),
        ("gas prices in Colorado", 2, "gas_prices", "that of Colorado in the week of "),
        ("how much have I saved this year", 1, "savings_total", "You have no savings recorded this year"),
        ("show my last 5 fuel expenses", 1, "list_expenses", "You have no fuel expenses recorded"),
    ],
)
def test_each_intent_is_answered_with_its_source(
    traveller: Traveller, text: str, tier: int, intent: str, part: str
) -> None:
    """A sentence of each intent has its answer, with source and time."""
    answered = ask(traveller, text).json()
    assert (answered["tier"], answered["intent"]) == (tier, intent), answered
    assert part in answered["text"]
    assert answered["source"] and answered["as_of"]


def test_question_about_here_needs_the_location_of_the_device(traveller: Traveller) -> None:
    """With a location it is answered; without one it is left to the chat, which can ask back."""
    near_moab = {"latitude": 38.57, "longitude": -109.55}
    assert ask(traveller, "rv parks near me", location=near_moab).json()["answer"]["parks"]
    assert ask(traveller, "rv parks near me").json()["tier"] == 3


@pytest.mark.parametrize("text", ["weather in Xyzzyville", "how far is Honolulu from Denver"])
def test_question_without_a_sure_answer_is_left_to_the_chat(traveller: Traveller, text: str) -> None:
    """An unknown place and no road aren't guessed about."""
    assert ask(traveller, text).json() == {"tier": 3, "intent": "chat", "slots": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("am I over budget", "You have no budget in USD. To set one, write “Set a budget for fuel”."),
        (
            "how is my camping budget",
            "You have no budget for camping in USD. To set one, write “Set a budget for camping”.",
        ),
    ],
)
def test_question_about_a_missing_budget_is_answered_with_how_to_set_one(
    traveller: Traveller, text: str, said: str
) -> None:
    """It needs no model, which would have to ask back for the amount."""
    answered = ask(traveller, text).json()
    assert (answered["tier"], answered["intent"], answered["answer"]["text"]) == (1, "budget_status", said)
    assert ask(traveller, said.partition("“")[2].partition("”")[0]).json()["tier"] == 3


def test_lone_surrogate_is_rejected(traveller: Traveller) -> None:
    """Half a surrogate pair, which JSON can escape, is no valid text."""
    reply = traveller.http.post(
        "/v1/ask", content=b'{"text": "gas \\ud800"}', headers={"content-type": "application/json"}
    )
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
