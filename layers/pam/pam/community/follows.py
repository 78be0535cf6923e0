"""Follows: a user sees what others show to their followers. Both need a public profile."""

from datetime import datetime
from uuid import UUID

from pam.community.friendships import read_friends
from pam.community.people import Person, find_person
from pam.platform.errors import USER_NOT_FOUND, PamError
from pam.platform.postgres import Connection
from pam.users.text import TextParser

parse_followed = TextParser("user", 100, required=True)

# Whoever shows anything to the user, or to followers: anybody may become one.
_SHOWS_ANYTHING = """
select is_in_audience(user_id, who_sees_profile) or is_in_audience(user_id, who_sees_activity)
       or 'followers' in (who_sees_profile, who_sees_activity, who_sees_place) as shows_anything
  from public_profiles
 where user_id = %(other)s
"""
_SELECT_FOLLOWED = """
select followed.user_id, followed.display_name, followed.name_skeleton, followed.caseless_name_skeleton,
       followed.who_may_write
  from follows
  join public_profiles followed on followed.user_id = follows.followed
 where follows.follower = %(user)s
 order by lower(followed.display_name)
"""
_FOLLOW = """
insert into follows (follower, followed, created_at)
select %(user)s, user_id, %(since)s from public_profiles where user_id = %(other)s
on conflict (follower, followed) do nothing
returning followed
"""
_UNFOLLOW = """
delete from follows
 where follower = %(user)s and followed = %(other)s and (%(since)s::timestamptz is null or created_at = %(since)s)
returning created_at
"""
_FOLLOWS = "select 1 as found from follows where follower = %(user)s and followed = %(other)s"


def find_followable(connection: Connection, user_id: UUID, name: str) -> Person:
    """Find a user to follow: a friend by a name or part of it, otherwise anybody by the whole name.

    Raises `PamError`: `ambiguous_recipient`; `user_not_found` where there is none, or who shows nothing to this user.
    """
    friends = read_friends(connection, user_id)
    person = find_person(connection, name, friends, field="user")
    if person is None:
        raise user_not_found(name)
    if person.id == user_id:
        raise PamError(USER_NOT_FOUND, "That is you: you can follow somebody else.", field="user")
    if all(friend.id != person.id for friend in friends):
        row = connection.execute(_SHOWS_ANYTHING, {"other": person.id}).fetchone()
        if row is None or not row["shows_anything"]:
            raise user_not_found(name)
    return person


def read_followed(connection: Connection, user_id: UUID) -> list[Person]:
    """Read the users whom this one follows, ordered by name."""
    return [Person.from_row(row) for row in connection.execute(_SELECT_FOLLOWED, {"user": user_id})]


def find_followed(connection: Connection, user_id: UUID, name: str) -> Person:
    """Find a user whom this one follows, by a name or part of it; otherwise as `find_followable`."""
    followed = read_followed(connection, user_id)
    person = find_person(connection, name, followed, field="user")
    if person is not None and any(each.id == person.id for each in followed):
        return person
    return find_followable(connection, user_id, name)


def follow(connection: Connection, user_id: UUID, other_id: UUID, since: datetime) -> bool:
    """Follow a user from an instant on; return False where this user does already, or the other is gone."""
    scope = {"user": user_id, "other": other_id, "since": since}
    return connection.execute(_FOLLOW, scope).fetchone() is not None


def unfollow(connection: Connection, user_id: UUID, other_id: UUID, since: datetime | None = None) -> datetime | None:
    """Follow a user no more; return since when this user did, or None. With `since` only one of that instant ends."""
    row = connection.execute(_UNFOLLOW, {"user": user_id, "other": other_id, "since": since}).fetchone()
    return None if row is None else row["created_at"]


def is_following(connection: Connection, user_id: UUID, other_id: UUID) -> bool:
    """Whether a user follows another."""
    return connection.execute(_FOLLOWS, {"user": user_id, "other": other_id}).fetchone() is not None


def user_not_found(name: str) -> PamError:
    """Return the error for a name that is nobody's, or of somebody who shows nothing or is gone: the same."""
    return PamError(USER_NOT_FOUND, f"PAM finds nobody called “{name}” whom you can follow.", field="user")
