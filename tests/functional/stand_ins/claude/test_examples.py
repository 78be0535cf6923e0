"""Every example sentence that PAM shows works without a key: it is asked through the local stack."""

from typing import Any

import psycopg
import pytest

from local import demo
from local.chat_client import open_chat
from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.stand_ins.claude.examples import example_sentences

DENVER = {"timezone": "America/Denver", "location": {"latitude": 39.74, "longitude": -104.99}}

ASKED_BACK = {"add 2 coffees": "amount"}
"""Sentences that docs quote because they lack something, and what that is."""

FROM_MEMORY = {"what did we say about the water pump?"}
"""Sentences that are answered from earlier conversations, without a tool."""

NOT_UNDERSTOOD = "don't understand"

_COPIES = {
    "users": "name, currency, time_zone, locale, units, simulated",
    "vehicles": "name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l, height_m, length_m,"
    " weight_kg",
    "budgets": "category, monthly_limit, currency",
    "expenses": "amount, currency, category, description, spent_at, created_at",
    "savings": "amount, currency, kind, description, saved_at",
    "conversations": "id, profile",
    "exchanges": "conversation_id, turn_id, role, passage, content, sent_at, words, length",
}


@pytest.fixture
def demo_traveller(stack: LocalStack, owner: psycopg.Connection, traveller: Traveller) -> Traveller:
    """Somebody with the demo traveller's data, so that what is written here is in no other test's figures."""
    demo.load(stack.postgres.owner)
    for table, columns in _COPIES.items():
        key = "id" if table == "users" else "user_id"
        owner.execute(
            f"insert into {table} ({key}, {columns}) select %s, {columns} from {table} where {key} = %s",  # type: ignore[arg-type]
            (traveller.id, demo.USER_ID),
        )
    return traveller


def ask(stack: LocalStack, traveller: Traveller, text: str, context: dict[str, Any]) -> dict[str, Any]:
    """Ask as the page and `pam ask` do: by HTTP, then over the socket. Return the answer, with its tools' states."""
    reply = traveller.http.post("/v1/ask", json={"text": text} | context)
    assert reply.status_code == 200, reply.text
    if reply.json()["tier"] != 3:
        return reply.json() | {"tools": []}
    with open_chat(stack.url, stack.token(traveller.id)) as chat:
        frames = [timed.frame for timed in chat.ask(text, **context)]
    tools = {frame["id"]: frame["state"] for frame in frames if frame["type"] == "tool"}
    return frames[-1] | {"tools": list(tools.values())}


def test_examples_are_found_in_every_place() -> None:
    """The sentences of README, docs, page, CLI and API are among the examples; fragments aren't."""
    found = set(example_sentences())
    assert {
        "plan a trip to Yellowstone under $600",
        "I'm in Denver. Am I over budget on gas, and where is it cheapest?",
        "How much would I have spent if I drove a Tesla?",
        "what did I pay for gas yesterday",
        "Weather in Moab tomorrow",
        "Fuel cost for 400 miles",
        "How much did I spend on gas this month?",
        "Add $45 for gas",
    } <= found
    assert len(found) >= 35
    assert not any("…" in each for each in found)


@pytest.mark.parametrize(
    "text", [*example_sentences(), "plan my week to Yellowstone under $600", "plan 3 days to moab"]
)
def test_example_sentence_gets_a_useful_answer(stack: LocalStack, demo_traveller: Traveller, text: str) -> None:
    """An example is answered with figures: at once, by tools that all succeed, or from what was said before."""
    answer = ask(stack, demo_traveller, text, DENVER)
    assert NOT_UNDERSTOOD not in answer["text"]
    if text in ASKED_BACK:
        assert f"I need to know: {ASKED_BACK[text]}" in answer["text"]
        return
    assert any(character.isdigit() for character in answer["text"]), answer["text"]
    if answer["tier"] == 3:
        assert answer["type"] == "done"
        assert answer["memory"] or text not in FROM_MEMORY
        assert set(answer["tools"]) == (set() if text in FROM_MEMORY else {"done"}), answer["text"]


def test_trip_without_a_known_place_asks_for_its_start(stack: LocalStack, demo_traveller: Traveller) -> None:
    """Where the device's place is unknown, the start is asked for, and the trip is planned once it is named."""
    with open_chat(stack.url, stack.token(demo_traveller.id)) as chat:
        first = [timed.frame for timed in chat.ask("plan my week to Yellowstone under $600")]
        assert "I need to know: origin" in first[-1]["text"]
        second = [timed.frame for timed in chat.ask("From Boise", first[0]["conversation_id"])]
    tools = [(frame["name"], frame["state"]) for frame in second if frame["type"] == "tool"]
    assert tools[-1] == ("plan_trip", "done")
    assert "Yellowstone" in second[-1]["text"] and "Boise" in second[-1]["text"]
