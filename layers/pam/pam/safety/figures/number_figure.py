"""The figure of one number in a text: its currency or unit, its period, and how it is hedged."""

import re
from collections.abc import Sequence
from functools import lru_cache

from pam.money.currency_marks import currencies_of, possible_currencies
from pam.safety.figures.figure import (
    BARE,
    DECIMAL,
    FAHRENHEIT,
    HOURS,
    INCHES,
    KILOMETRES,
    KMH,
    METRES,
    METRES_PER_SECOND,
    MILES,
    MPG,
    MPH,
    PERCENT,
    POUNDS,
    TIME,
    Conventions,
    Figure,
    FigureKind,
    Hedge,
    Measure,
    Reading,
    money,
)
from pam.safety.figures.notation import Number
from pam.safety.figures.words import HEDGE_ENDS, HEDGES, MULTIPLIERS, PERIODS, UNITS

_MARK_BEFORE = re.compile(r"(?<!\w)(?:[A-Z]{3}|kr\.?|Fr\.|R)[ \u00a0\u202f]?$")
UNIT_AFTER = re.compile(
    r"\+?[ \u00a0\u202f\u2009]?[-‑]?(\$|€|£|%|[°º][ \u00a0]?[CFcf](?![^\W\d_])|[°º]|fill-?ups?|[ap]\.m|"
    r"[^\W\d_]+(?:/(?:100|[^\W\d_]+))?)"
)
"""The sign or word right after a number that may be its unit."""

_PER_HOUR = re.compile(r"\s(?:per|an|pro|por|par|al)\s(?:hour|Stunde|hora|heure|ora)\b")
_PER_SECOND = re.compile(r"\s(?:per|a|pro|por|par)\s(?:second|Sekunde|segundo|seconde)\b")
_PER_GALLON = re.compile(r"\s(?:per|a|to the)\sgallon\b")
_PER = re.compile(r"\**(?:\s?/\s?|\s(?:a|an|per|each|pro|par|por|al|je|a la|per il)\s)(?:US |U\.S\. )?([^\W\d_]+)")
_INCHES = re.compile(r"\sin\.?(?=\s(?:of\s)?(?:rain|snow|precip))")
_PER_CENT = re.compile(r"\s(?:per cent|por ciento|pour cent|per cento|por cento)\b")
_SCALE = re.compile(r"\s?([°º]?[CF]\b|Fahrenheit|Celsius)")
_HOURS_AND = re.compile(
    r",?\s?(?:and |und |et |y |e |en )?(\d{1,2})[ \u00a0]?(?:min(?:ut(?:e[ns]?|os?|i))?|m)?\b(?![.,:]\d)"
)

_SPACES = (" ", "\u00a0", "\u202f")
_MAX_MARK = 6
_SIGNS = ("~", "≈", "∼")
_LOOKBACK = 24
_HEDGE_ENDINGS = frozenset(word[-2:] for word in HEDGE_ENDS)
_ORDINALS = ("st", "nd", "rd", "th")
_RARE = (" i", " p")
"""How the units of two words begin."""

_BEFORE_PERIOD = (" ", "/", "*")
_HUNDREDTH = 10.0**-2


def read_figure(
    text: str, conventions: Conventions, start: int, end: int, numbers: tuple[Number, ...]
) -> Figure | None:
    """Return the figure of the number at `text[start:end]`; None where it is an ordinal or no time.

    A number without a unit is of the kind `BARE`, or `DECIMAL` with two decimal places.
    """
    mark = mark_before(text, start)
    currencies = () if mark is None else _amounts_in(text[mark:start].strip(), conventions)
    after = UNIT_AFTER.match(text, end)
    until = end
    if after and (factor := MULTIPLIERS.get(after[1])):
        numbers = tuple((value * factor, quantum * factor) for value, quantum in numbers)
        until = after.end()
        after = UNIT_AFTER.match(text, until)
    if mark is not None and currencies:
        return _priced(text, mark, until, numbers, currencies)
    measures: tuple[Measure, ...] = ()
    if text[until : until + 2] in _RARE and (found := _INCHES.match(text, until) or _PER_CENT.match(text, until)):
        measures, until = (INCHES if found[0].startswith(" in") else PERCENT,), found.end()
    elif after:
        word = after[1]
        if word in _ORDINALS:
            return None
        measures, until = measures_after(text, word, until, after.end())
        # “Pounds” are either a mass or money.
        if not measures or measures[0] is POUNDS:
            if word in ("cent", "cents"):
                hundredths = tuple((value / 100, quantum / 100) for value, quantum in numbers)
                return _priced(text, start, after.end(), hundredths, _amounts_in("$", conventions))
            if currencies := _amounts_after(word, conventions):
                amount = _priced(text, start, after.end(), numbers, currencies)
                return amount._replace(readings=amount.readings + _readings(measures, numbers))
    if not measures:
        measure = DECIMAL if len(numbers) == 1 and numbers[0][1] == _HUNDREDTH else BARE
        return Figure(start, end, _readings((measure,), numbers))
    first = measures[0]
    if first is TIME:
        return _hour(text, start, until, numbers)
    if first is HOURS:
        numbers, until = _with_minutes(text, numbers, until)
    if first.kind is FigureKind.TEMPERATURE and is_negative(text, start):
        start, numbers = start - 1, tuple((-value, quantum) for value, quantum in numbers)
    hedge, per = hedge_of(text, start, until), period_after(text, until)
    return Figure(start, until, _readings(measures, numbers), hedge, per)


