"""Where the current month is heading: fixed and running costs, a range, and how much history that rests on."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Date, Money
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import NotIncluded, excluded_totals, not_included_sentence
from pam.answers.date_range import PeriodRange, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.excerpt import excerpt
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import QueriedCategory, UserAnswer, user_provenance
from pam.money.amounts import Currency, to_cents
from pam.money.budget_overview import BudgetQuery
from pam.money.categories import Category
from pam.money.month_projection import DueCost, MonthProjection, read_month_projection
from pam.money.monthly_costs import MIN_MONTHS
from pam.platform.deadline import Deadline
from pam.users.formatting import format_money, pluralize

MAX_LISTED_COSTS = 20

_MAX_NAMED = 5
_MAX_NAME_BYTES = 120
"""Of the name of a cost, which is the description of its last entry."""


@json_dataclass
class FixedCostDue:
    """A fixed monthly cost that isn't paid yet this month."""

    name: str
    category: Category
    amount: Annotated[Money, Field(description="As it was last.")]
    day: Annotated[Date, Field(description="When it is expected.")]
    late: Annotated[
        bool,
        Field(description="Over by more than four days: it counts in the upper end of the range alone."),
    ]


@json_dataclass
class ProjectedMonth(UserAnswer):
    """What the current month will probably cost, in the traveller's currency."""

    window: PeriodRange
    currency: Currency
    category: QueriedCategory
    days_left: Count
    spent: Money
    fixed_paid: Money
    fixed_due: Annotated[tuple[FixedCostDue, ...], Field(max_length=MAX_LISTED_COSTS, description="The highest first.")]
    fixed_due_not_listed: Annotated[Count, Field(description="How many more there are; they count in the sums.")]
    running: Annotated[Money | None, Field(description="Usual for the days that are left, without fixed costs.")]
    projected: Annotated[Money | None, Field(description="Null with too few days of records.")]
    lowest: Money | None
    highest: Money | None
    months: Annotated[Count, Field(description="Whole months before that it rests on; with 0 it is this month's pace.")]
    other_currencies: NotIncluded


def month_projection(
    dependencies: UserDependencies, user_id: UUID, query: BudgetQuery, deadline: Deadline
) -> ProjectedMonth:
    """Return the projection, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, ProjectedMonth, read_month_projection, _answer)


def _answer(month: MonthProjection) -> ProjectedMonth:
    lowest, highest = (None, None) if month.range is None else map(str, month.range)
    return ProjectedMonth(
        text=_sentence(month),
        **user_provenance(month),
        window=period_range(month.window, month.profile),
        currency=month.profile.currency,
        category=month.query.category,
        days_left=month.days_left,
        spent=str(to_cents(month.spent)),
        fixed_paid=str(to_cents(sum((entry.amount for entry in month.paid), Decimal(0)))),
        fixed_due=tuple(_due(due) for due in month.due[:MAX_LISTED_COSTS]),
        fixed_due_not_listed=max(0, len(month.due) - MAX_LISTED_COSTS),
        running=None if month.running is None else str(to_cents(month.running.usual)),
        projected=None if month.projected is None else str(month.projected),
        lowest=lowest,
        highest=highest,
        months=0 if month.running is None else month.running.months,
        other_currencies=excluded_totals(month.excluded),
    )


def _due(due: DueCost) -> FixedCostDue:
    return FixedCostDue(
        name=_name(due),
        category=due.cost.category,
        amount=str(due.cost.amount),
        day=due.day.isoformat(),
        late=due.is_late,
    )


def _name(due: DueCost) -> str:
    return excerpt(due.cost.name, _MAX_NAME_BYTES)


def _sentence(month: MonthProjection) -> str:
    profile = month.profile

    def money(amount: Decimal) -> str:
        return format_money(to_cents(amount), profile.currency, profile)

    subject = f" on {month.query.category}" if month.query.category else ""
    spent = f"You've spent {money(month.spent)}{subject} this month"
    left_out = not_included_sentence(month.excluded, profile)
    if month.projected is None or month.range is None or month.running is None:
        return f"{spent}. Your records are too short to say where the month is heading.{left_out}"
    lowest, highest = month.range
    text = f"{spent}, and it's heading for about {money(month.projected)}: {money(lowest)} to {money(highest)}."
    if due := [f"{_name(each)} ({money(each.cost.amount)})" for each in month.due if not each.is_late]:
        text += f" Still due: {_listed(due)}."
    if late := [_name(each) for each in month.due if each.is_late]:
        text += f" Usually paid by now, but not recorded: {_listed(late)}."
    return text + _basis(month.running.months) + left_out


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more


def _basis(months: int) -> str:
    if not months:
        return (
            " That is this month's pace alone: there is no whole month before it in your records, so it's rough, and "
            "bills that come once a month aren't told apart."
        )
    few = "" if months >= MIN_MONTHS else ", so bills that come once a month aren't told apart yet"
    return f" It rests on the {pluralize(months, 'whole month')} before{few}."
