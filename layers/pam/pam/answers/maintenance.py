"""Maintenance of a vehicle: a record that is added, and what is due next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Count, Date, instant, one_of
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass, to_json
from pam.answers.vehicle_record import vehicles_source
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.platform.deadline import Deadline
from pam.platform.errors import DATE_IN_FUTURE, PamError
from pam.users.formatting import format_dates, pluralize
from pam.users.profile import Profile, read_profile
from pam.vehicles.maintenance import (
    DueService,
    MaintenanceRecord,
    create_record,
    delete_record,
    read_schedule,
)
from pam.vehicles.measures import INTERVAL, ODOMETER, TypedMeasure
from pam.vehicles.odometer import (
    ODOMETER_PLACES,
    OdometerReading,
    check_odometer,
    format_km,
    own_distance,
    read_odometer,
)
from pam.vehicles.vehicles import Vehicle, find_vehicle, lock_vehicle

MAX_SERVICES = 20
_MAX_NAMED = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class NewMaintenance:
    """A service as it was written; None for what wasn't stated."""

    vehicle: str | None
    service: str
    day: date | None
    odometer: TypedMeasure | None
    interval: TypedMeasure | None
    interval_months: int | None
    notes: str


@json_dataclass
class ScheduledService:
    """A service, when it was done last, and when it is due by date and odometer. Null: no such interval is recorded."""

    service: str
    status: Annotated[str, one_of("overdue", "upcoming", "no_interval")]
    last_done: Date
    last_odometer: float | None
    interval_distance: float | None
    interval_months: int | None
    due_date: Date | None
    due_odometer: float | None
    days_left: int | None
    distance_left: float | None


@json_dataclass
class MaintenanceSchedule(Answer):
    """The services of a vehicle by when they are due. `missing` says what isn't known."""

    vehicle: str
    odometer: Annotated[float | None, Field(description="The last recorded, in `distance_unit`.")]
    odometer_date: Date | None
    distance_unit: str
    services: tuple[ScheduledService, ...]
    more_services: Annotated[Count, Field(description="How many aren't listed.")]
    missing: tuple[str, ...]


def _add(context: WriteContext, new: NewMaintenance) -> WriteResult:
    connection, profile = context.connection, context.profile
    vehicle = lock_vehicle(connection, profile.id, new.vehicle)
    today = context.day_reference.astimezone(profile.zone).date()
    day = new.day or today
    if day > today:
        raise PamError(DATE_IN_FUTURE, "That day is still to come. Record a service once it is done.", field="date")
    km = None
    if new.odometer is not None:
        km = round(ODOMETER.read(new.odometer, profile).value, ODOMETER_PLACES)
        check_odometer(connection, profile, vehicle.id, OdometerReading(day, km), is_dated=day < today)
    interval = None if new.interval is None else round(INTERVAL.read(new.interval, profile).value, ODOMETER_PLACES)
    record = MaintenanceRecord(new.service, day, km, interval, new.interval_months, new.notes)
    record_id = create_record(connection, profile.id, vehicle.id, record, context.now)
    due = next(
        each
        for each in read_schedule(connection, profile.id, vehicle.id)
        if each.service.casefold() == new.service.casefold()
    )
    odometer = read_odometer(connection, profile.id, vehicle.id)
    at = "" if km is None else f" at {format_km(km, profile)}"
    return WriteResult(
        text=f"Recorded {new.service} for “{vehicle.name}” on {_day(day, profile)}{at}. "
        f"Next: {_due_text(due, profile)}.",
        data={
            "vehicle": vehicle.name,
            "service": new.service,
            "date": day.isoformat(),
            "next": to_json(_scheduled(due, odometer, today, profile)),
        },
        source=vehicles_source(profile),
        undo={"record": str(record_id), "service": new.service, "name": vehicle.name},
        simulated=profile.simulated,
    )


