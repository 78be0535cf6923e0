"""The user's vehicle, as far as an answer needs it."""

from dataclasses import dataclass
from uuid import UUID

from pam.platform.errors import VEHICLE_NOT_FOUND, PamError
from pam.platform.postgres import Connection, Row


@dataclass(frozen=True)
class Rig:
    """A vehicle and its consumption. None: unknown."""

    name: str
    fuel_type: str | None
    litres_per_100km: float | None


# With a car and a motorhome, a question is about the motorhome; of several, about the newest.
SELECT_RIG = """
select name, fuel_type, consumption_l_per_100km
  from vehicles
 where user_id = %(user)s
 order by kind = 'car', created_at desc
 limit 1
"""


def read_rig(connection: Connection, user_id: UUID) -> Rig | None:
    """Return the vehicle that questions are about, None for a user without one."""
    return rig_from_row(connection.execute(SELECT_RIG, {"user": user_id}).fetchone())


_SELECT_NAMED = """
select name, fuel_type, consumption_l_per_100km
  from vehicles
 where user_id = %(user)s and lower(name) = lower(%(name)s)
 order by created_at desc
 limit 1
"""


def read_named_rig(connection: Connection, user_id: UUID, name: str) -> Rig:
    """Return the user's vehicle of this name. Raises `PamError` (`vehicle_not_found`)."""
    rig = rig_from_row(connection.execute(_SELECT_NAMED, {"user": user_id, "name": name}).fetchone())
    if rig is None:
        raise PamError(VEHICLE_NOT_FOUND, "You have no vehicle of that name in PAM.", field="vehicle")
    return rig


def rig_from_row(row: Row | None) -> Rig | None:
    """Return the rig of a row of `SELECT_RIG`."""
    if row is None:
        return None
    consumption = row["consumption_l_per_100km"]
    return Rig(
        name=row["name"],
        fuel_type=row["fuel_type"],
        litres_per_100km=None if consumption is None else float(consumption),
    )
