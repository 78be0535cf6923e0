"""Consumption from full tank to full tank, and the average price, by worked examples."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.users.periods import Window
from pam.vehicles.fuel_log import FuelEntry
from pam.vehicles.fuel_stats import FuelStretch, consumption_of, fuel_stats, full_tank_stretches, monthly_stats

FIRST = date(2026, 1, 30)
ALWAYS = Window(date(1970, 1, 1), date(2030, 1, 1))


def entry(day: int, km: int, litres: float, *, full: bool = True, paid: str | None = "10", **cost: Any) -> FuelEntry:
    """Return an entry some days after the first, paid in dollars unless `cost` says otherwise."""
    amount = None if paid is None else Decimal(paid)
    costs = {
        "currency": "USD", "rate_currency": None, "rate_source": None, "total": amount, "converted": None,
        "count": 1, "first_rate": None, "last_rate": None,
    }  # fmt: skip
    counted = amount if not cost else cost.get("converted")
    return FuelEntry(
        FIRST + timedelta(days=day),
        Decimal(km),
        Decimal(str(litres)),
        full,
        counted,
        None if paid is None else costs | cost,
    )


def test_partial_fills_belong_to_the_stretch() -> None:
    """1,000 km took 60 + 190 l, 25 l/100 km; what was filled up to the first full tank doesn't count."""
    log = [
        entry(0, 9_500, 40, full=False),
        entry(1, 10_000, 150),
        entry(2, 10_400, 60, full=False),
        entry(3, 11_000, 190),
        entry(4, 11_500, 100),
        entry(5, 11_600, 80, full=False),
    ]
    stretches = full_tank_stretches(log)
    assert stretches == [
        FuelStretch(FIRST + timedelta(days=1), FIRST + timedelta(days=3), Decimal(1000), Decimal(250)),
        FuelStretch(FIRST + timedelta(days=3), FIRST + timedelta(days=4), Decimal(500), Decimal(100)),
    ]
    assert consumption_of(stretches[:1]) == 25
    assert consumption_of(stretches) == pytest.approx(Decimal(350) / 15)


@pytest.mark.parametrize(
    "log",
    [
        [],
        [entry(0, 10_000, 100)],
        [entry(0, 10_000, 100), entry(1, 10_500, 100, full=False)],
        [entry(0, 10_000, 100, full=False), entry(1, 10_500, 100)],
        [entry(0, 10_000, 100), entry(1, 10_000, 20)],
    ],
)
def test_without_two_full_tanks_and_a_distance_there_is_no_consumption(log: list[FuelEntry]) -> None:
    assert full_tank_stretches(log) == []
    assert fuel_stats(log, ALWAYS, "USD").consumption is None


def test_full_tank_without_a_distance_counts_for_the_next_stretch() -> None:
    """The pump had stopped early: what was added then was used later, too."""
    log = [entry(0, 10_000, 100), entry(0, 10_000, 5), entry(3, 10_500, 95)]
    assert consumption_of(full_tank_stretches(log)) == 20


def test_stretch_belongs_to_the_month_in_which_it_ends() -> None:
    """Over the end of a month; each month has its own price."""
    log = [entry(0, 10_000, 100, paid="90"), entry(2, 10_500, 100, paid="110"), entry(3, 10_600, 50, paid="60")]
    months = monthly_stats(log, ALWAYS, "USD")
    assert [month.isoformat() for month, _ in months] == ["2026-02-01", "2026-01-01"]
    (_, february), (_, january) = months
    assert (february.consumption, january.consumption) == (25, None)
    assert (january.price, january.costs.total) == (Decimal("0.9"), Decimal(90))
    assert february.price == pytest.approx(Decimal(170) / 150)


def test_price_is_of_what_is_paid_and_converted() -> None:
    """An expense that is deleted or has no rate counts in the volume alone."""
    log = [
        entry(0, 10_000, 100, paid="150"),
        entry(1, 10_500, 50, paid=None),
        entry(2, 11_000, 100, paid="200", currency="CAD"),
        entry(
            3, 11_500, 100, paid="180", currency="CAD", rate_currency="USD", rate_source="ECB",
            converted=Decimal(130), first_rate=FIRST, last_rate=FIRST,
        ),
    ]  # fmt: skip
    stats = fuel_stats(log, ALWAYS, "USD")
    assert (stats.litres, stats.costs.total, stats.price) == (350, 280, Decimal("1.4"))
    assert [(part.currency, part.total) for part in stats.costs.excluded] == [("CAD", 200)]


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 300), st.booleans()), max_size=30))
def test_stretches_cover_the_way_between_the_first_and_the_last_full_tank(fills: list[tuple[int, int, bool]]) -> None:
    """Each kilometre and litre once."""
    log, km = [], 0
    for day, (way, litres, full) in enumerate(fills):
        km += way
        log.append(entry(day, km, litres, full=full))
    full_at = [index for index, each in enumerate(log) if each.is_full]
    stretches = full_tank_stretches(log)
    assert len(stretches) == max(0, len(full_at) - 1)
    if len(full_at) > 1:
        first, last = log[full_at[0]], log[full_at[-1]]
        assert sum(each.km for each in stretches) == last.odometer_km - first.odometer_km
        assert sum(each.litres for each in stretches) == sum(
            each.litres for each in log[full_at[0] + 1 : full_at[-1] + 1]
        )
