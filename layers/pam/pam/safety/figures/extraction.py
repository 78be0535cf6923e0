"""Finding the figures in a text. It takes time linear in the length of the text.

A number is a figure where it has a unit: a currency, a unit of measure, per cent, a noun that PAM counts, or a month.
Names with numbers (I-80, US 191, Site 34), list numbers, years, ordinals and phone numbers have none.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from pam.money.currency_marks import currencies_of
from pam.safety.figures.dates import find_dates
from pam.safety.figures.figure import (
    BARE,
    DECIMAL,
    FAHRENHEIT,
    HOURS,
    INCHES,
    KMH,
    METRES_PER_SECOND,
    MILES,
    MPG,
    MPH,
    PERCENT,
    TIME,
    Figure,
    FigureKind,
    Hedge,
    Measure,
    Reading,
    money,
)
from pam.safety.figures.notation import GROUP_SPACES, Number, read_number
from pam.safety.figures.words import HEDGE_ENDS, HEDGES, MULTIPLIERS, NUMBER_WORDS, PERIODS, UNITS

MAX_FIGURES = 2_000
"""Of one text; an answer of Claude's has at most a few hundred."""

_MAX_DIGITS = 24

_NUMBER = re.compile(rf"\d(?:[\d.,'’{GROUP_SPACES}]{{0,{_MAX_DIGITS}}}\d)?")
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?![\d])")
_CLOCK = re.compile(r"(?<![\w.,:$€£])(\d{1,2})(:|h)(\d{2})(?!\d)(?:\s?([ap])\.?m\b\.?)?", re.IGNORECASE)
_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})[ -](?=[a-z])", re.IGNORECASE)

_MARK_BEFORE = re.compile(r"(?:(?<![^\W\d_])(?:[A-Z]{1,3})?\$|[€£]|(?<!\w)(?:[A-Z]{3}|kr\.?|Fr\.|R))[ \u00a0\u202f]?$")
_AFTER = re.compile(
    r"[ \u00a0\u202f\u2009]?[-‑]?(\$|€|£|%|[°º][ \u00a0]?[CFcf](?![^\W\d_])|[°º]|fill-?ups?|[ap]\.m|"
    r"[^\W\d_]+(?:/(?:100|[^\W\d_]+))?)"
)
_RANGE = re.compile(r"\s?(?:[–—-]|to|bis|à|a|and|und|or|oder|et|y|e|ou|o|tot)\s?\**(?=[$€£\d])")
_PER_HOUR = re.compile(r"\s(?:per|an|pro|por|par|al)\s(?:hour|Stunde|hora|heure|ora)\b")
_PER_SECOND = re.compile(r"\s(?:per|a|pro|por|par)\s(?:second|Sekunde|segundo|seconde)\b")
_PER_GALLON = re.compile(r"\s(?:per|a|to the)\sgallon\b")
_PER = re.compile(r"\**(?:\s?/\s?|\s(?:a|an|per|each|pro|par|por|al|je|a la|per il)\s)(?:US |U\.S\. )?([^\W\d_]+)")
_INCHES = re.compile(r"\sin\.?(?=\s(?:of\s)?(?:rain|snow|precip))")
_PER_CENT = re.compile(r"\s(?:per cent|por ciento|pour cent|per cento|por cento)\b")
_SCALE = re.compile(r"\s?([°º]?[CF]\b|Fahrenheit|Celsius)")
_HOURS_AND = re.compile(r",?\s?(?:and |und |et |y |e |en )?(\d{1,2})[ \u00a0]?(?:min(?:ut(?:e[ns]?|os?|i))?|m)?\b(?![.,:]\d)")

_LOOKBACK = 24
_SPACES = (" ", "\u00a0", "\u202f")
_CURRENCY_SIGNS = ("$", "€", "£")
_SIGNS = ("~", "≈", "∼")
_FIRST_OF_NAME = frozenset("-‑/#_&")


def extract_figures(text: str, locale: str, today: date, *, bare: bool = False) -> list[Figure]:
    """Return the figures of a text in their order, with `bare` also numbers without a unit.

    `locale` is the user's, `today` their date: a date without a year is one around it.
    """
    if not any(map(str.isdigit, text)) and not _WORD.search(text):
        return []
    figures = list(find_dates(text, locale, today))
    taken = [(figure.start, figure.end) for figure in figures]
    for found in _CLOCK.finditer(text):
        if (clock := _clock(found)) and not _overlaps(taken, *found.span()):
            figures.append(clock)
            taken.append(found.span())
    taken.sort()
    figures += _numbers(text, locale, taken, bare)
    figures += _number_words(text)
    figures.sort(key=lambda figure: figure.start)
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


