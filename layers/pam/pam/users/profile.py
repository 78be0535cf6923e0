"""A traveller's settings: they decide what "today" is, and which money, language and units an answer uses."""

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.platform.postgres import Connection, Row
from pam.users.time_zones import parse_time_zone


@dataclass(frozen=True)
class Profile:
    """Who is asking. `locale` is a language and territory such as `en_US`; `currency` ISO 4217; `units` is
    `imperial` or `metric`.

    `simulated` marks a made-up traveller, whose figures must be told as such.
    """

    id: UUID
    zone: ZoneInfo
    currency: str
    locale: str
    units: str = "imperial"
    simulated: bool = False

    @property
    def expenses_source(self) -> str:
        """What an answer names as the source of a traveller's own figures."""
        return "Your expenses in PAM (simulated)" if self.simulated else "Your expenses in PAM"

    def somewhere_else(self, zone: ZoneInfo | None) -> "Profile":
        """The same traveller, whose device says that they are in another time zone now."""
        return self if zone is None else replace(self, zone=zone)


_UNSAVED: Row = {
    "time_zone": "America/Denver",
    "currency": "USD",
    "locale": "en_US",
    "units": "imperial",
    "simulated": False,
}

SELECT_PROFILE = "select time_zone, currency, locale, units, simulated from users where id = %(user)s"


def read_profile(connection: Connection, user_id: UUID) -> Profile:
    """The settings of a traveller; the table's defaults for one who has saved nothing yet."""
    return profile_from_row(user_id, connection.execute(SELECT_PROFILE, {"user": user_id}).fetchone())


def default_profile(user_id: UUID) -> Profile:
    """The settings of somebody of whom nothing is known."""
    return profile_from_row(user_id, None)


def profile_from_row(user_id: UUID, row: Row | None) -> Profile:
    """From a row of `PROFILE`, or from none."""
    row = row or _UNSAVED
    zone = parse_time_zone(row["time_zone"])
    return Profile(user_id, zone, row["currency"], row["locale"], row["units"], row["simulated"])


def ensure_user(connection: Connection, user_id: UUID) -> None:
    """Makes the row that a first expense hangs on; does nothing where there is one."""
    connection.execute("insert into users (id) values (%s) on conflict (id) do nothing", (user_id,))
