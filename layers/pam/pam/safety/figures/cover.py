"""The check: which figures of a text the evidence doesn't cover."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from pam.safety.figures.derivation import ADDITIVE, Derivations, combine, shares_of
from pam.safety.figures.evidence import Evidence, Key, unsigned, words_of
from pam.safety.figures.extraction import extract_figures
from pam.safety.figures.figure import (
    BARE,
    COUNT,
    DATE,
    DAYS,
    PERCENT,
    TIME,
    Figure,
    FigureKind,
    Hedge,
    Reading,
    money,
)
from pam.safety.figures.hidden import mask_hidden
from pam.safety.figures.pool import EMPTY, Pool
from pam.safety.figures.tolerance import interval

MAX_CHANCE = 0.05
"""How many values an interval may be expected to have by chance, where a match in it counts."""

_MIN_COUNT = 7
"""Smaller counts, such as “three of them”, may be of any selection."""

_MIN_DURATION_S = 2700
"""Shorter durations are advice more often than facts: a break of 15 minutes."""

_QUARTER_MIN = 15
_MAX_LOCAL = 14
_MAX_QUOTED = 40
_MAX_PASSES = 3
_EVERY = re.compile(r"\b(?:every|each|alle|cada|toutes les|ogni)\s$", re.IGNORECASE)
_IS_DIFFERENCE = re.compile(r"warmer|cooler|colder|hotter|drop|ris(?:e|ing)|swing|difference|degrees (?:more|less)|wärmer|kälter")
"""Words of a line in which degrees may be a difference of two temperatures."""


@dataclass
class _Line:
    """A line of the text, with the figures that are covered so far."""

    text: str
    figures: list[Figure]
    covered: list[tuple[Key, float]] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    block: int = 0
    """The number of its run of lines without a blank one between them."""


class FigureCheck:
    """Checks texts against an evidence, which is complete by now."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._plain = {key: Pool(values) for key, values in evidence.plain.items()}
        self._listed = {key: Pool(values) for key, values in evidence.listed.items()}
        self._derived = Derivations(evidence)
        listed_days = evidence.listed.get(DATE.key, ())
        self._days = evidence.plain.get(DATE.key, set()) | self._derived.days
        self._days |= {min(listed_days), max(listed_days)} if listed_days else set()
        self._listed_days = frozenset(listed_days)

    def checked_figures(self, text: str) -> list[Figure]:
        """Return the figures of a Markdown text that are checked, outside of code and addresses."""
        figures = extract_figures(mask_hidden(text), self._evidence.locale, self._evidence.today)
        return [figure for figure in figures if _is_checked(figure, text)]

    def uncovered(self, text: str, figures: Sequence[Figure]) -> list[Figure]:
        """Return those of the figures of a text that the evidence doesn't cover, in their order."""
        lines = _lines(text, figures)
        for line in lines:
            line.rows = self._rows_named_in(line)
        open_figures = [(line, figure) for line in lines for figure in line.figures]
        open_figures = [each for each in open_figures if not self._is_direct(*each)]
        for _ in range(_MAX_PASSES):
            if not open_figures:
                break
            quoted = _quoted(lines)
            left = [
                (line, figure)
                for line, figure in open_figures
                if not self._is_derived(line, figure, lines, quoted)
            ]
            if len(left) == len(open_figures):
                break
            open_figures = left
        return [figure for _, figure in open_figures]

    def _rows_named_in(self, line: _Line) -> set[int]:
        if not self._evidence.rows:
            return set()
        rows: set[int] = set()
        for word in words_of(line.text):
            rows |= self._evidence.row_words.get(word, set())
        for figure in line.figures:
            if figure.kind is FigureKind.DATE:
                for reading in figure.readings:
                    rows |= self._evidence.row_days.get(reading.value, set())
        return rows

    def _is_direct(self, line: _Line, figure: Figure) -> bool:
        """Return whether the evidence has the figure itself; remember it as covered then."""
        if figure.kind is FigureKind.DATE:
            return self._has_day(line, figure)
        for reading in figure.readings:
            for key, low, high in self._targets(reading, figure):
                if self._has(line, key, low, high, reading):
                    line.covered.append((key, _base(reading)))
                    return True
        return False

    def _has(self, line: _Line, key: Key, low: float, high: float, reading: Reading) -> bool:
        if self._plain.get(key, EMPTY).has(low, high):
            return True
        listed = self._listed.get(key, EMPTY)
        if not listed.has(low, high):
            return False
        value = _base(reading)
        if listed.has(value - 1e-6, value + 1e-6) or listed.has_by_more_than_chance(low, high, MAX_CHANCE):
            return True
        return any(
            each == key and low <= other <= high for row in line.rows for each, other in self._evidence.rows[row].values
        )

    def _targets(self, reading: Reading, figure: Figure) -> Iterable[tuple[Key, float, float]]:
        """Yield what a figure can be compared with: a key, and the interval in its base unit."""
        is_long = reading.measure.kind is FigureKind.DURATION and reading.quantum < 1 and reading.value >= 1
        low, high = interval(reading, figure.hedge, is_rounded_to_minutes=is_long)
        measure = reading.measure
        if measure.kind is FigureKind.DECIMAL:
            for key in self._evidence.plain.keys() | self._evidence.listed.keys():
                if key[0] in (FigureKind.MONEY, FigureKind.BARE, FigureKind.RATE):
                    yield key, low, high
            return
        ends = sorted((measure.to_base(low), measure.to_base(high)))
        if measure.kind is not FigureKind.TEMPERATURE:
            ends[0] = max(0.0, ends[0])
        if measure.kind is FigureKind.MONEY and figure.per in ("gal", "l"):
            per = money(measure.name, figure.per).key
            yield per, *ends
            if per in self._evidence.plain:
                return
        yield measure.key, *ends
        yield BARE.key, low, high
        if measure.kind is FigureKind.COUNT:
            yield DAYS.key, low, high

    def _has_day(self, line: _Line, figure: Figure) -> bool:
        for reading in figure.readings:
            day = reading.value
            if figure.weekday is not None and date.fromordinal(int(day)).weekday() != figure.weekday:
                continue
            is_listed = day in self._listed_days and (
                len(self._evidence.rows) == 0 or self._is_near_its_row(line, day)
            )
            if day in self._days or is_listed:
                line.covered.append((DATE.key, day))
                return True
        return False

    def _is_near_its_row(self, line: _Line, day: float) -> bool:
        """Return whether a word or an amount of a row of that day is in the line, or the line has no amount."""
        rows = self._evidence.row_days.get(day, set())
        amounts = [figure for figure in line.figures if figure.kind is FigureKind.MONEY]
        if not amounts or not rows:
            return True
        for figure in amounts:
            for reading in figure.readings:
                low, high = interval(reading, figure.hedge)
                for row in rows:
                    if any(key == reading.measure.key and low <= value <= high for key, value in self._evidence.rows[row].values):
                        return True
        words = set(words_of(line.text))
        return any(rows & self._evidence.row_words.get(word, set()) for word in words)

    def _is_derived(self, line: _Line, figure: Figure, lines: Sequence[_Line], quoted: dict[Key, list[float]]) -> bool:
        """Return whether the figure follows from others; remember it as covered then."""
        if figure.kind is FigureKind.DATE:
            spans = [value for key, value in line.covered if key == DAYS.key]
            days = {day + span for key, day in line.covered if key == DATE.key for span in spans}
            if any(reading.value in days for reading in figure.readings) and figure.weekday is None:
                line.covered.append((DATE.key, figure.readings[0].value))
                return True
            return False
        for reading in figure.readings:
            for key, low, high in self._targets(reading, figure):
                if key == BARE.key and reading.measure.kind is not FigureKind.BARE:
                    continue
                if self._follows(line, figure, key, low, high, lines, quoted):
                    line.covered.append((key, _base(reading)))
                    return True
        return False

    def _follows(
        self,
        line: _Line,
        figure: Figure,
        key: Key,
        low: float,
        high: float,
        lines: Sequence[_Line],
        quoted: dict[Key, list[float]],
    ) -> bool:
        if any(low <= value <= high for value in _local_results(line, lines, key)):
            return True
        if key[0] is FigureKind.TEMPERATURE:
            if not _IS_DIFFERENCE.search(line.text):
                return False
            low, high = _difference(figure.readings[0], low, high)
        pools: list[Pool] = list(self._derived.pools(key))
        if key[0] is FigureKind.MONEY and figure.per and "/" not in key[1]:
            pools += self._derived.pools(money(key[1], figure.per).key)
        if key[0] in ADDITIVE:
            pools.append(Pool(combine(quoted.get(key, []))))
        if key == PERCENT.key:
            pools.append(Pool(share for values in quoted.values() for share in shares_of(values[:_MAX_LOCAL])))
        return any(pool.has_by_more_than_chance(low, high, MAX_CHANCE) for pool in pools)


