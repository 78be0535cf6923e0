"""Friendships: requested by one user and accepted by the other. Both need a public profile."""

from datetime import datetime
from uuid import UUID

from pam.community.people import Person
from pam.platform.postgres import Connection

_INSERT_REQUEST = "insert into friendships (requester, addressee) values (%(user)s, %(other)s) on conflict do nothing"
_ACCEPT_REQUEST = """
update friendships set accepted_at = %(now)s
 where requester = %(other)s and addressee = %(user)s and accepted_at is null
returning requester
"""
_SELECT_FRIENDS = """
select friend.user_id, friend.display_name, friend.name_skeleton, friend.caseless_name_skeleton, friend.who_may_write
  from friendships
  join public_profiles friend
    on friend.user_id = case when requester = %(user)s then addressee else requester end
 where %(user)s in (requester, addressee) and accepted_at is not null
 order by lower(friend.display_name)
"""


def request_friendship(connection: Connection, user_id: UUID, other_id: UUID) -> None:
    """Request the friendship of `other_id`; does nothing if there is a request between the two in either direction."""
    connection.execute(_INSERT_REQUEST, {"user": user_id, "other": other_id})


def accept_friendship(connection: Connection, user_id: UUID, other_id: UUID, now: datetime) -> bool:
    """Accept the request of `other_id`; return False if there is none or it is accepted already."""
    row = connection.execute(_ACCEPT_REQUEST, {"user": user_id, "other": other_id, "now": now}).fetchone()
    return row is not None


def read_friends(connection: Connection, user_id: UUID) -> list[Person]:
    """Read the users whose friendship with this user is accepted, ordered by name."""
    return [Person.from_row(row) for row in connection.execute(_SELECT_FRIENDS, {"user": user_id})]