def _numbers(text: str, locale: str, taken: list[tuple[int, int]], bare: bool) -> Iterator[Figure]:
    position, at = 0, 0
    waiting: list[tuple[int, int, tuple[Number, ...]]] = []
    while found := _NUMBER.search(text, position):
        start, end = found.span()
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            position = taken[at][1]
            waiting.clear()
            continue
        position = end
        if is_range := bool(waiting) and _is_range(text, waiting[-1][1], start):
            pass
        else:
            waiting.clear()
        if start and (text[start - 1] in _FIRST_OF_NAME or text[start - 1].isalpha()) and not is_range:
            mark = _mark_before(text, start)
            signed = text[start - 1] in "-‑" and not text[start - 2 : start - 1].isalnum()
            if mark is None and not signed:
                continue
        spaced = _SPACED.match(text, start)
        numbers = read_number(found[0])
        if spaced and spaced.end() > end:
            joined = _one(text, locale, start, spaced.end(), read_number(spaced[0]))
            if joined is not None and joined.kind not in (FigureKind.BARE, FigureKind.COUNT, FigureKind.DAYS):
                position = spaced.end()
                waiting.clear()
                yield joined
                continue
        if not numbers:
            waiting.clear()
            continue
        figure = _one(text, locale, start, end, numbers)
        if figure is None or figure.kind is FigureKind.BARE:
            if figure is not None and bare:
                yield figure
            waiting.append((start, end, numbers))
            continue
        if waiting:
            # The numbers before it in its range have its unit.
            for first_start, first_end, first_numbers in waiting:
                readings = _in_units_of(figure, first_numbers)
                yield Figure(first_start, first_end, readings, _hedge(text, first_start, first_end), figure.per)
            waiting.clear()
        yield figure
        position = max(position, figure.end)
        if figure.kind is FigureKind.MONEY and (next_one := _second_of_range(text, locale, figure)):
            yield next_one
            position = next_one.end


def _is_range(text: str, end: int, start: int) -> bool:
    found = _RANGE.match(text, end)
    return found is not None and found.end() == start


def _second_of_range(text: str, locale: str, first: Figure) -> Figure | None:
    """Return the number after a range's first amount: `60` in `$40–60` has the first one's currency."""
    found = _RANGE.match(text, first.end)
    number = _NUMBER.match(text, found.end()) if found else None
    if number is None or found is None or not set(found[0]) & set("–—-"):
        return None
    second = _one(text, locale, *number.span(), read_number(number[0]))
    if second is None or second.kind is not FigureKind.BARE:
        return None
    readings = _in_units_of(first, read_number(number[0]))
    return Figure(second.start, second.end, readings, second.hedge, first.per)


def _in_units_of(figure: Figure, numbers: tuple[Number, ...]) -> tuple[Reading, ...]:
    measures = dict.fromkeys(each.measure for each in figure.readings)
    return tuple(Reading(measure, *number) for measure in measures for number in numbers)


def _one(text: str, locale: str, start: int, end: int, numbers: tuple[Number, ...]) -> Figure | None:
    """Return the figure of the number at `text[start:end]`; None where it is a part of a name."""
    if not numbers:
        return None
    mark = _mark_before(text, start)
    currencies = _currencies(mark[0].strip(), locale) if mark else ()
    until = end
    after = _AFTER.match(text, until)
    if after and (factor := MULTIPLIERS.get(after[1])):
        numbers = tuple((value * factor, quantum * factor) for value, quantum in numbers)
        until = after.end()
        after = _AFTER.match(text, until)
    if currencies and mark:
        return _priced(text, mark.start(), until, numbers, currencies)
    measures: tuple[Measure, ...] = ()
    if found := _INCHES.match(text, until) or _PER_CENT.match(text, until):
        measures, until = (INCHES if "in" in found[0][:3] else PERCENT,), found.end()
    elif after:
        word = after[1]
        measures, until = _measures(text, word, until, after.end())
        if codes := _currencies_after(word, locale):
            amount = _priced(text, start, after.end(), numbers, codes)
            others = tuple(Reading(measure, *number) for measure in measures for number in numbers)
            return Figure(start, amount.end, amount.readings + others, amount.hedge, amount.per)
        if word.casefold() in ("cent", "cents") and (codes := _currencies("$", locale)):
            return _priced(text, start, after.end(), tuple((v / 100, q / 100) for v, q in numbers), codes)
        if word in ("st", "nd", "rd", "th"):
            return None
    if not measures:
        return Figure(start, end, tuple(Reading(DECIMAL if _is_decimal(numbers) else BARE, *number) for number in numbers))
    if measures[0] is TIME:
        return None
    if measures[0] is HOURS:
        numbers, until = _with_minutes(text, numbers, until)
    sign = -1 if _is_negative(text, start) and measures[0].kind is FigureKind.TEMPERATURE else 1
    readings = tuple(Reading(measure, sign * value, quantum) for measure in measures for value, quantum in numbers)
    return Figure(start - (sign < 0), until, readings, _hedge(text, start, until), _period(text, until)[0])


