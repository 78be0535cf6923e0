"""Friendships: asked for by one, accepted by the other. Both need a name that others see."""

from datetime import datetime
from uuid import UUID

from pam.community.people import Person
from pam.platform.postgres import Connection

_ASK = "insert into friendships (requester, addressee) values (%(user)s, %(other)s) on conflict do nothing"
_ACCEPT = """
update friendships set accepted_at = %(now)s
 where requester = %(other)s and addressee = %(user)s and accepted_at is null
returning requester
"""
_FRIENDS = """
select friend.user_id, friend.display_name, friend.who_may_write
  from friendships
  join public_profiles friend
    on friend.user_id = case when requester = %(user)s then addressee else requester end
 where %(user)s in (requester, addressee) and accepted_at is not null
 order by lower(friend.display_name)
"""


def request_friendship(connection: Connection, user_id: UUID, other_id: UUID) -> None:
    """Asks `other_id`; does nothing where one of the two has asked before."""
    connection.execute(_ASK, {"user": user_id, "other": other_id})


def accept_friendship(connection: Connection, user_id: UUID, other_id: UUID, now: datetime) -> bool:
    """Says yes to `other_id`; False where they haven't asked, or it was answered before."""
    row = connection.execute(_ACCEPT, {"user": user_id, "other": other_id, "now": now}).fetchone()
    return row is not None


def read_friends(connection: Connection, user_id: UUID) -> list[Person]:
    """All whose friendship is accepted, by name."""
    return [Person.from_row(row) for row in connection.execute(_FRIENDS, {"user": user_id})]
