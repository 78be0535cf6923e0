"""An expense as clients get it."""

from typing import Annotated, TypedDict

from pydantic import Field, WithJsonSchema

from pam.answers.answer import Date, Instant, Money, instant
from pam.answers.converted_sum import ConvertedAmount
from pam.answers.json_values import json_dataclass
from pam.money.amounts import Currency
from pam.money.categories import Category
from pam.money.exchange_rates import is_simulated
from pam.money.expenses import Expense, ExpenseKind
from pam.users.profile import Profile


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
    converted: Annotated[
        ConvertedAmount | None,
        Field(description="Null in the traveller's own currency, and while no exchange rate is known."),
    ]


def expense_item(expense: Expense, profile: Profile) -> ExpenseItem:
    """Return an expense as clients get it, with its date in the user's zone."""
    zone = profile.zone
    return ExpenseItem(
        id=str(expense.id),
        kind=expense.kind,
        amount=str(expense.amount),
        currency=expense.currency,
        category=expense.category,
        description=expense.description,
        date=expense.spent_at.astimezone(zone).date().isoformat(),
        created_at=instant(expense.created_at.astimezone(zone)),
        converted=_converted(expense, profile),
    )


class ExpenseProvenance(TypedDict):
    """The fields of a `WriteResult` that say where what it returns is from."""

    source: str
    simulated: bool


def expense_provenance(expense: Expense, profile: Profile) -> ExpenseProvenance:
    """Return where a written expense is from: the user's records, and the source of its exchange rate if it has one."""
    conversion = expense.converted_to(profile.currency)
    return ExpenseProvenance(
        source=", ".join([profile.expenses_source, *([conversion.source] if conversion else [])]),
        simulated=profile.simulated or (conversion is not None and is_simulated(conversion.source)),
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
