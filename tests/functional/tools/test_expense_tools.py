"""Tools that list, correct and delete expenses, called as the model calls them."""

import json
import uuid
from collections.abc import Callable
from decimal import Decimal

import psycopg
import pytest

from pam.tools.catalog.money import create_expense, delete_expense, get_spending_summary, list_expenses, update_expense
from tests.functional.tools.conftest import Caller, error_of, read_expenses


def test_refund_is_recorded_as_one(caller: Caller, owner: psycopg.Connection) -> None:
    """It reduces its category in the summary."""
    caller.call(create_expense, '{"amount": 90, "category": "propane"}')
    result = caller.call(create_expense, '{"amount": 20, "category": "propane", "refund": true}')
    assert result.text == "Recorded a refund of $20.00 for propane."
    assert caller.call(get_spending_summary, "{}").data["total"] == "70.00"
    amounts = sorted(amount for amount, _, _ in read_expenses(owner, caller))
    assert amounts == [Decimal("-20.00"), Decimal("90.00")]


def test_listed_expense_is_corrected_and_its_undo_restores_it(caller: Caller, owner: psycopg.Connection) -> None:
    """By the id of the list; only what is given changes."""
    caller.call(create_expense, '{"amount": 45, "category": "fuel", "description": "Moab"}')
    (listed,) = caller.call(list_expenses, '{"category": "fuel", "period": "this_month"}').data["expenses"]
    raw = json.dumps({"expense_id": listed["id"], "amount": 54.2, "currency": "CAD", "refund": None})
    result = caller.call(update_expense, raw)
    assert result.text.startswith("Changed $45.00 for fuel to CA$54.20 for fuel. That is $")
    converted = result.data["expense"]["converted"]
    assert f"That is ${converted['amount']} at the ECB (simulated) reference rate of " in result.text
    assert Decimal(converted["amount"]) == round(Decimal("54.20") * Decimal(converted["rate"]), 2)
    assert read_expenses(owner, caller) == [(Decimal("54.20"), "fuel", "CAD")]
    assert result.data["expense"]["description"] == "Moab"
    assert caller.undo(result, update_expense) == "It is $45.00 for fuel again."
    assert read_expenses(owner, caller) == [(Decimal("45.00"), "fuel", "USD")]


def test_expense_becomes_a_refund(caller: Caller) -> None:
    """And an expense again."""
    added = caller.call(create_expense, '{"amount": 45, "category": "fuel"}').data["expense"]
    to_refund = json.dumps({"expense_id": added["id"], "refund": True})
    assert caller.call(update_expense, to_refund).text == "Changed $45.00 for fuel to a refund of $45.00 for fuel."
    back = json.dumps({"expense_id": added["id"], "refund": False})
    assert caller.call(update_expense, back).data["expense"]["amount"] == "45.00"


def test_deleted_expense_is_listed_no_more_until_its_undo(caller: Caller) -> None:
    """It can't be corrected meanwhile."""
    added = caller.call(create_expense, '{"amount": 45, "category": "fuel"}').data["expense"]
    raw = json.dumps({"expense_id": added["id"]})
    result = caller.call(delete_expense, raw)
    assert result.text == "Deleted $45.00 for fuel."
    assert caller.call(list_expenses, "{}").data["expenses"] == []
    correction = json.dumps({"expense_id": added["id"], "amount": 1})
    assert error_of(lambda: caller.call(update_expense, correction)).error.code == "expense_not_found"
    assert caller.undo(result, delete_expense) == "It is $45.00 for fuel again."
    assert len(caller.call(list_expenses, "{}").data["expenses"]) == 1


@pytest.mark.parametrize("tool", [update_expense, delete_expense])
def test_expense_of_another_user_is_not_found(new_caller: Callable[..., Caller], tool: object) -> None:
    """As an unknown id isn't; nothing is changed."""
    one, other = new_caller(), new_caller()
    added = one.call(create_expense, '{"amount": 45, "category": "fuel"}').data["expense"]
    for name in (added["id"], str(uuid.uuid4())):
        fields = {"expense_id": name} | ({"amount": 1} if tool is update_expense else {})
        assert error_of(lambda: other.call(tool, json.dumps(fields))).error.code == "expense_not_found"  # noqa: B023
    assert one.call(list_expenses, "{}").data["expenses"][0]["amount"] == "45.00"


def test_correction_without_a_change_is_refused(caller: Caller) -> None:
    """The error says what can be changed."""
    added = caller.call(create_expense, '{"amount": 45, "category": "fuel"}').data["expense"]
    error = error_of(lambda: caller.call(update_expense, json.dumps({"expense_id": added["id"]})))
    assert (error.error.code, error.message[:18]) == ("invalid_request", "Say what to change")
