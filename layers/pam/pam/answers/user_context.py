"""Who asks and what they drive, for answers that are otherwise the same for everybody."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.user_answer import ComputedAnswer, cached_answer
from pam.cache.user_cache import FRESH_FOR
from pam.platform.deadline import Deadline
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S, DatabaseUnavailable
from pam.travel.rig import Rig, read_rig
from pam.travel.units import Units
from pam.users.profile import Profile, default_profile, read_profile
from pam.users.time_zones import parse_time_zone


@dataclass(frozen=True)
class UserContext:
    """The traveller whose units, currency and language an answer takes, and their rig, if they have told of one."""

    profile: Profile
    rig: Rig | None

    @property
    def units(self) -> Units:
        """What they measure in."""
        return Units(self.profile.units)

    @property
    def country_code(self) -> str:
        """Where they come from, by their locale: ISO 3166."""
        return self.profile.locale.split("_")[1]


def read_user_context(parts: UserDependencies, user_id: UUID) -> UserContext:
    """From the private cache, else from Postgres.

    Without a database, and nobody known from before, an user with default settings: units are named in every
    answer, so that it is still right.
    """

    def compute() -> ComputedAnswer:
        with parts.database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
            profile, rig = read_profile(connection, user_id), read_rig(connection, user_id)
        now = parts.clock()
        return ComputedAnswer(_body(profile, rig), now, now + FRESH_FOR)

    try:
        body = cached_answer(parts, user_id, "user", compute).body
    except DatabaseUnavailable:
        return UserContext(default_profile(user_id), None)
    settings = body["profile"]
    profile = Profile(id=user_id, zone=parse_time_zone(settings["time_zone"]), **settings["rest"])
    return UserContext(profile, Rig(**body["rig"]) if body["rig"] else None)


def _body(profile: Profile, rig: Rig | None) -> dict[str, Any]:
    rest = {name: getattr(profile, name) for name in ("currency", "locale", "units", "simulated")}
    return {"profile": {"time_zone": profile.zone.key, "rest": rest}, "rig": vars(rig) if rig else None}
