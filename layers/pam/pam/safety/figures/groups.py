"""Figures of the evidence that belong together: of an object, of a list, of a text."""

from collections import defaultdict
from dataclasses import dataclass, field

from pam.safety.figures.figure import FigureKind

Key = tuple[FigureKind, str]
"""What values can be compared with: `Measure.key`."""


@dataclass
class Row:
    """An object of a long list: its figures by key."""

    values: list[tuple[Key, float]] = field(default_factory=list)


@dataclass
class Group:
    """Figures that belong together: those of an object, or of a text."""

    values: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))
    fields: dict[tuple[str, Key], float] = field(default_factory=dict)
    """An object's figures by the name of their field."""

    def add(self, key: Key, value: float, name: str = "") -> None:
        """Add a figure once."""
        if value not in self.values[key]:
            self.values[key].append(value)
        if name:
            self.fields.setdefault((name, key), value)


@dataclass
class Table:
    """A list of objects, and the figures beside it."""

    rows: list[Group]
    parent: Group

    def columns(self) -> dict[tuple[str, Key], list[float]]:
        """Return the figures of each field, in the order of the rows."""
        columns: dict[tuple[str, Key], list[float]] = defaultdict(list)
        for row in self.rows:
            for name_and_key, value in row.fields.items():
                columns[name_and_key].append(value)
        return columns
