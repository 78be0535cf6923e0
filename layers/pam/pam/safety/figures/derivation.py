"""What follows from the evidence: sums, differences, shares, products, averages, and days counted from a day.

Operands are figures of one result or of the few that stand outside of lists. Each kind of derivation has its own pool,
so that `Pool.has_by_more_than_chance` can tell whether a match means anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from pam.safety.figures.evidence import Evidence, Group, Key
from pam.safety.figures.figure import DATE, PERCENT, RATE, FigureKind, money
from pam.safety.figures.pool import EMPTY, Pool
from pam.travel.units import METRES_PER_MILE

MAX_OPERANDS = 40
"""Figures of a unit of which any two are added and subtracted: the first ones that the evidence was given."""

_MAX_FACTORS = 12
_MAX_PAIRED_ROWS = 60
_MAX_DERIVED = 20_000

ADDITIVE = frozenset(
    {
        FigureKind.MONEY,
        FigureKind.DISTANCE,
        FigureKind.VOLUME,
        FigureKind.MASS,
        FigureKind.SPEED,
        FigureKind.TEMPERATURE,
        FigureKind.PERCENT,
        FigureKind.DURATION,
        FigureKind.DAYS,
        FigureKind.COUNT,
    }
)
_RATIOS = frozenset({FigureKind.MONEY, FigureKind.DISTANCE, FigureKind.VOLUME, FigureKind.DURATION})
_NUMBERS = ((FigureKind.BARE, ""), (FigureKind.DAYS, ""), (FigureKind.COUNT, ""))

PERIOD_FACTORS = {
    "day": (1 / 7, 1 / 30, 1 / 31, 1 / 28, 1 / 365),
    "week": (7, 1 / 52, 12 / 52, 7 / 30, 7 / 31),
    "month": (30, 31, 28, 1 / 12, 52 / 12),
    "year": (12, 52, 365),
}
"""What an amount is multiplied by that stands for another period."""


class Derivations:
    """The derived values of an evidence, by key; computed once."""

    def __init__(self, evidence: Evidence) -> None:
        counts = _counts(evidence)
        sums = _sums(evidence)
        self._sums = {key: Pool(values) for key, values in sums.items()}
        self._aggregates = {key: Pool(values) for key, values in evidence.aggregates.items()}
        self._products = {key: Pool(values) for key, values in _products(evidence, counts).items()}
        self._shares = Pool(_shares(evidence))
        self.days = _later_days(evidence, counts)
        """Ordinals of days so many days after or before one of the evidence."""

    def pools(self, key: Key) -> Iterable[Pool]:
        """Yield the pools in which a figure of this key may be found."""
        for pools in (self._sums, self._aggregates, self._products):
            yield pools.get(key, EMPTY)
        if key == PERCENT.key:
            yield self._shares


def combine(values: Sequence[float]) -> Iterable[float]:
    """Yield the sums and differences of any two values."""
    for one, other in combinations(values, 2):
        yield one + other
        yield abs(one - other)


def shares_of(values: Sequence[float]) -> Iterable[float]:
    """Yield, in per cent, what each value is of each other, and how much more or less it is."""
    for one, other in combinations(values, 2):
        for part, whole in ((one, other), (other, one)):
            if whole:
                yield 100 * part / whole
                yield 100 * abs(part - whole) / whole


def _counts(evidence: Evidence) -> list[float]:
    """Return the numbers by which an amount may be multiplied or divided: those of the question first."""
    scalars = [value for key in _NUMBERS[1:] for value in evidence.scalars.get(key, ())]
    counts = dict.fromkeys([*evidence.asked_counts, *scalars])
    return [value for value in counts if 2 <= value <= 400][:_MAX_FACTORS]


def _sums(evidence: Evidence) -> dict[Key, list[float]]:
    sums: dict[Key, list[float]] = defaultdict(list)
    for key, scalars in evidence.scalars.items():
        if key[0] in ADDITIVE:
            sums[key] += combine(scalars[:MAX_OPERANDS])
    for table in evidence.tables:
        for group in table[:_MAX_PAIRED_ROWS]:
            for key, values in group.values.items():
                if key[0] in ADDITIVE:
                    sums[key] += combine(values[:6])
    return sums


def _shares(evidence: Evidence) -> list[float]:
    shares: list[float] = []
    for group in (*evidence.groups, *(group for table in evidence.tables for group in table)):
        for key, values in group.values.items():
            if key[0] in _RATIOS:
                shares += shares_of(values[:8])
            elif key == PERCENT.key:
                shares += (100 - value for value in values[:8])
        if len(shares) > _MAX_DERIVED:
            break
    shares += _table_shares(evidence.tables)
    return shares


def _table_shares(tables: Iterable[Sequence[Group]]) -> Iterable[float]:
    """Yield what each row's first figure is of the table's total."""
    for table in tables:
        columns: dict[Key, list[float]] = defaultdict(list)
        for group in table[:_MAX_PAIRED_ROWS]:
            for key, values in group.values.items():
                if key[0] in _RATIOS:
                    columns[key].append(values[0])
        for column in columns.values():
            total = sum(column)
            yield from (100 * value / total for value in column if total)


def _products(evidence: Evidence, counts: Sequence[float]) -> dict[Key, list[float]]:
    products: dict[Key, list[float]] = defaultdict(list)
    for key, all_values in list(evidence.scalars.items()):
        values = all_values[:MAX_OPERANDS]
        if key[0] in (FigureKind.MONEY, FigureKind.DISTANCE, FigureKind.DURATION, FigureKind.VOLUME):
            products[key] += (value * each for value in values for each in counts)
            products[key] += (value / each for value in values for each in counts)
        if key[0] is FigureKind.MONEY and "/" not in key[1]:
            _add_money_products(products, evidence, key[1], values)
    volumes = _first(evidence, FigureKind.VOLUME)
    distances = _first(evidence, FigureKind.DISTANCE)
    for litres_per_100km in _first(evidence, FigureKind.CONSUMPTION):
        products[FigureKind.VOLUME, ""] += (metres / 100_000 * litres_per_100km for metres in distances)
        if litres_per_100km:
            products[FigureKind.DISTANCE, ""] += (litres / litres_per_100km * 100_000 for litres in volumes)
    for seconds in filter(None, _first(evidence, FigureKind.DURATION)):
        products[FigureKind.SPEED, ""] += (metres / seconds for metres in distances)
    return products


def _add_money_products(
    products: dict[Key, list[float]], evidence: Evidence, currency: str, amounts: Sequence[float]
) -> None:
    per_litre = list(evidence.plain.get(money(currency, "l").key, ()))
    products[money(currency).key] += (
        price * litres for price in per_litre[:_MAX_FACTORS] for litres in _first(evidence, FigureKind.VOLUME)
    )
    for metres in filter(None, _first(evidence, FigureKind.DISTANCE)[:_MAX_FACTORS]):
        products[money(currency, "mi").key] += (amount / metres * METRES_PER_MILE for amount in amounts)
        products[money(currency, "km").key] += (amount / metres * 1000 for amount in amounts)
    for period, factors in PERIOD_FACTORS.items():
        products[money(currency, period).key] += (amount * factor for amount in amounts for factor in factors)
    rates = [rate for rate in evidence.plain.get(RATE.key, ()) if rate][:_MAX_FACTORS]
    for other in {name for kind, name in evidence.plain if kind is FigureKind.MONEY and "/" not in name} - {currency}:
        products[money(other).key] += (each for rate in rates for amount in amounts for each in (amount * rate, amount / rate))


def _first(evidence: Evidence, kind: FigureKind) -> list[float]:
    return evidence.scalars.get((kind, ""), [])[:_MAX_FACTORS]


def _later_days(evidence: Evidence, counts: Sequence[float]) -> set[float]:
    days = evidence.scalars.get(DATE.key, [])[:_MAX_FACTORS]
    spans = [value for value in counts if value <= 60]
    return {day + sign * span for day in (*days, float(evidence.today.toordinal())) for span in spans for sign in (1, -1)}
