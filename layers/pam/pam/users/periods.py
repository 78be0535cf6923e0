"""Periods in a traveller's own words, turned into dates: the one place that knows what "last month" means.

A window is half-open, `[start, end)`, in whole days of the traveller's time zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pam.platform.errors import INVALID_WINDOW, UNKNOWN_PERIOD, PamError

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

PERIOD_SCHEMA = {
    "type": "string",
    "anyOf": [
        {
            "enum": [
                "today", "yesterday", "this_week", "last_week", "this_weekend", "last_weekend", "this_month",
                "last_month", "this_year", "last_year", "all_time", *MONTHS,
            ]
        },
        {"pattern": "^last_([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-5][0-9]|3660)_days$"},
    ],
}  # fmt: skip
"""What `resolve_period` takes, as JSON schema."""

_LAST_N_DAYS = re.compile(r"last_([1-9][0-9]{0,3})_days")
_LONGEST_N = 3660
_BEGINNING = date(1970, 1, 1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Window:
    """The days from `start` up to, but without, `end`; `period` is the symbol it came from, if any."""

    start: date
    end: date
    period: str | None = None

    @property
    def days(self) -> int:
        """How many days the window holds."""
        return (self.end - self.start).days

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window as instants in UTC: from the first local midnight to the last."""
        return midnight(self.start, zone), midnight(self.end, zone)

    def as_json(self) -> dict[str, str]:
        """`{from, to}` as ISO dates, `to` excluded."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat()}

    def until(self, today: date) -> "Window":
        """The part that has been: up to and with today."""
        return Window(self.start, max(self.start, min(self.end, today + _DAY)), self.period)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in a zone, in UTC.

    Where a clock change skips midnight, `fold=0` reads it with the offset before the change, which is the
    very instant of the change: the first of that day.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def resolve_period(period: str, today: date, first_weekday: int) -> Window:
    """The window that a period's symbol means on the day `today`.

    `first_weekday`: 0 for Monday to 6 for Sunday. "This weekend" is the latest that has begun, "last
    weekend" the latest that is over; `last_14_days` ends with today; a bare month is the latest that has
    begun. Raises `PamError` (`unknown_period`).
    """
    start, end = _bounds(period, today, first_weekday)
    return Window(start, end, period)


def _bounds(period: str, today: date, first_weekday: int) -> tuple[date, date]:
    tomorrow = today + _DAY
    week = today - timedelta(days=(today.weekday() - first_weekday) % 7)
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    month = today.replace(day=1)
    year = month.replace(month=1)
    match period:
        case "today":
            return today, tomorrow
        case "yesterday":
            return today - _DAY, today
        case "this_week":
            return week, week + _WEEK
        case "last_week":
            return week - _WEEK, week
        case "this_weekend":
            return saturday, saturday + 2 * _DAY
        case "last_weekend":
            over = saturday if today.weekday() < 5 else saturday - _WEEK
            return over, over + 2 * _DAY
        case "this_month":
            return month, next_month(month)
        case "last_month":
            return previous_month(month), month
        case "this_year":
            return year, year.replace(year=year.year + 1)
        case "last_year":
            return year.replace(year=year.year - 1), year
        case "all_time":
            return _BEGINNING, tomorrow
    if period in MONTHS:
        number = MONTHS.index(period) + 1
        named = month.replace(month=number, year=month.year - (number > month.month))
        return named, next_month(named)
    if (found := _LAST_N_DAYS.fullmatch(period)) and int(found[1]) <= _LONGEST_N:
        return tomorrow - timedelta(days=int(found[1])), tomorrow
    raise PamError(
        UNKNOWN_PERIOD,
        "PAM doesn't know that period. Try this_month, last_week, last_30_days or a month such as march.",
        field="period",
    )


def window_between(start: date, end: date) -> Window:
    """The window of two dates, the second excluded. Raises `PamError` (`invalid_window`)."""
    if not start < end:
        raise PamError(INVALID_WINDOW, "“from” must be a day before “to”.", field="from")
    if (end - start).days > _LONGEST_N:
        raise PamError(INVALID_WINDOW, "A window can be at most ten years long.", field="from")
    return Window(start, end)


def window_before(window: Window, today: date) -> Window | None:
    """The same days of the period before: what a part month is fairly compared with.

    On 22 November this month is compared with 1 to 22 October; a month that is over with the whole of the
    one before. None for `all_time`, and for a period that hasn't begun.
    """
    been = window.until(today)
    period = window.period or ""
    if period == "all_time" or not been.days:
        return None
    if period in ("this_month", "last_month") or period in MONTHS:
        start = previous_month(window.start)
        whole = been.end == window.end
        return Window(start, window.start if whole else min(start + timedelta(days=been.days), window.start))
    if period in ("this_year", "last_year"):
        return Window(_a_year_earlier(been.start), _a_year_earlier(been.end))
    if period in ("this_week", "last_week", "this_weekend", "last_weekend"):
        return Window(been.start - _WEEK, been.end - _WEEK)
    length = timedelta(days=window.days)
    return Window(been.start - length, been.end - length)


def next_month(first: date) -> date:
    """The first day of the month after."""
    return (first + timedelta(days=31)).replace(day=1)


def previous_month(first: date) -> date:
    """The first day of the month before."""
    return (first - _DAY).replace(day=1)


def _a_year_earlier(end: date) -> date:
    # An exclusive end of 29 February means "through the 28th": a year earlier that is 1 March.
    return end.replace(year=end.year - 1) if (end.month, end.day) != (2, 29) else date(end.year - 1, 3, 1)


def resolve_day(day: str, today: date) -> date | None:
    """The day that a sentence names, on the day `today`; None for what isn't a day.

    Takes `today`, `yesterday`, a weekday (the latest that has begun), `2026-03-14`, or `03-14` (the latest).
    """
    if day == "today":
        return today
    if day == "yesterday":
        return today - _DAY
    if day in WEEKDAYS:
        return today - timedelta(days=(today.weekday() - WEEKDAYS.index(day)) % 7)
    try:
        if len(day) == len("2026-03-14"):
            return date.fromisoformat(day)
        month, number = (int(part) for part in day.split("-"))
        # 29 February has been within the last eight years, whatever the century.
        return next(
            found for ago in range(9) if (found := _existing(today.year - ago, month, number)) and found <= today
        )
    except (ValueError, StopIteration):
        return None


def _existing(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
