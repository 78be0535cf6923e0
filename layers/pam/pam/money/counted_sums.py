"""Sums of amounts in several currencies: what counts in one of them, as it was converted, and what doesn't count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pam.money.exchange_rates import CONVERTED_AMOUNT
from pam.platform.postgres import Row

SUM_COLUMNS = f"""
       currency, rate_currency, rate_source, sum(amount) as total, sum({CONVERTED_AMOUNT}) as converted,
       count(*) filter (where amount > 0) as count, min(rate_date) as first_rate, max(rate_date) as last_rate"""
"""What `sum_rows` reads of amounts that are grouped by `SUM_GROUPS`. The sums include refunds, `count` doesn't."""

SUM_GROUPS = "currency, rate_currency, rate_source"


@dataclass(frozen=True)
class ConvertedSum:
    """Amounts in another currency: their sum in it, its `value` in the currency of the whole, and their rates' days."""

    currency: str
    total: Decimal
    value: Decimal
    count: int
    first_rate: date
    last_rate: date
    source: str


@dataclass(frozen=True)
class ExcludedSum:
    """Amounts in another currency that have no rate, so that the whole doesn't include them."""

    currency: str
    total: Decimal
    count: int


@dataclass(frozen=True)
class CountedSum:
    """A sum in one currency. `total` and `count` include what was `converted`, and nothing that is `excluded`.

    `total` is less refunds, here and in the parts, so it may be negative; `count` is of the expenses alone.
    """

    total: Decimal = Decimal(0)
    count: int = 0
    converted: tuple[ConvertedSum, ...] = ()
    excluded: tuple[ExcludedSum, ...] = ()

    def __add__(self, other: "CountedSum") -> "CountedSum":
        return CountedSum(
            self.total + other.total,
            self.count + other.count,
            _merge(self.converted + other.converted, lambda part: (part.currency, part.source), _add_converted),
            _merge(self.excluded + other.excluded, lambda part: part.currency, _add_excluded),
        )

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the rates."""
        return frozenset(part.source for part in self.converted)


def sum_rows(rows: Iterable[Row], currency: str) -> CountedSum:
    """Return the sum in a currency of rows with `SUM_COLUMNS`: in that currency, or converted to it when stored."""
    return sum((_sum_row(row, currency) for row in rows), CountedSum())


def _sum_row(row: Row, currency: str) -> CountedSum:
    code, total, count = row["currency"], row["total"], row["count"]
    if code == currency:
        return CountedSum(total, count)
    if row["rate_currency"] != currency:
        return CountedSum(excluded=(ExcludedSum(code, total, count),))
    value = row["converted"]
    part = ConvertedSum(code, total, value, count, row["first_rate"], row["last_rate"], row["rate_source"])
    return CountedSum(value, count, converted=(part,))


P = TypeVar("P", ConvertedSum, ExcludedSum)


def _merge(parts: tuple[P, ...], key: Callable[[P], object], add: Callable[[P, P], P]) -> tuple[P, ...]:
    merged: dict[object, P] = {}
    for part in parts:
        merged[key(part)] = add(merged[key(part)], part) if key(part) in merged else part
    return tuple(sorted(merged.values(), key=lambda part: part.currency))


def _add_converted(one: ConvertedSum, other: ConvertedSum) -> ConvertedSum:
    return replace(
        one,
        total=one.total + other.total,
        value=one.value + other.value,
        count=one.count + other.count,
        first_rate=min(one.first_rate, other.first_rate),
        last_rate=max(one.last_rate, other.last_rate),
    )


def _add_excluded(one: ExcludedSum, other: ExcludedSum) -> ExcludedSum:
    return replace(one, total=one.total + other.total, count=one.count + other.count)
