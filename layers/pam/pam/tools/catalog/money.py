"""Tools for money: expenses recorded, listed, changed and summed up, monthly budgets set and compared."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from pam.answers.budget_comparison import budget_comparison
from pam.answers.budget_limit import UPDATE_BUDGET, NewLimit
from pam.answers.exchange_rates import rates_for_expense
from pam.answers.expense_changes import (
    DELETE_EXPENSE,
    UPDATE_EXPENSE,
    Correction,
    RatedCorrection,
    rates_for_correction,
)
from pam.answers.expenses import CREATE_EXPENSE, RatedExpense
from pam.answers.list_expenses import list_expenses as expense_list
from pam.answers.spend_summary import spend_summary
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.amounts import Currency
from pam.money.budget_comparison import BudgetComparisonQuery
from pam.money.budget_limits import MonthlyLimit
from pam.money.categories import KnownCategory
from pam.money.exchange_rates import RateTable
from pam.money.expense_changes import ExpenseChanges, parse_expense_id
from pam.money.expense_list import MAX_PAGE_SIZE, ExpensesQuery
from pam.money.expenses import NewExpense, OptionalDay
from pam.money.queries import Day
from pam.money.spending import SpendingQuery
from pam.platform.errors import INVALID_LIMIT
from pam.tools.catalog.money_arguments import (
    AmountArgument,
    CategoryArgument,
    MonthArgument,
    PeriodArgument,
    TextArgument,
    late_day,
)
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, ToolResult, read_tool, write_tool
from pam.tools.engine.results import to_tool_result
from pam.users.whole_numbers import WholeNumberParser

# The types of the API, with shorter schemas: a model writes JSON and needs one way to write each value.
_PastDay = Annotated[OptionalDay, WithJsonSchema({"type": "string", "format": "date"})]
_Date = Annotated[Day, WithJsonSchema({"type": "string", "format": "date"})]
# In the query of a URL a page size is text.
_parse_page_size = WholeNumberParser("limit", 1, MAX_PAGE_SIZE, INVALID_LIMIT)
_PageSize = Annotated[int, BeforeValidator(_parse_page_size), _parse_page_size.schema]
_ExpenseId = Annotated[UUID, BeforeValidator(parse_expense_id), WithJsonSchema({"type": "string", "format": "uuid"})]
_Currency = Annotated[Currency, WithJsonSchema({"type": "string"})]


class CreateExpense(ToolArguments):
    """An expense to record."""

    amount: AmountArgument
    category: KnownCategory
    currency: _Currency | None = Field(default=None, description="$ is USD unless their own is a $.")
    date: _PastDay = Field(default=None, description="Ask if unsure.")
    description: TextArgument = ""
    refund: StrictBool | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Adding {'a refund' if self.refund else 'an expense'} for {self.category}"


def _new_expense(arguments: CreateExpense) -> NewExpense:
    return NewExpense.model_validate(_fields(arguments))


def _find_rates(context: ToolContext, arguments: CreateExpense) -> RateTable:
    new = _new_expense(arguments).model_copy(update={"timezone": context.zone})
    return rates_for_expense(context.dependencies, context.user_id, new, context.deadline)


def _is_recorded(arguments: CreateExpense, data: Mapping[str, Any]) -> bool:
    """Return whether an expense with this amount and category is the recorded one."""
    expense = data.get("expense") or {}
    return (
        isinstance(arguments.amount, Decimal)
        and arguments.amount == abs(Decimal(str(expense.get("amount", 0))))
        and bool(arguments.refund) == (expense.get("kind") == "refund")
        and expense.get("category") == arguments.category
        and arguments.currency in (None, expense.get("currency"))
    )


@write_tool(summary=CreateExpense.summary, undo=CREATE_EXPENSE.undo, prepare=_find_rates, repeats=_is_recorded)
def create_expense(context: WriteContext, arguments: CreateExpense, rates: RateTable) -> WriteResult:
    """Record an expense or refund, of an amount that they named."""
    return CREATE_EXPENSE.write(context, RatedExpense(_new_expense(arguments), rates))


class ListExpenses(ToolArguments):
    """The days and the category to list."""

    category: CategoryArgument | None = None
    limit: _PageSize = 20
    period: PeriodArgument | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking at your {f'{self.category} expenses' if self.category else 'expenses'}"


@read_tool(summary=ListExpenses.summary)
def list_expenses(context: ToolContext, arguments: ListExpenses) -> ToolResult:
    """Expenses and refunds one by one, newest first, with ids."""
    query = ExpensesQuery(**arguments.model_dump(exclude_none=True), timezone=context.zone)
    return to_tool_result(expense_list(context.dependencies, context.user_id, query, context.deadline))


class UpdateExpense(ToolArguments):
    """The expense to correct, and its new values."""

    amount: AmountArgument | None = None
    category: CategoryArgument | None = None
    currency: _Currency | None = None
    date: _PastDay = None
    description: TextArgument | None = None
    expense_id: _ExpenseId
    refund: StrictBool | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Correcting an expense{f' to {self.category}' if self.category else ''}"


def _correction(arguments: UpdateExpense, zone: ZoneInfo | None = None) -> Correction:
    changes = ExpenseChanges.model_validate(_fields(arguments))
    return Correction(arguments.expense_id, changes.model_copy(update={"timezone": zone}))


def _find_new_rates(context: ToolContext, arguments: UpdateExpense) -> RateTable:
    correction = _correction(arguments, context.zone)
    return rates_for_correction(context.dependencies, context.user_id, correction, context.deadline)


@write_tool(summary=UpdateExpense.summary, undo=UPDATE_EXPENSE.undo, prepare=_find_new_rates)
def update_expense(context: WriteContext, arguments: UpdateExpense, rates: RateTable) -> WriteResult:
    """Correct a recorded expense: only what is given changes."""
    return UPDATE_EXPENSE.write(context, RatedCorrection(_correction(arguments), rates))


class DeleteExpense(ToolArguments):
    """The expense to delete."""

    expense_id: _ExpenseId

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Deleting an expense"


@write_tool(summary=DeleteExpense.summary, undo=DELETE_EXPENSE.undo)
def delete_expense(context: WriteContext, arguments: DeleteExpense) -> WriteResult:
    """Delete a recorded expense. If unsure which, ask."""
    return DELETE_EXPENSE.write(context, arguments.expense_id)


def _fields(arguments: CreateExpense | UpdateExpense) -> dict[str, Any]:
    """Return the arguments as the fields of the API, without those that aren't given."""
    fields = arguments.model_dump(mode="json", exclude={"expense_id", "refund"}, exclude_none=True)
    if arguments.refund is not None:
        fields["kind"] = "refund" if arguments.refund else "expense"
    return fields


