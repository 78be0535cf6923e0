"""A user's settings and rig, for answers that are otherwise the same for all users."""

from dataclasses import dataclass
from uuid import UUID

from pam.answers.cached_answer import ComputedValue, read_through
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.cache.user_cache import FRESH_FOR
from pam.platform.deadline import Deadline
from pam.platform.postgres import DatabaseUnavailable
from pam.travel.rig import Rig, read_rig
from pam.travel.units import Units
from pam.users.profile import Profile, default_profile, read_profile
from pam.users.time_zones import parse_time_zone


@dataclass(frozen=True)
class UserContext:
    """The user whose units, currency and language an answer takes, and their rig, if PAM knows it."""

    profile: Profile
    rig: Rig | None

    @property
    def units(self) -> Units:
        """The units that the user measures in."""
        return Units(self.profile.units)

    @property
    def country_code(self) -> str:
        """The country of the user's locale: ISO 3166."""
        return self.profile.locale.split("_")[1]


@json_dataclass
class SavedSettings:
    """A user's settings and rig as they are cached."""

    time_zone: str
    currency: str
    locale: str
    units: str
    simulated: bool
    rig: Rig | None


def read_user_context(dependencies: UserDependencies, user_id: UUID, deadline: Deadline) -> UserContext:
    """Return a user's settings from the cache, else from Postgres.

    Where neither has them, a user with default settings: every answer names its units, so it is still right.
    """

    def compute() -> ComputedValue[SavedSettings]:
        with dependencies.database.session(user_id, deadline) as connection:
            profile, rig = read_profile(connection, user_id), read_rig(connection, user_id)
        now = dependencies.clock()
        return ComputedValue(_settings(profile, rig), now, now + FRESH_FOR)

    try:
        settings = read_through(dependencies, user_id, "settings", SavedSettings, compute).value
    except DatabaseUnavailable:
        return UserContext(default_profile(user_id), None)
    profile = Profile(
        id=user_id,
        zone=parse_time_zone(settings.time_zone),
        currency=settings.currency,
        locale=settings.locale,
        units=settings.units,
        simulated=settings.simulated,
    )
    return UserContext(profile, settings.rig)


def _settings(profile: Profile, rig: Rig | None) -> SavedSettings:
    return SavedSettings(
        time_zone=profile.zone.key,
        currency=profile.currency,
        locale=profile.locale,
        units=profile.units,
        simulated=profile.simulated,
        rig=rig,
    )
