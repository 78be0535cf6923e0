"""An expense that is corrected or deleted, with the state of its budget and its undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from pam.answers.answer import Answer, Instant
from pam.answers.budget_item import BudgetItem, budget_item
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import rates_of_day
from pam.answers.expense_item import ExpenseItem, expense_item, expense_provenance
from pam.answers.expense_text import corrected_text, expense_name
from pam.answers.expenses import CREATE_EXPENSE
from pam.answers.json_values import json_dataclass, to_json
from pam.answers.undo_link import UndoLink
from pam.answers.write_once import WriteRequest, write_once
from pam.ledger.last_effect import read_last_effect
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.budgets import read_budget_state
from pam.money.exchange_rates import NO_RATES, RateTable
from pam.money.expense_changes import (
    ChangedExpense,
    ExpenseChanges,
    apply_changes,
    correct_expense,
    delete_expense,
    expense_not_found,
    read_expense,
    restore_expense,
)
from pam.money.expenses import Expense
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.users.formatting import format_day
from pam.users.profile import Profile, read_profile
from pam.vehicles.fuel_log import MovedEntry, move_entry

LAST_EXPENSE_WINDOW = timedelta(minutes=15)
"""How long after its last write an expense is what a correction means that names none."""


@json_dataclass
class ExpenseCorrected(Answer):
    """An expense that was corrected."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=["Your expenses in PAM"])]
    as_of: Annotated[Instant, Field(description="When it was corrected.")]
    tier: Literal[2] = 2
    expense: ExpenseItem
    before: Annotated[ExpenseItem, Field(description="The expense as it was.")]
    budget: Annotated[BudgetItem | None, Field(description="Null without a budget for the category.")]
    undo: Annotated[UndoLink | None, Field(description="Null where nothing was changed.")]


@json_dataclass
class ExpenseDeleted(Answer):
    """An expense that was deleted."""

    source: Annotated[str, Field(description="Where it was recorded.", examples=["Your expenses in PAM"])]
    as_of: Annotated[Instant, Field(description="When it was deleted.")]
    tier: Literal[2] = 2
    deleted: Annotated[ExpenseItem, Field(description="The expense as it was.")]
    budget: Annotated[BudgetItem | None, Field(description="Without it; null without a budget for the category.")]
    undo: UndoLink


@dataclass(frozen=True)
class Correction:
    """Changes of an expense; without an id, of the one that the user has written last, in this conversation."""

    expense_id: UUID | None
    changes: ExpenseChanges
    conversation_id: UUID | None = None


@dataclass(frozen=True)
class RatedCorrection:
    """A correction, with the exchange rates that were found for it before."""

    correction: Correction
    rates: RateTable = NO_RATES


def change_expense(
    dependencies: UserDependencies,
    user_id: UUID,
    correction: Correction,
    deadline: Deadline,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
) -> ExpenseCorrected:
    """Correct an expense, once for the idempotency key. Raises `PamError` (`expense_not_found`, …)."""
    changes, expense_id = correction.changes, correction.expense_id
    payload = changes.model_dump(mode="json", exclude={"timezone"}) | {
        "corrects": "last" if expense_id is None else str(expense_id),
    }
    request = WriteRequest(user_id, idempotency_key, payload, deadline, context, changes.timezone)

    def prepare() -> RatedCorrection:
        return RatedCorrection(correction, rates_for_correction(dependencies, user_id, correction, deadline))

    return write_once(dependencies, request, UPDATE_EXPENSE, prepare, ExpenseCorrected)


def rates_for_correction(
    dependencies: UserDependencies, user_id: UUID, correction: Correction, deadline: Deadline
) -> RateTable:
    """Return rates for an expense that is to be corrected, before the transaction of its correction begins.

    `NO_RATES` where it needs none or none can be had in time, and where the correction isn't possible: its transaction
    says so, unless it was done already.
    """
    now, changes = dependencies.clock(), correction.changes
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(changes.timezone)
        context = WriteContext(connection, profile, now)
        try:
            expense = read_expense(connection, user_id, _find_expense(context, correction))
            after = apply_changes(expense, profile, changes, now) if expense else None
        except PamError:
            after = None
    if after is None or after.counts_in(profile.currency):
        return NO_RATES
    return rates_of_day(dependencies, after.spent_at.astimezone(profile.zone).date(), deadline)


