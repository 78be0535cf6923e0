"""Questions in words: answered at once, or left to the conversation, never guessed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from tests.conftest import Traveller


def ask(traveller: Traveller, text: str, key: str | None = None, **more: object) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return traveller.http.post("/v1/ask", json={"text": text} | more, headers=headers)


def test_the_first_question(traveller: Traveller) -> None:
    """The question "How much did I spend on gas this month?" has the right total, its source and its instant."""
    traveller.spends("62.10", "fuel")
    traveller.spends("45.00", "fuel")
    traveller.spends("12.00", "dining")
    told = ask(traveller, "How much did I spend on gas this month?").json()
    assert (told["tier"], told["intent"]) == (1, "spend_summary")
    assert told["slots"] == {"category": "fuel", "period": "this_month"}
    assert told["answer"]["total"] == "107.10" and told["answer"]["count"] == 2
    assert "$107.10 on fuel this month" in told["text"]
    assert told["source"] == "Your expenses in PAM"
    assert datetime.fromisoformat(told["as_of"]).tzinfo


def test_asking_and_reading_share_one_cache(traveller: Traveller) -> None:
    """The sentence and the route are the same question, so one fills the cache for the other."""
    traveller.spends("5")
    assert traveller.summary(category="fuel", period="this_month")["cached"] is False
    assert ask(traveller, "how much did I spend on gas this month?").json()["answer"]["cached"] is True


def test_an_expense_said_in_words_is_written_and_can_be_undone(traveller: Traveller) -> None:
    """It counts at once, with the day in the traveller's zone, and its undo works."""
    told = ask(traveller, "I spent $45.50 on gas yesterday").json()
    assert (told["tier"], told["intent"]) == (2, "add_expense")
    yesterday = datetime.now(ZoneInfo("America/Denver")).date() - timedelta(days=1)
    assert told["answer"]["expense"]["date"] == str(yesterday)
    assert told["text"].startswith("Added $45.50 for fuel.")
    assert traveller.summary(period="last_7_days")["total"] == "45.50"
    assert traveller.http.delete(told["answer"]["undo"]["href"]).status_code == 200
    assert traveller.summary(period="last_7_days")["total"] == "0.00"


def test_an_item_becomes_the_description_and_a_named_currency_is_kept(traveller: Traveller) -> None:
    """Coffee is dining, and stays "coffee"; Australian dollars aren't taken for American ones."""
    told = ask(traveller, "add A$12.50 for coffee").json()
    expense = told["answer"]["expense"]
    assert (expense["category"], expense["description"], expense["currency"]) == ("dining", "coffee", "AUD")
    assert told["text"].startswith("Added A$12.50 for dining.")
    assert traveller.summary()["other_currencies"] == [{"currency": "AUD", "total": "12.50", "count": 1}]


def test_the_same_sentence_under_the_same_key_writes_once(traveller: Traveller) -> None:
    """As with the form: a retry is not a second expense."""
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
def test_what_is_not_wholly_understood_is_left_to_the_conversation(traveller: Traveller, text: str) -> None:
    """Tier 3 and nothing else: no figure, no write."""
    reply = ask(traveller, text)
    assert reply.status_code == 200
    assert reply.json() == {"tier": 3, "intent": "chat", "slots": {}}
    assert traveller.summary()["count"] == 0


def test_a_category_that_the_traveller_does_not_book_is_left_to_the_conversation(
    new_traveller: Callable[[], Traveller],
) -> None:
    """Who books groceries and dining means both by "food": zero would be a wrong answer."""
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
def test_a_question_that_can_not_be_taken_has_a_code(traveller: Traveller, body: dict, code: str) -> None:
    """A 4xx, a stable code, a sentence; nothing written."""
    reply = traveller.http.post("/v1/ask", json=body)
    assert 400 <= reply.status_code < 500
    assert reply.json()["code"] == code
    assert reply.json()["message"].endswith(".")
    assert traveller.summary(period="all_time")["count"] == 0


def test_today_is_where_the_device_is(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The same words on the same instant are another day on the other side of the date line."""
    days = {
        zone: ask(traveller, "add $1 for tolls", timezone=zone).json()["answer"]["expense"]["date"]
        for zone in ("Pacific/Kiritimati", "Pacific/Niue")
    }
    assert days["Pacific/Kiritimati"] > days["Pacific/Niue"]


@pytest.mark.parametrize(
    ("text", "tier", "intent", "says"),
    [
        ("weather in Moab tomorrow", 2, "weather", "In Moab, Utah: "),
        ("How far is Moab from Denver?", 2, "distance", " mi by road from Denver, Colorado to Moab, Utah"),
        ("how many km from Denver to Moab", 2, "distance", " km by road from Denver, Colorado to Moab, Utah"),
        ("fuel for 400 miles at 10 mpg and $3.50 a gallon", 2, "fuel_estimate", "40.0 gal: $140.00 at $3.50 a gallon"),
        ("rv parks near Moab", 2, "nearby_parks", " to camp within 25 mi of Moab, Utah."),
        ("gas prices in Colorado", 2, "gas_prices", "that of Colorado in the week of "),
        ("how much have I saved this year", 1, "savings_total", "You have no savings recorded this year"),
        ("show my last 5 fuel expenses", 1, "list_expenses", "You have no fuel expenses recorded"),
    ],
)
def test_every_kind_of_fast_answer_can_be_asked_for(
    traveller: Traveller, text: str, tier: int, intent: str, says: str
) -> None:
    """One sentence of each kind, from the words to the answer with its source."""
    told = ask(traveller, text).json()
    assert (told["tier"], told["intent"]) == (tier, intent), told
    assert says in told["text"]
    assert told["source"] and told["as_of"]


def test_here_is_where_the_device_is(traveller: Traveller) -> None:
    """With a location the question is answered; without one the conversation can ask for it."""
    near_moab = {"latitude": 38.57, "longitude": -109.55}
    assert ask(traveller, "rv parks near me", location=near_moab).json()["answer"]["parks"]
    assert ask(traveller, "rv parks near me").json()["tier"] == 3


@pytest.mark.parametrize(
    "text", ["weather in Springfield", "weather in Xyzzyville", "how far is Honolulu from Denver", "am I over budget"]
)
def test_what_a_fast_answer_can_not_be_sure_of_is_left_to_the_conversation(traveller: Traveller, text: str) -> None:
    """Several places of that name, none, no road, no budget: nothing is guessed."""
    assert ask(traveller, text).json() == {"tier": 3, "intent": "chat", "slots": {}}


def test_half_a_character_is_no_text(traveller: Traveller) -> None:
    """Half a surrogate pair, which JSON can escape, is refused before anything is made of it."""
    reply = traveller.http.post(
        "/v1/ask", content=b'{"text": "gas \\ud800"}', headers={"content-type": "application/json"}
    )
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
