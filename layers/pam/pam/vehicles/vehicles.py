"""Vehicles: recorded, changed and found by their names. Every change gives a vehicle another version.

An undo restores the version before, and leaves a vehicle as it is that was changed since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation

from pam.platform.errors import (
    AMBIGUOUS_VEHICLE,
    INVALID_REQUEST,
    MODIFIED_SINCE,
    NAME_TAKEN,
    VEHICLE_NOT_FOUND,
    ErrorChoice,
    PamError,
)
from pam.platform.postgres import Connection, Row
from pam.users.name_matches import MAX_CHOICES, NameMatch, pick_match
from pam.users.profile import Profile, ensure_user
from pam.vehicles.fields import VehicleFields


@dataclass(frozen=True)
class Vehicle:
    """A stored vehicle, in metric units. None or an empty text: not stated."""

    id: UUID
    name: str
    kind: str
    make: str
    model: str
    model_year: int | None
    fuel_type: str | None
    consumption_l_per_100km: Decimal | None
    tank_l: Decimal | None
    height_m: Decimal | None
    length_m: Decimal | None
    width_m: Decimal | None
    weight_kg: Decimal | None
    axles: int | None
    carries_propane: bool | None
    towed: str
    version: UUID | None


@dataclass(frozen=True)
class ChangedVehicle:
    """A vehicle before and after a change."""

    before: Vehicle
    after: Vehicle

    def undo_json(self) -> dict[str, Any] | None:
        """Return what `restore_vehicle` needs, as JSON values; None where nothing was changed."""
        if self.before == self.after:
            return None
        values = {
            name: value if value is None or isinstance(value, str | int | bool) else str(value)
            for name, value in asdict(self.before).items()
        }
        return {"before": values, "version": str(self.after.version)}


_COLUMNS = ", ".join(Vehicle.__dataclass_fields__)

_INSERT = f"""
insert into vehicles (user_id, name, kind, make, model, model_year, fuel_type, consumption_l_per_100km, tank_l,
                      height_m, length_m, width_m, weight_kg, axles, carries_propane, towed, created_at)
values (%(user)s, %(name)s, %(kind)s, %(make)s, %(model)s, %(model_year)s, %(fuel_type)s, %(consumption_l_per_100km)s,
        %(tank_l)s, %(height_m)s, %(length_m)s, %(width_m)s, %(weight_kg)s, %(axles)s, %(carries_propane)s, %(towed)s,
        %(now)s)
on conflict (user_id, lower(name)) do nothing
returning {_COLUMNS}
"""

_UPDATE = f"""
update vehicles
   set name = %(name)s, kind = %(kind)s, make = %(make)s, model = %(model)s, model_year = %(model_year)s,
       fuel_type = %(fuel_type)s, consumption_l_per_100km = %(consumption_l_per_100km)s, tank_l = %(tank_l)s,
       height_m = %(height_m)s, length_m = %(length_m)s, width_m = %(width_m)s, weight_kg = %(weight_kg)s,
       axles = %(axles)s, carries_propane = %(carries_propane)s, towed = %(towed)s, version = %(version)s
 where id = %(id)s and user_id = %(user)s
returning {_COLUMNS}
"""

_SELECT_ALL = f"select {_COLUMNS} from vehicles where user_id = %(user)s order by created_at, id"

_LOCK = f"select {_COLUMNS} from vehicles where id = %(id)s and user_id = %(user)s for update"

_DELETE_UNUSED = """
delete from vehicles
 where id = %(id)s and user_id = %(user)s and version is null
   and not exists (select from fuel_log where vehicle_id = %(id)s)
   and not exists (select from maintenance_records where vehicle_id = %(id)s)
