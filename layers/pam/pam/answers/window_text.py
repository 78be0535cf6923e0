"""Windows in words, always with their dates, so that it is clear what "last month" was understood as."""

from datetime import date, timedelta

from pam.users.formatting import format_dates, format_day, format_month
from pam.users.periods import MONTHS, Window
from pam.users.profile import Profile

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


def window_text(window: Window, today: date, profile: Profile) -> str:
    """Render a window, such as `this month (Nov 1 – 22, 2026)`, `in March 2026`, `since Nov 22, 2025`."""
    past = window.elapsed(today)
    dates = format_dates(past.start, past.end, profile)
    period = window.period or ""
    if period in _NAMED:
        return f"{_NAMED[period]} ({dates})"
    if period in MONTHS:
        return f"in {format_month(window.start, profile)}"
    if period == "all_time":
        return f"since {format_day(window.start, profile)}"
    if period:
        return f"in the last {window.days} days ({dates})"
    return f"{'on' if window.days == 1 else 'in'} {format_dates(window.start, window.end, profile)}"


def previous_window_text(window: Window, profile: Profile) -> str:
    """Render the window that another is compared with: `in September 2026`, `in Nov 1 – 15, 2026`, `on Nov 3, 2026`."""
    if window.start.day == 1 and window.end == (window.start + timedelta(days=32)).replace(day=1):
        return f"in {format_month(window.start, profile)}"
    return f"{'on' if window.days == 1 else 'in'} {format_dates(window.start, window.end, profile)}"