def mark_before(text: str, start: int) -> int | None:
    """Return where the mark of a currency right before a number begins; None where there is none."""
    at = start - 1
    if at >= 0 and text[at] in _SPACES:
        at -= 1
    if at < 0:
        return None
    before = text[at]
    if before == "$":
        while at > max(0, start - _MAX_MARK) and "A" <= text[at - 1] <= "Z":
            at -= 1
        return at
    if before in "€£":
        return at
    # Most numbers follow a word in small letters.
    if before == "." or before == "r" or "A" <= before <= "Z":
        found = _MARK_BEFORE.search(text, max(0, start - _MAX_MARK), start)
        return found.start() if found else None
    return None


def is_negative(text: str, start: int) -> bool:
    """Return whether a minus stands before a number, and no hyphen of a word or a range."""
    return text[start - 1 : start] in ("-", "−") and not text[start - 2 : start - 1].isalnum()


def measures_after(text: str, word: str, start: int, end: int) -> tuple[tuple[Measure, ...], int]:
    """Return the units that a word after a number can mean, and where it ends."""
    measures = UNITS.get(word) or UNITS.get(word.replace(" ", "").replace("\u00a0", "").replace("º", "°").upper())
    if measures is None and len(word) > 1:
        measures = UNITS.get(word.casefold())
    if measures is None:
        return (), start
    if measures[0] is MILES and (found := _PER_HOUR.match(text, end) or _PER_GALLON.match(text, end)):
        return (MPG if "gallon" in found[0] else MPH,), found.end()
    if measures[0] is KILOMETRES and (found := _PER_HOUR.match(text, end)):
        return (KMH,), found.end()
    if measures[0] is METRES and (found := _PER_SECOND.match(text, end)):
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


def _priced(text: str, start: int, end: int, numbers: tuple[Number, ...], currencies: tuple[Measure, ...]) -> Figure:
    return Figure(start, end, _readings(currencies, numbers), hedge_of(text, start, end), period_after(text, end))


def _readings(measures: Sequence[Measure], numbers: tuple[Number, ...]) -> tuple[Reading, ...]:
    if len(measures) == 1 and len(numbers) == 1:
        value, quantum = numbers[0]
        return (Reading(measures[0], value, quantum),)
    return tuple(Reading(measure, *number) for measure in measures for number in numbers)


def period_after(text: str, end: int) -> str:
    """Return the unit or period that follows a figure as “a gallon”, “per day”, “/l”; an empty text for none."""
    if text[end : end + 1] not in _BEFORE_PERIOD:
        return ""
    found = _PER.match(text, end)
    return PERIODS.get(found[1], "") if found else ""


@lru_cache(maxsize=512)
def _amounts_in(mark: str, conventions: Conventions) -> tuple[Measure, ...]:
    """Return the units of the currencies that a mark can mean.

    They are the user's, the one it means to them, and the US dollar.
    """
    candidates = currencies_of(mark, conventions.locale)
    if len(candidates) < 2:
        return tuple(map(money, candidates))
    meant = possible_currencies(candidates, conventions.currency, conventions.locale)
    return tuple(map(money, dict.fromkeys([*meant, *(candidates & {"USD"})])))


def _amounts_after(word: str, conventions: Conventions) -> tuple[Measure, ...]:
    # “R” and “Fr” stand before a number; after it they are the beginning of something else.
    return _amounts_in(word, conventions) if word in "$€£" or len(word) > 2 or word in ("kr", "Kr") else ()


def hedge_of(text: str, start: int, end: int) -> Hedge:
    """Return how the figure at `text[start:end]` is announced."""
    if "+" in text[start : end + 1]:
        return Hedge.OVER
    at = start - 1
    while at >= 0 and text[at] in " *\u00a0":
        at -= 1
    if at < 0:
        return Hedge.NONE
    if text[at] in _SIGNS:
        return Hedge.ABOUT
    # Few words end like one that announces a figure.
    if text[max(0, at - 1) : at + 1].casefold()[-2:] not in _HEDGE_ENDINGS:
        return Hedge.NONE
    first = max(0, at - _LOOKBACK)
    since = max(text.rfind(" ", first, at), text.rfind("\n", first, at), first - 1) + 1
    word = text[since : at + 1].lstrip("(*").casefold()
    if word not in HEDGE_ENDS:
        return Hedge.NONE
    words = text[max(0, since - _LOOKBACK) : since].casefold().split()
    phrase = f"{words[-1].lstrip('(*')} {word}" if words else word
    return HEDGES.get(phrase, HEDGES.get(word, Hedge.NONE))


def _hour(text: str, start: int, end: int, numbers: tuple[Number, ...]) -> Figure | None:
    """Return the time of day of an hour with am, pm or Uhr."""
    hour, quantum = numbers[0]
    if quantum != 1 or hour > 24:
        return None
    half = text[start:end].lower().rstrip(".m")[-1:]
    if half in ("a", "p"):
        hour = hour % 12 + (12 if half == "p" else 0)
    return Figure(start, end, (Reading(TIME, hour * 60, 60),))
