"""Drift: how the catalogue of a database differs from the expected one."""

import difflib
from dataclasses import dataclass

from pam.migrations.catalogue import Catalogue


@dataclass(frozen=True)
class Difference:
    """An object that is missing, unexpected, or defined in another way; None is no such object."""

    name: str
    expected: str | None
    actual: str | None

    def lines(self) -> list[str]:
        """Return the difference, as `-` lines for what is expected and `+` lines for what is there."""
        if self.expected is None:
            return [f"unexpected {self.name}", *_prefixed("+", self.actual)]
        if self.actual is None:
            return [f"missing {self.name}", *_prefixed("-", self.expected)]
        changed = [*difflib.unified_diff(self.expected.splitlines(), self.actual.splitlines(), lineterm="", n=1)]
        return [f"changed {self.name}", *(f"  {line}" for line in changed[2:] if not line.startswith("@@"))]


def _prefixed(sign: str, definition: str | None) -> list[str]:
    return [f"  {sign}{line}" for line in (definition or "").splitlines()]


def compare(expected: Catalogue, actual: Catalogue) -> list[Difference]:
    """Return all differences by name; what belongs to a table that one side lacks is listed as well."""
    return [
        Difference(name, expected.get(name), actual.get(name))
        for name in sorted(expected.keys() | actual.keys())
        if expected.get(name) != actual.get(name)
    ]


def render(differences: list[Difference]) -> str:
    """Return a readable report, and an empty text without differences."""
    return "\n".join(line for difference in differences for line in difference.lines())