returning id
"""

_UNSTATED = dict.fromkeys(Vehicle.__dataclass_fields__) | {"make": "", "model": "", "towed": ""}


def create_vehicle(connection: Connection, profile: Profile, fields: VehicleFields, now: datetime) -> Vehicle:
    """Insert a vehicle, whose name and kind are stated. Raises `PamError`: `name_taken`, and what `columns` raises."""
    values = _UNSTATED | fields.columns(profile) | {"user": profile.id, "now": now}
    ensure_user(connection, profile.id)
    row = connection.execute(_INSERT, values).fetchone()
    if row is None:
        raise _name_taken(str(values["name"]))
    return Vehicle(**row)


def delete_new_vehicle(connection: Connection, user_id: UUID, vehicle_id: UUID) -> None:
    """Delete a vehicle that was created and not changed since; does nothing where it is gone.

    Raises `PamError` (`modified_since`) where it was changed, or fuel or maintenance was recorded for it.
    """
    scope = {"id": vehicle_id, "user": user_id}
    # An entry that is being recorded has the lock: it is seen by the next statement.
    if connection.execute(_LOCK, scope).fetchone() is None:
        return
    if connection.execute(_DELETE_UNUSED, scope).fetchone() is None:
        raise PamError(MODIFIED_SINCE, "That vehicle was changed or has entries in its log since, so it stays.")


def change_vehicle(connection: Connection, profile: Profile, name: str | None, fields: VehicleFields) -> ChangedVehicle:
    """Change the stated fields of a vehicle, the others stay.

    Raises `PamError`: what `find_vehicle` and `VehicleFields.columns` raise, `invalid_request` where nothing is stated,
    and `name_taken`.
    """
    columns = fields.columns(profile)
    if not columns:
        raise PamError(INVALID_REQUEST, "Say what to change of the vehicle.", field="changes")
    before = lock_vehicle(connection, profile.id, name, changes_row=True)
    after = replace(before, **columns)
    if after == before:
        return ChangedVehicle(before, before)
    return ChangedVehicle(before, _store(connection, profile.id, asdict(after) | {"version": uuid4()}))


def restore_vehicle(connection: Connection, user_id: UUID, undo: Mapping[str, Any]) -> Vehicle:
    """Undo the change with this `undo_json`; does nothing if it is undone already.

    Raises `PamError` (`modified_since`) if the vehicle was changed after it, or its name is taken.
    """
    before = undo["before"]
    row = connection.execute(_LOCK, {"id": before["id"], "user": user_id}).fetchone()
    version = row and row["version"] and str(row["version"])
    if row is not None and version == before["version"]:
        return Vehicle(**row)
    if row is None or version != undo["version"]:
        raise PamError(MODIFIED_SINCE, "That vehicle was changed again since, so it stays as it is.")
    return _store(connection, user_id, before)


def find_vehicle(connection: Connection, user_id: UUID, name: str | None, *, changes_row: bool = False) -> Vehicle:
    """Return the vehicle with a name, or with words of name, kind, make and model that only one has.

    Without a name it is the only vehicle. What `changes_row` says is in `pick_match`.

    Raises `PamError`: `vehicle_not_found`, and `ambiguous_vehicle` with the names to choose from.
    """
    vehicles = [Vehicle(**row) for row in connection.execute(_SELECT_ALL, {"user": user_id}).fetchall()]
    if not vehicles:
        raise PamError(VEHICLE_NOT_FOUND, "PAM knows no vehicle of yours yet. Add it first.", field="vehicle")
    every = [NameMatch(vehicle, True, ErrorChoice(f"“{vehicle.name}”", vehicle.name)) for vehicle in vehicles]
    matches = every if name is None else _matching(every, name)
    question = "Which vehicle is it"
    found = pick_match(matches, question, error=AMBIGUOUS_VEHICLE, field="vehicle", changes_row=changes_row)
    if found is not None:
        return found
    choices = [match.choice for match in every[:MAX_CHOICES]]
    names = ", ".join(choice.text for choice in choices)
    raise PamError(VEHICLE_NOT_FOUND, f"You have no such vehicle. PAM knows {names}.", field="vehicle", choices=choices)


def lock_vehicle(connection: Connection, user_id: UUID, name: str | None, *, changes_row: bool = False) -> Vehicle:
    """Return what `find_vehicle` finds, locked until the end of the transaction. Raises what it raises."""
    found = find_vehicle(connection, user_id, name, changes_row=changes_row)
    row: Row | None = connection.execute(_LOCK, {"id": found.id, "user": user_id}).fetchone()
    if row is None:  # an undo has deleted it since
        raise PamError(VEHICLE_NOT_FOUND, "That vehicle is gone.", field="vehicle")
    return Vehicle(**row)


def _matching(every: Sequence[NameMatch[Vehicle]], name: str) -> Sequence[NameMatch[Vehicle]]:
    """Return the vehicle of a name, else those that are called so, else those with these words in what they are."""
    sought = _normalize(name)
    by_name = [match for match in every if _normalize(match.row.name) == sought]
    if by_name:
        return by_name
    words = sought.removeprefix("the ").removeprefix("my ")
    designated = [(match, _designations(match.row)) for match in every]
    return [
        replace(match, is_whole=words in designations)
        for match, designations in designated
        if any(f" {words} " in f" {each} " for each in designations)
    ]


def _designations(vehicle: Vehicle) -> list[str]:
    """Return what a vehicle may be called."""
    names = (vehicle.name, vehicle.kind.replace("_", " "), vehicle.make, vehicle.model)
    return [_normalize(each) for each in (*names, f"{vehicle.make} {vehicle.model}")]


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())


def _store(connection: Connection, user_id: UUID, values: Mapping[str, Any]) -> Vehicle:
    try:
        row = connection.execute(_UPDATE, {**values, "user": user_id}).fetchone()
    except UniqueViolation:
        raise _name_taken(values["name"]) from None
    assert row is not None
    return Vehicle(**row)


def _name_taken(name: str) -> PamError:
    return PamError(NAME_TAKEN, f"You have a vehicle called “{name}” already.", field="name")
