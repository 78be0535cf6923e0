"""What follows from the evidence: sums, differences, shares, averages and products.

Operands are figures of one result, of one field, or of the few that stand outside of lists. Each kind of derivation has
a pool of its own, so that `Pool.has_by_more_than_chance` can tell whether a match means anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, combinations

from pam.safety.figures.evidence import Evidence
from pam.safety.figures.figure import COUNT, DATE, DAYS, PERCENT, RATE, FigureKind, money
from pam.safety.figures.groups import Key
from pam.safety.figures.pool import Pool

MAX_OPERANDS = 40
"""Figures of a unit of which any two are added and subtracted: the first ones that the evidence was given."""

_MAX_FACTORS = 12
_MAX_ROWS = 30
_MAX_TABLES = 60
_MAX_OBJECTS = 400
_MAX_BESIDE = 8

ADDITIVE = frozenset(
    {
        FigureKind.MONEY,
        FigureKind.DISTANCE,
        FigureKind.VOLUME,
        FigureKind.MASS,
        FigureKind.SPEED,
        FigureKind.TEMPERATURE,
        FigureKind.DURATION,
        FigureKind.COUNT,
    }
)
RATIOS = frozenset({FigureKind.MONEY, FigureKind.DISTANCE, FigureKind.VOLUME, FigureKind.DURATION})

PERIOD_DAYS = {"day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}

Derived = dict[Key, list[float]]


class Derivations:
    """The derived values of an evidence, computed once."""

    def __init__(self, evidence: Evidence) -> None:
        derived = [
            _sums_of_fields(evidence),
            _sums_of_objects(evidence),
            _sums_with_asked(evidence),
            _sums_of_columns(evidence),
            _sums_with_beside(evidence),
            _averages(evidence),
            _other_periods(evidence),
            _asked_products(evidence),
            _physical_products(evidence),
            _exchanged(evidence),
            {PERCENT.key: list(_shares_of_tables(evidence))},
        ]
        self._pools: dict[Key, list[Pool]] = defaultdict(list)
        for each in derived:
            for key, values in each.items():
                if values:
                    self._pools[key].append(Pool(values))
        days = [*evidence.scalars.get(DATE.key, [])[:_MAX_FACTORS], float(evidence.conventions.today.toordinal())]
        spans = [span for span in evidence.asked_counts if 0 < span <= _MAX_SPAN_DAYS]
        self.days = {day + sign * span for day in days for span in spans for sign in (1, -1)}
        """Ordinals of the days so many days from one of the evidence as the question has."""

    def pools(self, key: Key) -> Sequence[Pool]:
        """Return the pools in which a figure of this key may be found."""
        return self._pools.get(key, ())


_MAX_SPAN_DAYS = 60


def combine(values: Sequence[float]) -> Iterable[float]:
    """Yield the sums and differences of any two values."""
    for one, other in combinations(values, 2):
        yield one + other
        yield abs(one - other)


def has_combination(values: Sequence[float], low: float, high: float) -> bool:
    """Return whether a sum or difference of any two values is in the interval."""
    for at, one in enumerate(values):
        for other in values[:at]:
            if low <= one + other <= high or low <= abs(one - other) <= high:
                return True
    return False


def shares_of(values: Sequence[float]) -> list[float]:
    """Return, in per cent, what each value is of each other, and how much more or less it is."""
    shares: list[float] = []
    for one, other in combinations(values, 2):
        difference = 100 * abs(one - other)
        if other:
            shares += (100 * one / other, difference / other)
        if one:
            shares += (100 * other / one, difference / one)
    return shares


def _sums_of_fields(evidence: Evidence) -> Derived:
    """Figures of one field in several results: the distances of two drives."""
    sums: Derived = defaultdict(list)
    for (_, key), values in evidence.named.items():
        if key[0] in ADDITIVE and 1 < len(values) <= _MAX_ROWS:
            sums[key] += chain(combine(values), list(accumulate(values))[1:])
    return sums


def _sums_of_objects(evidence: Evidence) -> Derived:
    """Figures of one object: budgeted and spent."""
    sums: Derived = defaultdict(list)
    rows = (row for table in evidence.tables[:_MAX_TABLES] for row in table.rows[:_MAX_ROWS])
    for group in chain(evidence.groups[:_MAX_OBJECTS], rows):
        by_key: Derived = defaultdict(list)
        for (_, key), value in group.fields.items():
            by_key[key].append(value)
        for key, values in by_key.items():
            if key[0] in ADDITIVE:
                sums[key] += combine(values[:6])
    return sums


def _sums_with_asked(evidence: Evidence) -> Derived:
    """A figure of the question and one of the evidence: what is left of what the traveller has."""
    sums: Derived = defaultdict(list)
    for key, asked in evidence.asked.items():
        if key[0] in ADDITIVE:
            for value in asked[:_MAX_FACTORS]:
                for other in evidence.scalars[key][:MAX_OPERANDS]:
                    if other != value:
                        sums[key] += (value + other, abs(value - other))
    return sums


def _sums_of_columns(evidence: Evidence) -> Derived:
    """Figures of one field of a list: any two of them, and the first ones together."""
    sums: Derived = defaultdict(list)
    for table in evidence.tables[:_MAX_TABLES]:
        for (_, key), values in table.columns().items():
            if key[0] in ADDITIVE and len(values) > 1:
                sums[key] += chain(combine(values[:_MAX_ROWS]), list(accumulate(values[:MAX_OPERANDS]))[1:])
    return sums


def _sums_with_beside(evidence: Evidence) -> Derived:
    """A figure of a list and one beside the list: the total without a category."""
    sums: Derived = defaultdict(list)
    for table in evidence.tables[:_MAX_TABLES]:
        for (_, key), values in table.columns().items():
            if key[0] in ADDITIVE:
                beside = [value for (_, other), value in table.parent.fields.items() if other == key]
                for value in values[:_MAX_ROWS]:
                    for each in beside[:_MAX_BESIDE]:
                        sums[key] += (value + each, abs(value - each))
    return sums


def _averages(evidence: Evidence) -> Derived:
    """An object's amounts by its counts: what a fill-up cost on average."""
    averages: Derived = defaultdict(list)
    rows = (row for table in evidence.tables[:_MAX_TABLES] for row in table.rows[:_MAX_ROWS])
    for group in chain(evidence.groups[:_MAX_OBJECTS], rows):
        counts = [*group.values.get(COUNT.key, ())[:3], *group.values.get(DAYS.key, ())[:3]]
        for key, values in group.values.items():
            if key[0] in RATIOS:
                averages[key] += (value / count for value in values[:6] for count in counts if count > 1)
    return averages


