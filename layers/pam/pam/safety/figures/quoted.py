"""What follows from the figures that an answer itself quotes, as far as the evidence covers those."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, islice

from pam.safety.figures.derivation import ADDITIVE, MAX_OPERANDS, RATIOS, has_combination, shares_of
from pam.safety.figures.evidence import Evidence
from pam.safety.figures.figure import COUNT, DAYS, PERCENT, TIME, Figure, FigureKind, Reading, money
from pam.safety.figures.groups import Group, Key
from pam.safety.figures.pool import Pool
from pam.travel.units import LITRES_PER_GALLON, METRES_PER_MILE

_MAX_QUOTED = 40
_MAX_LOCAL = 14
_MAX_RELATED = 4
_MAX_NAMED_ROWS = 6

_RETURN = (
    "there and back", "round trip", "round-trip", "both ways", "hin und her", "hin und zurück", "aller-retour",
    "ida y vuelta",
)  # fmt: skip

_MINUTES_A_DAY = 1440
_MAX_PARTS = 31
_MAX_ASKED = 8
_MAX_COSTS = 6
_ROUNDING = 1e-8
"""More than a pool's rounding changes a value."""

_TENTH = 0.1

_DURATION: Key = (FigureKind.DURATION, "")
_VOLUME: Key = (FigureKind.VOLUME, "")
_DISTANCE: Key = (FigureKind.DISTANCE, "")


@dataclass
class Line:
    """A line of an answer, with the figures to check, and those that are covered so far."""

    text: str
    number: int
    block: int
    """The number of its run of lines without a blank one between them."""
    figures: list[Figure] = field(default_factory=list)
    covered: dict[Key, dict[float, int]] = field(default_factory=dict)
    """The positions of covered figures, by key and value as the evidence has them; prices by their currency."""
    per: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    """Covered amounts with a unit or a period, by it: currency and amount."""

    _rows: set[int] | None = None

    @cached_property
    def is_return(self) -> bool:
        """Whether it is about a way there and back."""
        text = self.text.casefold()
        return any(phrase in text for phrase in _RETURN)

    def rows(self, evidence: Evidence) -> set[int]:
        """Return the rows of long lists that a word or a date of the line names."""
        if self._rows is None:
            dates = (figure for figure in self.figures if figure.kind is FigureKind.DATE)
            days = (each.value for figure in dates for each in figure.readings)
            self._rows = evidence.rows_named_in(self.text, days) if evidence.rows else set()
        return self._rows

    def values(self, key: Key) -> list[float]:
        """Return the covered figures of a key."""
        covered = self.covered.get(key)
        return list(covered)[:_MAX_LOCAL] if covered else []

    def cover(self, key: Key, value: float, at: int) -> None:
        """Add a covered figure at a position of the text."""
        self.covered.setdefault(key, {})[value] = at


Target = tuple[Key, float, float]
"""What a figure can be compared with: a key, and an interval in its base unit."""


@dataclass(slots=True)
class Pending:
    """A figure of a line that nothing covers so far, with what it can be compared with: by reading, and derived."""

    line: Line
    figure: Figure
    targets: list[list[Target]]
    derived: list[tuple[Reading, Key, float, float]] | None = None


GroupIndex = Mapping[tuple[Key, float], Sequence[Group]]


def index_groups(evidence: Evidence) -> GroupIndex:
    """Return the objects and texts of the evidence by the figures in them, to nine decimals."""
    index: dict[tuple[Key, float], list[Group]] = defaultdict(list)
    for group in chain(evidence.groups, (row for table in evidence.tables for row in table.rows)):
        for key, values in group.values.items():
            for value in values:
                of_value = index[key, round(value, 9)]
                if len(of_value) < _MAX_RELATED:
                    of_value.append(group)
    return index


