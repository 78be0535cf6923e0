"""Planned trips, and the cost of camping so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.money.amounts import parse_amount
from pam.money.categories import Category
from pam.money.counted_sums import SUM_COLUMNS, SUM_GROUPS, CountedSum, sum_rows
from pam.platform.errors import DATE_IN_PAST, INVALID_AMOUNT, PamError
from pam.platform.postgres import Connection
from pam.users.profile import Profile

MAX_STOPS = 20
MAX_NIGHTS_AT_STOP = 60
MAX_TRIP_BUDGET = Decimal(100_000)

_YEAR = timedelta(days=365)


def parse_trip_budget(value: Any) -> Decimal | None:
    """Return an amount of at most 100,000, or None. Raises `PamError` (`invalid_amount`)."""
    if value is None:
        return None
    amount = parse_amount(value)
    if amount > MAX_TRIP_BUDGET:
        raise PamError(INVALID_AMOUNT, "A trip's budget can be at most 100,000.", field="budget")
    return amount


def validate_start_date(start: date | None, now: datetime, profile: Profile) -> None:
    """Raise `PamError` (`date_in_past`) for a day that is over in the user's time zone."""
    if start is not None and start < now.astimezone(profile.zone).date():
        raise PamError(DATE_IN_PAST, "A trip can begin today at the earliest.", field="start_date")


@dataclass(frozen=True)
class CampingCosts:
    """A user's expenses for camping in the last 365 days: their average, their number, and their exchange rates.

    `spending` is their sum, with what was converted to the user's currency; `average` and `count` are of what counts.
    The average is less refunds, which aren't in the number.
    """

    average: Decimal
    count: int
    spending: CountedSum


_CAMPING = f"""
select {SUM_COLUMNS}
  from expenses
 where user_id = %(user)s and category = %(category)s and undone_at is null
   and spent_at >= %(since)s and spent_at <= %(now)s
 group by {SUM_GROUPS}
"""


def read_camping_costs(connection: Connection, profile: Profile, now: datetime) -> CampingCosts | None:
    """Return the costs in the user's currency, as far as they count in it; None where nothing is spent."""
    scope = {"user": profile.id, "category": Category.CAMPING}
    rows = connection.execute(_CAMPING, scope | {"since": now - _YEAR, "now": now}).fetchall()
    spending = sum_rows(rows, profile.currency)
    if not spending.count or spending.total <= 0:
        return None
    return CampingCosts(spending.total / spending.count, spending.count, spending)


@dataclass(frozen=True)
class TripLeg:
    """A day of driving to save: its ends, its date if it is known, metres, seconds, and the nights after it."""

    origin: str
    destination: str
    day: date | None
    distance_m: float
    driving_s: float
    nights: int


@dataclass(frozen=True)
class Trip:
    """A trip to save: its ends as searchable names, metres, seconds of driving, the whole plan, and its days."""

    origin: str
    destination: str
    start_date: date | None
    nights: int
    distance_m: float
    driving_s: float
    budget: Decimal | None
    currency: str
    plan: Mapping[str, Any]
    legs: tuple[TripLeg, ...]


_SAVE = """
insert into trips (user_id, origin, destination, start_date, nights, distance_m, driving_s, budget, currency, plan,
                   created_at)
values (%(user)s, %(origin)s, %(destination)s, %(start_date)s, %(nights)s, %(distance_m)s, %(driving_s)s, %(budget)s,
        %(currency)s, %(plan)s, %(now)s)
returning id
"""


_SAVE_LEG = """
insert into trip_legs (trip_id, user_id, number, origin, destination, day, distance_m, driving_s, nights)
values (%(trip)s, %(user)s, %(number)s, %(origin)s, %(destination)s, %(day)s, %(distance_m)s, %(driving_s)s, %(nights)s)
"""


def save_trip(connection: Connection, user_id: UUID, trip: Trip, now: datetime) -> UUID:
    """Save a trip with its legs, in the caller's transaction, and return its id."""
    values = vars(trip) | {"plan": json.dumps(trip.plan), "user": user_id, "now": now}
    row = connection.execute(_SAVE, values).fetchone()
    assert row is not None
    trip_id: UUID = row["id"]
    legs = [vars(leg) | {"trip": trip_id, "user": user_id, "number": n} for n, leg in enumerate(trip.legs, 1)]
    with connection.cursor() as cursor:
        cursor.executemany(_SAVE_LEG, legs)
    return trip_id


def delete_trip(connection: Connection, user_id: UUID, trip_id: UUID) -> None:
    """Delete a trip with its legs; does nothing where there is none."""
    connection.execute("delete from trips where id = %s and user_id = %s", (trip_id, user_id))
