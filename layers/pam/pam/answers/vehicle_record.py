"""A vehicle that is added or changed: as JSON values and in a sentence, in the user's units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.fuel_figures import consumption_text
from pam.answers.fuel_price import us_gallons
from pam.answers.user_context import UserContext
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.travel.dimensions import format_dimension, format_weight
from pam.users.formatting import format_number
from pam.users.profile import Profile
from pam.vehicles.fields import VehicleFields
from pam.vehicles.vehicles import Vehicle, change_vehicle, create_vehicle, delete_new_vehicle, restore_vehicle


@dataclass(frozen=True)
class VehicleChange:
    """The name of a vehicle, None for the only one, and the fields to change."""

    vehicle: str | None
    fields: VehicleFields


def vehicle_figures(vehicle: Vehicle, profile: Profile) -> dict[str, Any]:
    """Return what is stated of a vehicle as JSON values; measures are text in the user's units."""
    figures: dict[str, Any] = {
        "name": vehicle.name,
        "kind": vehicle.kind,
        "make": vehicle.make or None,
        "model": vehicle.model or None,
        "year": vehicle.model_year,
        "fuel": vehicle.fuel_type,
        **_measures(vehicle, profile),
        "axles": vehicle.axles,
        "propane": vehicle.carries_propane,
        "towed": vehicle.towed or None,
    }
    return {name: value for name, value in figures.items() if value is not None}


def vehicles_source(profile: Profile) -> str:
    """Return the name of the source in answers from the user's vehicles."""
    return profile.source_of("vehicles")


def _measures(vehicle: Vehicle, profile: Profile) -> dict[str, str]:
    user = UserContext(profile, None)
    measures = {}
    if vehicle.consumption_l_per_100km is not None:
        measures["consumption"] = consumption_text(float(vehicle.consumption_l_per_100km), user)
    if vehicle.tank_l is not None:
        volume = format_number(user.units.volume(float(vehicle.tank_l)), profile, 1)
        measures["tank"] = f"{volume} {us_gallons(user.units.volume_unit, user)}"
    for name, metres in (("height", vehicle.height_m), ("length", vehicle.length_m), ("width", vehicle.width_m)):
        if metres is not None:
            measures[name] = format_dimension(metres, profile)
    if vehicle.weight_kg is not None:
        measures["weight"] = format_weight(vehicle.weight_kg, profile)
    return measures


def _description(vehicle: Vehicle, profile: Profile) -> str:
    """Render everything that is stated of a vehicle, such as `2015 Ford E-450, motorhome, height 12 ft 6 in`."""
    model = " ".join(str(part) for part in (vehicle.model_year, vehicle.make, vehicle.model) if part)
    parts = [part for part in (model, vehicle.kind.replace("_", " "), vehicle.fuel_type) if part]
    parts += [f"{name} {text}" for name, text in _measures(vehicle, profile).items()]
    if vehicle.axles is not None:
        parts.append(f"{vehicle.axles} axle{'' if vehicle.axles == 1 else 's'}")
    if vehicle.carries_propane is not None:
        parts.append("propane on board" if vehicle.carries_propane else "no propane on board")
    if vehicle.towed:
        parts.append(f"towing {vehicle.towed}")
    return ", ".join(parts)


def _result(text: str, vehicle: Vehicle, profile: Profile, undo: Mapping[str, Any] | None) -> WriteResult:
    return WriteResult(
        text=f"{text}: {_description(vehicle, profile)}.",
        data={"vehicle": vehicle_figures(vehicle, profile), "changed": undo is not None},
        source=vehicles_source(profile),
        undo=undo,
        simulated=profile.simulated,
    )


def _add(context: WriteContext, fields: VehicleFields) -> WriteResult:
    vehicle = create_vehicle(context.connection, context.profile, fields, context.now)
    undo = {"vehicle": str(vehicle.id), "name": vehicle.name}
    return _result(f"“{vehicle.name}” is saved", vehicle, context.profile, undo)


def _remove(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_new_vehicle(context.connection, context.profile.id, UUID(undo["vehicle"]))
    return UndoResult(f"“{undo['name']}” is no vehicle of yours any more.")


def _change(context: WriteContext, change: VehicleChange) -> WriteResult:
    changed = change_vehicle(context.connection, context.profile, change.vehicle, change.fields)
    undo = changed.undo_json()
    name = f"“{changed.after.name}”"
    text = f"{name} is as it was, nothing changed" if undo is None else f"{name} is changed"
    return _result(text, changed.after, context.profile, undo)


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    vehicle = restore_vehicle(context.connection, context.profile.id, undo)
    return UndoResult(f"“{vehicle.name}” is again: {_description(vehicle, context.profile)}.")


ADD_VEHICLE = WriteOperation("add_vehicle", _add, _remove)
"""Records a vehicle."""

UPDATE_VEHICLE = WriteOperation("update_vehicle", _change, _restore)
"""Changes a vehicle."""
