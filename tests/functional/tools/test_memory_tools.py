"""The tools for what PAM remembers, as the conversation calls them."""

import json
from typing import Any

import pytest

from pam.routing import route
from pam.tools.catalog.memory import correct_memory, forget_memory, list_memories, remember_fact
from pam.tools.engine.definition import EffectKind, ToolResult
from tests.functional.tools.conftest import Caller, error_of


def remember(caller: Caller, subject: str, value: str, **more: Any) -> ToolResult:
    return caller.call(remember_fact, json.dumps({"subject": subject, "value": value} | more))


def facts(caller: Caller, **arguments: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = caller.call(list_memories, json.dumps(arguments)).data["facts"]
    return listed


def test_fact_is_remembered_listed_and_replaced(caller: Caller) -> None:
    """The answer names the value before, and so does the list."""
    assert remember(caller, "pets", "two dogs").text == "I'll remember this: pets: two dogs."
    second = remember(caller, "Pets", "three dogs")
    assert second.text == "I'll remember this: Pets: three dogs. Before: two dogs."
    [fact] = facts(caller)
    assert (fact["value"], [each["value"] for each in fact["before"]]) == ("three dogs", ["two dogs"])
    assert caller.call(list_memories, "").text == "PAM remembers: Pets: three dogs."


def test_undo_of_a_remembered_fact_restores_the_value_before(caller: Caller) -> None:
    """And that of the first one leaves none."""
    first = remember(caller, "pets", "two dogs")
    second = remember(caller, "pets", "three dogs")
    caller.undo(second, remember_fact)
    assert [fact["value"] for fact in facts(caller)] == ["two dogs"]
    caller.undo(first, remember_fact)
    assert facts(caller) == []


def test_standing_preference_is_marked(caller: Caller) -> None:
    """It holds for every answer, until it is corrected."""
    remember(caller, "distances", "always in km", standing=True)
    [fact] = facts(caller, search="distances")
    assert fact["for_every_answer"] is True
    corrected = caller.call(correct_memory, json.dumps({"fact_id": fact["id"], "standing": False}))
    assert corrected.text == "Corrected: distances: always in km."
    assert "for_every_answer" not in facts(caller)[0]


def test_wrong_value_is_not_kept_as_an_earlier_one(caller: Caller) -> None:
    """The undo restores it."""
    remember(caller, "pets", "two cats")
    [fact] = facts(caller)
    corrected = caller.call(correct_memory, json.dumps({"fact_id": fact["id"], "value": "two dogs"}))
    [now] = facts(caller)
    assert (now["value"], now.get("before")) == ("two dogs", None)
    caller.undo(corrected, correct_memory)
    assert [each["value"] for each in facts(caller)] == ["two cats"]


def test_deletion_waits_for_a_confirmation(caller: Caller) -> None:
    """It can't be undone; its preview names the counts."""
    assert forget_memory.effect is EffectKind.COSTLY and forget_memory.operation is not None
    assert forget_memory.operation.undo is None
    remember(caller, "pets", "two dogs")
    approved = caller.approve(forget_memory, json.dumps({"topic": "dogs"}))
    assert approved.preview.text == "Delete for good dogs: 1 fact. Your money, trips and profile stay."
    remember(caller, "more dogs", "on Sunday")
    result = caller.call_approved(forget_memory, json.dumps({"topic": "dogs"}), approved)
    assert result.text == "Deleted: 1 fact."
    assert [fact["subject"] for fact in facts(caller)] == ["more dogs"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "invalid_request"),
        ({"topic": "dogs", "everything": True}, "invalid_request"),
        ({"fact_id": "x"}, "invalid_request"),
        ({"fact_id": "1"}, "memory_not_found"),
        ({"topic": "zeppelins"}, "memory_not_found"),
        ({"topic": "the"}, "invalid_text"),
    ],
)
def test_deletion_of_nothing_certain_is_refused(caller: Caller, arguments: dict[str, Any], code: str) -> None:
    """Before anybody is asked to confirm it."""
    remember(caller, "pets", "two dogs")
    assert error_of(lambda: caller.preview(forget_memory, json.dumps(arguments))).error.code == code


@pytest.mark.parametrize(
    "sentence",
    [
        "remember that we travel with two dogs",
        "always answer in km",
        "what do you remember about me?",
        "what do you know about the water pump?",
        "forget the water pump",
        "forget everything",
        "forget how much I spent on gas",
        "remember that I spent $45 on gas",
    ],
)
def test_sentence_about_memory_is_left_to_the_conversation(sentence: str) -> None:
    """No template of a fast answer takes it."""
    assert route(sentence).intent == "chat"
