"""The check: which figures of a text the evidence doesn't cover."""

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from pam.safety.figures.checked import is_checked
from pam.safety.figures.dates import month_of
from pam.safety.figures.derivation import Derivations
from pam.safety.figures.evidence import Evidence, words_of
from pam.safety.figures.extraction import extract_figures
from pam.safety.figures.figure import (
    BARE,
    DATE,
    DAYS,
    MONTH,
    PERCENT,
    TIME,
    Figure,
    FigureKind,
    Hedge,
    Reading,
    money,
)
from pam.safety.figures.groups import Key
from pam.safety.figures.hidden import mask_hidden
from pam.safety.figures.pool import EMPTY, Pool
from pam.safety.figures.quoted import Line, Pending, Quotes, Target, index_groups
from pam.safety.figures.tolerance import interval

MAX_CHANCE = 0.03
"""How many values an interval may be expected to have by chance, where a match in it counts."""

_MAX_RELATED_CHANCE = 0.1
"""The same for shares of a figure that the line quotes in the others of its object, which are few."""

_MAX_PASSES = 3
_IS_DIFFERENCE = re.compile(
    r"warmer|cooler|colder|hotter|\bdrop|\bris(?:e|ing)|swing|difference|degrees (?:more|less)|wärmer|kälter"
)
"""Words of a line in which degrees may be a difference of two temperatures."""

_PRICED = ("gal", "l")
_OPERANDS = (FigureKind.DAYS, FigureKind.COUNT)


class FigureReport(NamedTuple):
    """The figures of a text that were checked, and those of them that the evidence doesn't cover, in their order."""

    checked: list[Figure]
    uncovered: list[Figure]


