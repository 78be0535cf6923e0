"""Posts of the community: as many as fit into an answer, and a sentence about them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Count, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.excerpt import excerpt
from pam.answers.json_values import json_dataclass
from pam.answers.result_size import take_fitting
from pam.community.feed import FeedFilter, PostComment, PublishedPost, find_posts, read_feed
from pam.platform.deadline import Deadline
from pam.platform.envelope import encode
from pam.users.formatting import format_instant, pluralize
from pam.users.profile import Profile, read_profile

SOURCE = "Posts in PAM"

_MAX_CONTENT_BYTES = 1500
_MAX_SHORT_BYTES = 300
"""Of a title, a name, a place, the tags, and of a comment."""
_MAX_IN_TEXT = 3
_MAX_LABEL_CHARS = 80

_FEEDS = {
    FeedFilter.ALL: "posts",
    FeedFilter.FRIENDS: "posts of your friends",
    FeedFilter.FOLLOWING: "posts of users whom you follow",
}


@json_dataclass
class CommentItem:
    """A comment on a post."""

    author: Annotated[str | None, Field(description="Null for a user who shows no name.")]
    text: str
    at: Instant


@json_dataclass
class PostItem:
    """A post as the user sees it."""

    id: str
    author: Annotated[str | None, Field(description="Null for a user who shows no name.")]
    is_own: bool
    title: str
    content: str
    place: str
    tags: tuple[str, ...]
    at: Instant
    likes: Count
    liked_by_user: bool
    comment_count: Count
    latest_comments: tuple[CommentItem, ...]
    is_shortened: Annotated[
        bool | None, Field(description="True where title, content, place or tags aren't complete.")
    ] = None


@json_dataclass
class PostList(Answer):
    """Posts, and whether there are more."""

    as_of: Annotated[Instant, Field(description="When the posts were read.")]
    posts: tuple[PostItem, ...]
    there_are_more: bool


def feed(
    dependencies: UserDependencies,
    user_id: UUID,
    which: FeedFilter,
    limit: int,
    before: UUID | None,
    deadline: Deadline,
    zone: ZoneInfo | None = None,
) -> PostList:
    """Return the newest posts, or those older than the post `before`. Raises `PamError` (`post_not_found`)."""
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(zone)
        posts = read_feed(connection, user_id, which, limit + 1, before)
    older = "older " if before else ""
    return _list(dependencies, profile, posts, limit, f"{older}{_FEEDS[which]}", "newest first")


def search(
    dependencies: UserDependencies,
    user_id: UUID,
    query: str,
    tags: Sequence[str],
    place: str,
    limit: int,
    deadline: Deadline,
    zone: ZoneInfo | None = None,
) -> PostList:
    """Return the posts that have all words of the query, the best matches first."""
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(zone)
        posts = find_posts(connection, user_id, query, tags, place, limit + 1)
    tagged = f" tagged {', '.join(tags)}" if tags else ""
    about = f" at {place}" if place else ""
    return _list(dependencies, profile, posts, limit, f"posts with “{query}”{tagged}{about}", "best first")


def _list(
    dependencies: UserDependencies,
    profile: Profile,
    posts: Sequence[PublishedPost],
    limit: int,
    which: str,
    order: str,
) -> PostList:
    items = take_fitting(_item(post, profile) for post in posts[:limit])
    there_are_more = len(items) < len(posts)
    return PostList(
        text=_sentence(posts[: len(items)], profile, which, order, there_are_more),
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(dependencies.clock().astimezone(profile.zone)),
        posts=tuple(items),
        there_are_more=there_are_more,
    )


def _item(post: PublishedPost, profile: Profile) -> PostItem:
    tags: list[str] = []
    for tag in post.tags:
        if len(encode([*tags, tag]).encode()) > _MAX_SHORT_BYTES:
            break
        tags.append(tag)
    texts = {
        "title": excerpt(post.title, _MAX_SHORT_BYTES),
        "content": excerpt(post.content, _MAX_CONTENT_BYTES),
        "place": excerpt(post.place, _MAX_SHORT_BYTES),
    }
    is_shortened = len(tags) < len(post.tags) or any(getattr(post, name) != text for name, text in texts.items())
    return PostItem(
        id=str(post.id),
        author=_name(post.author),
        is_own=post.is_own,
        **texts,
        tags=tuple(tags),
        at=instant(post.created_at.astimezone(profile.zone)),
        likes=post.likes,
        liked_by_user=post.is_liked,
        comment_count=post.comment_count,
        latest_comments=tuple(_comment(comment, profile) for comment in post.comments),
        is_shortened=True if is_shortened else None,
    )


def _comment(comment: PostComment, profile: Profile) -> CommentItem:
    return CommentItem(
        author=_name(comment.author),
        text=excerpt(comment.text, _MAX_SHORT_BYTES),
        at=instant(comment.created_at.astimezone(profile.zone)),
    )


def _name(name: str | None) -> str | None:
    return None if name is None else excerpt(name, _MAX_SHORT_BYTES)


def _sentence(posts: Sequence[PublishedPost], profile: Profile, which: str, order: str, there_are_more: bool) -> str:
    if not posts:
        return f"PAM finds no {which} that you can see."
    noun = which if len(posts) > 1 else which.replace("posts", "post", 1)
    named = "; ".join(_label(post, profile) for post in posts[:_MAX_IN_TEXT])
    rest = f"; and {len(posts) - _MAX_IN_TEXT} more" if len(posts) > _MAX_IN_TEXT else ""
    more = " There are more." if there_are_more else ""
    return f"{len(posts)} {noun}, {order}: {named}{rest}.{more}"


def _label(post: PublishedPost, profile: Profile) -> str:
    label = post.label if len(post.label) <= _MAX_LABEL_CHARS else f"{post.label[:_MAX_LABEL_CHARS]}…"
    likes = f", {pluralize(post.likes, 'like')}" if post.likes else ""
    return f"{label} of {format_instant(post.created_at, profile)}{likes}"
