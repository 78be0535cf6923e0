"""Tools for the posts of others: read, searched, commented and liked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from pam.answers.post_list import SOURCE, feed, search
from pam.answers.publication import as_whom_and_for_whom
from pam.community import reactions
from pam.community.feed import FeedFilter, parse_limit, parse_post_id, parse_query, read_post
from pam.community.posts import MAX_TAGS, parse_tags
from pam.community.reactions import count_likes, like, parse_comment, unlike
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.platform.errors import MODIFIED_SINCE, PamError
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import (
    EffectKind,
    Tool,
    ToolContext,
    ToolResult,
    approval_tool,
    read_tool,
    write_tool,
)
from pam.tools.engine.results import to_tool_result
from pam.travel.queries import PlaceName
from pam.users.formatting import pluralize

_DEFAULT_LIMIT = 10

_ID = WithJsonSchema({"type": "string", "format": "uuid"})
_PostId = Annotated[UUID, BeforeValidator(parse_post_id), _ID]
_Before = Annotated[UUID | None, optional(lambda value: parse_post_id(value, "before")), _ID]
_Comment = Annotated[str, BeforeValidator(parse_comment), parse_comment.schema]
_Query = Annotated[str, BeforeValidator(parse_query), parse_query.schema]
_Tags = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(parse_tags),
    WithJsonSchema({"type": "array", "maxItems": MAX_TAGS, "items": {"type": "string"}}),
]
_Limit = Annotated[
    int | None,
    optional(parse_limit),
    parse_limit.schema,
]


class CommentOnPost(ToolArguments):
    """A comment to publish."""

    comment: _Comment
    post: _PostId


def _preview_comment(context: WriteContext, new: CommentOnPost) -> str:
    post = read_post(context.connection, context.profile.id, new.post)
    return f"Comment on {post.label} {as_whom_and_for_whom(context)} to read who also see the post:\n{new.comment}"


@approval_tool(
    EffectKind.OUTWARD, summary=lambda _: "Commenting on a post", preview=_preview_comment, returns_others_text=True
)
def comment_on_post(context: WriteContext, new: CommentOnPost) -> WriteResult:
    """Comment on a post that was found."""
    post = read_post(context.connection, context.profile.id, new.post)
    comment_id = reactions.comment_on_post(context.connection, context.profile.id, post.id, new.comment, context.now)
    data = {"comment_id": str(comment_id), "post": str(post.id)}
    text = f"Your comment on {post.label} is published."
    return WriteResult(text, data, SOURCE, simulated=context.profile.simulated)


class SearchPosts(ToolArguments):
    """What to search for."""

    limit: _Limit = None
    place: PlaceName | None = None
    query: _Query
    tags: _Tags = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Searching posts for “{self.query}”"


@read_tool(summary=SearchPosts.summary, returns_others_text=True)
def search_posts(context: ToolContext, arguments: SearchPosts) -> ToolResult:
    """Posts of others with all words of the query."""
    return to_tool_result(
        search(
            context.dependencies,
            context.user_id,
            arguments.query,
            arguments.tags or (),
            arguments.place or "",
            arguments.limit or _DEFAULT_LIMIT,
            context.deadline,
            context.zone,
        )
    )


class GetFeed(ToolArguments):
    """Which posts to read."""

    before: _Before = None
    filter: Literal["all", "friends", "following"] | None = None
    limit: _Limit = None


@read_tool(summary=lambda _: "Reading the posts", returns_others_text=True)
def get_feed(context: ToolContext, arguments: GetFeed) -> ToolResult:
    """The newest posts of others, with likes and comments."""
    return to_tool_result(
        feed(
            context.dependencies,
            context.user_id,
            FeedFilter(arguments.filter or "all"),
            arguments.limit or _DEFAULT_LIMIT,
            arguments.before,
            context.deadline,
            context.zone,
        )
    )


class LikePost(ToolArguments):
    """The post to like, or not any more."""

    post: _PostId
    unlike: StrictBool | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Taking back a like" if self.unlike else "Liking a post"


def _undo_like(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    connection, user_id = context.connection, context.profile.id
    post_id, since = UUID(undo["post"]), datetime.fromisoformat(undo["since"])
    if undo["unlike"]:
        # The author may have hidden the post meanwhile: then there is nothing to like.
        read_post(connection, user_id, post_id)
        like(connection, user_id, post_id, since)
        return UndoResult("You like that post again.")
    if unlike(connection, user_id, post_id, since) is None and read_post(connection, user_id, post_id).is_liked:
        raise PamError(MODIFIED_SINCE, "You have liked that post anew since. Take that back, if you want to.")
    return UndoResult("You don't like that post any more.")


def _preview_like(context: WriteContext, arguments: LikePost) -> str:
    label = read_post(context.connection, context.profile.id, arguments.post).label
    return f"Take back your like of {label}." if arguments.unlike else f"Like {label}."


@write_tool(summary=LikePost.summary, undo=_undo_like, preview=_preview_like, returns_others_text=True)
def like_post(context: WriteContext, arguments: LikePost) -> WriteResult:
    """Like a post, or take that back."""
    connection, user_id = context.connection, context.profile.id
    post = read_post(connection, user_id, arguments.post)
    is_end = bool(arguments.unlike)
    if is_end:
        since = unlike(connection, user_id, post.id)
        done = f"You don't like {post.label} any more" if since else f"You didn't like {post.label}"
    else:
        since = context.now if like(connection, user_id, post.id, context.now) else None
        done = f"You like {post.label} now" if since else f"You like {post.label} already"
    likes = count_likes(connection, post.id)
    return WriteResult(
        f"{done}: it has {pluralize(likes, 'like')}.",
        {"post": str(post.id), "liked": not is_end, "likes": likes, "changed": since is not None},
        SOURCE,
        {"post": str(post.id), "unlike": is_end, "since": since.isoformat()} if since else None,
        context.profile.simulated,
    )


TOOLS: tuple[Tool[Any], ...] = (comment_on_post, search_posts, get_feed, like_post)
