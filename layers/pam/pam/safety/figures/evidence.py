"""The evidence of an answer: the figures of everything that Claude was given for it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from pam.safety.figures.dates import weekdays_in
from pam.safety.figures.extraction import extract_figures
from pam.safety.figures.figure import BARE, DATE, Conventions, Figure, FigureKind, Measure, money, unsigned
from pam.safety.figures.groups import Group, Key, Row, Table
from pam.travel.units import LITRES_PER_GALLON

MAX_CHARS = 400_000
"""Of all texts and results together; what is beyond isn't read. A turn has eight calls of up to 24,000 characters."""

_COUNTED = (FigureKind.BARE, FigureKind.DAYS, FigureKind.COUNT)
_MAX_COUNTS = 12
_SAME = 0.004
_MAX_SCALARS = 60

_WORDS = re.compile(r"[^\W\d_]{3,}")
_NONE: frozenset[int] = frozenset()
_PRICED = ("gal", "l")


def words_of(text: str) -> set[str]:
    """Return the words of a text that can name a row of a list."""
    return set(_WORDS.findall(text.casefold()))


class Evidence:
    """Collects figures, in texts that are read by a user's conventions."""

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.plain: dict[Key, set[float]] = defaultdict(set)
        """Figures that cover alone."""
        self.scalars: dict[Key, list[float]] = defaultdict(list)
        """Those of the turn outside of lists, whose sums and differences cover, too."""
        self.listed: dict[Key, list[float]] = defaultdict(list)
        """Figures of long lists and of earlier turns."""
        self.groups: list[Group] = []
        self.tables: list[Table] = []
        self.named: dict[tuple[str, Key], list[float]] = defaultdict(list)
        """The turn's figures outside of lists, by the name of their field: those of several results."""
        self.rows: list[Row] = []
        self.row_words: dict[str, set[int]] = defaultdict(set)
        self.row_days: dict[float, set[int]] = defaultdict(set)
        self.rates: list[tuple[str, float, str]] = []
        """Amounts for a period: the currency, the amount, the period."""
        self.asked_counts: list[float] = []
        """Numbers of the question, which may multiply an amount."""
        self.asked: dict[Key, list[float]] = defaultdict(list)
        """The question's figures with a unit."""
        self._chars = 0
        self._add_days()

    def add_text(self, text: str, *, is_current: bool = True, is_question: bool = False) -> None:
        """Add the figures of a text; of the traveller's own words also those without a unit."""
        text = self.bounded(text)
        if is_question:
            self._add_asked_days(text)
        group = Group()
        for figure in extract_figures(text, self.conventions, bare=is_question):
            self.add_figure(figure, group, is_current=is_current)
            if is_question and figure.kind in _COUNTED and len(self.asked_counts) < _MAX_COUNTS:
                self.asked_counts.append(figure.readings[0].measure.to_base(figure.readings[0].value))
            elif is_question:
                for each in figure.readings:
                    value = unsigned(each.measure.kind, each.measure.to_base(each.value))
                    if value not in self.asked[each.measure.key]:
                        self.asked[each.measure.key].append(value)
        self.close(group)

    def add_figure(self, figure: Figure, group: Group | None = None, *, is_current: bool = True) -> None:
        """Add a figure of a text in all of its readings."""
        for reading in figure.readings:
            # Two decimal places without a unit make a figure of an answer, and are a plain number of the evidence.
            measure = BARE if reading.measure.kind is FigureKind.DECIMAL else reading.measure
            value = reading.measure.to_base(reading.value)
            self.add(measure, value, group, is_current=is_current)
            if figure.per and reading.measure.kind is FigureKind.MONEY:
                self.add_price(reading.measure.name, reading.value, figure.per)

    def rows_named_in(self, text: str, days: Iterable[float]) -> set[int]:
        """Return the rows of long lists that a word, a weekday or one of the days of a text names."""
        rows: set[int] = set()
        for word in words_of(text):
            rows |= self.row_words.get(word, _NONE)
        today = self.conventions.today
        named = {
            float(today.toordinal() + (day - today.weekday()) % 7) for day in weekdays_in(text, self.conventions.locale)
        }
        for day in {*days, *named}:
            rows |= self.row_days.get(day, _NONE)
        return rows

    def bounded(self, text: str) -> str:
        """Return as much of a text as may still be read."""
        text = text[: max(0, MAX_CHARS - self._chars)]
        self._chars += len(text)
        return text

    def close(self, group: Group) -> None:
        """Keep a group that is complete."""
        if group.values:
            self.groups.append(group)

    def add(self, measure: Measure, value: float, group: Group | None = None, *, is_current: bool = True) -> None:
        """Add a value in its base unit that stands outside of lists."""
        key, value = measure.key, unsigned(measure.kind, value)
        if not is_current:
            self.listed[key].append(value)
            return
        if group is not None:
            group.add(key, value)
        self.plain[key].add(value)
        # A sentence repeats the figures of its result, rounded.
        tolerance = 0.0 if key[0] is FigureKind.MONEY else _SAME * abs(value)
        scalars = self.scalars[key]
        if len(scalars) < _MAX_SCALARS and not any(abs(value - other) <= tolerance for other in scalars):
            scalars.append(value)

    def add_price(self, currency: str, value: float, per: str) -> None:
        """Add what an amount of `add` is for: a gallon or a litre, or a period."""
        if per not in _PRICED:
            self.rates.append((currency, value, per))
            return
        other, factor = ("l", 1 / LITRES_PER_GALLON) if per == "gal" else ("gal", LITRES_PER_GALLON)
        self.plain[money(currency, per).key].add(value)
        self.plain[money(currency, other).key].add(value * factor)

    def _add_days(self) -> None:
        """Add today, the days beside it, and the ends of this, the last and the next month and of the year."""
        today = self.conventions.today
        first = today.replace(day=1)
        next_first = (first + timedelta(days=31)).replace(day=1)
        last_first = (first - timedelta(days=1)).replace(day=1)
        after = (next_first + timedelta(days=31)).replace(day=1)
        day = timedelta(days=1)
        known = [today - day, today, today + day, last_first, first - day, first, next_first - day, next_first]
        known += [after - day, date(today.year, 1, 1), date(today.year, 12, 31)]
        self.plain[DATE.key].update(float(each.toordinal()) for each in known)

    def _add_asked_days(self, text: str) -> None:
        """Add the nearest of the days of the week that a question names."""
        weekdays = weekdays_in(text, self.conventions.locale) | ({4, 5, 6} if "weekend" in text.casefold() else set())
        for weekday in weekdays:
            ahead = (weekday - self.conventions.today.weekday()) % 7
            for weeks in (-14, -7, 0, 7, 14):
                self.plain[DATE.key].add(float(self.conventions.today.toordinal() + ahead + weeks))
