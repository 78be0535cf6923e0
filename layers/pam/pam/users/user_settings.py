"""A user's settings: changing some of them, and restoring them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from pam.platform.postgres import Connection
from pam.users.field_changes import FieldChanges


class Theme(StrEnum):
    """The colours of the page."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class OwnSettings:
    """What a user has set. `time_zone` is an IANA name, `locale` a language and country such as `en_US`."""

    units: str
    currency: str
    time_zone: str
    locale: str
    notifications: bool
    theme: str


# Concurrent changes wait for each other; `no key update` lets others insert rows that refer to the user.
_LOCK_SETTINGS = """
select units, currency, time_zone, locale, notifications, theme
  from users
 where id = %(user)s
   for no key update
"""

_STORE_SETTINGS = """
update users
   set units = %(units)s, currency = %(currency)s, time_zone = %(time_zone)s, locale = %(locale)s,
       notifications = %(notifications)s, theme = %(theme)s
 where id = %(user)s
"""


def change_settings(
    connection: Connection, user_id: UUID, changes: Mapping[str, Any]
) -> tuple[OwnSettings, FieldChanges]:
    """Change the settings that are named; return all of them, and what changed. The user's row must exist."""
    old = asdict(_lock(connection, user_id))
    new = old | dict(changes)
    _store(connection, user_id, new)
    return OwnSettings(**new), FieldChanges.between(old, new)


def restore_settings(connection: Connection, user_id: UUID, changes: FieldChanges) -> None:
    """Restore what `change_settings` changed; does nothing if it is restored already.

    Raises `PamError` (`modified_since`) if a setting was changed again since.
    """
    current = asdict(_lock(connection, user_id))
    _store(connection, user_id, current | dict(changes.restored(current)))


def _lock(connection: Connection, user_id: UUID) -> OwnSettings:
    row = connection.execute(_LOCK_SETTINGS, {"user": user_id}).fetchone()
    assert row is not None
    return OwnSettings(**row)


def _store(connection: Connection, user_id: UUID, settings: Mapping[str, Any]) -> None:
    connection.execute(_STORE_SETTINGS, {"user": user_id, **settings})
