"""An expense that is added, with the state of its budget and its undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from pam.answers.answer import Answer, Instant
from pam.answers.budget_item import BudgetItem, budget_item
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import rates_for_expense
from pam.answers.expense_item import ExpenseItem, expense_item, expense_provenance
from pam.answers.expense_text import expense_text, taken_back_text
from pam.answers.json_values import json_dataclass, to_json
from pam.answers.undo_link import UndoLink
from pam.answers.write_once import WriteRequest, write_once
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.budgets import read_budget_state
from pam.money.exchange_rates import NO_RATES, RateTable
from pam.money.expenses import NewExpense, create_expense, undo_expense
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count


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
    if new.kind == "expense":
        payload.pop("kind", None)  # which releases without refunds don't have: a retry has the same key in both
    request = WriteRequest(user_id, idempotency_key, payload, deadline, context, new.timezone, new.typed_at)

    def prepare() -> RatedExpense:
        return RatedExpense(new, rates_for_expense(dependencies, user_id, new, deadline))

    return write_once(dependencies, request, CREATE_EXPENSE, prepare, ExpenseAdded)


@dataclass(frozen=True)
class RatedExpense:
    """An expense to record, with the exchange rates that were found for it before."""

    new: NewExpense
    rates: RateTable = NO_RATES


def _create(context: WriteContext, arguments: RatedExpense) -> WriteResult:
    profile = context.profile
    expense = create_expense(context.connection, profile, arguments.new, context.now, context.typed_at, arguments.rates)
    budget = read_budget_state(context.connection, profile, expense.category, expense.spent_at)
    current = read_budget_state(context.connection, profile, expense.category, context.now) if budget else None
    count(Metric.EXPENSE_CREATED)
    return WriteResult(
        text=expense_text(expense, budget, current, profile, context.now),
        data={
            "expense": to_json(expense_item(expense, profile)),
            "budget": to_json(budget_item(budget)) if budget else None,
        },
        undo={"expense": str(expense.id)},
        **expense_provenance(expense, profile),
    )


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    profile = context.profile
    expense = undo_expense(context.connection, profile.id, UUID(undo["expense"]), context.now)
    budget = read_budget_state(context.connection, profile, expense.category, expense.spent_at)
    count(Metric.EXPENSE_UNDONE)
    return UndoResult(
        taken_back_text(expense, profile, context.now),
        {"budget": budget_item(budget) if budget else None},
    )


CREATE_EXPENSE = WriteOperation("create_expense", _create, _undo)
"""Records an expense for a request, a fast answer or a tool."""
