"""Dates in a text: `Dec 4`, `Friday, December 4`, `4. Dezember 2026`, `2026-12-04`, `12/4/2026` and their ranges.

Names are those of the Unicode CLDR, in English and in the language of the user's locale.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel.dates import get_day_names, get_month_names

from pam.safety.figures.figure import DATE, MONTH, Figure, Reading

_NUMERIC = re.compile(
    r"(?<![\w.,/-])(?:(?P<y>\d{4})-(?P<mo>\d{2})-(?P<d>\d{2})|(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?P=sep)"
    r"(?P<c>\d{4}|\d{2}))(?![\w/-]|[.,]\d)"
)
_NUMERIC_HINT = re.compile(r"[/.-](?<=\d[/.-])\d{1,2}[/.-]\d")
"""The first separator, which is rarer than digits are, so that the search skips the others."""

_MAX_FIRST_DIGITS = 4
"""Before the first separator: those of a year."""

_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|°)?"
_AFTER = re.compile(
    rf"\.?\s{{1,2}}(?P<first>\d{{1,2}}){_ORDINAL}(?!\d|:\d)(?:\s?(?:[–—-]|to|and|through|&)\s?(?P<last>\d{{1,2}})"
    rf"{_ORDINAL}(?![:.]\d|\d|\s?[^\W\d_]))?(?:,?\s(?P<year>\d{{4}})(?!\d|[.,]\d))?"
)
_YEAR = re.compile(r"\.?,?\s(?:de |del )?(?P<year>\d{4})(?!\d|[.,]\d)")
_BEFORE = re.compile(
    rf"(?<![\w.,/:$€£-])(?:(?P<first>\d{{1,2}})\.?{_ORDINAL}\s?(?:[–—-]|to|and|bis|und|au?|et|y|al?|e|tot|en)\s?)?"
    rf"(?P<last>\d{{1,2}})\.?{_ORDINAL}\s(?:de |of )?$"
)
_ARTICLES = frozenset({"the", "den", "dem", "der", "le", "el", "il"})
_LOOKBACK = 24
_LAST_DAY = date.max.toordinal()
_IMPOSSIBLE = (Reading(DATE, 0.0, 1),)
"""Of a day that no year has, such as February 31: the ordinal of no day."""


@dataclass(frozen=True)
class _Names:
    months: dict[str, int]
    weekdays: dict[str, int]
    month: re.Pattern[str]


def preload_names(locale: str) -> None:
    """Read the names of months and days in English and the locale's language, which are kept."""
    _names(locale)


def find_dates(text: str, locale: str, today: date) -> Iterator[Figure]:
    """Yield the dates and months of a text in their order, each with the readings that it can have around today."""
    names = _names(locale)
    found = [*_named_dates(text, names, today), *_numeric_dates(text, today)]
    yield from sorted(found, key=lambda figure: figure.start)


def month_of(day: float) -> float | None:
    """Return the month of a day, by its ordinal, as the value of a figure; None where no calendar has the day."""
    if not 1 <= day <= _LAST_DAY:
        return None
    of_day = date.fromordinal(int(day))
    return _month(of_day.year, of_day.month)


def _month(year: int, month: int) -> float:
    return float(year * 12 + month)


def weekdays_in(text: str, locale: str) -> set[int]:
    """Return the days of the week that a text names, Monday is 0."""
    weekdays = _names(locale).weekdays
    return {weekdays[word] for word in re.findall(r"[^\W\d_]+", text.casefold()) if word in weekdays}


def _named_dates(text: str, names: _Names, today: date) -> Iterator[Figure]:
    end = 0
    for found in names.month.finditer(text):
        if text[found.start() - 1 : found.start()].isalpha():
            continue
        month = names.months[found[0].casefold()]
        if before := _day_before(text, end, found.start()):
            year = _YEAR.match(text, found.end())
            span = before.start(), year.end() if year else found.end()
            first, last = before["first"], before["last"]
        elif after := _AFTER.match(text, found.end()):
            year, span = (after if after["year"] else None), (found.start(), after.end())
            first, last = after["first"], after["last"]
        else:
            if year := _YEAR.match(text, found.end()):
                yield Figure(found.start(), year.end(), (Reading(MONTH, _month(int(year["year"]), month), 1),))
            continue
        end = span[1]
        weekday = _weekday_before(text, span[0], names)
        for day in filter(None, (first, last)):
            readings = _readings(month, int(day), int(year["year"]) if year else None, today)
            yield Figure(*span, readings or _IMPOSSIBLE, weekday=weekday)
            weekday = None


def _numeric_dates(text: str, today: date) -> Iterator[Figure]:
    for hint in _NUMERIC_HINT.finditer(text):
        start = hint.start() - 1
        while start > max(0, hint.start() - _MAX_FIRST_DIGITS) and text[start - 1].isdecimal():
            start -= 1
        found = _NUMERIC.match(text, start)
        if found is None:
            continue
        if found["y"]:
            orders = [(int(found["mo"]), int(found["d"]), int(found["y"]))]
        else:
            a, b, year = int(found["a"]), int(found["b"]), int(found["c"])
            year += 2000 if year < 100 else 0
            orders = [(a, b, year), (b, a, year)] if found["sep"] == "/" else [(b, a, year)]
        readings = tuple(reading for order in orders for reading in _readings(*order, today))
        if readings:
            yield Figure(*found.span(), readings)


def _readings(month: int, day: int, year: int | None, today: date) -> tuple[Reading, ...]:
    years = (year,) if year else (today.year, today.year + 1, today.year - 1)
    readings = []
    for each in years:
        try:
            readings.append(Reading(DATE, float(date(each, month, day).toordinal()), 1))
        except ValueError:
            continue
    return tuple(readings)


def _day_before(text: str, since: int, month_at: int) -> re.Match[str] | None:
    since = max(since, month_at - _LOOKBACK)
    if not any(map(str.isdigit, text[max(since, month_at - 10) : month_at])):
        return None
    return _BEFORE.search(text, since, month_at)


def _weekday_before(text: str, start: int, names: _Names) -> int | None:
    words = text[max(0, start - _LOOKBACK) : start].casefold().split()
    if words and words[-1] in _ARTICLES:
        words.pop()
    return names.weekdays.get(words[-1].strip(".,*(")) if words else None


@cache
def _names(locale: str) -> _Names:
    months: dict[str, int] = {"sept": 9}
    weekdays: dict[str, int] = {}
    shown = {"Sept"}
    for language in ("en", locale):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    months.setdefault(name.rstrip(".").casefold(), number)
                    # In English a month is written with a capital letter, unlike the verbs “may” and “march”.
                    bare = name.rstrip(".")
                    shown |= {bare, bare.capitalize()} if language != "en" else {bare}
                for number, name in get_day_names(width, context, language).items():
                    weekdays.setdefault(name.rstrip(".").casefold(), number)
    ordered = "|".join(sorted(map(re.escape, shown), key=len, reverse=True))
    return _Names(
        months,
        weekdays,
        re.compile(rf"(?:{ordered})(?![^\W\d_])"),
    )
