"""Comments on posts, and likes: each user's counts once."""

from datetime import datetime
from uuid import UUID

from pam.platform.postgres import Connection
from pam.users.text import TextParser

parse_comment = TextParser("comment", 1000, required=True)

_INSERT_COMMENT = """
insert into comments (post_id, author_id, body, created_at) values (%(post)s, %(user)s, %(body)s, %(now)s)
returning id
"""
_LIKE = """
insert into post_likes (post_id, user_id, created_at) values (%(post)s, %(user)s, %(since)s)
on conflict (post_id, user_id) do nothing
returning post_id
"""
_UNLIKE = """
delete from post_likes
 where post_id = %(post)s and user_id = %(user)s and (%(since)s::timestamptz is null or created_at = %(since)s)
returning created_at
"""
_COUNT_LIKES = "select count(*) as likes from post_likes where post_id = %s"


def comment_on_post(connection: Connection, user_id: UUID, post_id: UUID, comment: str, now: datetime) -> UUID:
    """Insert a comment on a post that the user sees; return its id. `comment` must be a result of `parse_comment`."""
    scope = {"post": post_id, "user": user_id, "body": comment, "now": now}
    row = connection.execute(_INSERT_COMMENT, scope).fetchone()
    assert row is not None
    comment_id: UUID = row["id"]
    return comment_id


def like(connection: Connection, user_id: UUID, post_id: UUID, since: datetime) -> bool:
    """Like a post that the user sees, from an instant on; return False where the user likes it already."""
    return connection.execute(_LIKE, {"post": post_id, "user": user_id, "since": since}).fetchone() is not None


def unlike(connection: Connection, user_id: UUID, post_id: UUID, since: datetime | None = None) -> datetime | None:
    """Like a post no more; return since when the user did, or None. With `since` only a like of that instant ends."""
    row = connection.execute(_UNLIKE, {"post": post_id, "user": user_id, "since": since}).fetchone()
    return None if row is None else row["created_at"]


def count_likes(connection: Connection, post_id: UUID) -> int:
    """Count the users who like a post."""
    row = connection.execute(_COUNT_LIKES, (post_id,)).fetchone()
    assert row is not None
    return int(row["likes"])