class FigureCheck:
    """Checks texts against an evidence, which is complete by now."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._plain = {key: Pool(values) for key, values in evidence.plain.items()}
        self._listed = {key: Pool(values) for key, values in evidence.listed.items()}
        self._derived = Derivations(evidence)
        self._groups = index_groups(evidence)
        listed_days = evidence.listed.get(DATE.key, ())
        self._days = evidence.plain.get(DATE.key, set()) | self._derived.days
        self._days |= {min(listed_days), max(listed_days)} if listed_days else set()
        self._listed_days = frozenset(listed_days)
        self._months = {month_of(day) for day in self._days | self._listed_days}
        self._months.update(*(values.get(MONTH.key, ()) for values in (evidence.plain, evidence.listed)))

    def check(self, text: str) -> FigureReport:
        """Check the figures of a Markdown text, outside of code and addresses."""
        lines = self._lines(text)
        checked: list[Figure] = []
        pending: list[Pending] = []
        for line in lines:
            checked += line.figures
            for figure in line.figures:
                targets: list[list[Target]] = []
                if not self._is_direct(line, figure, targets):
                    pending.append(Pending(line, figure, targets))
        if pending:
            quotes = Quotes(lines, self._evidence, self._groups)
            for _ in range(_MAX_PASSES):
                before = len(pending)
                pending = [each for each in pending if not self._is_derived(each, quotes)]
                if len(pending) in (0, before):
                    break
                quotes.refresh()
        return FigureReport(checked, [each.figure for each in pending])

    def _figures(self, text: str) -> list[Figure]:
        return extract_figures(mask_hidden(text), self._evidence.conventions)

    def _lines(self, text: str) -> list[Line]:
        figures = self._figures(text)
        lines, start, at, block = [], 0, 0, 0
        for number, written in enumerate(text.split("\n")):
            end = start + len(written)
            block += not written.strip()
            if at < len(figures) and figures[at].start < end:
                line = Line(written, number, block)
                while at < len(figures) and figures[at].start < end:
                    self._add_figure(line, figures[at], text)
                    at += 1
                if line.figures:
                    lines.append(line)
            start = end + 1
        return lines

    def _add_figure(self, line: Line, figure: Figure, text: str) -> None:
        """Add a figure to check to its line, and others to what the line's figures are computed with."""
        if is_checked(figure, text):
            line.figures.append(figure)
        elif figure.kind is FigureKind.TIME:
            line.cover(TIME.key, figure.readings[0].value, figure.start)
        elif figure.kind in _OPERANDS:
            self._is_direct(line, figure, [])

    def _is_direct(self, line: Line, figure: Figure, compared: list[list[Target]]) -> bool:
        """Return whether the evidence has the figure itself; remember it as covered then.

        Otherwise `compared` has the targets of each reading afterwards.
        """
        kind = figure.kind
        if kind is FigureKind.DATE:
            return self._has_day(line, figure)
        if kind is FigureKind.MONTH:
            return any(reading.value in self._months for reading in figure.readings)
        for reading in figure.readings:
            key = reading.measure.key
            if figure.hedge is Hedge.NONE and key in self._plain and figure.per not in _PRICED:
                exact = reading.base
                if exact in self._plain[key]:
                    _cover(line, figure, reading, exact)
                    return True
            targets = self._targets(reading, figure)
            compared.append(targets)
            for key, low, high in targets:
                value = self._find(line, key, low, high, reading, figure.hedge)
                if value is not None:
                    _cover(line, figure, reading, value)
                    return True
        return False

    def _find(self, line: Line, key: Key, low: float, high: float, reading: Reading, hedge: Hedge) -> float | None:
        value = self._plain.get(key, EMPTY).find(low, high)
        if value is not None:
            return value
        listed = self._listed.get(key, EMPTY)
        value = listed.find(low, high)
        if value is None:
            return None
        written = reading.base
        if listed.has(written - 1e-6, written + 1e-6):
            return written
        if hedge is Hedge.NONE and listed.has_by_more_than_chance(low, high, MAX_CHANCE):
            return value
        values = (
            each for row in line.rows(self._evidence) for other, each in self._evidence.rows[row].values if other == key
        )
        return next((each for each in values if low <= each <= high), None)

    def _targets(self, reading: Reading, figure: Figure) -> list[Target]:
        """Return what a figure can be compared with: keys, and the interval in their base unit."""
        measure = reading.measure
        kind = measure.kind
        is_long = kind is FigureKind.DURATION and reading.quantum < 1 and reading.value >= 1
        low, high = interval(reading, figure.hedge, is_rounded_to_minutes=is_long)
        if kind is FigureKind.DECIMAL:
            kinds = (FigureKind.MONEY, FigureKind.BARE, FigureKind.RATE)
            keys = self._evidence.plain.keys() | self._evidence.listed.keys()
            return [(key, low, high) for key in keys if key[0] in kinds]
        if kind is FigureKind.MONEY:
            amounts = [(measure.key, low, high), (BARE.key, low, high)]
            if figure.per not in _PRICED:
                return amounts
            per = money(measure.name, figure.per).key
            return [(per, low, high)] if per in self._evidence.plain else [(per, low, high), *amounts]
        first, last = measure.to_base(low), measure.to_base(high)
        targets = [(measure.key, min(first, last), max(first, last)), (BARE.key, low, high)]
        return [*targets, (DAYS.key, low, high)] if kind is FigureKind.COUNT else targets

    def _has_day(self, line: Line, figure: Figure) -> bool:
        for reading in figure.readings:
            day = reading.value
            if day and figure.weekday is not None and date.fromordinal(int(day)).weekday() != figure.weekday:
                continue
            if day in self._days or (day in self._listed_days and self._is_near_its_row(line, day)):
                line.cover(DATE.key, day, figure.start)
                return True
        return False

    def _is_near_its_row(self, line: Line, day: float) -> bool:
        """Return whether a word or an amount of a row of that day is in the line, or no amount of another row is."""
        rows = self._evidence.row_days.get(day, _NONE)
        readings = [
            (figure, reading)
            for figure in line.figures
            if figure.kind is FigureKind.MONEY
            for reading in figure.readings
        ]
        has_other = False
        for figure, reading in readings:
            low, high = interval(reading, figure.hedge)
            has_other = has_other or self._listed.get(reading.measure.key, EMPTY).has(low, high)
            values = (
                value for row in rows for key, value in self._evidence.rows[row].values if key == reading.measure.key
            )
            if any(low <= value <= high for value in values):
                return True
        # An amount of another row is with the wrong day; one that is in no row says nothing of the day.
        if not has_other or not rows:
            return True
        return any(rows & self._evidence.row_words.get(word, _NONE) for word in words_of(line.text))

    def _is_derived(self, pending: Pending, quotes: Quotes) -> bool:
        """Return whether the figure follows from others; remember it as covered then."""
        line, figure = pending.line, pending.figure
        if figure.kind is FigureKind.DATE:
            days = {day + span for day in line.values(DATE.key) for span in line.values(DAYS.key)}
            found = next((each for each in figure.readings if each.value in days and figure.weekday is None), None)
            if found is not None:
                line.cover(DATE.key, found.value, figure.start)
            return found is not None
        if figure.kind is FigureKind.MONTH:
            return False
        if pending.derived is None:
            pending.derived = [
                (reading, *target)
                for reading, targets in zip(figure.readings, pending.targets, strict=True)
                for target in self._derived_targets(reading, figure, line, targets)
            ]
        for reading, key, low, high in pending.derived:
            if self._follows(line, figure, key, low, high, quotes):
                _cover(line, figure, reading, reading.base)
                return True
        return False

    def _derived_targets(
        self, reading: Reading, figure: Figure, line: Line, targets: Iterable[Target]
    ) -> Iterable[Target]:
        measure = reading.measure
        if measure.kind is FigureKind.TEMPERATURE:
            if _IS_DIFFERENCE.search(line.text):
                low, high = interval(reading, figure.hedge)
                yield measure.key, low * measure.scale, high * measure.scale
            return
        yield from (target for target in targets if target[0] != BARE.key)
        if measure.kind is FigureKind.MONEY and figure.per:
            low, high = interval(reading, figure.hedge)
            if figure.per in _PRICED:
                yield measure.key, low, high  # the difference of two prices
            else:
                yield money(measure.name, figure.per).key, low, high

    def _follows(self, line: Line, figure: Figure, key: Key, low: float, high: float, quotes: Quotes) -> bool:
        # The cheapest first.
        for pool in self._derived.pools(key):
            if pool.has_by_more_than_chance(low, high, MAX_CHANCE):
                return True
        if quotes.is_certain(line, figure, key, low, high):
            return True
        if key == PERCENT.key and quotes.has_related_share(line, low, high, _MAX_RELATED_CHANCE):
            return True
        return quotes.match_by_more_than_chance(line, figure, key, low, high, MAX_CHANCE)


_NONE: frozenset[int] = frozenset()


def _cover(line: Line, figure: Figure, reading: Reading, value: float) -> None:
    key = reading.measure.key
    if key[0] is FigureKind.MONEY:
        # A price is found by its unit, and its value as written is an amount of the currency.
        value = value if figure.per not in _PRICED else reading.value
        line.per.setdefault(figure.per, []).append((reading.measure.name, value))
    line.cover(key, value, figure.start)
