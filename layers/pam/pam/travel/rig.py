"""What the traveller drives, as far as an answer needs to know."""

from dataclasses import dataclass
from uuid import UUID

from pam.platform.postgres import Connection, Row


@dataclass(frozen=True)
class Rig:
    """A vehicle, and what it uses: litres for 100 km. None: not told."""

    name: str
    fuel_type: str | None
    litres_per_100km: float | None


# Who has a car beside the motorhome asks for what they live in; the newest of those.
SELECT_RIG = """
select name, fuel_type, consumption_l_per_100km
  from vehicles
 where user_id = %(user)s
 order by kind = 'car', created_at desc
 limit 1
"""


def read_rig(connection: Connection, user_id: UUID) -> Rig | None:
    """The vehicle that questions are about; None for a traveller who has told of none."""
    return rig_from_row(connection.execute(SELECT_RIG, {"user": user_id}).fetchone())


def rig_from_row(row: Row | None) -> Rig | None:
    """From a row of `RIG`."""
    if row is None:
        return None
    consumption = row["consumption_l_per_100km"]
    return Rig(
        name=row["name"],
        fuel_type=row["fuel_type"],
        litres_per_100km=None if consumption is None else float(consumption),
    )
