"""Places that users share for some hours: with nobody unless they do. Postgres ends it, and decides who sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.community.audiences import Audience, narrower, require_public_settings
from pam.platform.errors import PLACE_IS_PRIVATE, PamError
from pam.platform.postgres import Connection
from pam.users.whole_numbers import WholeNumberParser

MAX_HOURS = 168
DEFAULT_HOURS = 24

parse_hours = WholeNumberParser("hours", 0, MAX_HOURS)


@dataclass(frozen=True)
class SharedPlace:
    """A place that another user shares: position in degrees, until when."""

    name: str
    place: str
    latitude: float
    longitude: float
    expires_at: datetime

    @property
    def point(self) -> tuple[float, float]:
        return self.latitude, self.longitude


# Postgres says what time it is, as its policy does.
_SHARE = """
insert into shared_places (user_id, place, latitude, longitude, audience, expires_at)
values (%(user)s, %(place)s, %(latitude)s, %(longitude)s, %(audience)s, now() + make_interval(hours => %(hours)s))
on conflict (user_id) do update
   set place = excluded.place, latitude = excluded.latitude, longitude = excluded.longitude,
       audience = excluded.audience, shared_at = now(), expires_at = excluded.expires_at
returning expires_at
"""
_STOP = "delete from shared_places where user_id = %s returning expires_at > now() as was_shared"
# All longitudes: a circle may contain the 180th meridian.
_SELECT_SHARED = """
select owner.display_name as name, s.place, s.latitude, s.longitude, s.expires_at
  from shared_places s
  join public_profiles owner on owner.user_id = s.user_id
 where s.user_id <> %(user)s and s.expires_at > now() and s.latitude between %(south)s and %(north)s
"""


def blur(point: tuple[float, float]) -> tuple[float, float]:
    """Round a position to about a kilometre: that of a device is shared no more exactly."""
    return round(point[0], 2), round(point[1], 2)


def read_effective_audience(connection: Connection, user_id: UUID, audience: Audience) -> Audience:
    """Return who would see a place that the user shares with an audience: those who also see it by the settings.

    Raises `PamError`: `profile_needed`, `place_is_private`.
    """
    effective = narrower(audience, require_public_settings(connection, user_id).place)
    if effective is Audience.NOBODY:
        raise PamError(
            PLACE_IS_PRIVATE, "Your privacy settings show your place to nobody. Change them first, to share it."
        )
    return effective


def share_place(
    connection: Connection, user_id: UUID, place: str, point: tuple[float, float], audience: Audience, hours: int
) -> datetime:
    """Share a place in place of the one before, for 1 to `MAX_HOURS` hours from now; return when that ends."""
    latitude, longitude = point
    scope: dict[str, Any] = {"user": user_id, "place": place, "latitude": latitude, "longitude": longitude}
    row = connection.execute(_SHARE, scope | {"audience": audience.value, "hours": hours}).fetchone()
    assert row is not None
    expires_at: datetime = row["expires_at"]
    return expires_at


def stop_sharing(connection: Connection, user_id: UUID) -> bool:
    """Share no place any more; return whether one was shared."""
    row = connection.execute(_STOP, (user_id,)).fetchone()
    return row is not None and bool(row["was_shared"])


def read_shared_places(connection: Connection, user_id: UUID, south: float, north: float) -> list[SharedPlace]:
    """Read the places between two latitudes that others share with this user now."""
    rows = connection.execute(_SELECT_SHARED, {"user": user_id, "south": south, "north": north})
    return [SharedPlace(**row) for row in rows]
