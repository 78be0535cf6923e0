"""An expense that is added, with the state of its budget and its undo."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from pam.answers.answer import Answer, Instant
from pam.answers.budget_item import BudgetItem, budget_item
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import rates_for_expense
from pam.answers.expense_item import ExpenseItem, expense_item
from pam.answers.expense_text import expense_date_text, expense_text
from pam.answers.json_values import from_json, json_dataclass, to_json
from pam.answers.undo_link import UndoLink, undo_link
from pam.ledger.effects import perform_write
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.budgets import read_budget_state
from pam.money.exchange_rates import NO_RATES, RateTable, is_simulated
from pam.money.expenses import NewExpense, create_expense, undo_expense
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.users.formatting import format_money


@json_dataclass
class ExpenseAdded(Answer):
    """An expense that was added."""

    source: Annotated[str, Field(description="Where it was recorded.", examples=["Your expenses in PAM"])]
    as_of: Annotated[Instant, Field(description="When it was recorded.")]
    tier: Literal[2] = 2
    expense: ExpenseItem
    budget: Annotated[BudgetItem | None, Field(description="Null without a budget for the category.")]
    undo: UndoLink


def add_expense(
    dependencies: UserDependencies,
    user_id: UUID,
    new: NewExpense,
    deadline: Deadline,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
    sentence: str | None = None,
) -> ExpenseAdded:
    """Record an expense, once for its idempotency key. Raises `PamError`.

    A repeated key with other content is another request, or refused within a day. The content is what the user wrote:
    the `sentence` that the expense was read from, or the fields, without where and when they were typed, since a
    repetition may be sent from another time zone.
    """
    payload = new.model_dump(mode="json", exclude={"timezone", "typed_at"}) if sentence is None else {"text": sentence}
    key = f"{user_id} {idempotency_key}" if idempotency_key else None
    request = hashlib.sha256(json.dumps([key, payload]).encode()).hexdigest() if key else uuid4().hex

    def add() -> dict[str, Any]:
        expense = RatedExpense(new, rates_for_expense(dependencies, user_id, new, deadline))
        effect = perform_write(
            dependencies,
            user_id,
            f"request:{request}",
            CREATE_EXPENSE,
            expense,
            deadline,
            zone=new.timezone,
            typed_at=new.typed_at,
        )
        return {
            "text": effect.text,
            "source": effect.source,
            "simulated": effect.simulated,
            "as_of": effect.as_of,
            **effect.data,
            "undo": to_json(undo_link(effect)),
        }

    answer = dependencies.idempotency.run(key, payload, add, context)
    try:
        return from_json(ExpenseAdded, answer)
    except ValueError:  # stored by a release whose answers had other fields: the ledger has the effect
        return from_json(ExpenseAdded, add())


@dataclass(frozen=True)
class RatedExpense:
    """An expense to record, with the exchange rates that were found for it before."""

    new: NewExpense
    rates: RateTable = NO_RATES


def _create(context: WriteContext, arguments: RatedExpense) -> WriteResult:
    profile = context.profile
    expense = create_expense(
        context.connection, profile, arguments.new, context.now, context.typed_at, arguments.rates
    )
    conversion = expense.converted_to(profile.currency)
    budget = read_budget_state(context.connection, profile, expense.category, expense.spent_at)
    current = read_budget_state(context.connection, profile, expense.category, context.now) if budget else None
    count(Metric.EXPENSE_CREATED)
    return WriteResult(
        text=expense_text(expense, budget, current, profile, context.now),
        data={
            "expense": to_json(expense_item(expense, profile)),
            "budget": to_json(budget_item(budget)) if budget else None,
        },
        source=", ".join([profile.expenses_source, *([conversion.source] if conversion else [])]),
        undo={"expense": str(expense.id)},
        simulated=profile.simulated or (conversion is not None and is_simulated(conversion.source)),
    )


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    profile = context.profile
    expense = undo_expense(context.connection, profile.id, UUID(undo["expense"]), context.now)
    budget = read_budget_state(context.connection, profile, expense.category, expense.spent_at)
    count(Metric.EXPENSE_UNDONE)
    amount = format_money(expense.amount, expense.currency, profile)
    day = expense_date_text(expense, profile, context.now)
    return UndoResult(
        f"Your expense of {amount} for {expense.category}{day} is taken back.",
        {"budget": budget_item(budget) if budget else None},
    )


CREATE_EXPENSE = WriteOperation("create_expense", _create, _undo)
"""Records an expense for a request, a fast answer or a tool."""
