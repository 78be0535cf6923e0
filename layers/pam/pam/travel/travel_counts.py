"""How many trips and favorite spots a user has saved."""

from dataclasses import dataclass
from uuid import UUID

from pam.platform.postgres import Connection


@dataclass(frozen=True)
class TravelCounts:
    """The user's saved trips, their distance by road in metres, and favorite spots."""

    trips: int
    trips_m: float
    favorite_spots: int


_SELECT_COUNTS = """
select count(*) as trips, coalesce(sum(distance_m), 0) as trips_m,
       (select count(*) from favorite_spots where user_id = %(user)s) as favorite_spots
  from trips
 where user_id = %(user)s
"""


def read_travel_counts(connection: Connection, user_id: UUID) -> TravelCounts:
    """Count what a user has saved."""
    row = connection.execute(_SELECT_COUNTS, {"user": user_id}).fetchone()
    assert row is not None
    return TravelCounts(**row)
