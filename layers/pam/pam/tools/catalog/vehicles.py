"""Tools for the traveller's vehicles, their fuel log and their maintenance."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from pam.answers.exchange_rates import rates_for_expense
from pam.answers.fuel_entry import ADD_FUEL_ENTRY, NewFuelEntry
from pam.answers.fuel_statistics import FuelLogQuery, fuel_statistics
from pam.answers.maintenance import ADD_MAINTENANCE_RECORD, NewMaintenance, maintenance_schedule
from pam.answers.vehicle_record import ADD_VEHICLE, UPDATE_VEHICLE, VehicleChange
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.amounts import Currency
from pam.money.exchange_rates import NO_RATES, RateTable
from pam.money.expenses import OptionalDay
from pam.money.typed_amounts import TypedAmount
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import Tool, ToolContext, ToolResult, read_tool, write_tool
from pam.tools.engine.results import to_tool_result
from pam.vehicles.fields import VehicleDetails, VehicleFields, VehicleKind, VehicleName, parse_vehicle_name
from pam.vehicles.maintenance import parse_interval_months, parse_maintenance_notes, parse_service
from pam.vehicles.measures import AS_TYPED, FUEL_VOLUME, INTERVAL, ODOMETER, TypedMeasure
from pam.vehicles.purchase import TypedPrice, parse_fuel_price

_TEXT = WithJsonSchema({"type": "string"})
_Named = Annotated[str | None, optional(parse_vehicle_name), _TEXT]
_Day = Annotated[OptionalDay, WithJsonSchema({"type": "string", "format": "date"})]
_Odometer = Annotated[TypedMeasure, BeforeValidator(ODOMETER.parse), AS_TYPED, _TEXT]
_OptionalOdometer = Annotated[TypedMeasure | None, BeforeValidator(ODOMETER.parse), AS_TYPED, _TEXT]
_Interval = Annotated[TypedMeasure | None, BeforeValidator(INTERVAL.parse), AS_TYPED, _TEXT]
_Volume = Annotated[TypedMeasure | None, BeforeValidator(FUEL_VOLUME.parse), AS_TYPED, _TEXT]
_Price = Annotated[TypedPrice | None, BeforeValidator(parse_fuel_price), AS_TYPED, _TEXT]
_Total = Annotated[TypedAmount, _TEXT]
_Months = Annotated[int | None, optional(parse_interval_months), WithJsonSchema({"type": "integer"})]


_Kind = Annotated[VehicleKind, WithJsonSchema({"type": "string", "enum": list(VehicleKind)})]
_Details = Annotated[
    VehicleDetails,
    WithJsonSchema(
        {
            "type": "object",
            "description": "make, model, year, fuel, axles, propane, towed; as written (12 ft 6 in): "
            "consumption, tank, height, length, width, weight.",
        }
    ),
]
_Changes = Annotated[
    VehicleFields, WithJsonSchema({"type": "object", "description": "name, kind, or details of add_vehicle."})
]


class AddVehicle(ToolArguments):
    """A vehicle to record."""

    name: VehicleName
    kind: _Kind
    details: _Details = VehicleDetails()


@write_tool(summary=lambda new: f"Saving “{new.name}”", undo=ADD_VEHICLE.undo)
def add_vehicle(context: WriteContext, new: AddVehicle) -> WriteResult:
    """Record a vehicle of the traveller."""
    details = {name: getattr(new.details, name) for name in type(new.details).model_fields}
    fields = VehicleFields(name=new.name, kind=new.kind, **details)
    return ADD_VEHICLE.write(context, fields)


class UpdateVehicle(ToolArguments):
    """The vehicle to change, and its new values."""

    vehicle: _Named = None
    changes: _Changes


@write_tool(
    summary=lambda change: f"Changing “{change.vehicle}”" if change.vehicle else "Changing your vehicle",
    undo=UPDATE_VEHICLE.undo,
)
def update_vehicle(context: WriteContext, change: UpdateVehicle) -> WriteResult:
    """Change what is recorded of a vehicle; the rest stays."""
    return UPDATE_VEHICLE.write(context, VehicleChange(change.vehicle, change.changes))


class AddFuelEntry(ToolArguments):
    """A fill-up to log."""

    currency: Annotated[Currency, WithJsonSchema({"type": "string"})] | None = None
    date: _Day = None
    full_tank: StrictBool
    odometer: _Odometer
    price: _Price = None
    total: _Total | None = None
    vehicle: _Named = None
    volume: _Volume = None


def _entry(arguments: AddFuelEntry, rates: RateTable = NO_RATES) -> NewFuelEntry:
    return NewFuelEntry(
        vehicle=arguments.vehicle,
        odometer=arguments.odometer,
        volume=arguments.volume,
        price=arguments.price,
        total=arguments.total,
        currency=arguments.currency,
        is_full=arguments.full_tank,
        day=arguments.date,
        rates=rates,
    )


def _find_rates(context: ToolContext, arguments: AddFuelEntry) -> RateTable:
    entry = _entry(arguments)
    # The amount isn't known yet, and the rate is that of the currency and the day.
    expense = entry.expense(arguments.total or Decimal(1), arguments.currency)
    dated = expense.model_copy(update={"timezone": context.zone, "typed_at": context.typed_at})
    return rates_for_expense(context.dependencies, context.user_id, dated, context.deadline)


@write_tool(summary=lambda _: "Logging a fill-up", undo=ADD_FUEL_ENTRY.undo, prepare=_find_rates)
def add_fuel_entry(context: WriteContext, arguments: AddFuelEntry, rates: RateTable) -> WriteResult:
    """Log a fill-up with its expense: two of volume, price, total."""
    return ADD_FUEL_ENTRY.write(context, _entry(arguments, rates))


class GetFuelStats(ToolArguments):
    """The vehicle and the days."""

    period: Annotated[str, _TEXT] | None = None
    vehicle: _Named = None


@read_tool(summary=lambda _: "Looking at your fuel log")
def get_fuel_stats(context: ToolContext, arguments: GetFuelStats) -> ToolResult:
    """Consumption, price and cost of fuel over time."""
    query = FuelLogQuery(arguments.vehicle, arguments.period or "all_time", context.zone, context.typed_at)
    return to_tool_result(fuel_statistics(context.dependencies, context.user_id, query, context.deadline))


class AddMaintenanceRecord(ToolArguments):
    """A service that was done."""

    date: _Day = None
    interval_distance: _Interval = None
    interval_months: _Months = None
    notes: Annotated[str, BeforeValidator(parse_maintenance_notes), _TEXT] = ""
    odometer: _OptionalOdometer = None
    service: Annotated[str, BeforeValidator(parse_service), _TEXT]
    vehicle: _Named = None


@write_tool(summary=lambda new: f"Recording {new.service}", undo=ADD_MAINTENANCE_RECORD.undo)
def add_maintenance_record(context: WriteContext, new: AddMaintenanceRecord) -> WriteResult:
    """Record a service of a vehicle; not its cost."""
    day: date | None = new.date
    record = NewMaintenance(
        new.vehicle, new.service, day, new.odometer, new.interval_distance, new.interval_months, new.notes
    )
    return ADD_MAINTENANCE_RECORD.write(context, record)


class GetMaintenanceSchedule(ToolArguments):
    """The vehicle."""

    vehicle: _Named = None


@read_tool(summary=lambda _: "Looking at your maintenance")
def get_maintenance_schedule(context: ToolContext, arguments: GetMaintenanceSchedule) -> ToolResult:
    """When each service of a vehicle is due."""
    return to_tool_result(
        maintenance_schedule(
            context.dependencies,
            context.user_id,
            arguments.vehicle,
            context.deadline,
            zone=context.zone,
            typed_at=context.typed_at,
        )
    )


TOOLS: tuple[Tool[Any], ...] = (
    add_vehicle,
    update_vehicle,
    add_fuel_entry,
    get_fuel_stats,
    add_maintenance_record,
    get_maintenance_schedule,
)
