"""Fixed monthly costs: what recurs each month for nearly the same amount on nearly the same day.

Two entries of consecutive months are of one cost if they have the same category and the same words of the description,
amounts that differ by at most 10 % of the larger one, and days that are at most four apart, where the last days of
months of different lengths count as the same. A month that has several such amounts shows no fixed cost: they are paid
weekly, for instance. A cost is fixed if all of the months that are read have it, and those are two at least.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pam.money.categories import Category
from pam.money.entries import Entry
from pam.users.periods import next_month, previous_month

MAX_AMOUNT_DIFFERENCE = Decimal("0.1")
"""Of the larger amount."""

MAX_DAYS_APART = 4

MIN_MONTHS = 2
"""The months that show a fixed cost."""


@dataclass(frozen=True)
class MonthlyCost:
    """A fixed cost. `entries` are those that show it, one a month, the latest first."""

    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        return self.entries[0].name

    @property
    def category(self) -> Category:
        return self.entries[0].category

    @property
    def amount(self) -> Decimal:
        """The last amount."""
        return self.entries[0].amount

    @property
    def lowest(self) -> Decimal:
        return min(entry.amount for entry in self.entries)

    @property
    def highest(self) -> Decimal:
        return max(entry.amount for entry in self.entries)

    def day_in(self, month: date) -> date:
        """Return the day of a month on which it is expected; `month` is its first day."""
        last = (next_month(month) - timedelta(days=1)).day
        return month.replace(day=min(self.entries[0].day.day, last))

    def find_payment(self, entries: Iterable[Entry]) -> Entry | None:
        """Return the entry of another month that is this cost, None if there is none."""
        return next((entry for entry in entries if _is_alike(self.entries[0], entry)), None)


def find_monthly_costs(months: Sequence[Sequence[Entry]]) -> list[MonthlyCost]:
    """Return the fixed costs that whole months show, the highest first; `months` has their entries, the latest first.

    None with fewer than `MIN_MONTHS`.
    """
    if len(months) < MIN_MONTHS:
        return []
    chains = (_chain(entry, months) for entry in months[0])
    costs = [MonthlyCost(tuple(chain)) for chain in chains if len(chain) == len(months)]
    return sorted(costs, key=lambda cost: (-cost.amount, cost.name))


def _chain(latest: Entry, months: Sequence[Sequence[Entry]]) -> list[Entry]:
    """Return the entries of one cost, up to the first month that has none, or several as for what is paid weekly."""
    chain: list[Entry] = []
    for month in months:
        reference = chain[-1] if chain else latest
        alike = [entry for entry in month if _is_alike(reference, entry)]
        if len(alike) != 1 or not _is_same_day(reference, alike[0]):
            break
        chain.append(alike[0])
    return chain


def split_by_month(entries: Iterable[Entry], starts: Sequence[date]) -> list[list[Entry]]:
    """Return the entries of the months that begin on these days."""
    listed = list(entries)
    return [[entry for entry in listed if start <= entry.day < next_month(start)] for start in starts]


def months_before(month: date, count: int, first_day: date | None) -> list[date]:
    """Return the first days of up to `count` months before `month`, the latest first.

    Only those that the records cover from their first day: `first_day` is the day of the user's first expense.
    """
    starts: list[date] = []
    for _ in range(count):
        month = previous_month(month)
        if first_day is None or month < first_day:
            break
        starts.append(month)
    return starts


def _is_alike(one: Entry, other: Entry) -> bool:
    if one.key != other.key or one.amount <= 0 or other.amount <= 0:
        return False
    return abs(one.amount - other.amount) <= MAX_AMOUNT_DIFFERENCE * max(one.amount, other.amount)


def _is_same_day(one: Entry, other: Entry) -> bool:
    last = min((next_month(entry.day.replace(day=1)) - timedelta(days=1)).day for entry in (one, other))
    return abs(min(one.day.day, last) - min(other.day.day, last)) <= MAX_DAYS_APART