def _remove(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_record(context.connection, context.profile.id, UUID(undo["record"]))
    return UndoResult(f"The record of {undo['service']} for “{undo['name']}” is removed.")


ADD_MAINTENANCE_RECORD = WriteOperation("add_maintenance_record", _add, _remove)
"""Records a service of a vehicle."""


def maintenance_schedule(
    dependencies: UserDependencies,
    user_id: UUID,
    vehicle_name: str | None,
    deadline: Deadline,
    *,
    zone: ZoneInfo | None = None,
    typed_at: datetime | None = None,
) -> MaintenanceSchedule:
    """Return when each service of a vehicle is due. Raises what `find_vehicle` raises."""
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(zone)
        vehicle = find_vehicle(connection, user_id, vehicle_name)
        due = read_schedule(connection, user_id, vehicle.id)
        odometer = read_odometer(connection, user_id, vehicle.id)
    now = dependencies.clock()
    today = (typed_at or now).astimezone(profile.zone).date()
    due = sorted(due, key=lambda each: (not each.is_overdue(today, odometer), not each.has_interval))
    missing = tuple(_missing(due, odometer))
    return MaintenanceSchedule(
        text=" ".join([_sentences(vehicle, due, today, odometer, profile), *missing]),
        source=vehicles_source(profile),
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        vehicle=vehicle.name,
        odometer=float(own_distance(odometer.km, profile)) if odometer else None,
        odometer_date=odometer.day.isoformat() if odometer else None,
        distance_unit="km" if profile.units == "metric" else "mi",
        services=tuple(_scheduled(each, odometer, today, profile) for each in due[:MAX_SERVICES]),
        more_services=len(due[MAX_SERVICES:]),
        missing=missing,
    )


def _scheduled(due: DueService, odometer: OdometerReading | None, today: date, profile: Profile) -> ScheduledService:
    status = "overdue" if due.is_overdue(today, odometer) else "upcoming" if due.has_interval else "no_interval"
    left = None if due.due_km is None or odometer is None else due.due_km - odometer.km
    return ScheduledService(
        service=due.service,
        status=status,
        last_done=due.done_on.isoformat(),
        last_odometer=None if due.odometer_km is None else float(own_distance(due.odometer_km, profile)),
        interval_distance=None if due.interval_km is None else float(own_distance(due.interval_km, profile)),
        interval_months=due.interval_months,
        due_date=due.due_on.isoformat() if due.due_on else None,
        due_odometer=None if due.due_km is None else float(own_distance(due.due_km, profile)),
        days_left=(due.due_on - today).days if due.due_on else None,
        distance_left=None if left is None else float(own_distance(left, profile)),
    )


def _sentences(
    vehicle: Vehicle, due: list[DueService], today: date, odometer: OdometerReading | None, profile: Profile
) -> str:
    if not due:
        return f"No maintenance of “{vehicle.name}” is recorded."
    named = []
    for each in due[:_MAX_NAMED]:
        overdue = "overdue, " if each.is_overdue(today, odometer) else ""
        named.append(f"{each.service}: {overdue}{_due_text(each, profile)}")
    more = len(due) - len(named)
    return f"“{vehicle.name}”: {'; '.join(named)}{f'; and {more} more' if more else ''}."


def _due_text(due: DueService, profile: Profile) -> str:
    parts = []
    if due.due_on is not None:
        parts.append(f"on {_day(due.due_on, profile)}")
    if due.due_km is not None:
        parts.append(f"at {format_km(due.due_km, profile)}")
    elif due.interval_km is not None:
        parts.append(f"{format_km(due.interval_km, profile)} after it was done last")
    if not parts:
        return "not known, since no interval is recorded"
    return f"due {' or '.join(parts)}{', whichever comes first' if len(parts) > 1 else ''}"


def _missing(due: list[DueService], odometer: OdometerReading | None) -> list[str]:
    """Return a sentence for everything that isn't known."""
    sentences = []
    unknown = [each.service for each in due if each.interval_km is not None and each.odometer_km is None]
    if unknown:
        which = ", ".join(unknown[:_MAX_NAMED])
        sentences.append(f"At which odometer it is due isn't known where the last one isn't recorded: {which}.")
    if odometer is None and any(each.interval_km is not None for each in due):
        sentences.append("No odometer is recorded, so what is left of a distance isn't known.")
    without = sum(not each.has_interval for each in due)
    if without:
        sentences.append(f"{pluralize(without, 'service')} without an interval: PAM assumes none.")
    return sentences


def _day(day: date, profile: Profile) -> str:
    return format_dates(day, day + _DAY, profile)
