"""Tools for money: expenses recorded and summed up, monthly budgets set and compared."""

from datetime import date
from typing import Annotated

from pydantic import Field, WithJsonSchema

from pam.answers.budget_comparison import budget_comparison
from pam.answers.budget_limit import UPDATE_BUDGET, NewLimit
from pam.answers.exchange_rates import rates_for_expense
from pam.answers.expenses import CREATE_EXPENSE, RatedExpense
from pam.answers.spend_summary import spend_summary
from pam.answers.user_context import read_user_context
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.amounts import MAX_AMOUNT, Currency
from pam.money.budget_comparison import BudgetComparisonQuery, Month
from pam.money.budget_limits import MonthlyLimit
from pam.money.categories import KnownCategory
from pam.money.exchange_rates import RateTable
from pam.money.expenses import MAX_DESCRIPTION_CHARS, Description, NewExpense, OptionalDay
from pam.money.queries import Day, Period
from pam.money.spending import SpendingQuery
from pam.money.typed_amounts import TypedAmount
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, ToolResult, read_tool, write_tool
from pam.tools.engine.results import to_tool_result

# The types of the API, with shorter schemas: a model writes JSON and needs one way to write each value.
_Amount = Annotated[TypedAmount, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_AMOUNT)})]
_Text = Annotated[Description, WithJsonSchema({"type": "string", "maxLength": MAX_DESCRIPTION_CHARS})]
_PastDay = Annotated[OptionalDay, WithJsonSchema({"type": "string", "format": "date"})]
_Date = Annotated[Day, WithJsonSchema({"type": "string", "format": "date"})]
_Period = Annotated[Period, WithJsonSchema({"type": "string"})]
_Month = Annotated[Month, WithJsonSchema({"type": "string"})]
_Currency = Annotated[Currency, WithJsonSchema({"type": "string"})]


class CreateExpense(ToolArguments):
    """An expense to record."""

    amount: _Amount = Field(description="What was paid.")
    category: KnownCategory = Field(description="Gas and diesel are fuel.")
    currency: _Currency | None = Field(default=None, description="ISO 4217; $ is USD unless their own is a $.")
    date: _PastDay = Field(default=None, description="Today by default; within the last year. Ask if unsure.")
    description: _Text = Field(default="", description="Other details, if any.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Adding an expense for {self.category}"


def _new_expense(arguments: CreateExpense) -> NewExpense:
    return NewExpense.model_validate(arguments.model_dump(mode="json"))


def _find_rates(context: ToolContext, arguments: CreateExpense) -> RateTable:
    new = _new_expense(arguments).model_copy(update={"timezone": context.zone})
    return rates_for_expense(context.dependencies, context.user_id, new, context.deadline)


@write_tool(summary=CreateExpense.summary, undo=CREATE_EXPENSE.undo, prepare=_find_rates)
def create_expense(context: WriteContext, arguments: CreateExpense, rates: RateTable) -> WriteResult:
    """Record one expense that the traveller has paid; returns what is left of its budget. Needs an amount they named:
    never guess one. They can undo it for ten minutes."""
    return CREATE_EXPENSE.write(context, RatedExpense(_new_expense(arguments), rates))


class GetSpendingSummary(ToolArguments):
    """The days to sum up, and one category or all."""

    category: KnownCategory | None = Field(default=None, description="All by default.")
    from_: _Date | None = Field(default=None, alias="from", description="First day, with `to` in place of `period`.")
    period: _Period | None = Field(
        default=None,
        description="this_month (default), last_month, this_year, last_year, today, yesterday, this_week, last_week, "
        "this_weekend, last_weekend, all_time, last_N_days, or a month: march.",
    )
    to: _Date | None = Field(default=None, description="The day after the last.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Adding up what you spent{f' on {self.category}' if self.category else ''}"


@read_tool(summary=GetSpendingSummary.summary)
def get_spending_summary(context: ToolContext, arguments: GetSpendingSummary) -> ToolResult:
    """What the traveller spent in a period: total, by category, a day on average, largest expense, change against the
    same days of the period before. Recorded expenses only."""
    query = SpendingQuery(**arguments.model_dump(by_alias=True, mode="json"), timezone=context.zone)
    if late := _late_day(context):
        query = query.dated(*late)
    return to_tool_result(spend_summary(context.dependencies, context.user_id, query, context.deadline))


class CompareVsBudget(ToolArguments):
    """The month to compare, and one category or all."""

    category: KnownCategory | None = Field(default=None, description="All by default.")
    period: _Month = Field(default="this_month", description="this_month, last_month, or a month: march.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Comparing with your {f'{self.category} budget' if self.category else 'budgets'}"


@read_tool(summary=CompareVsBudget.summary)
def compare_vs_budget(context: ToolContext, arguments: CompareVsBudget) -> ToolResult:
    """A month's spending against the budgets set at present: budgeted, spent, difference, per cent. Names the
    categories without one. It makes no projection."""
    query = BudgetComparisonQuery(category=arguments.category, period=arguments.period, timezone=context.zone)
    if late := _late_day(context):
        query = query.dated(late[0])
    return to_tool_result(budget_comparison(context.dependencies, context.user_id, query, context.deadline))


class UpdateBudget(ToolArguments):
    """The limit to set."""

    amount: MonthlyLimit = Field(description="The whole limit, not a change of it.")
    category: KnownCategory = Field(description="What it limits.")

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Setting your {self.category} budget"


@write_tool(summary=UpdateBudget.summary, undo=UPDATE_BUDGET.undo)
def update_budget(context: WriteContext, arguments: UpdateBudget) -> WriteResult:
    """Set a category's monthly limit, in the traveller's currency; returns the previous one and how the month stands.
    For a change by some amount, look up the present limit first. It can't remove one. They can undo it for ten
    minutes."""
    return UPDATE_BUDGET.write(context, NewLimit(arguments.category, arguments.amount))


def _late_day(context: ToolContext) -> tuple[date, str] | None:
    """Return the date of a question that was typed on another day than today, and the user's locale."""
    if context.typed_at is None:
        return None
    profile = read_user_context(context.dependencies, context.user_id, context.deadline).profile.in_zone(context.zone)
    typed, today = (each.astimezone(profile.zone).date() for each in (context.typed_at, context.dependencies.clock()))
    return (typed, profile.locale) if typed != today else None


TOOLS = (create_expense, get_spending_summary, compare_vs_budget, update_budget)
