"""Finding the figures in a text. It takes time linear in the length of the text.

A number is a figure where it has a unit: a currency, a unit of measure, per cent, a noun that PAM counts, or a month.
Names with numbers (I-80, US 191, Site 34), list numbers, years, ordinals and phone numbers have none.
"""

import re
from collections.abc import Iterator
from operator import itemgetter

from pam.safety.figures.dates import find_dates
from pam.safety.figures.figure import BARE, HOURS, TIME, Conventions, Figure, FigureKind, Reading
from pam.safety.figures.notation import GROUP_SPACES, Number, read_number
from pam.safety.figures.number_figure import (
    UNIT_AFTER,
    hedge_of,
    is_negative,
    mark_before,
    measures_after,
    period_after,
    read_figure,
)
from pam.safety.figures.words import NUMBER_WORDS

MAX_FIGURES = 2_000
"""Of one text; an answer of Claude's has at most a few hundred."""

_MAX_DIGITS = 24

_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(rf"\d(?:[\d.,'’{GROUP_SPACES}]{{0,{_MAX_DIGITS}}}\d)?")
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?![\d])")
_CLOCK = re.compile(r"(?<![\w.,:$€£])(\d{1,2})(:|h)(\d{2})(?!\d)(?:\s?([ap])\.?m\b\.?)?", re.IGNORECASE)
# The rarer character first, so that the search skips the others.
_CLOCK_HINT = re.compile(r"[:hH](?<=\d[:hH])\d")
# It also finds a few words that aren't any, such as “sifteen”: two sets of letters are searched for fast.
_WORD = re.compile(
    f"([{''.join(sorted({case for word in NUMBER_WORDS for case in (word[0], word[0].upper())}))}]"
    f"[{''.join(sorted({word[1] for word in NUMBER_WORDS}))}]"
    rf"(?:{'|'.join(sorted({word[2:] for word in NUMBER_WORDS}, key=len, reverse=True))}))(?![^\W_])"
)
_RANGE = re.compile(r"\s?(?:[–—-]|to|bis|à|a|and|und|or|oder|et|y|e|ou|o|tot)\s?\**(?=[$€£\d])")
_DASH = re.compile(r"\s?[–—-]\s?\**(?=\d)")
_JOINED = re.compile(r"\**(?:\s?[–—-]\s?|\s(?:to|and|und|bis|et|y|against|vs\.?|versus)\s)\**")
_BEFORE_MOST = frozenset(" $")
"""No name has them before its number."""

_FIRST_OF_NAME = frozenset("-‑/#_&")


def extract_figures(text: str, conventions: Conventions, *, bare: bool = False) -> list[Figure]:
    """Return the figures of a text in their order, with `bare` also numbers without a unit.

    A date without a year is one around today.
    """
    if _DIGIT.search(text) is None and _WORD.search(text) is None:
        return []
    figures = list(find_dates(text, conventions.locale, conventions.today))
    taken = [(figure.start, figure.end) for figure in figures]
    for hint in _CLOCK_HINT.finditer(text):
        start = hint.start() - 1
        found = _CLOCK.match(text, start - 1 if start and text[start - 1].isdecimal() else start)
        if found and (clock := _clock(found)) and not _overlaps(taken, *found.span()):
            figures.append(clock)
            taken.append(found.span())
    taken.sort()
    figures += _numbers(text, conventions, taken, bare)
    figures += _number_words(text, bare)
    figures.sort(key=itemgetter(0))
    for at in range(len(figures) - 2, -1, -1):
        other = figures[at + 1]
        if not other.per:
            continue
        one = figures[at]
        if not one.per and one.kind is other.kind and _JOINED.fullmatch(text, one.end, other.start):
            figures[at] = one._replace(per=other.per)  # “$1.05 and $0.78 a liter”
    return figures[:MAX_FIGURES]


def _clock(found: re.Match[str]) -> Figure | None:
    hour, minute, half = int(found[1]), int(found[3]), (found[4] or "").lower()
    if hour > 24 or minute > 59:
        return None
    duration = Reading(HOURS, hour + minute / 60, 1 / 60)
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    clock = Reading(TIME, hour * 60.0 + minute, 1)
    # `5h50` is either, and so is `5:50 hours`.
    is_duration = found[2] == "h" or found.string[found.end() : found.end() + 2] in (" h", " S")
    return Figure(*found.span(), (clock, duration) if is_duration else (clock,))


def _overlaps(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < until and since < end for since, until in taken)


