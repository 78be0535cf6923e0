"""The day of a payment in a user's text, or the question that has to be asked about it."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}

_MONTH_NAME = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)})\.?"
_DAY_NUMBER = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?:of\s+)?(?P<year>20\d\d|this year|last year))?"
_ISO = re.compile(r"\b(20\d\d-\d\d-\d\d)\b")
_DATES = (
    re.compile(rf"\b{_MONTH_NAME}\s+(?:the\s+)?{_DAY_NUMBER}\b(?!\s*:){_YEAR}", re.IGNORECASE),
    re.compile(rf"\b{_DAY_NUMBER}\s+(?:of\s+)?{_MONTH_NAME}\b{_YEAR}", re.IGNORECASE),
)
_YEAR_ALONE = re.compile(r"\b(20\d\d|this year|last year)\b", re.IGNORECASE)
_DAYS_AGO = re.compile(rf"\b(\d{{1,3}}|{'|'.join(_NUMBERS)})\s+days?\s+ago\b", re.IGNORECASE)
# "For friday" is what a payment is for, not its day.
_PURPOSE = r"(?<!\bfor )(?<!\bfor the )(?<!\bfor next )"
_WEEKDAY = re.compile(rf"{_PURPOSE}\b(?:(next|last)\s+)?({'|'.join(_WEEKDAYS)})\b", re.IGNORECASE)
_DAY_BEFORE_YESTERDAY = re.compile(r"\bday\s+before\s+yesterday\b", re.IGNORECASE)
_HOLIDAYS = (
    r"christmas(?:\s+eve|\s+day)?|easter(?:\s+\w+)?|thanksgiving|hallowe'?en|(?:independence|labou?r|memorial|veterans|"
    r"columbus|presidents'?|mother's|father's|valentine'?s|new\s+year'?s)\s+(?:day|eve)|new\s+year'?s"
)
_UNCLEAR = re.compile(
    rf"{_PURPOSE}\b(?:{_HOLIDAYS}|(?:in|since|during)\s+(?:early\s+|late\s+)?(?:{'|'.join(_MONTHS)})|"
    rf"(?:in|during)\s+(?:the\s+)?(?:spring|summer|autumn|fall|winter)|"
    rf"the\s+\d{{1,2}}(?:st|nd|rd|th)|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|tomorrow|tonight|last\s+night"
    r"|(?:last|next)\s+(?:week|weekend|month|year)|this\s+(?:week|weekend|month|year)"
    r"|(?:\w+\s+)?(?:weeks?|months?|years?)\s+ago)\b",
    re.IGNORECASE,
)
_MAX_DAYS_AGO = 183
"""A date without a year may be the next one if its latest one is longer ago."""


@dataclass(frozen=True)
class PaymentDay:
    """A day, or the question about it. Neither where the text names no day, which means today."""

    day: date | None = None
    question: str | None = None


def payment_day(text: str, today: date) -> PaymentDay:
    """Return the day of the payment that a text is about. A day to come, or one that isn't certain, is asked about."""
    return _dated(text, today) or _relative(text, today) or _unclear(text)


def _dated(text: str, today: date) -> PaymentDay | None:
    if match := _ISO.search(text):
        with suppress(ValueError):
            return _past(date.fromisoformat(match[1]), today)
        return _ask(match[0])
    match = next(filter(None, (pattern.search(text) for pattern in _DATES)), None)
    if match is None:
        return None
    month = next(number for number, name in enumerate(_MONTHS, start=1) if name.startswith(match["month"][:3].lower()))
    dates = list(_dates(month, int(match["day"]), today))
    # The year may also be the answer to the question about it, at the end of the text.
    year = match["year"] or next(iter(_YEAR_ALONE.findall(text)), None)
    if year is not None:
        number = {"this year": today.year, "last year": today.year - 1}.get(year.lower()) or int(year)
        chosen = next((each for each in dates if each.year == number), None)
        return _past(chosen, today) if chosen else _ask(match[0])
    past, next_one = (max((each for each in dates if each <= today), default=None),
                      min((each for each in dates if each > today), default=None))  # fmt: skip
    if past is None or next_one is None:
        return _ask(match[0])
    if (today - past).days > _MAX_DAYS_AGO or today - past >= next_one - today:
        return PaymentDay(
            question=f"the date: is {match[0]} that of {past.year}? The one of {next_one.year} is still to come"
        )
    return PaymentDay(past)


def _dates(month: int, day: int, today: date) -> Iterator[date]:
    for year in range(today.year - 8, today.year + 9):
        with suppress(ValueError):
            yield date(year, month, day)


def _relative(text: str, today: date) -> PaymentDay | None:
    if match := _DAYS_AGO.search(text):
        return PaymentDay(today - timedelta(days=_NUMBERS.get(match[1].lower()) or int(match[1])))
    if _DAY_BEFORE_YESTERDAY.search(text):
        return PaymentDay(today - timedelta(days=2))
    if re.search(r"\byesterday\b", text, re.IGNORECASE):
        return PaymentDay(today - timedelta(days=1))
    if match := _WEEKDAY.search(text):
        is_last = (match[1] or "").lower() == "last"
        if match[1] and not is_last:
            return _ask(match[0])
        days = (today.weekday() - _WEEKDAYS.index(match[2].lower())) % 7
        # On a Friday, "last Friday" is a week ago.
        return PaymentDay(today - timedelta(days=days or (7 if is_last else 0)))
    return None


def _unclear(text: str) -> PaymentDay:
    match = _UNCLEAR.search(text)
    return _ask(match[0]) if match else PaymentDay()


def _past(day: date, today: date) -> PaymentDay:
    if day > today:
        return PaymentDay(question=f"the date: {day.isoformat()} is still to come, and only what was paid is recorded")
    return PaymentDay(day)


def _ask(words: str) -> PaymentDay:
    return PaymentDay(question=f"the date: which day is “{words}”")
