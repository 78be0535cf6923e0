"""An expense added or taken back, with the state of its budget and the way to undo it."""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.answers.dependencies import UserDependencies
from pam.money.budgets import BudgetState, read_budget_state
from pam.money.expenses import Expense, NewExpense, create_expense, undo_expense
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S, Connection
from pam.users.formatting import format_money
from pam.users.profile import Profile, read_profile


def add_expense(
    parts: UserDependencies,
    user_id: UUID,
    new: NewExpense,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
) -> dict[str, Any]:
    """Records an expense once, however often the same request arrives under its key.

    Returns `{expense, budget, undo, text, tier, source, as_of}`. Raises `PamError`.
    """
    payload = new.model_dump(mode="json", exclude={"timezone"}) | {"timezone": new.timezone and new.timezone.key}
    key = f"{user_id} {idempotency_key}" if idempotency_key else None
    request_key = hashlib.sha256(json.dumps([key, payload]).encode()).hexdigest() if key else None

    def write() -> dict[str, Any]:
        now = parts.clock()
        with (
            parts.cache.write_fence(user_id),
            parts.database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection,
        ):
            profile = read_profile(connection, user_id).in_zone(new.timezone)
            expense, told = record_expense(connection, profile, new, now, request_key)
        count(Metric.EXPENSE_CREATED)
        undo = {
            "method": "DELETE",
            "href": f"/v1/expenses/{expense.id}",
            "expires_at": _local(expense.undo_until, profile),
        }
        return told | {"undo": undo}

    return parts.idempotency.run(key, payload, write, context)


def take_back_expense(parts: UserDependencies, user_id: UUID, expense_id: UUID) -> dict[str, Any]:
    """Undoes an expense of the last ten minutes; a second time changes nothing and answers the same.

    Returns `{expense, budget, undone, text, tier, source, as_of}`. Raises `PamError`.
    """
    now = parts.clock()
    with (
        parts.cache.write_fence(user_id),
        parts.database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection,
    ):
        told = withdraw_expense(connection, read_profile(connection, user_id), expense_id, now)
    count(Metric.EXPENSE_UNDONE)
    return told | {"undone": True}


def record_expense(
    connection: Connection, profile: Profile, new: NewExpense, now: datetime, request_key: str | None
) -> tuple[Expense, dict[str, Any]]:
    """Writes an expense in the caller's transaction: it, and `{expense, budget, text, tier, source, as_of}`.

    `profile` is the traveller where they are now. Raises `PamError`.
    """
    expense = create_expense(connection, profile, new, now, request_key)
    budget = read_budget_state(connection, profile, expense.category, expense.spent_at)
    return expense, _told(expense, budget, profile, now, _added(expense, budget, profile))


def withdraw_expense(connection: Connection, profile: Profile, expense_id: UUID, now: datetime) -> dict[str, Any]:
    """Undoes an expense in the caller's transaction: `{expense, budget, text, tier, source, as_of}`.

    Raises `PamError`.
    """
    expense = undo_expense(connection, profile.id, expense_id, now)
    budget = read_budget_state(connection, profile, expense.category, expense.spent_at)
    said = f"The {format_money(expense.amount, expense.currency, profile)} for {expense.category} are taken back."
    return _told(expense, budget, profile, now, said)


def _told(expense: Expense, budget: BudgetState | None, profile: Profile, now: datetime, text: str) -> dict[str, Any]:
    return {
        "tier": 2,
        "source": profile.expenses_source,
        "as_of": _local(now, profile),
        "text": text,
        "expense": expense.as_json(profile.zone),
        "budget": budget.as_json() if budget else None,
    }


def _added(expense: Expense, budget: BudgetState | None, profile: Profile) -> str:
    said = f"Added {format_money(expense.amount, expense.currency, profile)} for {expense.category}."
    if budget is None:
        return said
    limit = format_money(budget.limit, budget.currency, profile)
    if budget.state == "over":
        over = format_money(-budget.left, budget.currency, profile)
        return f"{said} That puts you {over} over your {limit} monthly budget."
    return f"{said} {format_money(budget.left, budget.currency, profile)} of your {limit} monthly budget is left."


def _local(instant: datetime, profile: Profile) -> str:
    return instant.astimezone(profile.zone).isoformat(timespec="seconds")