def _numbers(text: str, conventions: Conventions, taken: list[tuple[int, int]], bare: bool) -> Iterator[Figure]:
    """Yield the figures of digits, outside of what dates and times of day have taken."""
    search, position, at = _NUMBER.search, 0, 0
    waiting: list[tuple[int, int, tuple[Number, ...]]] = []  # numbers without a unit of a range that may go on
    while found := search(text, position):
        start, end = found.span()
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            position = taken[at][1]
            waiting.clear()
            continue
        position = end
        if waiting and not _is_range(text, waiting[-1][1], start):
            waiting.clear()
        if not waiting and text[start - 1 : start] not in _BEFORE_MOST and _is_in_name(text, start):
            continue
        figure = None
        if text[end : end + 1] == " " and text[end + 1 : end + 2].isdigit() and (spaced := _SPACED.match(text, start)):
            figure = _spaced_number(text, conventions, start, spaced.end())
        if figure is None:
            numbers = read_number(found[0])
            figure = read_figure(text, conventions, start, end, numbers) if numbers else None
            if figure is None or figure.kind is FigureKind.BARE:
                if figure is not None and bare:
                    yield figure
                if numbers:
                    waiting.append((start, end, numbers))
                continue
        for each in waiting:
            yield _first_of_range(text, *each, figure)
        waiting.clear()
        yield figure
        position = max(position, figure.end)
        if figure.kind is FigureKind.MONEY and (second := _second_of_range(text, conventions, figure)):
            yield second
            position = second.end


def _is_in_name(text: str, start: int) -> bool:
    """Return whether a number is a part of a name such as I-80, and has neither a currency nor a minus before it."""
    before = text[start - 1 : start]
    if not before or not (before in _FIRST_OF_NAME or before.isalpha()):
        return False
    return mark_before(text, start) is None and not is_negative(text, start)


def _spaced_number(text: str, conventions: Conventions, start: int, end: int) -> Figure | None:
    """Return the figure of a number whose thousands are separated by ordinary spaces; None where they are numbers."""
    figure = read_figure(text, conventions, start, end, read_number(text[start:end]))
    is_number = figure is not None and figure.kind not in (FigureKind.BARE, FigureKind.COUNT, FigureKind.DAYS)
    return figure if is_number else None


def _first_of_range(text: str, start: int, end: int, numbers: tuple[Number, ...], last: Figure) -> Figure:
    """Return the number before a range's last one, which has the unit: `27` in `27–48 °F`."""
    if last.kind is FigureKind.TEMPERATURE and is_negative(text, start):
        start, numbers = start - 1, tuple((-value, quantum) for value, quantum in numbers)
    return Figure(start, end, _in_units_of(last, numbers), hedge_of(text, start, end), last.per)


def _is_range(text: str, end: int, start: int) -> bool:
    found = _RANGE.match(text, end)
    return found is not None and found.end() == start


def _second_of_range(text: str, conventions: Conventions, first: Figure) -> Figure | None:
    """Return the number after a range's first amount: `60` in `$40–60` has the first one's currency."""
    found = _DASH.match(text, first.end)
    number = _NUMBER.match(text, found.end()) if found else None
    numbers = read_number(number[0]) if number else ()
    if number is None or not numbers:
        return None
    second = read_figure(text, conventions, *number.span(), numbers)
    if second is None or second.kind is not FigureKind.BARE:
        return None
    readings = _in_units_of(first, numbers)
    return Figure(second.start, second.end, readings, second.hedge, first.per)


def _in_units_of(figure: Figure, numbers: tuple[Number, ...]) -> tuple[Reading, ...]:
    measures = dict.fromkeys(each.measure for each in figure.readings)
    return tuple(Reading(measure, *number) for measure in measures for number in numbers)


def _number_words(text: str, bare: bool) -> Iterator[Figure]:
    for found in _WORD.finditer(text):
        number = NUMBER_WORDS.get(found[1].casefold())
        if number is None or text[found.start() - 1 : found.start()].isalnum():
            continue
        after = UNIT_AFTER.match(text, found.end(1))
        measures, end = measures_after(text, after[1], found.end(1), after.end()) if after else ((), found.end(1))
        value = float(number)
        if measures and measures[0] is not TIME:
            readings = tuple(Reading(measure, value, 1) for measure in measures)
            yield Figure(found.start(), end, readings, hedge_of(text, found.start(), end), period_after(text, end))
        elif bare:
            yield Figure(*found.span(1), (Reading(BARE, value, 1),))