def _is_checked(figure: Figure, text: str) -> bool:
    """Return whether a figure states something that evidence could have."""
    reading = figure.readings[0]
    match reading.measure.kind:
        case FigureKind.DAYS | FigureKind.BARE:
            return False
        case FigureKind.COUNT:
            return reading.value >= _MIN_COUNT
        case FigureKind.TIME:
            return reading.value % _QUARTER_MIN != 0
        case FigureKind.DURATION:
            is_advice = _EVERY.search(text, max(0, figure.start - 12), figure.start) is not None
            return _base(reading) >= _MIN_DURATION_S and not is_advice
        case FigureKind.PERCENT:
            return reading.value != 100
    return True


def _base(reading: Reading) -> float:
    return unsigned(reading.measure.kind, reading.measure.to_base(reading.value))


def _lines(text: str, figures: Sequence[Figure]) -> list[_Line]:
    lines, start, at, block = [], 0, 0, 0
    for line in text.split("\n"):
        end = start + len(line)
        own = []
        while at < len(figures) and figures[at].start < end:
            own.append(figures[at])
            at += 1
        block += not line.strip()
        if own:
            lines.append(_Line(line, own, block=block))
        start = end + 1
    return lines


def _quoted(lines: Sequence[_Line]) -> dict[Key, list[float]]:
    """Return the covered figures of the text by key."""
    quoted: dict[Key, list[float]] = {}
    for line in lines:
        for key, value in line.covered:
            values = quoted.setdefault(key, [])
            if value not in values and len(values) < _MAX_QUOTED:
                values.append(value)
    return quoted


