"""Statistics of a fuel log.

Consumption is measured from full tank to full tank: between two fills that filled the tank, what was filled after the
first, up to and including the second, is what the distance between them took. It belongs to the day of the second. The
price is what was paid in all for what was filled in all, of the entries whose cost is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pam.money.counted_sums import CountedSum, sum_rows
from pam.users.periods import Window, next_month
from pam.vehicles.fuel_log import FuelEntry


@dataclass(frozen=True)
class FuelStretch:
    """The way between two full tanks: the days of both, km and litres."""

    start: date
    end: date
    km: Decimal
    litres: Decimal


@dataclass(frozen=True)
class FuelStats:
    """What was filled in some days. `price` is per litre; None, as consumption in l/100 km is, where it isn't known.

    `stretches` are those that ended in these days, `costs` what was paid, in the currency of the log and in others.
    """

    entries: tuple[FuelEntry, ...]
    stretches: tuple[FuelStretch, ...]
    costs: CountedSum

    @property
    def litres(self) -> Decimal:
        return sum((entry.litres for entry in self.entries), Decimal(0))

    @property
    def stretch_km(self) -> Decimal:
        return sum((stretch.km for stretch in self.stretches), Decimal(0))

    @property
    def consumption(self) -> Decimal | None:
        """Litres per 100 km over all stretches."""
        return consumption_of(self.stretches)

    @property
    def price(self) -> Decimal | None:
        """The average price of a litre."""
        paid = [entry for entry in self.entries if entry.amount is not None]
        litres = sum(entry.litres for entry in paid)
        return sum(entry.amount or Decimal(0) for entry in paid) / litres if litres else None


def consumption_of(stretches: Iterable[FuelStretch]) -> Decimal | None:
    """Return litres per 100 km over some stretches; None for none."""
    litres = km = Decimal(0)
    for stretch in stretches:
        litres, km = litres + stretch.litres, km + stretch.km
    return litres / km * 100 if km else None


def full_tank_stretches(log: Sequence[FuelEntry]) -> list[FuelStretch]:
    """Return the ways between full tanks of a log in order, oldest first.

    A full tank that follows another without a distance is a part of the next stretch's fuel.
    """
    stretches = []
    last_full: FuelEntry | None = None
    litres = Decimal(0)
    for entry in log:
        if last_full is not None:
            litres += entry.litres
        if not entry.is_full:
            continue
        if last_full is None:
            last_full = entry
        elif entry.odometer_km > last_full.odometer_km:
            stretches.append(FuelStretch(last_full.day, entry.day, entry.odometer_km - last_full.odometer_km, litres))
            last_full, litres = entry, Decimal(0)
    return stretches


def fuel_stats(log: Sequence[FuelEntry], window: Window, currency: str) -> FuelStats:
    """Return the statistics of a window of days of a whole log; costs are in `currency`."""
    entries = tuple(entry for entry in log if window.start <= entry.day < window.end)
    stretches = tuple(each for each in full_tank_stretches(log) if window.start <= each.end < window.end)
    return FuelStats(entries, stretches, sum_rows((entry.costs for entry in entries if entry.costs), currency))


def monthly_stats(log: Sequence[FuelEntry], window: Window, currency: str) -> list[tuple[date, FuelStats]]:
    """Return the months of a window in which fuel was filled, newest first: their first day and their statistics."""
    months = sorted({entry.day.replace(day=1) for entry in log if window.start <= entry.day < window.end}, reverse=True)
    found = []
    for month in months:
        start, end = max(month, window.start), min(next_month(month), window.end)
        found.append((month, fuel_stats(log, Window(start, end), currency)))
    return found
