"""Favorite spots: bookmarks of places, each saved once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pam.platform.errors import INVALID_REQUEST
from pam.platform.postgres import Connection
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser

parse_spot_name = TextParser("name", 100, required=True)
parse_notes = TextParser("notes", 1000)
parse_rating = WholeNumberParser("rating", 1, 5, INVALID_REQUEST)


class SpotKind(StrEnum):
    """The kind of a spot."""

    CAMPGROUND = "campground"
    BOONDOCKING = "boondocking"
    FUEL = "fuel"
    FOOD = "food"
    SCENIC = "scenic"
    HIKE = "hike"
    SERVICE = "service"
    OTHER = "other"


@dataclass(frozen=True)
class Spot:
    """A bookmark: the user's name for it, the full name of the place, its position in degrees, notes and rating."""

    name: str
    place: str
    latitude: float
    longitude: float
    kind: SpotKind
    notes: str
    rating: int | None


_SAVE = """
insert into favorite_spots (user_id, name, place, latitude, longitude, kind, notes, rating, created_at)
values (%(user)s, %(name)s, %(place)s, %(latitude)s, %(longitude)s, %(kind)s, %(notes)s, %(rating)s, %(now)s)
on conflict (user_id, lower(name), lower(place)) do nothing
returning id
"""


def save_spot(connection: Connection, user_id: UUID, spot: Spot, now: datetime) -> UUID | None:
    """Save a spot and return its id, or None where the user has one of that name at that place."""
    row = connection.execute(_SAVE, vars(spot) | {"user": user_id, "now": now}).fetchone()
    return None if row is None else row["id"]


def delete_spot(connection: Connection, user_id: UUID, spot_id: UUID) -> None:
    """Delete a spot; does nothing where there is none."""
    connection.execute("delete from favorite_spots where id = %s and user_id = %s", (spot_id, user_id))
