"""Tools for a budget: savings, a month's analysis and projection, what is worth a look, and the category of words."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from pam.answers.budget_analysis import budget_analysis
from pam.answers.category_suggestion import Transaction, suggest_category
from pam.answers.exchange_rates import rates_for_expense
from pam.answers.month_projection import month_projection
from pam.answers.new_saving import TRACK_SAVINGS, RatedSaving
from pam.answers.savings_opportunities import savings_opportunities
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.amounts import parse_amount
from pam.money.budget_comparison import BudgetComparisonQuery
from pam.money.budget_overview import BudgetQuery
from pam.money.exchange_rates import RateTable
from pam.money.expenses import Description, NewExpense
from pam.money.new_savings import NewSaving, SavingKind, parse_saving_kind
from pam.money.savings_opportunities import DEFAULT_MIN_AMOUNT, OpportunitiesQuery
from pam.money.typed_amounts import TypedAmount
from pam.tools.catalog.money_arguments import CategoryArgument, MonthArgument, late_day
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import Tool, ToolContext, ToolResult, read_tool, write_tool
from pam.tools.engine.results import to_tool_result
from pam.users.text import TextParser

_parse_words = TextParser("description", 200, required=True)
_parse_merchant = TextParser("merchant", 100)

_Words = Annotated[str, BeforeValidator(_parse_words), WithJsonSchema({"type": "string"})]
_Merchant = Annotated[str, BeforeValidator(_parse_merchant), WithJsonSchema({"type": "string"})]
_Kind = Annotated[
    SavingKind | None, BeforeValidator(parse_saving_kind), WithJsonSchema({"type": "string", "enum": list(SavingKind)})
]
_Amount = Annotated[TypedAmount, WithJsonSchema({"type": "number"})]
_Text = Annotated[Description, WithJsonSchema({"type": "string"})]
_MinAmount = Annotated[Decimal, BeforeValidator(parse_amount), WithJsonSchema({"type": "number"})]


class TrackSavings(ToolArguments):
    """A saving to record."""

    amount: _Amount
    category: CategoryArgument
    description: _Text = ""
    kind: _Kind = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Recording what you saved on {self.category}"


def _find_rates(context: ToolContext, arguments: TrackSavings) -> RateTable:
    new = NewExpense(amount=arguments.amount, category=arguments.category, timezone=context.zone)
    return rates_for_expense(context.dependencies, context.user_id, new, context.deadline)


@write_tool(summary=TrackSavings.summary, undo=TRACK_SAVINGS.undo, prepare=_find_rates)
def track_savings(context: WriteContext, arguments: TrackSavings, rates: RateTable) -> WriteResult:
    """Record what they say they saved; never an estimate."""
    return TRACK_SAVINGS.write(context, RatedSaving(NewSaving(**arguments.model_dump()), rates))


class AnalyzeBudget(ToolArguments):
    """The month to analyze."""

    month: MonthArgument = "this_month"

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Analyzing your budgets"


@read_tool(summary=AnalyzeBudget.summary)
def analyze_budget(context: ToolContext, arguments: AnalyzeBudget) -> ToolResult:
    """A month's categories against their limits: over, near or good."""
    query = BudgetComparisonQuery(period=arguments.month, timezone=context.zone)
    if late := late_day(context):
        query = query.dated(late[0])
    return to_tool_result(budget_analysis(context.dependencies, context.user_id, query, context.deadline))


class PredictEndOfMonth(ToolArguments):
    """One category or all."""

    category: CategoryArgument | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Projecting this month{f' for {self.category}' if self.category else ''}"


@read_tool(summary=PredictEndOfMonth.summary)
def predict_end_of_month(context: ToolContext, arguments: PredictEndOfMonth) -> ToolResult:
    """What this month will probably cost, with a range."""
    query = BudgetQuery(category=arguments.category, timezone=context.zone)
    return to_tool_result(month_projection(context.dependencies, context.user_id, query, context.deadline))


class FindSavingsOpportunities(ToolArguments):
    """The least amount that is worth a look."""

    min_amount: _MinAmount | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Looking for what you may save"


@read_tool(summary=FindSavingsOpportunities.summary)
def find_savings_opportunities(context: ToolContext, arguments: FindSavingsOpportunities) -> ToolResult:
    """Own expenses that recur, rise or are unusually large."""
    query = OpportunitiesQuery(min_amount=arguments.min_amount or DEFAULT_MIN_AMOUNT, timezone=context.zone)
    return to_tool_result(savings_opportunities(context.dependencies, context.user_id, query, context.deadline))


class CategorizeTransaction(ToolArguments):
    """What to categorize."""

    amount: _Amount | None = None
    description: _Words
    merchant: _Merchant = ""

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Finding the category"


@read_tool(summary=CategorizeTransaction.summary)
def categorize_transaction(context: ToolContext, arguments: CategorizeTransaction) -> ToolResult:
    """The likely category of an expense."""
    transaction = Transaction(arguments.description, arguments.merchant, arguments.amount)
    return to_tool_result(suggest_category(context.dependencies, context.user_id, transaction, context.deadline))


TOOLS: tuple[Tool[Any], ...] = (
    track_savings,
    analyze_budget,
    predict_end_of_month,
    find_savings_opportunities,
    categorize_transaction,
)
