"""The fuel log of a vehicle. What was paid is in the expense of each entry."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.money.exchange_rates import CONVERTED_AMOUNT
from pam.platform.postgres import Connection
from pam.users.profile import Profile
from pam.vehicles.odometer import OdometerReading, check_odometer


@dataclass(frozen=True)
class MovedEntry:
    """The days of an entry before and after a move, and the name of its vehicle."""

    vehicle: str
    before: date
    after: date


@dataclass(frozen=True)
class FuelEntry:
    """An entry of the log: litres, km, and what was paid for it.

    `amount` is the sum in the currency that statistics are in: None for an expense that is deleted, was corrected to a
    refund, or isn't converted to it. `costs` is the expense as `sum_rows` takes it; None where nothing was paid.
    """

    day: date
    odometer_km: Decimal
    litres: Decimal
    is_full: bool
    amount: Decimal | None
    costs: dict[str, Any] | None


_INSERT = """
insert into fuel_log (user_id, vehicle_id, filled_on, odometer_km, volume_l, is_full, expense_id, created_at)
values (%(user)s, %(vehicle)s, %(day)s, %(km)s, %(litres)s, %(is_full)s, %(expense)s, %(now)s)
returning id
"""

# The entry after its vehicle, whose lock every other change of the log waits for.
_LOCK_VEHICLE = """
select vehicles.id, name
  from fuel_log
  join vehicles on vehicles.id = vehicle_id
 where expense_id = %(expense)s and fuel_log.user_id = %(user)s and vehicles.user_id = %(user)s
   for update of vehicles
"""

_SELECT_READING = """
select filled_on as day, odometer_km as km from fuel_log where expense_id = %(expense)s and user_id = %(user)s
"""

_MOVE = "update fuel_log set filled_on = %(day)s where expense_id = %(expense)s and user_id = %(user)s"

_DELETE = "delete from fuel_log where id = %(id)s and user_id = %(user)s"

_SELECT = f"""
select filled_on, odometer_km, volume_l, is_full, undone_at, currency, rate_currency, rate_source, amount as total,
       {CONVERTED_AMOUNT} as converted, 1 as count, rate_date as first_rate, rate_date as last_rate
  from fuel_log
  join expenses on expenses.id = expense_id
 where fuel_log.user_id = %(user)s and expenses.user_id = %(user)s and vehicle_id = %(vehicle)s
 order by filled_on, odometer_km, fuel_log.created_at
"""

_COST_COLUMNS = ("currency", "rate_currency", "rate_source", "total", "converted", "count", "first_rate", "last_rate")


def create_entry(
    connection: Connection,
    user_id: UUID,
    vehicle_id: UUID,
    reading: OdometerReading,
    litres: Decimal,
    *,
    is_full: bool,
    expense_id: UUID,
    now: datetime,
) -> UUID:
    """Insert an entry and return its id."""
    values = {
        "user": user_id,
        "vehicle": vehicle_id,
        "day": reading.day,
        "km": reading.km,
        "litres": litres,
        "is_full": is_full,
        "expense": expense_id,
        "now": now,
    }
    row = connection.execute(_INSERT, values).fetchone()
    assert row is not None
    entry_id: UUID = row["id"]
    return entry_id


def delete_entry(connection: Connection, user_id: UUID, entry_id: UUID) -> None:
    """Delete an entry; does nothing where there is none."""
    connection.execute(_DELETE, {"id": entry_id, "user": user_id})


def move_entry(connection: Connection, profile: Profile, expense_id: UUID, day: date) -> MovedEntry | None:
    """Set the day of the entry whose cost is an expense; return None where the expense belongs to no entry.

    Raises `PamError` (`invalid_odometer`) where the odometer would go back.
    """
    scope = {"expense": expense_id, "user": profile.id}
    vehicle = connection.execute(_LOCK_VEHICLE, scope).fetchone()
    row = connection.execute(_SELECT_READING, scope).fetchone()
    if vehicle is None or row is None:
        return None
    check_odometer(connection, profile, vehicle["id"], OdometerReading(day, row["km"]), is_dated=True)
    connection.execute(_MOVE, scope | {"day": day})
    return MovedEntry(vehicle["name"], row["day"], day)


def read_fuel_log(connection: Connection, user_id: UUID, vehicle_id: UUID, currency: str) -> list[FuelEntry]:
    """Return the whole log of a vehicle, oldest entry first, with what was paid in a currency."""
    rows = connection.execute(_SELECT, {"user": user_id, "vehicle": vehicle_id}).fetchall()
    entries = []
    for row in rows:
        is_paid = row["undone_at"] is None and row["total"] > 0
        in_currency = row["total"] if row["currency"] == currency else None
        if row["rate_currency"] == currency and in_currency is None:
            in_currency = row["converted"]
        entries.append(
            FuelEntry(
                day=row["filled_on"],
                odometer_km=row["odometer_km"],
                litres=row["volume_l"],
                is_full=row["is_full"],
                amount=in_currency if is_paid else None,
                costs={name: row[name] for name in _COST_COLUMNS} if is_paid else None,
            )
        )
    return entries