class GetSpendingSummary(ToolArguments):
    """The days to sum up, and one category or all."""

    category: CategoryArgument | None = None
    from_: _Date | None = Field(default=None, alias="from", description="Needs `to`.")
    period: PeriodArgument | None = Field(
        default=None,
        description="Default this_month; today, last_week, last_30_days, march, all_time.",
    )
    to: _Date | None = Field(default=None, description="Exclusive.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Adding up what you spent{f' on {self.category}' if self.category else ''}"


@read_tool(summary=GetSpendingSummary.summary)
def get_spending_summary(context: ToolContext, arguments: GetSpendingSummary) -> ToolResult:
    """Spending in a period, by category, and against the one before."""
    query = SpendingQuery(**arguments.model_dump(by_alias=True, mode="json"), timezone=context.zone)
    if late := late_day(context):
        query = query.dated(*late)
    return to_tool_result(spend_summary(context.dependencies, context.user_id, query, context.deadline))


class CompareVsBudget(ToolArguments):
    """The month to compare, and one category or all."""

    category: CategoryArgument | None = None
    period: MonthArgument = Field(default="this_month", description="last_month, march.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Comparing with your {f'{self.category} budget' if self.category else 'budgets'}"


@read_tool(summary=CompareVsBudget.summary)
def compare_vs_budget(context: ToolContext, arguments: CompareVsBudget) -> ToolResult:
    """A month's spending against the budgets."""
    query = BudgetComparisonQuery(category=arguments.category, period=arguments.period, timezone=context.zone)
    if late := late_day(context):
        query = query.dated(late[0])
    return to_tool_result(budget_comparison(context.dependencies, context.user_id, query, context.deadline))


class UpdateBudget(ToolArguments):
    """The limit to set."""

    amount: MonthlyLimit
    category: CategoryArgument

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Setting your {self.category} budget"


@write_tool(summary=UpdateBudget.summary, undo=UPDATE_BUDGET.undo)
def update_budget(context: WriteContext, arguments: UpdateBudget) -> WriteResult:
    """Set a category's whole limit; look it up to change it by an amount."""
    return UPDATE_BUDGET.write(context, NewLimit(arguments.category, arguments.amount))


TOOLS = (
    create_expense,
    list_expenses,
    update_expense,
    delete_expense,
    get_spending_summary,
    compare_vs_budget,
    update_budget,
)