def _other_periods(evidence: Evidence) -> Derived:
    """An amount a day as one a week, a month or a year, and the other way round."""
    amounts: Derived = defaultdict(list)
    for currency, value, period in evidence.rates[:MAX_OPERANDS]:
        if days := PERIOD_DAYS.get(period):
            for other, other_days in PERIOD_DAYS.items():
                amounts[money(currency, other).key].append(value / days * other_days)
        if period == "day":
            amounts[money(currency).key] += (7 * value, 30 * value, 31 * value)
    return amounts


def _asked_products(evidence: Evidence) -> Derived:
    """What the question's numbers multiply or divide: three nights at a price, a trip shared by four."""
    products: Derived = defaultdict(list)
    counts = [count for count in dict.fromkeys(evidence.asked_counts) if count > 1]
    for key, scalars in evidence.scalars.items():
        if key[0] in RATIOS:
            for value in scalars[:_MAX_FACTORS]:
                products[key] += (each for count in counts for each in (value * count, value / count))
    return products


def _physical_products(evidence: Evidence) -> Derived:
    """Distance by consumption is fuel, fuel by its price is money, distance by time is speed."""
    products: Derived = defaultdict(list)
    volumes, distances = (_first(evidence, kind) for kind in (FigureKind.VOLUME, FigureKind.DISTANCE))
    for litres_per_100km in _first(evidence, FigureKind.CONSUMPTION):
        products[FigureKind.VOLUME, ""] += (metres / 100_000 * litres_per_100km for metres in distances)
        if litres_per_100km:
            products[FigureKind.DISTANCE, ""] += (litres / litres_per_100km * 100_000 for litres in volumes)
    for seconds in filter(None, _first(evidence, FigureKind.DURATION)):
        products[FigureKind.SPEED, ""] += (metres / seconds for metres in distances)
    for key, prices in evidence.plain.items():
        if key[0] is FigureKind.MONEY and key[1].endswith("/l"):
            currency = key[1].removesuffix("/l")
            products[money(currency).key] += (price * litres for price in prices for litres in volumes)
    return products


def _exchanged(evidence: Evidence) -> Derived:
    """Amounts at the exchange rates that the evidence has."""
    amounts: Derived = defaultdict(list)
    rates = [rate for rate in evidence.plain.get(RATE.key, ()) if rate][:_MAX_FACTORS]
    currencies = (
        {name for kind, name in evidence.plain if kind is FigureKind.MONEY and "/" not in name} if rates else ()
    )
    for currency in currencies:
        values = evidence.scalars.get(money(currency).key, [])[:_MAX_FACTORS]
        for other in set(currencies) - {currency}:
            amounts[money(other).key] += (
                each for rate in rates for value in values for each in (value * rate, value / rate)
            )
    return amounts


def _shares_of_tables(evidence: Evidence) -> Iterable[float]:
    """Yield what each figure of a list is of the list's total."""
    for table in evidence.tables[:_MAX_TABLES]:
        for (_, key), values in table.columns().items():
            total = sum(values)
            if key[0] in RATIOS and total and len(values) > 1:
                yield from (100 * value / total for value in values[:_MAX_ROWS])


def _first(evidence: Evidence, kind: FigureKind) -> list[float]:
    return evidence.scalars.get((kind, ""), [])[:_MAX_FACTORS]
