"""The days that are asked of a calendar, which mostly are still to come."""

import re
from datetime import date, timedelta
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, WithJsonSchema

from pam.money.queries import WindowQuery
from pam.platform.errors import INVALID_REQUEST, UNKNOWN_PERIOD, PamError
from pam.users.periods import FIRST_DAY, LAST_DAY, MONTHS, WEEKDAYS, Window, next_month, resolve_period, window_between
from pam.users.weeks import first_weekday
from pam.users.whole_numbers import WholeNumberParser

MAX_PAGES = 1000

_NEXT_N_DAYS = re.compile(r"next_([1-9][0-9]{0,2})_days")
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


parse_page = WholeNumberParser("page", 1, MAX_PAGES, INVALID_REQUEST)


class CalendarQuery(WindowQuery):
    """A window of days, by default the next thirty, and the page of its events, from 1."""

    default_period: ClassVar[str] = "next_30_days"

    page: Annotated[int, BeforeValidator(parse_page), WithJsonSchema({"type": "integer"})] = 1

    def window(self, today: date, locale: str) -> Window:
        """Return the window as of the date `today`. Raises `PamError` (`unknown_period`, `invalid_window`)."""
        if self.from_ is not None and self.to is not None:
            return window_between(self.from_, self.to)
        return resolve_calendar_period(self.period or self.default_period, today, first_weekday(locale))


def resolve_calendar_period(period: str, today: date, first_day: int) -> Window:
    """Return the window of a period of a calendar as of the date `today`.

    `first_day` is the first weekday, 0 for Monday. `tomorrow`, `next_week`, `next_weekend`, `next_month` and
    `next_14_days`, which begins today, are still to come; so are a month, a weekday and `this_weekend` unless they are
    under way. Other periods are those of `resolve_period`. Raises `PamError` (`unknown_period`).
    """
    start, end = _bounds(period, today, first_day)
    return Window(start, end, period)


def _bounds(period: str, today: date, first_day: int) -> tuple[date, date]:
    month = today.replace(day=1)
    week = today - timedelta(days=(today.weekday() - first_day) % 7)
    saturday = today + timedelta(days=5 - min(today.weekday(), 5)) - (_DAY if today.weekday() == 6 else timedelta())
    match period:
        case "tomorrow":
            return today + _DAY, today + 2 * _DAY
        case "next_week":
            return week + _WEEK, week + 2 * _WEEK
        case "this_weekend":
            return saturday, saturday + 2 * _DAY
        case "next_weekend":
            return saturday + _WEEK, saturday + _WEEK + 2 * _DAY
        case "next_month":
            return next_month(month), next_month(next_month(month))
        case "all_time":
            return FIRST_DAY, LAST_DAY + _DAY
    if period in MONTHS:
        number = MONTHS.index(period) + 1
        named = month.replace(month=number, year=month.year + (number < month.month))
        return named, next_month(named)
    if period in WEEKDAYS:
        day = today + timedelta(days=(WEEKDAYS.index(period) - today.weekday()) % 7)
        return day, day + _DAY
    if found := _NEXT_N_DAYS.fullmatch(period):
        return today, today + timedelta(days=int(found[1]))
    try:
        window = resolve_period(period, today, first_day)
    except PamError:
        raise PamError(
            UNKNOWN_PERIOD,
            "PAM doesn't know that period. Try today, tomorrow, this_week, next_week, next_30_days, friday or march.",
            field="period",
        ) from None
    return window.start, window.end
