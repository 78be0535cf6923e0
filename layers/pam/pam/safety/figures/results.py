"""Reading a tool's result, or any JSON, into the evidence.

A list of more than a few objects, such as expenses, is kept by its rows: a row's figures cover a figure that is
rounded only near a word or a date of that row, since thirty amounts are close to most whole numbers.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pam.safety.figures.evidence import Evidence, words_of
from pam.safety.figures.extraction import extract_figures
from pam.safety.figures.fields import CONVERTED, DAILY, NOT_DATA, RATES, measure_of
from pam.safety.figures.figure import BARE, COUNT, DATE, RATE, TIME, FigureKind, Measure, money, unsigned
from pam.safety.figures.groups import Group, Key, Row, Table

MAX_PLAIN_ROWS = 10
"""A longer list is kept by its rows."""

_MAX_ROWS = 600
_MAX_WORD_ROWS = 3
"""A word that more rows of a list have doesn't name a row."""

_MAX_LABEL_CHARS = 80
_DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,10}")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}).*)?", re.DOTALL)


def add_result(evidence: Evidence, content: str, *, is_current: bool = True) -> None:
    """Add a tool's result to the evidence: JSON, or, where it was cut, its text."""
    content = evidence.bounded(content)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        evidence.add_text(content, is_current=is_current)
        return
    _ResultReader(evidence, is_current).read(value)


class _ResultReader:
    """Reads one result into the evidence."""

    def __init__(self, evidence: Evidence, is_current: bool) -> None:
        self._evidence = evidence
        self._is_current = is_current
        self._row: Row | None = None
        self._depth = 0
        """Of lists of objects around what is read."""
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
            self._add(measure, measure.to_base(value * factor), group, name)

    def _read_object(self, fields: Mapping[str, Any], currency: str, units: Mapping[str, Any]) -> Group:
        group = Group()
        outer = currency
        currency = fields["currency"] if isinstance(fields.get("currency"), str) else currency
        units = fields["units"] if isinstance(fields.get("units"), dict) else units
        if isinstance(fields.get("unit"), str):
            units = {**units, "": fields["unit"]}
        for name, value in fields.items():
            if name not in NOT_DATA:
                self._read(value, name, fields, outer if name in CONVERTED else currency, units, group)
        if self._row is None and self._is_current:
            self._evidence.close(group)
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
            self._depth += 1
            table = [self._read_object(item, currency, units) for item in objects]
            self._depth -= 1
        else:
            table = self._read_rows(objects, currency, units)
        if self._is_current:
            self._evidence.tables.append(Table(table, group))
            self._add_aggregates(objects, self._evidence.tables[-1])

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

    def _add_aggregates(self, objects: Sequence[Mapping[str, Any]], table: Table) -> None:
        """Add what a list comes to: total, mean, smallest and largest of each field, in all and by category."""
        by_category: dict[tuple[str, Key, str], list[float]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        for item, row in zip(objects, table.rows, strict=True):
            category = str(item.get("category", ""))
            counts[category] += 1
            for (name, key), value in row.fields.items():
                by_category[name, key, category].append(value)
        plain = self._evidence.plain
        plain[COUNT.key].update(map(float, counts.values()))
        columns = [(key, values) for (_, key), values in table.columns().items()]
        parts = [(key, values) for (_, key, _), values in by_category.items() if len(values) > 1]
        for key, values in [*columns, *parts]:
            plain[key].update((min(values), max(values), sum(values) / len(values)))
            if key[0] not in (FigureKind.DATE, FigureKind.TIME, FigureKind.TEMPERATURE):
                plain[key].add(sum(values))

    def _read_text(self, text: str, name: str, siblings: Mapping[str, Any], currency: str, group: Group) -> None:
        if len(text) >= 10 and (found := _DAY.fullmatch(text)):
            self._add_instant(found, name, group)
        elif _DECIMAL.fullmatch(text):
            self._add_amount(float(text), name, siblings, currency, group)
        else:
            self._label(text)
            for figure in extract_figures(text, self._evidence.conventions):
                for reading in figure.readings:
                    self._add(reading.measure, reading.measure.to_base(reading.value), group)
                    if figure.per and reading.measure.kind is FigureKind.MONEY:
                        self._evidence.add_price(reading.measure.name, reading.value, figure.per)

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

    def _add_amount(self, value: float, name: str, siblings: Mapping[str, Any], currency: str, group: Group) -> None:
        if name in RATES:
            self._add(RATE, value, group, name)
            return
        self._add(money(currency) if currency else BARE, value, group, name)
        per = DAILY.get(name) or siblings.get("unit")
        if currency and isinstance(per, str):
            self._evidence.add_price(currency, value, per)

    def _add(self, measure: Measure, value: float, group: Group, name: str = "") -> None:
        value = unsigned(measure.kind, value)
        group.add(measure.key, value, name)
        if self._row is not None:
            self._row.values.append((measure.key, value))
            self._evidence.listed[measure.key].append(value)
            return
        if self._depth and self._is_current:
            self._evidence.plain[measure.key].add(value)
            return
        if name and self._is_current:
            self._evidence.named[name, measure.key].append(value)
        self._evidence.add(measure, value, is_current=self._is_current)

    def _label(self, text: str) -> None:
        if self._row is not None and len(text) <= _MAX_LABEL_CHARS:
            for word in words_of(text):
                self._list_words[word].add(self._row_id)