class Quotes:
    """The covered figures of an answer's lines, and what they come to."""

    def __init__(self, lines: Sequence[Line], evidence: Evidence, groups: GroupIndex) -> None:
        self._lines = lines
        self._blocks: dict[int, list[Line]] = defaultdict(list)
        for line in lines:
            self._blocks[line.block].append(line)
        self._evidence = evidence
        self._groups = groups
        self._beside: dict[Key, Pool] = {}
        self._everywhere: dict[Key, tuple[list[float], Pool]] = {}
        self._shares: list[float] | None = None

    def refresh(self) -> None:
        """Take in the figures that are covered since the last pass over the text."""
        self._everywhere.clear()
        self._shares = None

    def is_certain(self, line: Line, figure: Figure, key: Key, low: float, high: float) -> bool:
        """Return whether figures of a line, and of the lines right above it, come to a value in the interval.

        They come to few values.
        """
        values = line.values(key)
        if key[0] in ADDITIVE and (
            has_combination(values, low, high) or self._has_sum(line, figure, key, values, low, high)
        ):
            return True
        if key == PERCENT.key and (
            has_combination(values, low, high)
            or any(low <= 100 - value <= high for value in values)
            or any(
                low <= share <= high
                for kind in line.covered
                if kind[0] in RATIOS
                for share in shares_of(line.values(kind)[:4])
            )
        ):
            return True
        if values and key[0] in RATIOS:
            for count in (*line.values(DAYS.key), *line.values(COUNT.key)):
                if count and any(low <= value * count <= high or low <= value / count <= high for value in values):
                    return True
        if key == TIME.key:
            for minutes in values:
                for seconds in line.values(_DURATION):
                    if any(low <= (minutes + sign * seconds / 60) % _MINUTES_A_DAY <= high for sign in (1, -1)):
                        return True
        return _has_physical(line, key, figure.per, self._evidence.asked, low, high)

    def _has_sum(self, line: Line, figure: Figure, key: Key, values: Sequence[float], low: float, high: float) -> bool:
        """Return whether the figures of a line, those right before the figure, or those of its block add up."""
        if low <= sum(values) <= high:
            return True
        above = [each for other in self._blocks[line.block] for each in other.covered.get(key, ())]
        if low <= sum(above) <= high:
            return True
        before = [(at, value) for value, at in line.covered.get(key, {}).items() if at < figure.start]
        for total in accumulate(value for _, value in sorted(before, reverse=True)[:_MAX_LOCAL]):
            if low <= total <= high:
                return True
        return False

    def match_by_more_than_chance(
        self, line: Line, figure: Figure, key: Key, low: float, high: float, max_expected: float
    ) -> bool:
        """Return whether a figure in the interval follows from the rows, the results and the text around it."""
        values = line.values(key)
        if key[0] in ADDITIVE:
            if self._others(key).pairs_by_more_than_chance(values, low, high, max_expected):
                return True
            if named := self._named(line, key):
                pools = (self._others(key), Pool([*values, *named]))
                if any(pool.pairs_by_more_than_chance(named, low, high, max_expected) for pool in pools):
                    return True
            if key not in self._everywhere:
                self._everywhere[key] = (everywhere := self._all(key)), Pool(everywhere)
            everywhere, pool = self._everywhere[key]
            if pool.pairs_by_more_than_chance(everywhere, low, high, max_expected):
                return True
        if key == PERCENT.key:
            if self._shares is None:
                self._shares = []
                for kind in self._ratio_keys():
                    self._shares += shares_of(self._all(kind)[:_MAX_LOCAL])
            return _has_by_more_than_chance(self._shares, low, high, max_expected)
        results: list[float] = []
        if key[0] in RATIOS and figure.per == "day":
            results += (value / parts for value in values for parts in range(2, _MAX_PARTS + 1))
        if key[0] in RATIOS and line.is_return:
            results += (2 * value for value in self._evidence.scalars.get(key, [])[:_MAX_LOCAL])
        return _has_by_more_than_chance(results, low, high, max_expected)

    def has_related_share(self, line: Line, low: float, high: float, max_expected: float) -> bool:
        """Return whether a share of a line's figures in the others of their objects is in the interval.

        Also what an object's per cent leave of a hundred. Values are rounded, so that a share and a per cent that the
        object has are one value.
        """
        shares: list[float] = []
        for key, values in line.covered.items():
            for value in values:
                for group in self._groups.get((key, round(value, 9)), ()):
                    shares += [100 - each for each in group.values.get(PERCENT.key, ())]
                    if key[0] in RATIOS:
                        for other in group.values[key][:_MAX_LOCAL]:
                            shares += shares_of((value, other))
        # Rounding is the most of the work, and changes a share by half a tenth.
        if not _has_value(shares, low - _TENTH, high + _TENTH):
            return False
        return _has_by_more_than_chance([round(share, 1) for share in shares], low, high, max_expected)

    def _named(self, line: Line, key: Key) -> list[float]:
        """Return the figures of the rows that the line names."""
        rows = line.rows(self._evidence)
        if not rows:
            return []
        named = (self._evidence.rows[row] for row in sorted(rows)[:_MAX_NAMED_ROWS])
        return [value for row in named for each, value in row.values if each == key]

    def _others(self, key: Key) -> Pool:
        """Return the figures that a quoted one may be added to or subtracted from: of results and of their lists."""
        if key not in self._beside:
            rows = (row for table in self._evidence.tables for row in table.rows)
            listed = islice((value for row in rows for value in row.values.get(key, ())), 2 * MAX_OPERANDS)
            self._beside[key] = Pool([*self._evidence.scalars.get(key, [])[:MAX_OPERANDS], *listed])
        return self._beside[key]

    def _all(self, key: Key) -> list[float]:
        values = dict.fromkeys(value for line in self._lines for value in line.values(key))
        return list(values)[:_MAX_QUOTED]

    def _ratio_keys(self) -> Iterable[Key]:
        return dict.fromkeys(key for line in self._lines for key in line.covered if key[0] in RATIOS)


