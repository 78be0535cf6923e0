"""Tools by which a traveller reaches others: posts, messages, follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from pam.answers.message_list import list_messages
from pam.answers.publication import as_whom_and_for_whom
from pam.community import posts
from pam.community.audiences import require_public_settings
from pam.community.follows import (
    find_followable,
    find_followed,
    follow,
    is_following,
    parse_followed,
    unfollow,
    user_not_found,
)
from pam.community.inbox import parse_message_id
from pam.community.messages import (
    check_message_limit,
    find_recipient,
    parse_message,
    parse_recipient,
    read_recipient,
    send_message,
)
from pam.community.people import Person
from pam.community.posts import MAX_TAG_CHARS, MAX_TAGS, parse_content, parse_tags, parse_title
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.platform.errors import MODIFIED_SINCE, PamError
from pam.platform.validation import optional
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import (
    EffectKind,
    Identities,
    Identity,
    Tool,
    ToolContext,
    ToolResult,
    approval_tool,
    read_tool,
    write_tool,
)
from pam.tools.engine.results import to_tool_result
from pam.travel.queries import PlaceName

_SOURCE = "PAM's community"

_Content = Annotated[str, BeforeValidator(parse_content), parse_content.schema]
_Title = Annotated[str, BeforeValidator(parse_title), parse_title.schema]
_Tags = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_tags),
    WithJsonSchema(
        {"type": "array", "maxItems": MAX_TAGS, "items": {"type": "string", "minLength": 1, "maxLength": MAX_TAG_CHARS}}
    ),
]
_Name = Annotated[str, BeforeValidator(parse_recipient), parse_recipient.schema]
_Followed = Annotated[str, BeforeValidator(parse_followed), parse_followed.schema]
_Before = Annotated[UUID | None, optional(parse_message_id), WithJsonSchema({"type": "string", "format": "uuid"})]
_Message = Annotated[str, BeforeValidator(parse_message), parse_message.schema]


class CreatePost(ToolArguments):
    """A post to publish."""

    content: _Content
    place: PlaceName | None = None
    tags: _Tags = ()
    title: _Title = ""


class MessageFriend(ToolArguments):
    """A message to send."""

    message: _Message
    recipient: _Name


def _preview_post(context: WriteContext, post: CreatePost) -> str:
    lines = [f"Publish this {as_whom_and_for_whom(context)} to read:"]
    lines += [f"Title: {post.title}"] if post.title else []
    lines += [post.content]
    lines += [f"Place: {post.place}"] if post.place else []
    lines += [f"Tags: {', '.join(post.tags)}"] if post.tags else []
    return "\n".join(lines)


@approval_tool(EffectKind.OUTWARD, summary=lambda _: "Publishing a post", preview=_preview_post)
def create_post(context: WriteContext, post: CreatePost) -> WriteResult:
    """Publish a post they asked for. It can't be changed or deleted."""
    post_id = posts.create_post(
        context.connection,
        context.profile.id,
        title=post.title,
        content=post.content,
        place=post.place or "",
        tags=post.tags,
        now=context.now,
    )
    called = f" “{post.title}”" if post.title else ""
    return WriteResult(
        f"Your post{called} is published.", {"post_id": str(post_id)}, _SOURCE, simulated=context.profile.simulated
    )


def _resolve_recipient(context: WriteContext, new: MessageFriend) -> Identities:
    recipient = find_recipient(context.connection, context.profile.id, new.recipient)
    return {"recipient": Identity(recipient.id, recipient.name)}


def _preview_message(context: WriteContext, new: MessageFriend, identities: Identities) -> str:
    check_message_limit(context.connection, context.profile.id)
    return f"Send this message to {identities['recipient'].name}:\n{new.message}"


@approval_tool(
    EffectKind.OUTWARD,
    summary=lambda new: f"Writing to {new.recipient}",
    preview=_preview_message,
    resolve=_resolve_recipient,
    recipients=("recipient",),
)
def message_friend(context: WriteContext, new: MessageFriend, identities: Identities) -> WriteResult:
    """Write to a friend or, by whole name, to another user."""
    approved = identities["recipient"]
    recipient = read_recipient(context.connection, context.profile.id, approved.id, approved.name)
    send_message(context.connection, context.profile.id, recipient, new.message)
    renamed = "" if recipient.name == approved.name else f", now called “{recipient.name}”,"
    text = f"Your message to {approved.name}{renamed} is sent."
    return WriteResult(text, {"recipient": recipient.name}, _SOURCE, simulated=context.profile.simulated)


class GetMessages(ToolArguments):
    """The message before which to read."""

    before: _Before = None


@read_tool(summary=lambda _: "Reading your messages", returns_others_text=True)
def get_messages(context: ToolContext, arguments: GetMessages) -> ToolResult:
    """Messages that they got and sent."""
    return to_tool_result(
        list_messages(context.dependencies, context.user_id, arguments.before, context.deadline, context.zone)
    )


class FollowUser(ToolArguments):
    """Whom to follow, or not any more."""

    unfollow: StrictBool | None = None
    user: _Followed

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"{'Unfollowing' if self.unfollow else 'Following'} {self.user}"


def _undo_follow(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    connection, user_id = context.connection, context.profile.id
    other_id, name, since = UUID(undo["user"]), undo["name"], datetime.fromisoformat(undo["since"])
    if undo["unfollow"]:
        if not follow(connection, user_id, other_id, since) and not is_following(connection, user_id, other_id):
            raise user_not_found(name)
        return UndoResult(f"You follow {name} again.")
    if unfollow(connection, user_id, other_id, since) is None and is_following(connection, user_id, other_id):
        raise PamError(MODIFIED_SINCE, f"You have followed {name} anew since. Unfollow them, if you want to.")
    return UndoResult(f"You don't follow {name} any more.")


def _find_other(context: WriteContext, arguments: FollowUser) -> Person:
    require_public_settings(context.connection, context.profile.id)
    find = find_followed if arguments.unfollow else find_followable
    return find(context.connection, context.profile.id, arguments.user)


def _preview_follow(context: WriteContext, arguments: FollowUser) -> str:
    name = _find_other(context, arguments).name
    return f"Follow {name} no more." if arguments.unfollow else f"Follow {name}."


@write_tool(summary=FollowUser.summary, undo=_undo_follow, preview=_preview_follow, returns_others_text=True)
def follow_user(context: WriteContext, arguments: FollowUser) -> WriteResult:
    """Follow a user by name, or unfollow."""
    connection, user_id = context.connection, context.profile.id
    other, is_end = _find_other(context, arguments), bool(arguments.unfollow)
    if is_end:
        since = unfollow(connection, user_id, other.id)
        text = f"You don't follow {other.name} any more." if since else f"You didn't follow {other.name}."
    else:
        since = context.now if follow(connection, user_id, other.id, context.now) else None
        text = f"You follow {other.name} now." if since else f"You follow {other.name} already: nothing changed."
    undo = {"user": str(other.id), "name": other.name, "unfollow": is_end}
    return WriteResult(
        text,
        {"user": other.name, "following": not is_end, "changed": since is not None},
        _SOURCE,
        undo | {"since": since.isoformat()} if since else None,
        context.profile.simulated,
    )


TOOLS: tuple[Tool[Any], ...] = (create_post, message_friend, get_messages, follow_user)
