"""The ledger behind the tools: a write happens once for its key, and can be undone for ten minutes."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pam.answers.budget_limit import UPDATE_BUDGET
from pam.answers.expenses import CREATE_EXPENSE
from pam.tools.catalog import TOOLS
from pam.tools.catalog.money import create_expense, get_spending_summary, update_budget
from pam.tools.engine.definition import EffectKind
from tests.functional.tools.conftest import Caller, ManualClock, error_of, read_expenses, read_limits

Callers = Callable[..., Caller]


def test_repeated_key_returns_the_first_result(caller: Caller, owner: psycopg.Connection) -> None:
    """A turn that is run again has the keys that it had, and writes nothing more."""
    raw = '{"amount": 45.5, "category": "fuel", "more_to_do": false}'
    first = caller.call(create_expense, raw, key="turn-1/0")
    again = caller.call(create_expense, raw, key="turn-1/0")
    assert again == first
    assert read_expenses(owner, caller) == [(Decimal("45.50"), "fuel", "USD")]
    caller.call(create_expense, raw, key="turn-1/1")
    assert len(read_expenses(owner, caller)) == 2


@pytest.mark.parametrize(
    ("tool", "raw"),
    [(create_expense, '{"amount": 12, "category": "tolls"}'), (update_budget, '{"amount": 90, "category": "tolls"}')],
)
def test_concurrent_calls_with_one_key_write_once(
    new_caller: Callers, owner: psycopg.Connection, tool: Any, raw: str
) -> None:
    """In several environments, each with its own connection: the others wait for the first and return its result."""
    user_id, barrier = uuid.uuid4(), threading.Barrier(4)
    callers = [new_caller(user_id=user_id) for _ in range(4)]

    def call(caller: Caller) -> Any:
        barrier.wait(30)
        return caller.call(tool, raw, key="one")

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(call, callers))
    assert all(result == results[0] for result in results)
    row = owner.execute("select count(*) from effects where user_id = %s", (user_id,)).fetchone()
    assert row == (1,)
    assert len(read_expenses(owner, callers[0])) + len(read_limits(owner, callers[0])) == 1


def test_users_can_have_the_same_key(new_caller: Callers, owner: psycopg.Connection) -> None:
    """A key is found among the user's own writes only."""
    one, other = new_caller(), new_caller()
    for caller in (one, other):
        caller.call(create_expense, '{"amount": 1, "category": "tolls"}', key="same")
    assert [len(read_expenses(owner, caller)) for caller in (one, other)] == [1, 1]


def test_concurrent_limits_are_set_one_after_another(new_caller: Callers, owner: psycopg.Connection) -> None:
    """Each result has the limit that it replaced, and no two the same, also where there was none before."""
    user_id, barrier = uuid.uuid4(), threading.Barrier(6)
    callers = {amount: new_caller(user_id=user_id) for amount in range(100, 700, 100)}

    def call(amount: int) -> Any:
        barrier.wait(30)
        result = callers[amount].call(update_budget, json.dumps({"amount": amount, "category": "fuel"}))
        return result.data["before"] and result.data["before"]["limit"]

    with ThreadPoolExecutor(6) as threads:
        replaced = list(threads.map(call, callers))
    left = str(read_limits(owner, callers[100])["fuel"])
    assert sorted([*filter(None, replaced), left]) == [f"{amount}.00" for amount in callers]
    assert replaced.count(None) == 1


def test_undone_expense_counts_no_more(caller: Caller, owner: psycopg.Connection) -> None:
    """Repeated, the undo changes nothing and returns the same."""
    result = caller.call(create_expense, '{"amount": 45.5, "category": "fuel"}')
    first = caller.undo(result, create_expense)
    assert first == "Your expense of $45.50 for fuel is taken back."
    assert caller.undo(result, create_expense) == first
    assert read_expenses(owner, caller) == []
    assert caller.call(get_spending_summary, "").data["total"] == "0.00"


