"""Tools for money: expenses recorded and summed up, monthly budgets set and compared."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from pam.answers.budget_comparison import budget_comparison
from pam.answers.budget_limit import restore_budget, set_budget
from pam.answers.expenses import record_expense, withdraw_expense
from pam.answers.spend_summary import spend_summary
from pam.money.amounts import MAX_AMOUNT, Amount, Currency
from pam.money.budget_comparison import BudgetComparisonQuery, Month
from pam.money.budget_limits import BudgetLimit, MonthlyLimit
from pam.money.categories import Category, KnownCategory
from pam.money.expenses import MAX_DESCRIPTION_CHARS, Description, NewExpense, OptionalDay
from pam.money.queries import Day, Period
from pam.money.spending import SpendingQuery
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import (
    ToolContext,
    ToolResult,
    WriteContext,
    WriteResult,
    read_tool,
    write_tool,
)
from pam.tools.engine.results import to_tool_result, to_write_result

# The same types as everywhere, with schemas for one who writes JSON by itself: shorter, and with one way to say it.
_Amount = Annotated[Amount, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_AMOUNT)})]
_Text = Annotated[Description, WithJsonSchema({"type": "string", "maxLength": MAX_DESCRIPTION_CHARS})]
_PastDay = Annotated[OptionalDay, WithJsonSchema({"type": "string", "format": "date"})]
_Date = Annotated[Day, WithJsonSchema({"type": "string", "format": "date"})]
_Period = Annotated[Period, WithJsonSchema({"type": "string"})]
_Month = Annotated[Month, WithJsonSchema({"type": "string"})]
_Currency = Annotated[Currency, WithJsonSchema({"type": "string"})]


class CreateExpense(ToolArguments):
    """What was paid, for what, and when."""

    amount: _Amount = Field(description="What was paid.")
    category: KnownCategory = Field(description="Gas and diesel are fuel.")
    currency: _Currency | None = Field(default=None, description="ISO 4217, if named and not the traveller's own.")
    date: _PastDay = Field(default=None, description="Today by default; within the last year.")
    description: _Text = Field(default="", description="What else was said of it.")

    def doing(self) -> str:
        """In a few words."""
        return f"Adding an expense for {self.category}"


def _undo_expense(write_tool: WriteContext, undo: Mapping[str, Any]) -> str:
    told = withdraw_expense(write_tool.connection, write_tool.profile, UUID(undo["expense"]), write_tool.now)
    count(Metric.EXPENSE_UNDONE)
    return str(told["text"])


@write_tool(summary=CreateExpense.doing, undo=_undo_expense)
def create_expense(write_tool: WriteContext, arguments: CreateExpense) -> WriteResult:
    """Record one expense that the traveller has paid; tells what is left of its budget. Needs an amount they named:
    never guess one. They can undo it for ten minutes."""
    new = NewExpense.model_validate(arguments.model_dump(mode="json"))
    expense, told = record_expense(write_tool.connection, write_tool.profile, new, write_tool.now, None)
    count(Metric.EXPENSE_CREATED)
    return to_write_result(told, undo={"expense": str(expense.id)})


class GetSpendingSummary(ToolArguments):
    """Which days, and one category or all."""

    category: KnownCategory | None = Field(default=None, description="All by default.")
    from_: _Date | None = Field(default=None, alias="from", description="First day, with `to` in place of `period`.")
    period: _Period | None = Field(
        default=None,
        description="this_month (default), last_month, this_year, last_year, today, yesterday, this_week, last_week, "
        "this_weekend, last_weekend, all_time, last_N_days, or a month: march.",
    )
    to: _Date | None = Field(default=None, description="The day after the last.")

    def doing(self) -> str:
        """In a few words."""
        return f"Adding up what you spent{f' on {self.category}' if self.category else ''}"


@read_tool(summary=GetSpendingSummary.doing)
def get_spending_summary(call: ToolContext, arguments: GetSpendingSummary) -> ToolResult:
    """What the traveller spent in a period: total, by category, a day on average, largest expense, change against the
    same days of the period before. Recorded expenses only."""
    question = SpendingQuery(**arguments.model_dump(by_alias=True, mode="json"), timezone=call.zone)
    return to_tool_result(spend_summary(call.dependencies, call.user_id, question, call.deadline))


class CompareVsBudget(ToolArguments):
    """Which month, and one category or all."""

    category: KnownCategory | None = Field(default=None, description="All by default.")
    period: _Month = Field(default="this_month", description="this_month, last_month, or a month: march.")

    def doing(self) -> str:
        """In a few words."""
        return f"Comparing with your {f'{self.category} budget' if self.category else 'budgets'}"


@read_tool(summary=CompareVsBudget.doing)
def compare_vs_budget(call: ToolContext, arguments: CompareVsBudget) -> ToolResult:
    """A month's spending against the budgets set at present: budgeted, spent, difference, per cent. Tells which
    categories have none. It makes no projection."""
    question = BudgetComparisonQuery(category=arguments.category, period=arguments.period, timezone=call.zone)
    return to_tool_result(budget_comparison(call.dependencies, call.user_id, question, call.deadline))


class UpdateBudget(ToolArguments):
    """Which limit, and how much."""

    amount: MonthlyLimit = Field(description="The whole limit, not a change of it.")
    category: KnownCategory = Field(description="What it limits.")

    def doing(self) -> str:
        """In a few words."""
        return f"Setting your {self.category} budget"


def _undo_budget(write_tool: WriteContext, undo: Mapping[str, Any]) -> str:
    return restore_budget(
        write_tool.connection,
        write_tool.profile,
        Category(undo["category"]),
        BudgetLimit.from_json(undo["limit"]),
        BudgetLimit.from_json(undo["before"]) if undo["before"] else None,
    )


@write_tool(summary=UpdateBudget.doing, undo=_undo_budget)
def update_budget(write_tool: WriteContext, arguments: UpdateBudget) -> WriteResult:
    """Set a category's monthly limit, in the traveller's currency; tells the one before and how the month stands. For
    a change by some amount, look up the present limit first. It can't remove one. They can undo it for ten
    minutes."""
    answer, limit, before = set_budget(
        write_tool.connection, write_tool.profile, arguments.category, arguments.amount, write_tool.now
    )
    return to_write_result(
        answer.as_json(),
        undo={
            "category": arguments.category,
            "limit": limit.as_json(),
            "before": before.as_json() if before else None,
        },
    )


TOOLS = (create_expense, get_spending_summary, compare_vs_budget, update_budget)
