"""Windows in words, always with their dates: so that nobody has to guess what "last month" was taken for."""

from datetime import date, timedelta

from pam.traveller.profile import Profile
from pam.traveller.window import MONTHS, Window
from pam.traveller.wording import days, month_and_year

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


def in_words(window: Window, today: date, profile: Profile) -> str:
    """Such as `this month (Nov 1 – 22, 2026)`, `in March 2026`, `since Nov 22, 2025`."""
    been = window.until(today)
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
