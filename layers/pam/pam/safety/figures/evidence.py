"""The evidence of an answer: the figures of everything that Claude was given for it.

A list of more than a few objects, such as expenses, is kept by its rows: a row's figures cover a figure that is
rounded only near a word or a date of that row, since thirty amounts are close to most whole numbers.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pam.safety.figures.dates import weekdays_in
from pam.safety.figures.extraction import extract_figures
from pam.safety.figures.fields import NOT_DATA, RATES, measure_of
from pam.safety.figures.figure import (
    BARE,
    COUNT,
    DATE,
    RATE,
    TIME,
    Figure,
    FigureKind,
    Measure,
    money,
)
from pam.travel.units import LITRES_PER_GALLON

Key = tuple[FigureKind, str]

MAX_CHARS = 400_000
"""Of all texts and results together; what is beyond isn't read. A turn has eight calls of up to 24,000 characters."""

MAX_PLAIN_ROWS = 10
"""A longer list is kept by its rows."""

_MAX_ROWS = 600
_MAX_WORD_ROWS = 3
"""A word that more rows of a list have doesn't name a row."""

_DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,10}")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}).*)?", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]{3,}")
_MAX_LABEL_CHARS = 80


@dataclass
class Row:
    """An object of a long list: its figures by key."""

    values: list[tuple[Key, float]] = field(default_factory=list)


@dataclass
class Group:
    """Figures that belong together: those of an object, or of a text."""

    values: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: Key, value: float) -> None:
        """Add a figure once."""
        if value not in self.values[key]:
            self.values[key].append(value)


class Evidence:
    """Collects figures. `locale` is the user's, `today` their date."""

    def __init__(self, locale: str, today: date) -> None:
        self.locale = locale
        self.today = today
        self.plain: dict[Key, set[float]] = defaultdict(set)
        """Figures that cover alone."""
        self.scalars: dict[Key, list[float]] = defaultdict(list)
        """Those of the turn outside of lists, whose sums and differences cover, too."""
        self.listed: dict[Key, list[float]] = defaultdict(list)
        """Figures of long lists and of earlier turns."""
        self.groups: list[Group] = []
        self.tables: list[list[Group]] = []
        """The short lists' rows."""
        self.rows: list[Row] = []
        self.row_words: dict[str, set[int]] = defaultdict(set)
        self.row_days: dict[float, set[int]] = defaultdict(set)
        self.aggregates: dict[Key, list[float]] = defaultdict(list)
        """Sums of the first rows of lists."""
        self.asked_counts: list[float] = []
        """Numbers of the question, which may multiply an amount."""
        self._chars = 0
        self._add_days()

    def add_text(self, text: str, *, is_current: bool = True, is_question: bool = False) -> None:
        """Add the figures of a text; of the traveller's own words also those without a unit."""
        text = self._bounded(text)
        if is_question:
            self._add_asked_days(text)
        group = Group()
        for figure in extract_figures(text, self.locale, self.today, bare=is_question):
            self.add_figure(figure, group, is_current=is_current)
            if is_question and figure.kind in (FigureKind.BARE, FigureKind.DAYS, FigureKind.COUNT):
                self.asked_counts.append(figure.readings[0].measure.to_base(figure.readings[0].value))
        self._close(group)

    def add_figure(self, figure: Figure, group: Group | None = None, *, is_current: bool = True) -> None:
        """Add a figure of a text in all of its readings."""
        for reading in figure.readings:
            value = reading.measure.to_base(reading.value)
            self._add(reading.measure, value, group if is_current else None, is_current=is_current)
            if figure.per in ("gal", "l") and reading.measure.kind is FigureKind.MONEY:
                self._add_price(reading.measure.name, reading.value, figure.per)

    def add_result(self, content: str, *, is_current: bool = True) -> None:
        """Add a tool's result: JSON, or, where it was cut, its text."""
        content = self._bounded(content)
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            self.add_text(content, is_current=is_current)
            return
        _ResultReader(self, is_current).read(value)

    def _bounded(self, text: str) -> str:
        text = text[: max(0, MAX_CHARS - self._chars)]
        self._chars += len(text)
        return text

    def _close(self, group: Group) -> None:
        if group.values:
            self.groups.append(group)

    def _add(self, measure: Measure, value: float, group: Group | None, *, is_current: bool) -> None:
        key, value = measure.key, unsigned(measure.kind, value)
        if not is_current:
            self.listed[key].append(value)
            return
        if value not in self.plain[key]:
            self.plain[key].add(value)
            self.scalars[key].append(value)
        if group is not None:
            group.add(key, value)

    def _add_price(self, currency: str, value: float, per: str) -> None:
        other, factor = ("l", 1 / LITRES_PER_GALLON) if per == "gal" else ("gal", LITRES_PER_GALLON)
        self.plain[money(currency, per).key].add(value)
        self.plain[money(currency, other).key].add(value * factor)

    def _add_days(self) -> None:
        """Add today, the days beside it, and the ends of this, the last and the next month and of the year."""
        today = self.today
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
        weekdays = weekdays_in(text, self.locale) | ({4, 5, 6} if "weekend" in text.casefold() else set())
        for weekday in weekdays:
            ahead = (weekday - self.today.weekday()) % 7
            for weeks in (-14, -7, 0, 7, 14):
                self.plain[DATE.key].add(float(self.today.toordinal() + ahead + weeks))


