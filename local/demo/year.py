"""A year of a couple in a motorhome: south in winter, north in summer, with its expenses.

Made by a seeded generator, so that a bug report can be reproduced: the same seed and day give the same year.
It names no shop, campground or station, since all of it is invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.money.categories import Category

USER_ID = UUID("7a3d1c52-9e0b-4f0e-8d65-1f2b7c9a4e10")
ZONE = ZoneInfo("America/Denver")

BUDGETS = {
    Category.FUEL: 1100,
    Category.GROCERIES: 900,
    Category.DINING: 480,
    Category.CAMPING: 850,
    Category.MAINTENANCE: 200,
    Category.PROPANE: 60,
    Category.ENTERTAINMENT: 140,
    Category.LAUNDRY: 50,
    Category.INTERNET: 120,
    Category.SHOPPING: 220,
}

# Place by month of the year, and driving days per week there.
_ROUTE = {
    1: ("Quartzsite", 0.6), 2: ("Tucson", 0.8), 3: ("Sedona", 1.4), 4: ("Moab", 1.6),
    5: ("Durango", 1.8), 6: ("Jackson", 2.2), 7: ("Yellowstone", 1.6), 8: ("Glacier", 2.0),
    9: ("Boise", 2.2), 10: ("Taos", 1.8), 11: ("Las Cruces", 1.4), 12: ("Yuma", 0.8),
}  # fmt: skip

# Irregular expenses: probability per day, minimum and maximum in dollars, descriptions.
_HABITS = {
    Category.GROCERIES: (0.5, 18, 145, ("Groceries", "Fruit and vegetables", "Weekly shop", "Ice and water")),
    Category.DINING: (0.45, 9, 84, ("Coffee and cake", "Lunch out", "Dinner out", "Tacos", "Breakfast")),
    Category.SHOPPING: (0.12, 12, 160, ("Camp chair", "Hiking socks", "Tools", "Books", "Kitchen things")),
    Category.ENTERTAINMENT: (
        0.11,
        8,
        95,
        ("Museum", "Kayak rental", "Cinema", "Park entrance", "Guided walk"),
    ),
    Category.LAUNDRY: (0.125, 4, 14, ("Laundry",)),
    Category.PROPANE: (0.04, 18, 42, ("Propane refill",)),
    Category.TOLLS: (0.05, 2, 19, ("Toll",)),
    Category.MAINTENANCE: (
        0.035,
        25,
        480,
        ("Oil change", "Tyre rotation", "Water pump", "Brake check", "Filters"),
    ),
    Category.MEDICAL: (0.025, 12, 180, ("Pharmacy", "Dentist", "Check-up")),
}

# Monthly expenses: day of the month, amount, description.
_BILLS = {
    Category.INSURANCE: (3, "148.00", "Motorhome insurance"),
    Category.INTERNET: (8, "95.00", "Mobile internet"),
    Category.UTILITIES: (12, "41.50", "Storage unit and mail forwarding"),
}


@dataclass(frozen=True)
class DemoExpense:
    """One expense. `spent_at` has a time zone."""

    amount: Decimal
    category: Category
    description: str
    spent_at: datetime


def year_of_expenses(now: datetime, seed: int = 1959) -> list[DemoExpense]:
    """Return about 900 expenses in 14 categories from the 365 days before `now`, oldest first."""
    chance = random.Random(seed)
    today = now.astimezone(ZONE).date()
    days = (today - timedelta(days=ago) for ago in range(365, -1, -1))
    expenses = [expense for day in days for expense in _expenses_of_day(day, chance)]
    return [expense for expense in expenses if expense.spent_at <= now]


def year_of_savings(now: datetime, seed: int = 1959) -> list[tuple[Decimal, str, str, datetime]]:
    """Return confirmed savings as (amount, kind, description, saved_at), about two a month."""
    chance = random.Random(seed + 1)
    kinds = {
        "gas": "Filled up before the pass",
        "campground": "Off-season rate",
        "route": "Shorter way round",
    }
    savings = []
    for _ in range(26):
        kind = chance.choice(list(kinds))
        saved_at = now - timedelta(days=chance.uniform(1, 364))
        savings.append((_dollars(chance, 4, 46), kind, kinds[kind], saved_at))
    return sorted(savings, key=lambda saving: saving[3])


def _expenses_of_day(day: date, chance: random.Random) -> Iterator[DemoExpense]:
    place, driving_days = _ROUTE[day.month]

    def expense(amount: Decimal, category: Category, description: str) -> DemoExpense:
        moment = time(chance.randint(7, 20), chance.randint(0, 59))
        return DemoExpense(amount, category, description, datetime.combine(day, moment, tzinfo=ZONE))

    if chance.random() < driving_days / 7 * 1.9:
        gallons = chance.uniform(14, 42)
        price = 3.05 + 0.35 * (day.month in (6, 7, 8)) + chance.uniform(-0.2, 0.3)
        yield expense(Decimal(round(gallons * price, 2)).quantize(Decimal("0.01")), Category.FUEL, f"Fuel near {place}")
    if chance.random() < 0.42:
        nights = chance.choice((1, 1, 2, 3))
        rate = chance.choice((0, 22, 28, 35, 42, 55)) + chance.randint(3, 9)
        yield expense(
            Decimal(nights * rate).quantize(Decimal("0.01")),
            Category.CAMPING,
            f"{nights} night(s) at {place}",
        )
    for category, (probability, minimum, maximum, descriptions) in _HABITS.items():
        if chance.random() < probability:
            yield expense(_dollars(chance, minimum, maximum), category, chance.choice(descriptions))
    for category, (day_of_month, amount, description) in _BILLS.items():
        if day.day == day_of_month:
            yield expense(Decimal(amount), category, description)


def _dollars(chance: random.Random, minimum: float, maximum: float) -> Decimal:
    # Squared, because small amounts are more frequent than large ones.
    amount = minimum + (maximum - minimum) * chance.random() ** 2
    return Decimal(amount).quantize(Decimal("0.01"))
