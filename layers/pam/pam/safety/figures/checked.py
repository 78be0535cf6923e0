"""Which figures of an answer are checked."""

import re

from pam.safety.figures.figure import Figure, FigureKind

_MIN_COUNT = 7
"""Smaller counts, such as “three of them”, may be of any selection."""

_MIN_DURATION_S = 2700
"""Shorter durations are advice more often than facts: a break of 15 minutes."""

_DAY_S = 86_400
_QUARTER_MIN = 15
_EVERY = re.compile(
    r"\b(?:every|each|alle|cada|toutes les|ogni)\s(?:\d{1,2}\s?(?:[–—-]|to|or|bis|oder|a|o|à|ou)\s?)?$", re.IGNORECASE
)
_EVERY_LOOKBACK = 24


def is_checked(figure: Figure, text: str) -> bool:
    """Return whether a figure states something that evidence could have."""
    reading = figure.readings[0]
    kind = reading.measure.kind
    if kind is FigureKind.MONEY:
        return True
    if kind in (FigureKind.DAYS, FigureKind.BARE):
        return False
    if kind is FigureKind.COUNT:
        return reading.value >= _MIN_COUNT
    if kind is FigureKind.TIME:
        return reading.value % _QUARTER_MIN != 0
    if kind is FigureKind.DURATION:
        if reading.base < _MIN_DURATION_S or (figure.per == "day" and reading.base == _DAY_S):
            return False  # “24 hours a day”
        return _EVERY.search(text, max(0, figure.start - _EVERY_LOOKBACK), figure.start) is None
    return kind is not FigureKind.PERCENT or reading.value != 100
