"""An expense as clients get it."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from pam.answers.answer import Date, Instant, Money, instant
from pam.answers.converted_sum import ConvertedAmount
from pam.answers.json_values import json_dataclass
from pam.money.amounts import Currency
from pam.money.categories import Category
from pam.money.expenses import Expense
from pam.users.profile import Profile


@json_dataclass
class ExpenseItem:
    """An expense as it was recorded."""

    id: Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
    amount: Money
    currency: Currency
    category: Category
    description: str
    date: Annotated[Date, Field(description="Where the traveller is.")]
    created_at: Instant
    converted: Annotated[
        ConvertedAmount | None,
        Field(description="Null in the traveller's own currency, and while no exchange rate is known."),
    ]


def expense_item(expense: Expense, profile: Profile) -> ExpenseItem:
    """Return an expense as clients get it, with its date in the user's zone."""
    zone = profile.zone
    return ExpenseItem(
        id=str(expense.id),
        amount=str(expense.amount),
        currency=expense.currency,
        category=expense.category,
        description=expense.description,
        date=expense.spent_at.astimezone(zone).date().isoformat(),
        created_at=instant(expense.created_at.astimezone(zone)),
        converted=_converted(expense, profile),
    )


def _converted(expense: Expense, profile: Profile) -> ConvertedAmount | None:
    conversion = expense.converted_to(profile.currency)
    if conversion is None:
        return None
    return ConvertedAmount(
        amount=str(conversion.convert(expense.amount)),
        currency=conversion.currency,
        rate=str(conversion.rate),
        rate_date=conversion.day.isoformat(),
        source=conversion.source,
    )
