"""A monthly budget as clients get it."""

from typing import Annotated, Literal

from pydantic import Field

from pam.answers.answer import Money, one_of
from pam.answers.converted_sum import Converted, NotIncluded, converted_totals, excluded_totals
from pam.answers.date_range import DateRange, date_range
from pam.answers.json_values import json_dataclass
from pam.money.amounts import Currency, to_cents
from pam.money.budget_overview import BudgetProjection
from pam.money.budgets import BudgetState
from pam.money.categories import Category

BudgetStateName = Annotated[str, one_of("good", "near", "over"), Field(description="Near from 80 % on.")]


@json_dataclass
class BudgetItem:
    """A budget for a calendar month, and what of it is spent."""

    category: Annotated[Category | None, Field(description="Null: all categories together.")]
    window: DateRange
    currency: Currency
    limit: Money
    spent: Money
    left: Annotated[Money, Field(description="Negative when over.")]
    state: BudgetStateName
    converted: Converted
    not_included: NotIncluded


@json_dataclass
class ProjectedBudget(BudgetItem):
    """A budget, and its projection to the end of the month."""

    projected: Annotated[
        Money | None, Field(description="The likely sum at the month's end; null with too few days of records.")
    ]
    projection_basis: Annotated[
        Literal["months_before", "pace"] | None,
        Field(description="What the rest of up to three months before brought, or this month's pace as recorded."),
    ]


def budget_item(budget: BudgetState) -> BudgetItem:
    """Return a budget as clients get it."""
    return BudgetItem(
        category=budget.category,
        window=date_range(budget.window),
        currency=budget.currency,
        limit=str(budget.limit),
        spent=str(to_cents(budget.spent)),
        left=str(budget.left),
        state=budget.state,
        converted=converted_totals(budget.spending),
        not_included=excluded_totals(budget.spending),
    )


def projected_budget(line: BudgetProjection) -> ProjectedBudget:
    """Return a budget with its projection as clients get it."""
    budget = line.state
    return ProjectedBudget(
        **vars(budget_item(budget)),
        projected=None if line.projected is None else str(line.projected),
        projection_basis=_projection_basis(line),
    )


def _projection_basis(line: BudgetProjection) -> Literal["months_before", "pace"] | None:
    if line.projected is None:
        return None
    return "pace" if line.usual_remainder is None else "months_before"
