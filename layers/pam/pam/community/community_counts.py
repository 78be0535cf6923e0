"""How many posts, friends, followers and messages a user has."""

from dataclasses import dataclass
from uuid import UUID

from pam.platform.postgres import Connection


@dataclass(frozen=True)
class CommunityCounts:
    """The user's posts, accepted friendships, followers, users that they follow, and direct messages."""

    posts: int
    friends: int
    followers: int
    following: int
    messages_sent: int
    messages_received: int


_SELECT_COUNTS = """
select (select count(*) from posts where author_id = %(user)s) as posts,
       (select count(*) from friendships
         where %(user)s in (requester, addressee) and accepted_at is not null) as friends,
       (select count(*) from follows where followed = %(user)s) as followers,
       (select count(*) from follows where follower = %(user)s) as following,
       (select count(*) from direct_messages where sender_id = %(user)s) as messages_sent,
       (select count(*) from direct_messages where recipient_id = %(user)s) as messages_received
"""


def read_community_counts(connection: Connection, user_id: UUID) -> CommunityCounts:
    """Count what a user has in the community."""
    row = connection.execute(_SELECT_COUNTS, {"user": user_id}).fetchone()
    assert row is not None
    return CommunityCounts(**row)