def _has_by_more_than_chance(values: Sequence[float], low: float, high: float, max_expected: float) -> bool:
    """Return the same as a pool of the values, which is made only where one may be in the interval."""
    if not _has_value(values, low - _ROUNDING, high + _ROUNDING):
        return False
    return Pool(values).has_by_more_than_chance(low, high, max_expected)


def _has_value(values: Sequence[float], low: float, high: float) -> bool:
    # A loop takes half the time of `any`, and there are hundreds of shares.
    for value in values:  # noqa: SIM110
        if low <= value <= high:
            return True
    return False


def _has_physical(
    line: Line, key: Key, per: str, asked: Mapping[Key, Sequence[float]], low: float, high: float
) -> bool:
    """Return whether a product of a line's figures is in the interval.

    A price by a volume, a distance by a consumption, a cost by a distance.
    """
    if key[0] is FigureKind.MONEY:
        volumes = line.values(_VOLUME)
        if not volumes and per not in ("mi", "km"):
            return False
        currency = key[1].split("/")[0]
        if per in ("mi", "km"):
            metres = METRES_PER_MILE if per == "mi" else 1000.0
            amounts, distances = line.values(money(currency).key), line.values(_DISTANCE)
            return any(
                low <= amount / distance * metres <= high for amount in amounts for distance in distances if distance
            )
        if not volumes:
            return False
        costs = [price * volume for price in _per_litre(line, currency) for volume in volumes]
        costs += [
            amount / litres * volume
            for amount in asked.get(money(currency).key, ())[:_MAX_ASKED]
            for volume in volumes
            for litres in (1.0, LITRES_PER_GALLON)
        ]
        return any(low <= cost <= high for cost in costs) or has_combination(costs[:_MAX_COSTS], low, high)
    if key == _VOLUME and (consumptions := line.values((FigureKind.CONSUMPTION, ""))):
        distances = line.values(_DISTANCE)
        return any(
            low <= distance / 100_000 * consumption <= high for distance in distances for consumption in consumptions
        )
    return False


def _per_litre(line: Line, currency: str) -> Iterable[float]:
    for unit, litres in (("gal", LITRES_PER_GALLON), ("l", 1.0)):
        yield from (amount / litres for code, amount in line.per.get(unit, ()) if code == currency)
