"""Posts as others read them: the feed, and a search by words, tags and place. Postgres decides which the user sees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pam.community.follows import read_followed
from pam.community.friendships import read_friends
from pam.community.place_words import matches_place
from pam.platform.errors import INVALID_LIMIT, POST_NOT_FOUND, PamError
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_row_id
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser

MAX_LISTED_COMMENTS = 2

parse_query = TextParser("query", 500, required=True)
parse_limit = WholeNumberParser("limit", 1, 100, INVALID_LIMIT)


class FeedFilter(StrEnum):
    """Whose posts are in a feed."""

    ALL = "all"
    FRIENDS = "friends"
    FOLLOWING = "following"


@dataclass(frozen=True)
class PostComment:
    """A comment on a post. `author` is the name of whom it is by, None for a user without one."""

    author: str | None
    text: str
    created_at: datetime


@dataclass(frozen=True)
class PublishedPost:
    """A post as a user sees it, with how many like and comment it, and its latest comments, newest first."""

    id: UUID
    author: str | None
    is_own: bool
    title: str
    content: str
    place: str
    tags: tuple[str, ...]
    created_at: datetime
    likes: int
    is_liked: bool
    comment_count: int
    comments: tuple[PostComment, ...] = ()

    @property
    def label(self) -> str:
        """The post in a few words, such as `Dan's post “Water”`."""
        whose = "your post" if self.is_own else f"{self.author}'s post" if self.author else "a post without a name"
        return f"{whose} “{self.title}”" if self.title else whose


_SELECT_POSTS = """
select p.id, a.display_name as author, p.author_id = %(user)s as is_own, p.title, p.content, p.place, p.tags,
       p.created_at,
       (select count(*) from post_likes l where l.post_id = p.id) as likes,
       exists (select 1 from post_likes l where l.post_id = p.id and l.user_id = %(user)s) as is_liked,
       (select count(*) from comments c where c.post_id = p.id) as comment_count
  from posts p
  left join public_profiles a on a.user_id = p.author_id
"""
_SELECT_POST = f"{_SELECT_POSTS} where p.id = %(post)s"
_SELECT_FEED = f"""
{_SELECT_POSTS}
 where (%(authors)s::uuid[] is null or p.author_id = any (%(authors)s::uuid[]))
   and (%(before)s::uuid is null
        or (p.created_at, p.id) < (select b.created_at, b.id from posts b where b.id = %(before)s))
 order by p.created_at desc, p.id desc
 limit %(limit)s
"""
_SELECT_FOUND = f"""
{_SELECT_POSTS}
 where (p.words || to_tsvector('english', array_to_string(p.tags, ' '))) @@ websearch_to_tsquery('english', %(query)s)
   and p.tags @> %(tags)s::text[]
   and {matches_place("p.place")}
 order by ts_rank(p.words, websearch_to_tsquery('english', %(query)s)) desc, p.created_at desc, p.id desc
 limit %(limit)s
"""
_SELECT_COMMENTS = """
select listed.post_id, author.display_name as author, listed.body as text, listed.created_at
  from (select post_id, author_id, body, created_at,
               row_number() over (partition by post_id order by created_at desc, id desc) as number
          from comments
         where post_id = any (%(posts)s)) as listed
  left join public_profiles author on author.user_id = listed.author_id
 where listed.number <= %(max)s
 order by listed.post_id, listed.number
"""


def parse_post_id(value: Any, field: str = "post") -> UUID:
    """Return the id of a post. Raises `PamError` (`invalid_request`) for what can't be one."""
    return parse_row_id(value, "a post", field)


def read_post(connection: Connection, user_id: UUID, post_id: UUID) -> PublishedPost:
    """Read a post that the user sees. Raises `PamError` (`post_not_found`)."""
    row = connection.execute(_SELECT_POST, {"user": user_id, "post": post_id}).fetchone()
    if row is None:
        raise PamError(POST_NOT_FOUND, "PAM finds no such post.")
    return _post(row, ())


def read_feed(
    connection: Connection, user_id: UUID, which: FeedFilter, limit: int, before: UUID | None = None
) -> list[PublishedPost]:
    """Read up to `limit` posts, newest first: those that are older than the post `before`.

    Raises `PamError` (`post_not_found`) where the user sees no such post.
    """
    if before is not None:
        read_post(connection, user_id, before)
    authors: list[UUID] | None = None
    if which is not FeedFilter.ALL:
        read = read_friends if which is FeedFilter.FRIENDS else read_followed
        authors = [person.id for person in read(connection, user_id)]
    scope = {"user": user_id, "authors": authors, "before": before, "limit": limit}
    return _with_comments(connection, connection.execute(_SELECT_FEED, scope).fetchall())


def find_posts(
    connection: Connection, user_id: UUID, query: str, tags: Sequence[str], place: str, limit: int
) -> list[PublishedPost]:
    """Read up to `limit` posts that have all words of the query and all tags, the best matches first."""
    scope = {"user": user_id, "query": query, "tags": list(tags), "place": place, "limit": limit}
    return _with_comments(connection, connection.execute(_SELECT_FOUND, scope).fetchall())


def _with_comments(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[PublishedPost]:
    comments: dict[UUID, list[PostComment]] = defaultdict(list)
    scope = {"posts": [row["id"] for row in rows if row["comment_count"]], "max": MAX_LISTED_COMMENTS}
    for row in connection.execute(_SELECT_COMMENTS, scope) if scope["posts"] else ():
        comments[row["post_id"]].append(PostComment(row["author"], row["text"], row["created_at"]))
    return [_post(row, comments[row["id"]]) for row in rows]


def _post(row: dict[str, Any], comments: Sequence[PostComment]) -> PublishedPost:
    return PublishedPost(**row | {"tags": tuple(row["tags"]), "comments": tuple(comments)})
