"""The readings of a vehicle's odometer, in its fuel log and its maintenance: later ones are never lower."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from pam.platform.errors import INVALID_ODOMETER, PamError
from pam.platform.postgres import Connection
from pam.travel.units import MILE_KM, Units
from pam.users.formatting import format_day, format_number
from pam.users.profile import Profile

ODOMETER_PLACES = 3
"""The decimal places of kilometres that are stored."""


@dataclass(frozen=True)
class OdometerReading:
    """What an odometer showed on a day, in km."""

    day: date
    km: Decimal


_READINGS = """
select day, km
  from (select filled_on as day, odometer_km as km
          from fuel_log
         where user_id = %(user)s and vehicle_id = %(vehicle)s
        union all
        select done_on, odometer_km
          from maintenance_records
         where user_id = %(user)s and vehicle_id = %(vehicle)s and odometer_km is not null) as readings
"""

_HIGHEST_UNTIL = f"{_READINGS} where day < %(before)s order by km desc, day desc limit 1"
_LOWEST_AFTER = f"{_READINGS} where day > %(day)s order by km, day limit 1"
_LAST = f"{_READINGS} order by km desc, day desc limit 1"


def check_odometer(
    connection: Connection, profile: Profile, vehicle_id: UUID, reading: OdometerReading, *, is_dated: bool
) -> None:
    """Check that the odometer doesn't go back. The vehicle must be locked.

    A reading whose day the user named may be between others of that day; else it is the last one. Raises `PamError`
    (`invalid_odometer`) that names the reading which it contradicts.
    """
    before = reading.day if is_dated else reading.day + timedelta(days=1)
    scope = {"user": profile.id, "vehicle": vehicle_id, "day": reading.day, "before": before}
    row = connection.execute(_HIGHEST_UNTIL, scope).fetchone()
    if row is not None and row["km"] > reading.km:
        advice = "" if is_dated else " If this is an earlier one, name its date."
        raise PamError(
            INVALID_ODOMETER,
            f"The odometer can't go back to {format_km(reading.km, profile)}: it was at "
            f"{_reading_text(OdometerReading(**row), profile)}.{advice}",
            field="odometer",
        )
    row = connection.execute(_LOWEST_AFTER, scope).fetchone()
    if row is not None and row["km"] < reading.km:
        raise PamError(
            INVALID_ODOMETER,
            f"The odometer can't be at {format_km(reading.km, profile)} that early: it was at "
            f"{_reading_text(OdometerReading(**row), profile)}.",
            field="odometer",
        )


def read_odometer(connection: Connection, user_id: UUID, vehicle_id: UUID) -> OdometerReading | None:
    """Return the last reading; None where there is none."""
    row = connection.execute(_LAST, {"user": user_id, "vehicle": vehicle_id}).fetchone()
    return None if row is None else OdometerReading(**row)


def format_km(km: Decimal, profile: Profile) -> str:
    """Format a distance in the user's unit, such as `45,210 mi`."""
    return f"{format_number(own_distance(km, profile), profile)} {Units(profile.units).distance_unit}"


def own_distance(km: Decimal, profile: Profile) -> Decimal:
    """Convert km to the user's unit, to the tenth."""
    return round(km if profile.units == "metric" else km / MILE_KM, 1)


def _reading_text(reading: OdometerReading, profile: Profile) -> str:
    day = format_day(reading.day, profile)
    return f"{format_km(reading.km, profile)} on {day}"
