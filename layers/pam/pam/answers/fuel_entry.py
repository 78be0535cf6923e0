"""A fuel entry that is added: with its expense, in one transaction, and undone with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.answers.expenses import CREATE_EXPENSE, RatedExpense
from pam.answers.fuel_figures import consumption_text, per_unit_text, unit_price, volume_text
from pam.answers.user_context import UserContext
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.money.categories import Category
from pam.money.exchange_rates import NO_RATES, RateTable
from pam.money.expenses import NewExpense, find_spent_at
from pam.money.typed_amounts import read_amount
from pam.vehicles.fuel_log import create_entry, delete_entry, read_fuel_log
from pam.vehicles.fuel_stats import consumption_of, full_tank_stretches
from pam.vehicles.measures import ODOMETER, TypedMeasure
from pam.vehicles.odometer import ODOMETER_PLACES, OdometerReading, check_odometer, format_km, own_distance
from pam.vehicles.purchase import FuelPurchase, TypedPrice, complete_purchase
from pam.vehicles.vehicles import Vehicle, lock_vehicle


@dataclass(frozen=True)
class NewFuelEntry:
    """A fuel entry as it was written, with the exchange rates that were found for its expense before."""

    vehicle: str | None
    odometer: TypedMeasure
    volume: TypedMeasure | None
    price: TypedPrice | None
    total: Decimal | str | None
    currency: str | None
    is_full: bool
    day: date | None
    rates: RateTable = NO_RATES

    def expense(self, total: Decimal | str, currency: str | None, details: str = "") -> NewExpense:
        """Return the expense of this entry with a total."""
        return NewExpense(
            amount=total,
            category=Category.FUEL,
            description=details,
            date=None if self.day is None else self.day.isoformat(),
            currency=currency,
        )


def _add(context: WriteContext, new: NewFuelEntry) -> WriteResult:
    connection, profile = context.connection, context.profile
    vehicle = lock_vehicle(connection, profile.id, new.vehicle)
    total, currency = None, new.currency or profile.currency
    if new.total is not None:
        total, currency = read_amount(new.total, new.currency, profile)
    purchase = complete_purchase(new.volume, new.price, total, currency, profile)
    today = context.day_reference.astimezone(profile.zone).date()
    day = find_spent_at(new.day, context.day_reference, profile.zone).astimezone(profile.zone).date()
    reading = OdometerReading(day, round(ODOMETER.read(new.odometer, profile).value, ODOMETER_PLACES))
    check_odometer(connection, profile, vehicle.id, reading, is_dated=day < today)
    expense = CREATE_EXPENSE.write(
        context, RatedExpense(new.expense(purchase.total, currency, f"Fuel for {vehicle.name}"), new.rates)
    )
    assert expense.undo is not None
    entry_id = create_entry(
        connection,
        profile.id,
        vehicle.id,
        reading,
        purchase.litres,
        is_full=new.is_full,
        expense_id=UUID(expense.undo["expense"]),
        now=context.now,
    )
    consumption = _new_consumption(context, vehicle, reading) if new.is_full else None
    entry = _figures(vehicle, reading, purchase, currency, consumption, UserContext(profile, None))
    return WriteResult(
        text=f"{_sentence(vehicle, reading, purchase, currency, consumption, new, context)} {expense.text}",
        data={"entry": entry | {"full_tank": new.is_full}, **expense.data},
        source=f"{profile.source_of('fuel log')}, {expense.source}",
        undo={"entry": str(entry_id), "expense": dict(expense.undo), "name": vehicle.name},
        simulated=expense.simulated,
    )


def _new_consumption(context: WriteContext, vehicle: Vehicle, reading: OdometerReading) -> Decimal | None:
    """Return the consumption of the stretch that ends with a new entry, if it is the log's last."""
    profile = context.profile
    log = read_fuel_log(context.connection, profile.id, vehicle.id, profile.currency)
    stretches = full_tank_stretches(log)
    is_last = (log[-1].day, log[-1].odometer_km) == (reading.day, reading.km)
    is_its_end = len(stretches) > len(full_tank_stretches(log[:-1]))
    return consumption_of(stretches[-1:]) if is_last and is_its_end else None


def _figures(
    vehicle: Vehicle,
    reading: OdometerReading,
    purchase: FuelPurchase,
    currency: str,
    consumption: Decimal | None,
    user: UserContext,
) -> dict[str, Any]:
    return {
        "vehicle": vehicle.name,
        "date": reading.day.isoformat(),
        "odometer": float(own_distance(reading.km, user.profile)),
        "distance_unit": user.units.distance_unit,
        "volume": round(user.units.volume(float(purchase.litres)), 3),
        "volume_unit": user.units.volume_unit,
        "price": str(unit_price(purchase.total / purchase.litres, user.units.volume_unit)),
        "total": str(purchase.total),
        "currency": currency,
        "consumption": None if consumption is None else round(user.units.consumption(float(consumption)), 1),
        "consumption_unit": user.units.consumption_unit,
    }


def _sentence(
    vehicle: Vehicle,
    reading: OdometerReading,
    purchase: FuelPurchase,
    currency: str,
    consumption: Decimal | None,
    new: NewFuelEntry,
    context: WriteContext,
) -> str:
    user = UserContext(context.profile, None)
    tank = "a full tank" if new.is_full else "not a full tank"
    price = per_unit_text(purchase.total / purchase.litres, currency, user)
    text = (
        f"Logged {volume_text(purchase.litres, user)} for “{vehicle.name}” at {price}, {tank}, "
        f"at {format_km(reading.km, context.profile)}."
    )
    if consumption is None:
        return text
    return f"{text} That is {consumption_text(float(consumption), user)} since the last full tank."


def _remove(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    assert CREATE_EXPENSE.undo is not None
    expense = CREATE_EXPENSE.undo(context, undo["expense"])
    delete_entry(context.connection, context.profile.id, UUID(undo["entry"]))
    return UndoResult(f"The entry is out of the fuel log of “{undo['name']}”. {expense.text}", expense.data)


ADD_FUEL_ENTRY = WriteOperation("add_fuel_entry", _add, _remove)
"""Records a purchase of fuel in a vehicle's log, and as an expense."""
