"""An expense as clients get it."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, WithJsonSchema

from pam.answers.answer import Date, Instant, Money, instant
from pam.answers.json_values import json_dataclass
from pam.money.amounts import Currency
from pam.money.categories import Category
from pam.money.expenses import Expense, ExpenseKind


@json_dataclass
class ExpenseItem:
    """An expense or a refund as it is recorded."""

    id: Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
    kind: Annotated[ExpenseKind, Field(description="A refund reduces what its category has spent.")]
    amount: Annotated[Money, Field(description="Negative for a refund.")]
    currency: Currency
    category: Category
    description: str
    date: Annotated[Date, Field(description="Where the traveller is.")]
    created_at: Instant


def expense_item(expense: Expense, zone: ZoneInfo) -> ExpenseItem:
    """Return an expense as clients get it, with its date in the user's zone."""
    return ExpenseItem(
        id=str(expense.id),
        kind=expense.kind,
        amount=str(expense.amount),
        currency=expense.currency,
        category=expense.category,
        description=expense.description,
        date=expense.spent_at.astimezone(zone).date().isoformat(),
        created_at=instant(expense.created_at.astimezone(zone)),
    )