@pytest.mark.parametrize(
    ("tool", "raw"),
    [(create_expense, '{"amount": 5, "category": "fuel"}'), (update_budget, '{"amount": 5, "category": "fuel"}')],
)
def test_write_older_than_ten_minutes_cannot_be_undone(
    new_caller: Callers, noon: ManualClock, owner: psycopg.Connection, tool: Any, raw: str
) -> None:
    """After nine it can; and once undone, a later repetition returns the same."""
    caller = new_caller(noon)
    late, early = caller.call(tool, raw), caller.call(tool, raw.replace("fuel", "tolls"))
    assert late.effect.undo_until == noon.now + timedelta(minutes=10)
    noon.now += timedelta(minutes=9)
    undone = caller.undo(early, tool)
    noon.now += timedelta(minutes=2)
    assert error_of(lambda: caller.undo(late, tool)).error.code == "undo_expired"
    assert caller.undo(early, tool) == undone
    assert len(read_expenses(owner, caller)) + len(read_limits(owner, caller)) == 1


def test_effect_of_another_user_is_not_found(new_caller: Callers, owner: psycopg.Connection) -> None:
    """As if it did not exist."""
    one, other = new_caller(), new_caller()
    result = one.call(update_budget, '{"amount": 300, "category": "fuel"}')
    assert error_of(lambda: other.undo(result, update_budget)).error.code == "effect_not_found"
    assert read_limits(owner, one) == {"fuel": Decimal(300)}


def test_undone_limit_is_the_previous_one(caller: Caller, owner: psycopg.Connection) -> None:
    """Step by step, at last none at all; each undo can be repeated."""
    first = caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    second = caller.call(update_budget, '{"amount": 400, "category": "fuel"}')
    assert first.text.startswith("Your monthly budget for fuel is $300.00; there was none before.")
    assert second.text == (
        "Your monthly budget for fuel is $400.00 instead of $300.00."
        " You've $400.00 left on fuel: $0.00 of $400.00 this month."
    )
    for _ in range(2):
        assert caller.undo(second, update_budget) == "Your monthly budget for fuel is $300.00 again."
        assert read_limits(owner, caller) == {"fuel": Decimal(300)}
    for _ in range(2):
        result = caller.undo(first, update_budget)
        assert result == "The monthly budget for fuel is gone again: there was none before."
        assert read_limits(owner, caller) == {}


def test_limit_changed_since_is_not_undone(caller: Caller, owner: psycopg.Connection) -> None:
    """Also where it was changed to the same amount."""
    first = caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    error = error_of(lambda: caller.undo(first, update_budget))
    assert error.error.code == "modified_since" and "fuel" in error.message
    assert read_limits(owner, caller) == {"fuel": Decimal(300)}


def test_repeated_undo_keeps_a_limit_set_after_the_first(caller: Caller, owner: psycopg.Connection) -> None:
    """It is rejected as modified since."""
    result = caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    caller.undo(result, update_budget)
    caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    assert error_of(lambda: caller.undo(result, update_budget)).error.code == "modified_since"
    assert read_limits(owner, caller) == {"fuel": Decimal(300)}


def test_undone_limit_has_its_currency(caller: Caller, owner: psycopg.Connection) -> None:
    """Which may be another than the user has now."""
    owner.execute("insert into users (id) values (%s)", (caller.id,))
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'fuel', 500, 'AUD')", (caller.id,)
    )
    result = caller.call(update_budget, '{"amount": 300, "category": "fuel"}')
    assert "is $300.00 instead of A$500.00." in result.text
    assert "A$500.00 again" in caller.undo(result, update_budget)
    row = owner.execute("select monthly_limit, currency from budgets where user_id = %s", (caller.id,)).fetchone()
    assert row == (Decimal(500), "AUD")


def test_own_writes_can_be_undone_and_others_require_approval() -> None:
    """Each operation has its tool's name, by which an effect finds its undo."""
    for tool in TOOLS.values():
        operation = TOOLS.operation(tool.name)
        if tool.effect is EffectKind.READ:
            assert operation is None
            continue
        assert operation is not None and operation.name == tool.name
        assert (operation.undo is not None) is (tool.effect is EffectKind.OWN)
        # An own write may have one, too, for turns whose policy requires approval.
        assert tool.preview is not None or not tool.effect.requires_approval


def test_shared_operations_have_the_names_of_their_tools() -> None:
    """A write over HTTP is undone by the operation of its tool."""
    assert (CREATE_EXPENSE.name, UPDATE_BUDGET.name) == (create_expense.name, update_budget.name)
