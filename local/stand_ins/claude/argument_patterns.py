"""Regular expressions for tool arguments in a user's text: amounts, categories, places, routes and times."""

import re
from typing import Any

_CATEGORIES = {
    "fuel": "gas gasoline diesel fuel petrol",
    "groceries": "groceries grocery supermarket",
    "dining": "dining restaurant restaurants dinner lunch breakfast",
    "food": "food",
    "camping": "camping campground campsite campgrounds campsites",
    "maintenance": "maintenance repair repairs tires oil",
    "tolls": "toll tolls",
    "propane": "propane",
    "entertainment": "entertainment museum movies",
    "insurance": "insurance",
    "laundry": "laundry",
    "shopping": "shopping",
    "medical": "medical doctor pharmacy",
    "internet": "internet wifi",
    "utilities": "utilities",
}
_CATEGORY = {word: name for name, words in _CATEGORIES.items() for word in words.split()}

_FIGURE = r"((?:\d[\d.,'’]*)?\d(?:\s?[km]\b)?)"
# Only this is read the same way everywhere; "1,200" and "45,50" are not.
_CERTAIN_FIGURE = re.compile(r"\d+(?:\.\d{1,2})?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?")
# A bare figure is an amount unless it counts what follows: "add 2 coffees".
_NO_COUNT = r"(?=\s+(?:for|on|at|in|to|and|yesterday|today)\b|\s*[.,;!?]?\s*$)"
_AMOUNT = re.compile(
    rf"\$\s?{_FIGURE}|{_FIGURE}\s*(?:dollars|bucks|usd)\b|\b(?:spent|paid|add|log|record|to)\s+{_FIGURE}{_NO_COUNT}",
    re.IGNORECASE,
)

_NAME = r"(?:(?:St|Ft|Mt)\.\s)?[A-Z][\w'’-]*"
_PLACE = rf"{_NAME}(?:\s{_NAME})*(?:,\s{_NAME}(?:\s{_NAME})*)?"
_NEAR = re.compile(rf"\b(?:in|near|around|at|to|for)\s+({_PLACE})")
_SMALL = re.compile(r"\b(?:in|near|around)\s+([a-z]+(?:\s[a-z]+)?)\s*(?:[.,?!]|$)")
_NO_PLACE = {"a", "all", "an", "general", "it", "me", "my", "our", "that", "the", "this", "total", "us"}
_ORIGIN = re.compile(rf"\b(?i:from)\s+({_PLACE})")
_GOAL = re.compile(rf"\bto\s+({_PLACE})")
_SMALL_NAME = (
    r"[a-z'’]+(?:\s[a-z'’]+){0,2}?(?=\s+(?:under|for|with|on|by|in|from|to|this|next|and|via)\b|\s*[.,?!]|\s*$)"
)
_SMALL_ORIGIN = re.compile(rf"\bfrom\s+({_SMALL_NAME})")
_SMALL_GOAL = re.compile(rf"\bto\s+({_SMALL_NAME})")
_AM_IN = re.compile(rf"\b(?i:I'm|I am|we're|we are)\s+(?:in|at|near)\s+({_PLACE})")

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_OR_MONTH = "|".join(("today", "yesterday", "tomorrow", "tonight", *_WEEKDAYS, *_MONTHS))
_PERIOD = re.compile(rf"\b(?:(this|last)\s(month|year|week|weekend)|({_DAY_OR_MONTH}))\b", re.IGNORECASE)
CATEGORY_AND_PERIOD = rf"^(?:my\s+)?(?:{'|'.join(_CATEGORY)})\s+{_PERIOD.pattern}[.?!]*$"
"""A category and a period alone: `camping this month?`."""

_DAYS = re.compile(r"\b(\d{1,2})[- ]days?\b")


def amount(text: str) -> int | float | None:
    """Return the first amount of money, if there is one that can be read in one way only."""
    figure = _figure(text)
    if figure is None or unclear_amount(text):
        return None
    figure = figure.replace(",", "")
    return float(figure) if "." in figure else int(figure)


def unclear_amount(text: str, *, comma_groups: bool = True) -> str | None:
    """Return the first amount as it is written, if it isn't certain; `comma_groups`: a comma before three digits is."""
    figure = _figure(text)
    if figure is None or _CERTAIN_FIGURE.fullmatch(figure) or (comma_groups and _THOUSANDS.fullmatch(figure)):
        return None
    return figure


def _figure(text: str) -> str | None:
    match = _AMOUNT.search(text)
    return next(group for group in match.groups() if group) if match else None


def category(text: str) -> str | None:
    """Return the category of the first word that names one."""
    return next((_CATEGORY[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _CATEGORY), None)


def place(text: str) -> str | None:
    """Return a place after a preposition such as `in`, or the stated location."""
    for found in _NEAR.findall(text):
        if str(found).lower() not in {*_MONTHS, *_WEEKDAYS}:
            return str(found)
    small = _SMALL.search(text)
    if small and small[1].split()[0] not in {*_NO_PLACE, *_MONTHS}:
        return small[1]
    return None


def stated_location(text: str) -> str | None:
    """Return the place in a phrase such as `I'm in Moab`."""
    match = _AM_IN.search(text)
    return match[1] if match else None


def route(text: str) -> dict[str, Any]:
    """Return `origin` and `destination`, as far as they are named."""
    patterns = {"origin": (_ORIGIN, _SMALL_ORIGIN), "destination": (_GOAL, _SMALL_GOAL)}
    found = {
        name: next(filter(None, (each.search(text) for each in either)), None) for name, either in patterns.items()
    }
    return {name: match[1] for name, match in found.items() if match and match[1].split()[0] not in _NO_PLACE}


def period(text: str) -> str | None:
    """Return a period in the tools' format: `last_month`, `march`, `tomorrow`."""
    match = _PERIOD.search(text)
    if match is None:
        return None
    return "_".join(group.lower() for group in match.groups() if group)


def days(text: str) -> int | None:
    """Return a number of days."""
    match = _DAYS.search(text)
    return int(match[1]) if match else None