def _mark_before(text: str, start: int) -> re.Match[str] | None:
    before = text[start - 1 : start]
    before = text[start - 2 : start - 1] if before in _SPACES else before
    # Most numbers follow a word in small letters.
    if before in _CURRENCY_SIGNS or before == "." or "A" <= before <= "Z" or before == "r":
        return _MARK_BEFORE.search(text, max(0, start - 6), start)
    return None


def _is_decimal(numbers: tuple[Number, ...]) -> bool:
    return len(numbers) == 1 and abs(numbers[0][1] - 0.01) < 1e-9


def _is_negative(text: str, start: int) -> bool:
    return text[start - 1 : start] in ("-", "−") and not text[start - 2 : start - 1].isalnum()


def _measures(text: str, word: str, start: int, end: int) -> tuple[tuple[Measure, ...], int]:
    """Return the units that a word after a number can mean, and where it ends."""
    measures = UNITS.get(word) or UNITS.get(word.replace(" ", "").replace("\u00a0", "").replace("º", "°").upper())
    if measures is None and len(word) > 1:
        measures = UNITS.get(word.casefold())
    if measures is None:
        return (), start
    if measures[0] is MILES and (found := _PER_HOUR.match(text, end) or _PER_GALLON.match(text, end)):
        return (MPG if "gallon" in found[0] else MPH,), found.end()
    if measures[0].name == "km" and (found := _PER_HOUR.match(text, end)):
        return (KMH,), found.end()
    if measures[0].name == "m" and (found := _PER_SECOND.match(text, end)):
        return (METRES_PER_SECOND,), found.end()
    if measures[0] is FAHRENHEIT and len(measures) > 1 and (found := _SCALE.match(text, end)):
        return (measures[0] if found[1].lstrip("°º")[0] == "F" else measures[1],), found.end()
    return measures, end


def _with_minutes(text: str, numbers: tuple[Number, ...], end: int) -> tuple[tuple[Number, ...], int]:
    """Add the minutes that follow hours."""
    found = _HOURS_AND.match(text, end)
    value, quantum = numbers[0]
    if found is None or quantum != 1 or int(found[1]) > 59 or (found[0].strip().isdigit() and len(found[1]) < 2):
        return numbers, end
    return ((value + int(found[1]) / 60, 1 / 60),), found.end()


def _priced(
    text: str, start: int, end: int, numbers: tuple[Number, ...], currencies: tuple[str, ...]
) -> Figure:
    per, _ = _period(text, end)
    readings = tuple(Reading(money(code), *number) for code in currencies for number in numbers)
    return Figure(start, end, readings, _hedge(text, start, end), per)


def _period(text: str, end: int) -> tuple[str, int]:
    found = _PER.match(text, end)
    unit = PERIODS.get(found[1], "") if found else ""
    return unit, found.end() if found and unit else end


@lru_cache(maxsize=512)
def _currencies(mark: str, locale: str) -> tuple[str, ...]:
    return tuple(sorted(currencies_of(mark, locale)))


def _currencies_after(word: str, locale: str) -> tuple[str, ...]:
    # “R” and “Fr” stand before a number; after it they are the beginning of something else.
    return _currencies(word, locale) if word in "$€£" or len(word) > 2 or word in ("kr", "Kr") else ()


def _hedge(text: str, start: int, end: int) -> Hedge:
    if text[end : end + 1] == "+" or text[end : end + 2] == " +":
        return Hedge.OVER
    before = text[max(0, start - _LOOKBACK) : start].rstrip(" *\u00a0")
    if before[-1:] in _SIGNS:
        return Hedge.ABOUT
    words = before.casefold().rsplit(None, 2)
    if not words or words[-1] not in HEDGE_ENDS:
        return Hedge.NONE
    return HEDGES.get(" ".join(words[-2:]), HEDGES.get(words[-1], Hedge.NONE))


def _number_words(text: str) -> Iterator[Figure]:
    for found in _WORD.finditer(text):
        after = _AFTER.match(text, found.end() - 1)
        if after is None or not (measures := UNITS.get(after[1].casefold())):
            continue
        measures, end = _measures(text, after[1], found.end(), after.end())
        value = float(NUMBER_WORDS[found[0][:-1].casefold()])
        if measures[0] is not TIME:
            readings = tuple(Reading(measure, value, 1) for measure in measures)
            yield Figure(found.start(), end, readings, _hedge(text, found.start(), end), _period(text, end)[0])