class _ResultReader:
    """Reads one result into the evidence."""

    def __init__(self, evidence: Evidence, is_current: bool) -> None:
        self._evidence = evidence
        self._is_current = is_current
        self._row: Row | None = None
        self._row_id = 0
        self._list_words: dict[str, set[int]] = defaultdict(set)
        self._scope: list[Group] = []

    def read(self, value: Any) -> None:
        """Add all figures of a result."""
        self._read(value, "", {}, "", {}, Group())

    def _read(
        self, value: Any, name: str, siblings: Mapping[str, Any], currency: str, units: Mapping[str, Any], group: Group
    ) -> None:
        if isinstance(value, dict):
            self._read_object(value, currency, units)
        elif isinstance(value, list):
            self._read_list(value, name, siblings, currency, units, group)
        elif isinstance(value, str):
            self._read_text(value, name, siblings, currency, group)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            measure, factor = measure_of(name, siblings, units)
            self._add(measure, measure.to_base(value * factor), group)

    def _read_object(self, fields: Mapping[str, Any], currency: str, units: Mapping[str, Any]) -> Group:
        group = Group()
        currency = fields["currency"] if isinstance(fields.get("currency"), str) else currency
        units = fields["units"] if isinstance(fields.get("units"), dict) else units
        for name, value in fields.items():
            if name not in NOT_DATA:
                self._read(value, name, fields, currency, units, group)
        if self._row is None and self._is_current:
            self._evidence._close(group)
        return group

    def _read_list(
        self,
        items: list[Any],
        name: str,
        siblings: Mapping[str, Any],
        currency: str,
        units: Mapping[str, Any],
        group: Group,
    ) -> None:
        objects = [item for item in items if isinstance(item, dict)]
        if not objects:
            for item in items:
                self._read(item, name, siblings, currency, units, group)
            return
        self._evidence.plain[COUNT.key].add(float(len(objects)))
        if self._row is not None or len(objects) <= MAX_PLAIN_ROWS:
            table = [self._read_object(item, currency, units) for item in objects]
        else:
            table = self._read_rows(objects, currency, units)
        if self._is_current:
            self._evidence.tables.append(table)
            self._add_aggregates(objects, table)

    def _read_rows(self, objects: list[dict[str, Any]], currency: str, units: Mapping[str, Any]) -> list[Group]:
        self._list_words = defaultdict(set)
        table = []
        for item in objects:
            self._row = Row()
            self._row_id = len(self._evidence.rows)
            if self._row_id < _MAX_ROWS:
                self._evidence.rows.append(self._row)
            table.append(self._read_object(item, currency, units))
        self._row = None
        for word, rows in self._list_words.items():
            if len(rows) <= _MAX_WORD_ROWS:
                self._evidence.row_words[word] |= rows
        return table

    def _add_aggregates(self, objects: Sequence[Mapping[str, Any]], table: Sequence[Group]) -> None:
        """Add what a list comes to: total, mean, smallest and largest of each figure, in all and by category."""
        columns: dict[Key, list[float]] = defaultdict(list)
        by_value: dict[tuple[Key, str], list[float]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        for item, group in zip(objects, table, strict=True):
            category = str(item.get("category", ""))
            counts[category] += 1
            for key, values in group.values.items():
                columns[key].append(values[0])
                by_value[key, category].append(values[0])
        plain = self._evidence.plain
        plain[COUNT.key].update(map(float, counts.values()))
        for key, values in [*columns.items(), *((key, values) for (key, _), values in by_value.items())]:
            plain[key].update((min(values), max(values), sum(values) / len(values)))
            if key[0] not in (FigureKind.DATE, FigureKind.TIME, FigureKind.TEMPERATURE):
                plain[key].add(sum(values))
        for key, values in columns.items():
            total = 0.0
            for value in values[:40]:
                total += value
                self._evidence.aggregates[key].append(total)

    def _read_text(
        self, text: str, name: str, siblings: Mapping[str, Any], currency: str, group: Group
    ) -> None:
        if len(text) >= 10 and (found := _DAY.fullmatch(text)):
            self._add_instant(found, name, group)
        elif _DECIMAL.fullmatch(text):
            self._add_amount(float(text), name, siblings, currency, group)
        else:
            self._label(text)
            for figure in extract_figures(text, self._evidence.locale, self._evidence.today):
                for reading in figure.readings:
                    self._add(reading.measure, reading.measure.to_base(reading.value), group)
                    if figure.per in _PRICED and reading.measure.kind is FigureKind.MONEY:
                        self._evidence._add_price(reading.measure.name, reading.value, figure.per)

    def _add_instant(self, found: re.Match[str], name: str, group: Group) -> None:
        try:
            day = date(int(found[1]), int(found[2]), int(found[3])).toordinal()
        except ValueError:
            return
        self._add(DATE, float(day), group)
        if name == "to":  # the day after the last
            self._add(DATE, float(day - 1), group)
        if found[4]:
            self._add(TIME, int(found[4]) * 60.0 + int(found[5]), group)
        if self._row is not None:
            self._evidence.row_days[float(day)].add(self._row_id)

    def _add_amount(
        self, value: float, name: str, siblings: Mapping[str, Any], currency: str, group: Group
    ) -> None:
        if name in RATES:
            self._add(RATE, value, group)
            return
        self._add(money(currency) if currency else BARE, value, group)
        if currency and (unit := siblings.get("unit")) in _PRICED:
            self._evidence._add_price(currency, value, unit)

    def _add(self, measure: Measure, value: float, group: Group) -> None:
        value = unsigned(measure.kind, value)
        group.add(measure.key, value)
        if self._row is not None:
            self._row.values.append((measure.key, value))
            self._evidence.listed[measure.key].append(value)
            return
        self._evidence._add(measure, value, None, is_current=self._is_current)

    def _label(self, text: str) -> None:
        if self._row is not None and len(text) <= _MAX_LABEL_CHARS:
            for word in _WORDS.findall(text.casefold()):
                self._list_words[word].add(self._row_id)


_PRICED = ("gal", "l")


def unsigned(kind: FigureKind, value: float) -> float:
    """Return a value as it is compared: “$143.70 over” is a difference of -143.70, but -3 °C isn't 3 °C."""
    return value if kind is FigureKind.TEMPERATURE else abs(value)


def words_of(text: str) -> Iterable[str]:
    """Return the words of a text that can name a row."""
    return _WORDS.findall(text.casefold())
