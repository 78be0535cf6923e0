"""Periods such as `last_month` resolved to windows of days; the only definition of what each period means.

A window is half-open, `[start, end)`, in whole days of the user's time zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pam.platform.errors import AMBIGUOUS_DATE, INVALID_WINDOW, UNKNOWN_PERIOD, PamError

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
"""The JSON schema of the periods that `resolve_period` accepts."""

_LAST_N_DAYS = re.compile(r"last_([1-9][0-9]{0,3})_days")
_MAX_DAYS = 3660
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9000, 12, 31)
"""The days that users may name, both inclusive: computing with them never leaves the range of dates."""
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MAX_DAYS_AGO_WITHOUT_YEAR = 183


@dataclass(frozen=True)
class Window:
    """The days from `start` to `end`, which is exclusive; `period` is the name that it was resolved from, if any."""

    start: date
    end: date
    period: str | None = None

    @property
    def days(self) -> int:
        """The number of days in the window."""
        return (self.end - self.start).days

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the bounds of the window in UTC: the midnights in `zone` at which `start` and `end` begin."""
        return midnight(self.start, zone), midnight(self.end, zone)

    def elapsed(self, today: date) -> "Window":
        """Return the part of the window up to and including today; it is empty for a window in the future."""
        return Window(self.start, max(self.start, min(self.end, today + _DAY)), self.period)

    def recorded(self, first_day: date | None, today: date) -> "Window | None":
        """Return the elapsed part of the window since the records began on `first_day`; None if they cover none of it.

        `first_day` is None for a user without records.
        """
        elapsed = self.elapsed(today)
        if first_day is None or first_day >= elapsed.end or not elapsed.days:
            return None
        return Window(max(first_day, elapsed.start), elapsed.end, self.period)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC at which a day begins in a time zone.

    If a clock change skips midnight, `fold=0` applies the UTC offset from before the change, which results in the
    instant of the change, the first of that day.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def resolve_period(period: str, today: date, first_weekday: int) -> Window:
    """Return the window of a period as of the date `today`.

    `first_weekday` is 0 for Monday to 6 for Sunday. `this_weekend` is the latest one that has begun, `last_weekend`
    the latest one that is over; `last_14_days` ends with today; `march` is the latest March that has begun. Raises
    `PamError` (`unknown_period`).
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
            last = saturday if today.weekday() < 5 else saturday - _WEEK
            return last, last + 2 * _DAY
        case "this_month":
            return month, next_month(month)
        case "last_month":
            return previous_month(month), month
        case "this_year":
            return year, year.replace(year=year.year + 1)
        case "last_year":
            return year.replace(year=year.year - 1), year
        case "all_time":
            return FIRST_DAY, tomorrow
    if period in MONTHS:
        number = MONTHS.index(period) + 1
        named = month.replace(month=number, year=month.year - (number > month.month))
        return named, next_month(named)
    if (found := _LAST_N_DAYS.fullmatch(period)) and int(found[1]) <= _MAX_DAYS:
        return tomorrow - timedelta(days=int(found[1])), tomorrow
    raise PamError(
        UNKNOWN_PERIOD,
        "PAM doesn't know that period. Try this_month, last_week, last_30_days or a month such as march.",
        field="period",
    )


def window_between(start: date, end: date) -> Window:
    """Return the window from `start` to `end` (exclusive), at most ten years. Raises `PamError` (`invalid_window`)."""
    if not start < end:
        raise PamError(INVALID_WINDOW, "“from” must be a day before “to”.", field="from")
    if (end - start).days > _MAX_DAYS:
        raise PamError(INVALID_WINDOW, "A window can be at most ten years long.", field="from")
    return Window(start, end)


def previous_window(window: Window, today: date) -> Window | None:
    """Return the same days of the previous period, for a comparison with the elapsed part of `window`.

    On 22 November, `this_month` is compared with 1 to 22 October; a past month with the whole previous month. None for
    `all_time`, for a period that hasn't begun, and for today: a part of a day isn't comparable with a whole one.
    """
    elapsed = window.elapsed(today)
    period = window.period or ""
    if period == "all_time" or not elapsed.days or (window.days == 1 and window.start == today):
        return None
    if period in ("this_month", "last_month") or period in MONTHS:
        start = previous_month(window.start)
        whole = elapsed.end == window.end
        return Window(start, window.start if whole else min(start + timedelta(days=elapsed.days), window.start))
    if period in ("this_year", "last_year"):
        return Window(_one_year_earlier(elapsed.start), _one_year_earlier(elapsed.end))
    if period in ("this_week", "last_week", "this_weekend", "last_weekend"):
        return Window(elapsed.start - _WEEK, elapsed.end - _WEEK)
    length = timedelta(days=window.days)
    return Window(elapsed.start - length, elapsed.end - length)


def next_month(first: date) -> date:
    """Return the first day of the next month; `first` is the first day of a month."""
    return (first + timedelta(days=31)).replace(day=1)


def previous_month(first: date) -> date:
    """Return the first day of the previous month; `first` is the first day of a month."""
    return (first - _DAY).replace(day=1)


def months_between(first: date, last: date) -> int:
    """Return the whole months from a day to a later one; the last day of a shorter month completes one."""
    months = (last.year - first.year) * 12 + last.month - first.month
    is_last_of_month = (last + _DAY).month != last.month
    return months - (last.day < first.day and not is_last_of_month)


def _one_year_earlier(end: date) -> date:
    # An exclusive end of 29 February means up to the 28th, so one year earlier the end is 1 March.
    return end.replace(year=end.year - 1) if (end.month, end.day) != (2, 29) else date(end.year - 1, 3, 1)


def resolve_day(day: str, today: date) -> date | None:
    """Return the date that a name means as of the date `today`, or None if it isn't the name of a day.

    Names are `today`, `yesterday`, a weekday (its latest date up to today), `2026-03-14`, or `03-14` (its latest date).
    Raises `PamError` (`ambiguous_date`) for a date without a year that may mean the next one: its latest date is more
    than 183 days ago, or not nearer than its next.
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
    except ValueError:
        return None
    # Two leap years are at most eight years apart, such as 1896 and 1904.
    dates = [_date_or_none(today.year + years, month, number) for years in range(-8, 9)]
    latest = max((found for found in dates if found and found <= today), default=None)
    upcoming = min((found for found in dates if found and found > today), default=None)
    if latest is None or upcoming is None:
        return None
    if (today - latest).days > _MAX_DAYS_AGO_WITHOUT_YEAR or today - latest >= upcoming - today:
        raise PamError(
            AMBIGUOUS_DATE, "That day may be still to come, or long past. Which year is it of?", field="date"
        )
    return latest


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
