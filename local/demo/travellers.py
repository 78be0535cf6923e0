"""A second and a third demo traveller to sign in as: a friend of the first one, and somebody whom the first follows.

So friendships, followers and privacy can be tried in several browser windows. Their names say that they are simulated.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from local.demo.year import USER_ID
from pam.community.own_profile import change_own_profile, read_own_profile
from pam.community.posts import create_post
from pam.platform.postgres import Connection
from pam.users.profile import ensure_user

NORA_ID = UUID("1d0b6c52-64d1-4f0b-9c3e-5a7f20c6e104")


@dataclass(frozen=True)
class DemoTraveller:
    """A traveller whom the page offers to sign in as."""

    id: UUID
    name: str
    profile: dict[str, Any]


FIRST = DemoTraveller(
    USER_ID,
    "Demo traveller",
    {"bio": "A year on the road with two dogs.", "rig_type": "Class C", "rig_year": 2015, "home_base": "Yuma, Arizona"},
)
DAN = DemoTraveller(
    UUID("1d0b6c52-64d1-4f0b-9c3e-5a7f20c6e101"),
    "Dan Reyes (simulated)",
    {"bio": "Batteries and sourdough.", "rig_type": "Van", "rig_year": 2019, "home_base": "Quartzsite, Arizona"},
)
OTHERS = (
    DAN,
    DemoTraveller(
        NORA_ID,
        "Nora Vance (simulated)",
        {"bio": "North in summer.", "rig_type": "Fifth wheel", "rig_year": 2021, "who_sees_activity": "followers"},
    ),
)


def load_travellers(connection: Connection, now: datetime) -> None:
    """Store the profiles, that the first follows the third, and a post for followers, unless they are there.

    The first one and their friends must exist. Runs in the caller's transaction, on a connection whose rows are
    dictionaries.
    """
    if read_own_profile(connection, NORA_ID).name is not None:
        return
    for traveller in (FIRST, *OTHERS):
        act_as(connection, traveller.id)
        ensure_user(connection, traveller.id)
        connection.execute("update users set name = %s, simulated = true where id = %s", (traveller.name, traveller.id))
        # A name that the traveller has chosen stays, and what else they show.
        own = read_own_profile(connection, traveller.id)
        named = {} if own.name else {"name": traveller.name}
        change_own_profile(connection, traveller.id, named | ({} if own.has_details else traveller.profile), now)
    connection.execute(
        "insert into follows (follower, followed) values (%s, %s) on conflict do nothing", (USER_ID, NORA_ID)
    )
    create_post(
        connection,
        NORA_ID,
        title="First frost",
        content="Ice in the hose this morning. We turn south tomorrow.",
        place="Taos, New Mexico",
        tags=["winter"],
        now=now - timedelta(days=1),
    )


def act_as(connection: Connection, user_id: UUID) -> None:
    """Run what follows in the transaction as a user."""
    connection.execute("select set_config('app.user_id', %s, true)", (str(user_id),))
