"""The settings of a user: time zone, currency, locale and units of measurement."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.platform.postgres import Connection, Row
from pam.users.time_zones import parse_time_zone


@dataclass(frozen=True)
class Profile:
    """The settings of a user.

    `locale` is a language and territory such as `en_US`; `currency` an ISO 4217 code; `units` is `imperial` or
    `metric`. `simulated` marks a demo user, whose figures must be marked as simulated in every answer.
    """

    id: UUID
    zone: ZoneInfo
    currency: str
    locale: str
    units: str = "imperial"
    simulated: bool = False

    @property
    def expenses_source(self) -> str:
        """The name of the source in answers from the user's own expenses."""
        return self.source_of("expenses")

    def source_of(self, what: str) -> str:
        """Return the name of a source of the user's own data, such as `Your fuel log in PAM`."""
        return f"Your {what} in PAM (simulated)" if self.simulated else f"Your {what} in PAM"

    def in_zone(self, zone: ZoneInfo | None) -> "Profile":
        """Return the profile with the time zone `zone`; unchanged if it is None."""
        return self if zone is None else replace(self, zone=zone)


DEFAULTS: Row = {
    "time_zone": "America/Denver",
    "currency": "USD",
    "locale": "en_US",
    "units": "imperial",
    "simulated": False,
}

SELECT_PROFILE = "select time_zone, currency, locale, units, simulated from users where id = %(user)s"


def read_profile(connection: Connection, user_id: UUID) -> Profile:
    """Read the settings of a user; the defaults if none are saved."""
    return profile_from_row(user_id, connection.execute(SELECT_PROFILE, {"user": user_id}).fetchone())


def read_created_at(connection: Connection, user_id: UUID) -> datetime | None:
    """Read when the user was first known; None if nothing is saved of them."""
    row = connection.execute("select created_at from users where id = %s", (user_id,)).fetchone()
    return None if row is None else row["created_at"]


def default_profile(user_id: UUID) -> Profile:
    """Return the settings of a user without saved settings."""
    return profile_from_row(user_id, None)


def profile_from_row(user_id: UUID, row: Row | None) -> Profile:
    """Return the profile from a row of `SELECT_PROFILE`, or the defaults if `row` is None."""
    row = row or DEFAULTS
    zone = parse_time_zone(row["time_zone"])
    return Profile(user_id, zone, row["currency"], row["locale"], row["units"], row["simulated"])


def ensure_user(connection: Connection, user_id: UUID) -> None:
    """Insert the user's row, which all other tables refer to; does nothing if it exists."""
    connection.execute("insert into users (id) values (%s) on conflict (id) do nothing", (user_id,))
