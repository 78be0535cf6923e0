"""The place and the time of a forecast, in words."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pam.travel.forecast import HourlyForecast
from pam.travel.outlook import Outlook
from pam.users.formatting import format_dates
from pam.users.profile import Profile

T = TypeVar("T")

_DAY = timedelta(days=1)
_PERIOD_TEXTS = {
    "now": "in the next 24 hours",
    "today": "today",
    "tonight": "tonight",
    "tomorrow": "tomorrow",
    "this_weekend": "this weekend",
    "this_week": "in the next seven days",
}
_PARTS_OF_TODAY = {
    "morning": "this morning",
    "noon": "at noon",
    "afternoon": "this afternoon",
    "evening": "this evening",
    "night": "tonight",
}


def place_text(locative: str) -> str:
    """Render where it is, such as ` in Moab, Utah`; ` where you are` has no preposition."""
    return f" {locative}"


def place_title(locative: str) -> str:
    """Render where it is at the start of a sentence, such as `In Moab, Utah`."""
    return locative[0].upper() + locative[1:]


def time_text(found: Outlook, profile: Profile) -> str:
    """Render when it is, such as `today`, `on Friday night (18:00 – 06:00)`, `next week (Nov 29 – Dec 5, 2026)`."""
    if found.part:
        return f"{_part_text(found)} ({found.start:%H:%M} – {found.end:%H:%M})"
    if found.period in _PERIOD_TEXTS:
        return _PERIOD_TEXTS[found.period]
    if found.period == "next_week":
        return f"next week ({format_dates(found.start.date(), found.end.date(), profile)})"
    days = (found.end.date() - found.start.date()).days
    if days > 1:
        return f"in the next {days} days ({format_dates(found.start.date(), found.end.date(), profile)})"
    # A weekday that is named on that day may be meant as the next one: the answer says which it is.
    return f"on {found.start:%A}" if _days_ahead(found) else f"today, {found.start:%A}"


def _days_ahead(found: Outlook) -> int:
    return (found.start.date() - found.asked_at.astimezone(found.zone).date()).days


def _part_text(found: Outlook) -> str:
    ahead = _days_ahead(found)
    if ahead <= 0:
        return _PARTS_OF_TODAY[found.part or ""]
    if found.part == "noon":
        return f"at noon {'tomorrow' if ahead == 1 else f'on {found.start:%A}'}"
    return f"{'tomorrow' if ahead == 1 else f'on {found.start:%A}'} {found.part}"


def rest_text(found: Outlook, profile: Profile) -> str:
    """Render when the hours that aren't over are: `in the rest of today`, or as `time_text`."""
    is_rest = found.period == "today" and found.part is None and len(found.remaining) < len(found.hours)
    return "in the rest of today" if is_rest else time_text(found, profile)


def around(at: datetime, found: Outlook, profile: Profile) -> str:
    """Render the time of an hour, such as ` around 15:00`, with its day in a period of several days."""
    local = at.astimezone(found.zone)
    days = (found.end - found.start) / _DAY
    # 24 hours have each time once, or 25 where clocks change; from eight days on, a weekday occurs twice.
    if days < 1.1:
        return f" around {local:%H:%M}"
    day = f"{local:%A}" if days < 7.1 else format_dates(local.date(), local.date() + _DAY, profile)
    return f" around {local:%H:%M} on {day}"


def values_of(
    hours: Sequence[HourlyForecast], read: Callable[[HourlyForecast], T | None]
) -> list[tuple[HourlyForecast, T]]:
    """Return the hours for which a value is forecast, with it."""
    return [(hour, value) for hour in hours if (value := read(hour)) is not None]
