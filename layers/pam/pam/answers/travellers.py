"""Who asks and what they drive, for answers that are otherwise the same for everybody."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pam.answers.parts import Parts
from pam.answers.private_answer import Computed, private_answer
from pam.answers.private_cache import FRESH_FOR
from pam.platform.postgres import DatabaseUnavailable
from pam.travel.rig import Rig, read_rig
from pam.travel.units import Units
from pam.traveller.profile import Profile, read_profile, unsaved_profile
from pam.traveller.zones import parse_zone


@dataclass(frozen=True)
class Asker:
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


def read_asker(parts: Parts, user_id: UUID) -> Asker:
    """From the private cache, else from Postgres.

    Without a database, and nobody known from before, an asker with default settings: units are named in every
    answer, so that it is still right.
    """

    def compute() -> Computed:
        with parts.database.session(user_id) as connection:
            profile, rig = read_profile(connection, user_id), read_rig(connection, user_id)
        now = parts.clock()
        return Computed(_body(profile, rig), now, now + FRESH_FOR)

    try:
        body = private_answer(parts, user_id, "asker", compute).body
    except DatabaseUnavailable:
        return Asker(unsaved_profile(user_id), None)
    settings = body["profile"]
    profile = Profile(id=user_id, zone=parse_zone(settings["time_zone"]), **settings["rest"])
    return Asker(profile, Rig(**body["rig"]) if body["rig"] else None)


def _body(profile: Profile, rig: Rig | None) -> dict[str, Any]:
    rest = {name: getattr(profile, name) for name in ("currency", "locale", "units", "simulated")}
    return {"profile": {"time_zone": profile.zone.key, "rest": rest}, "rig": vars(rig) if rig else None}
