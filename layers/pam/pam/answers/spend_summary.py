"""What was spent in a window: by category, against the period before, and in a sentence."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Date, Money
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import (
    Converted,
    NotIncluded,
    conversion_sentences,
    converted_totals,
    excluded_spending,
    excluded_totals,
)
from pam.answers.date_range import DateRange, PeriodRange, date_range, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.expense_item import ExpenseItem, expense_item
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import QueriedCategory, UserAnswer, user_provenance
from pam.answers.window_text import previous_window_text, window_text
from pam.money.amounts import Currency, to_cents
from pam.money.categories import Category
from pam.money.spending import Spending, SpendingQuery, read_spending
from pam.platform.deadline import Deadline
from pam.users.formatting import format_day, format_money, pluralize


@json_dataclass
class CategorySum:
    """What was spent on one category."""

    category: Category
    total: Money
    count: Annotated[Count, Field(description="Of expenses, without refunds.")]
    share: Annotated[
        float,
        Field(ge=0, le=1, description="Of the categories above zero, from 0 to 1; 0 below.", examples=[0.28]),
    ]


@json_dataclass
class SpendingChange:
    """Against the same days of the period before."""

    window: DateRange
    total: Money
    amount: Annotated[Money, Field(description="What is more now, or less.")]
    percent: Annotated[float | None, Field(description="The same in percent; null where nothing was spent before.")]


@json_dataclass
class SpendSummary(UserAnswer):
    """What was spent in a window, in the traveller's currency."""

    window: PeriodRange
    currency: Currency
    category: QueriedCategory
    category_in_use: Annotated[
        bool, Field(description="False for a category in which the traveller has nothing at all.")
    ]
    total: Money
    count: Count
    since: Annotated[
        Date | None,
        Field(description="The first day of the average: the window's, or that of the first expense if it is later."),
    ]
    daily_average: Annotated[
        Money | None, Field(description="Per elapsed day from `since` on; null where the records cover none.")
    ]
    by_category: Annotated[tuple[CategorySum, ...], Field(description="The largest first.")]
    change: Annotated[SpendingChange | None, Field(description="Null unless the records cover the period before.")]
    top_expense: ExpenseItem | None
    converted: Converted
    other_currencies: NotIncluded


def spend_summary(
    dependencies: UserDependencies, user_id: UUID, query: SpendingQuery, deadline: Deadline
) -> SpendSummary:
    """Return what the user spent, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, SpendSummary, read_spending, _answer)


def spend_summary_from_slots(request: AskRequest, slots: Slots) -> SpendSummary | None:
    """Answer a question in words; None for a category that the user doesn't use.

    The user may mean others by it: "food" may be booked as groceries and dining.
    """
    fields = {name: value for name, value in slots.items() if name != "group_by"}
    query = SpendingQuery(**request.in_zone(fields))
    answer = spend_summary(request.dependencies, request.user_id, query, request.deadline)
    return answer if answer.category_in_use else None


def _answer(spending: Spending) -> SpendSummary:
    profile, total = spending.profile, spending.overall.total
    positive = sum((part.total for part in spending.by_category.values() if part.total > 0), Decimal(0))
    return SpendSummary(
        text=_sentence(spending),
        **user_provenance(spending),
        window=period_range(spending.window, profile),
        currency=profile.currency,
        category=spending.query.category,
        category_in_use=spending.category_in_use,
        total=str(to_cents(total)),
        count=spending.overall.count,
        since=spending.recorded.start.isoformat() if spending.recorded else None,
        daily_average=None if spending.daily_average is None else str(spending.daily_average),
        by_category=tuple(
            CategorySum(
                category=category,
                total=str(part.total),
                count=part.count,
                share=float(round(part.total / positive, 4)) if part.total > 0 else 0.0,
            )
            for category, part in spending.by_category.items()
        ),
        change=_change(spending),
        top_expense=expense_item(spending.top_expense, profile) if spending.top_expense else None,
        converted=converted_totals(spending.overall),
        other_currencies=excluded_totals(spending.overall),
    )


def _change(spending: Spending) -> SpendingChange | None:
    if spending.previous is None or spending.previous_window is None:
        return None
    percent = spending.change_percent
    return SpendingChange(
        window=date_range(spending.previous_window),
        total=str(to_cents(spending.previous.total)),
        amount=str(to_cents(spending.overall.total - spending.previous.total)),
        percent=None if percent is None else float(percent),
    )


def _sentence(spending: Spending) -> str:
    """Render the summary in words, each figure from the recorded expenses."""
    profile = spending.profile
    total = spending.overall
    subject = f" on {spending.query.category}" if spending.query.category else ""
    when = window_text(spending.window, spending.today, profile)
    if total.total < 0:
        back = format_money(-total.total, profile.currency, profile)
        return f"You got back {back} more than you spent{subject} {when}.{conversion_sentences(total, profile)}"
    if not total.count and total.excluded:
        spent = excluded_spending(total, subject, when, profile)
        return f"{spent}. PAM has no exchange rate to {profile.currency} for it yet."
    if not total.count:
        return f"You have no expenses{subject} recorded {when}."
    text = f"You've spent {format_money(total.total, profile.currency, profile)}{subject} {when}"
    text += f", in {pluralize(total.count, 'expense')}"
    return f"{text}{_daily_average(spending)}.{_comparison(spending)}{conversion_sentences(total, profile)}"


def _daily_average(spending: Spending) -> str:
    """Render the average, and the day since which it counts unless that is the window's first."""
    recorded, profile = spending.recorded, spending.profile
    if recorded is None or spending.daily_average is None or spending.window.elapsed(spending.today).days == 1:
        return ""
    average = f": {format_money(spending.daily_average, profile.currency, profile)} a day"
    if recorded.start == spending.window.start:
        return average
    first = format_day(recorded.start, profile)
    return f"{average} since {first}, when your records begin"


def _comparison(spending: Spending) -> str:
    """Render the change from the period before, where it is comparable."""
    if spending.previous is None or spending.previous_window is None:
        return ""
    difference = spending.overall.total - spending.previous.total
    when = previous_window_text(spending.previous_window, spending.profile)
    if not difference:
        return f" That's the same as {when}."
    size = format_money(abs(difference), spending.profile.currency, spending.profile)
    return f" That's {size} {'more' if difference > 0 else 'less'} than {when}."