def remove_expense(
    dependencies: UserDependencies,
    user_id: UUID,
    expense_id: UUID,
    deadline: Deadline,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
) -> ExpenseDeleted:
    """Delete an expense, once for the idempotency key. Raises `PamError` (`expense_not_found`)."""
    request = WriteRequest(user_id, idempotency_key, {"deletes": str(expense_id)}, deadline, context)
    return write_once(dependencies, request, DELETE_EXPENSE, lambda: expense_id, ExpenseDeleted)


def _correct(context: WriteContext, arguments: RatedCorrection) -> WriteResult:
    connection, profile, now = context.connection, context.profile, context.now
    correction = arguments.correction
    expense_id = _find_expense(context, correction)
    change = correct_expense(connection, profile, expense_id, correction.changes, now, arguments.rates)
    moved = _move_fuel_entry(context, change)
    budget = read_budget_state(connection, profile, change.after.category, change.after.spent_at)
    current = read_budget_state(connection, profile, change.after.category, now) if budget else None
    count(Metric.EXPENSE_CORRECTED)
    undo = change.undo_json() | ({"filled_on": moved.before.isoformat()} if moved else {})
    return WriteResult(
        text=corrected_text(change, budget, current, profile, now) + _moved_text(moved, profile),
        data={
            "expense": to_json(expense_item(change.after, profile)),
            "before": to_json(expense_item(change.before, profile)),
            "budget": to_json(budget_item(budget)) if budget else None,
        },
        undo=undo if change.is_changed else None,
        **expense_provenance(change.after, profile),
    )


def _move_fuel_entry(context: WriteContext, change: ChangedExpense) -> MovedEntry | None:
    """Give the fill-up of an expense its new day; return None where there is none, or the expense keeps its date."""
    if change.before.spent_at == change.after.spent_at:
        return None
    day = change.after.spent_at.astimezone(context.profile.zone).date()
    return move_entry(context.connection, context.profile, change.after.id, day)


def _moved_text(moved: MovedEntry | None, profile: Profile) -> str:
    if moved is None:
        return ""
    day = format_day(moved.after, profile)
    return f" The fuel log of “{moved.vehicle}” has it on {day}, too."


def _find_expense(context: WriteContext, correction: Correction) -> UUID:
    """Return the id in a correction; without one, that of the expense which the user's last write added or corrected.

    Raises `PamError` (`expense_not_found`).
    """
    if correction.expense_id is not None:
        return correction.expense_id
    since = context.now - LAST_EXPENSE_WINDOW
    last = read_last_effect(context.connection, context.profile.id, since, correction.conversation_id)
    if last is None or last.is_followed or last.operation not in (CREATE_EXPENSE.name, UPDATE_EXPENSE.name):
        raise expense_not_found()
    return UUID(last.undo["expense"])


def _delete(context: WriteContext, expense_id: UUID) -> WriteResult:
    profile = context.profile
    change: ChangedExpense = delete_expense(context.connection, profile.id, expense_id, context.now)
    count(Metric.EXPENSE_DELETED)
    return WriteResult(
        text=f"Deleted {expense_name(change.before, profile, context.now)}.",
        data={
            "deleted": to_json(expense_item(change.before, profile)),
            "budget": to_json(_budget(context, change.before)),
        },
        undo=change.undo_json(),
        **expense_provenance(change.before, profile),
    )


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    expense = restore_expense(context.connection, context.profile.id, undo)
    if "filled_on" in undo:
        move_entry(context.connection, context.profile, expense.id, date.fromisoformat(undo["filled_on"]))
    count(Metric.EXPENSE_UNDONE)
    name = expense_name(expense, context.profile, context.now)
    return UndoResult(f"It is {name} again.", {"budget": _budget(context, expense)})


def _budget(context: WriteContext, expense: Expense) -> BudgetItem | None:
    budget = read_budget_state(context.connection, context.profile, expense.category, expense.spent_at)
    return budget_item(budget) if budget else None


UPDATE_EXPENSE = WriteOperation("update_expense", _correct, _restore)
"""Corrects an expense for a request, a fast answer or a tool."""

DELETE_EXPENSE = WriteOperation("delete_expense", _delete, _restore)
"""Deletes an expense for a request or a tool."""
