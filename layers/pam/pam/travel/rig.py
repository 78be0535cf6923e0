"""The user's vehicle, as far as an answer needs it."""

from dataclasses import dataclass
from uuid import UUID

from pam.platform.postgres import Connection, Row


@dataclass(frozen=True)
class Rig:
    """A vehicle, its consumption, and what a road may be too low or too weak for. None: unknown."""

    name: str
    fuel_type: str | None
    litres_per_100km: float | None
    height_m: float | None = None
    weight_kg: float | None = None


RIG_COLUMNS = "name, fuel_type, consumption_l_per_100km, height_m, weight_kg"
"""What `rig_from_row` reads."""

# With a car and a motorhome, a question is about the motorhome; of several, about the newest that uses fuel, which
# a trailer doesn't.
SELECT_RIG = f"""
select {RIG_COLUMNS}
  from vehicles
 where user_id = %(user)s
 order by kind = 'car', consumption_l_per_100km is null, created_at desc
 limit 1
"""


def read_rig(connection: Connection, user_id: UUID) -> Rig | None:
    """Return the vehicle that questions are about, None for a user without one."""
    return rig_from_row(connection.execute(SELECT_RIG, {"user": user_id}).fetchone())


def rig_from_row(row: Row | None) -> Rig | None:
    """Return the rig of a row of `SELECT_RIG`."""
    if row is None:
        return None
    consumption, height, weight = (
        None if value is None else float(value)
        for value in (row["consumption_l_per_100km"], row["height_m"], row["weight_kg"])
    )
    return Rig(row["name"], row["fuel_type"], consumption, height, weight)
