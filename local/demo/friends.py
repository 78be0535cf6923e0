"""Three friends of the demo traveller and their posts. Their names state that they are simulated."""

from datetime import datetime, timedelta
from uuid import UUID

from local.demo.travellers import DAN, FIRST, act_as
from pam.community.friendships import accept_friendship, request_friendship
from pam.community.posts import create_post
from pam.community.profiles import WhoMayWrite, read_display_name, save_public_profile
from pam.platform.postgres import Connection

_FRIENDS = {
    DAN.id: (DAN.name, WhoMayWrite.FRIENDS),
    UUID("1d0b6c52-64d1-4f0b-9c3e-5a7f20c6e102"): ("Maria Lund (simulated)", WhoMayWrite.EVERYBODY),
    UUID("1d0b6c52-64d1-4f0b-9c3e-5a7f20c6e103"): ("Walt Okafor (simulated)", WhoMayWrite.NOBODY),
}
_DAN, _MARIA, _WALT = _FRIENDS

# Author, age in days, title, content, place, tags.
_POSTS = (
    (_DAN, 11, "Quiet week", "A week without hookups, and the batteries held.", "Quartzsite, Arizona", ["solar"]),
    (_MARIA, 6, "", "Does anybody know a laundry that takes cards around here?", "Moab, Utah", ["laundry"]),
    (_WALT, 2, "Wind", "Gusts pushed us about on the pass. We waited it out until morning.", "", ["driving", "wind"]),
)


def load_friends(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Create the friends and their posts, unless the user has a public profile already.

    Runs in the caller's transaction, on a connection whose rows are dictionaries.
    """
    if read_display_name(connection, user_id) is not None:
        return
    act_as(connection, user_id)
    save_public_profile(connection, user_id, FIRST.name)
    for friend_id, (name, who_may_write) in _FRIENDS.items():
        act_as(connection, friend_id)
        connection.execute("insert into users (id, name, simulated) values (%s, %s, true)", (friend_id, name))
        save_public_profile(connection, friend_id, name, who_may_write)
        request_friendship(connection, friend_id, user_id)
        act_as(connection, user_id)
        accept_friendship(connection, user_id, friend_id, now)
    for author_id, days_ago, title, content, place, tags in _POSTS:
        act_as(connection, author_id)
        created_at = now - timedelta(days=days_ago)
        create_post(connection, author_id, title=title, content=content, place=place, tags=tags, now=created_at)
