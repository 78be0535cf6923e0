"""The arguments that several tools for money share: the types of the API, with shorter schemas.

A model writes JSON and needs one way to write each value.
"""

from datetime import date
from typing import Annotated

from pydantic import WithJsonSchema

from pam.answers.user_context import read_user_context
from pam.money.amounts import MAX_AMOUNT
from pam.money.budget_comparison import Month
from pam.money.categories import KnownCategory
from pam.money.expenses import MAX_DESCRIPTION_CHARS, Description
from pam.money.queries import Period
from pam.money.typed_amounts import TypedAmount
from pam.tools.engine.definition import ToolContext

AmountArgument = Annotated[
    TypedAmount, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_AMOUNT)})
]
TextArgument = Annotated[Description, WithJsonSchema({"type": "string", "maxLength": MAX_DESCRIPTION_CHARS})]
CategoryArgument = Annotated[KnownCategory, WithJsonSchema({"type": "string"})]
"""Of the categories that create_expense lists."""
PeriodArgument = Annotated[Period, WithJsonSchema({"type": "string"})]
MonthArgument = Annotated[Month, WithJsonSchema({"type": "string"})]


def late_day(context: ToolContext) -> tuple[date, str] | None:
    """Return the date of a question that was typed on another day than today, and the user's locale."""
    if context.typed_at is None:
        return None
    profile = read_user_context(context.dependencies, context.user_id, context.deadline).profile.in_zone(context.zone)
    typed, today = (each.astimezone(profile.zone).date() for each in (context.typed_at, context.dependencies.clock()))
    return (typed, profile.locale) if typed != today else None