def _local_results(line: _Line, lines: Sequence[_Line], key: Key) -> Iterable[float]:
    """Yield what the covered figures of a line come to: sums, differences, shares, products, and the block's total."""
    covered = line.covered[:_MAX_LOCAL]
    same = list(dict.fromkeys(value for each, value in covered if each == key))
    if key[0] in ADDITIVE:
        yield from combine(same)
        if len(same) > 2:
            yield sum(same)
        above = [value for each in lines if each.block == line.block for k, value in each.covered if k == key]
        if len(above) > 2:
            yield sum(above)
    if key == PERCENT.key:
        for one, other in pairwise_of_kind(covered):
            yield from shares_of((one, other))
    counts = [value for each, value in covered if each in (DAYS.key, COUNT.key) and value]
    if key[0] is FigureKind.MONEY:
        for value in same:
            for count in counts:
                yield value * count
                yield value / count


def pairwise_of_kind(covered: Sequence[tuple[Key, float]]) -> Iterable[tuple[float, float]]:
    """Yield the neighbouring figures of one unit."""
    by_key: dict[Key, list[float]] = {}
    for key, value in covered:
        by_key.setdefault(key, []).append(value)
    for values in by_key.values():
        yield from pairwise(values)


def _difference(reading: Reading, low: float, high: float) -> tuple[float, float]:
    """Return the interval of a difference of temperatures: without the unit's zero."""
    shift = reading.measure.zero * reading.measure.scale
    return low + shift, high + shift
