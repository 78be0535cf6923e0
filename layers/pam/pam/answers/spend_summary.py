"""What was spent in a window: the figures, and the sentence that says them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pam.answers.parts import Parts
from pam.answers.private_answer import Answer, Computed, private_answer
from pam.answers.private_cache import FRESH_FOR
from pam.money.spending import Spending, SpendingQuestion, fresh_until, summarise
from pam.money.window import MONTHS, Window
from pam.traveller.profile import Profile, read_profile
from pam.traveller.wording import counted, days, money, month_and_year

_NAMED = {
    "today": "today",
    "yesterday": "yesterday",
    "this_week": "this week",
    "last_week": "last week",
    "this_weekend": "this weekend",
    "last_weekend": "last weekend",
    "this_month": "this month",
    "last_month": "last month",
    "this_year": "this year",
    "last_year": "last year",
}


def spend_summary(parts: Parts, user_id: UUID, question: SpendingQuestion) -> Answer:
    """Answers the question for this traveller, from the cache where nothing was written since."""

    def compute() -> Computed:
        with parts.database.session(user_id) as connection:
            spending = summarise(connection, read_profile(connection, user_id), question, parts.clock())
        as_of = spending.as_of.astimezone(spending.profile.zone)
        return Computed(_told(spending), as_of, fresh_until(spending, FRESH_FOR))

    return private_answer(parts, user_id, f"spend_summary|{question.key}", compute)


def _told(spending: Spending) -> dict[str, Any]:
    return spending.as_json() | {
        "source": spending.profile.expenses_source,
        "text": sentence(spending),
        "category_in_use": spending.known,
    }


def sentence(spending: Spending) -> str:
    """The answer in words, each figure from the rows alone."""
    profile = spending.profile
    total = spending.in_all
    subject = f" on {spending.question.category}" if spending.question.category else ""
    when = _when(spending.window, spending.window.until(spending.today), profile)
    if not total.count:
        return f"You have no expenses{subject} recorded {when}." + _elsewhere(spending)
    said = [f"You've spent {money(total.total, profile.currency, profile)}{subject} {when}"]
    said.append(f", in {counted(total.count, 'expense')}")
    if spending.window.until(spending.today).days > 1:
        said.append(f": {money(spending.daily_average, profile.currency, profile)} a day")
    said.append(".")
    return "".join(said) + _compared(spending) + _elsewhere(spending)


def _when(window: Window, been: Window, profile: Profile) -> str:
    """The window in words, always with its dates."""
    dates = days(been.start, been.end, profile)
    period = window.period or ""
    if period in _NAMED:
        return f"{_NAMED[period]} ({dates})"
    if period in MONTHS:
        return f"in {month_and_year(window.start, profile)}"
    if period == "all_time":
        return f"since {days(window.start, window.start + timedelta(days=1), profile)}"
    if period:
        return f"in the last {window.days} days ({dates})"
    return f"in {days(window.start, window.end, profile)}"


def _compared(spending: Spending) -> str:
    """The change, where the records reach back far enough to make it a fair one."""
    if spending.before is None or spending.before_window is None or not spending.before.count:
        return ""
    if spending.first_day and spending.first_day > spending.before_window.start:
        return ""
    difference = spending.in_all.total - spending.before.total
    dates = days(spending.before_window.start, spending.before_window.end, spending.profile)
    when = f"in {dates}" if spending.before_window.days > 1 else f"on {dates}"
    if not difference:
        return f" That's the same as {when}."
    size = money(abs(difference), spending.profile.currency, spending.profile)
    return f" That's {size} {'more' if difference > 0 else 'less'} than {when}."


def _elsewhere(spending: Spending) -> str:
    parts = [money(part.total, currency, spending.profile) for currency, part in spending.other_currencies.items()]
    return f" In other currencies, not added up: {', '.join(parts)}." if parts else ""
