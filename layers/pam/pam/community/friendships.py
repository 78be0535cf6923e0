"""Friendships: requested by one user and accepted by the other. Both need a public profile."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pam.community.people import Person
from pam.platform.postgres import Connection

MAX_LISTED_FRIENDSHIPS = 500
"""How many friendships and requests are read at once, the newest first."""


class FriendshipState(StrEnum):
    """How a user stands to another one."""

    FRIEND = "friend"
    INCOMING = "incoming"
    """The other has asked, and this user hasn't decided."""
    OUTGOING = "outgoing"
    """This user has asked, and the other hasn't decided."""


@dataclass(frozen=True)
class Friendship:
    """A friendship or a request, as one of the two sees it.

    `since` is when it was accepted, or asked for. Bio, rig and home base are empty where the other doesn't show them.
    """

    user_id: UUID
    name: str
    state: FriendshipState
    since: datetime
    bio: str
    rig_type: str
    rig_year: int | None
    home_base: str


_INSERT_REQUEST = "insert into friendships (requester, addressee) values (%(user)s, %(other)s) on conflict do nothing"
_ACCEPT_REQUEST = """
update friendships set accepted_at = %(now)s
 where requester = %(other)s and addressee = %(user)s and accepted_at is null
returning requester
"""
_DELETE_FRIENDSHIP = """
delete from friendships
 where (requester, addressee) in ((%(user)s::uuid, %(other)s::uuid), (%(other)s::uuid, %(user)s::uuid))
returning requester, accepted_at
"""
_SELECT_FRIENDS = """
select friend.user_id, friend.display_name, friend.name_skeleton, friend.caseless_name_skeleton, friend.who_may_write
  from friendships
  join public_profiles friend
    on friend.user_id = case when requester = %(user)s then addressee else requester end
 where %(user)s in (requester, addressee) and accepted_at is not null
 order by lower(friend.display_name)
"""
# The policy of the details leaves out those that the other doesn't show to this user.
_SELECT_FRIENDSHIPS = """
select other.user_id, other.display_name as name, coalesce(accepted_at, requested_at) as since,
       case when accepted_at is not null then 'friend' when requester = %(user)s then 'outgoing' else 'incoming' end
           as state,
       coalesce(bio, '') as bio, coalesce(rig_type, '') as rig_type, rig_year, coalesce(home_base, '') as home_base
  from friendships
  join public_profiles other on other.user_id = case when requester = %(user)s then addressee else requester end
  left join profile_details details on details.user_id = other.user_id
 where %(user)s in (requester, addressee) and (%(other)s::uuid is null or other.user_id = %(other)s)
 order by coalesce(accepted_at, requested_at) desc, other.user_id
 limit %(limit)s
"""


def request_friendship(connection: Connection, user_id: UUID, other_id: UUID) -> None:
    """Request the friendship of `other_id`; does nothing if there is a request between the two in either direction."""
    connection.execute(_INSERT_REQUEST, {"user": user_id, "other": other_id})


def accept_friendship(connection: Connection, user_id: UUID, other_id: UUID, now: datetime) -> bool:
    """Accept the request of `other_id`; return False if there is none or it is accepted already."""
    row = connection.execute(_ACCEPT_REQUEST, {"user": user_id, "other": other_id, "now": now}).fetchone()
    return row is not None


def end_friendship(connection: Connection, user_id: UUID, other_id: UUID) -> FriendshipState | None:
    """End a friendship, withdraw the user's request or decline the other's; return which it was, or None."""
    row = connection.execute(_DELETE_FRIENDSHIP, {"user": user_id, "other": other_id}).fetchone()
    if row is None:
        return None
    if row["accepted_at"] is not None:
        return FriendshipState.FRIEND
    return FriendshipState.OUTGOING if row["requester"] == user_id else FriendshipState.INCOMING


def read_friends(connection: Connection, user_id: UUID) -> list[Person]:
    """Read the users whose friendship with this user is accepted, ordered by name."""
    return [Person.from_row(row) for row in connection.execute(_SELECT_FRIENDS, {"user": user_id})]


def read_friendships(connection: Connection, user_id: UUID) -> list[Friendship]:
    """Read the newest `MAX_LISTED_FRIENDSHIPS` friendships and requests of a user."""
    return _select(connection, user_id, None)


def read_friendship(connection: Connection, user_id: UUID, other_id: UUID) -> Friendship | None:
    """Read the friendship or request between two users, as the first one sees it; None if there is none."""
    return next(iter(_select(connection, user_id, other_id)), None)


def _select(connection: Connection, user_id: UUID, other_id: UUID | None) -> list[Friendship]:
    scope = {"user": user_id, "other": other_id, "limit": MAX_LISTED_FRIENDSHIPS}
    rows = connection.execute(_SELECT_FRIENDSHIPS, scope)
    return [Friendship(**row | {"state": FriendshipState(row["state"])}) for row in rows]
