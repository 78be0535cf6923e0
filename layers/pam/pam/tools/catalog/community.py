"""Tools whose effects other travellers see. Each requires approval of a preview of what they will see."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from pam.community import posts
from pam.community.messages import (
    check_message_limit,
    find_recipient,
    parse_message,
    parse_recipient,
    read_recipient,
    send_message,
)
from pam.community.posts import MAX_TAG_CHARS, MAX_TAGS, parse_content, parse_tags, parse_title
from pam.community.profiles import read_display_name
from pam.ledger.operation import WriteContext, WriteResult
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Identities, Identity, Tool, approval_tool
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
_Message = Annotated[str, BeforeValidator(parse_message), parse_message.schema]


class CreatePost(ToolArguments):
    """A post to publish."""

    content: _Content = Field(description="The post, in the traveller's words.")
    place: PlaceName | None = Field(default=None, description="Where it is about, only if the traveller named it.")
    tags: _Tags = Field(default=(), description="Only those that the traveller named.")
    title: _Title = Field(default="", description="Only if the traveller gave one.")


class MessageFriend(ToolArguments):
    """A message to send."""

    message: _Message = Field(description="The message, in the traveller's words.")
    recipient: _Name = Field(description="The friend's name, as the traveller wrote it.")


def _preview_post(context: WriteContext, post: CreatePost) -> str:
    name = read_display_name(context.connection, context.profile.id)
    as_whom = f"as “{name}”" if name else "without a name, since you show none to others"
    lines = [f"Publish this {as_whom}, for everybody who is signed in to PAM to read:"]
    lines += [f"Title: {post.title}"] if post.title else []
    lines += [post.content]
    lines += [f"Place: {post.place}"] if post.place else []
    lines += [f"Tags: {', '.join(post.tags)}"] if post.tags else []
    return "\n".join(lines)


@approval_tool(EffectKind.OUTWARD, summary=lambda _: "Publishing a post", preview=_preview_post)
def create_post(context: WriteContext, post: CreatePost) -> WriteResult:
    """Publish a post that all users of PAM can read, once the traveller has confirmed it. Only if they asked for a
    post. It can't be changed or deleted."""
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
    return WriteResult(f"Your post{called} is published.", {"post_id": str(post_id)}, _SOURCE)


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
    """Send a direct message to one friend in PAM, once the traveller has confirmed it; to another user only by their
    whole name, if they accept messages from all. At most ten an hour. It can't be undone."""
    approved = identities["recipient"]
    recipient = read_recipient(context.connection, context.profile.id, approved.id, approved.name)
    send_message(context.connection, context.profile.id, recipient, new.message)
    renamed = "" if recipient.name == approved.name else f", now called “{recipient.name}”,"
    return WriteResult(f"Your message to {approved.name}{renamed} is sent.", {"recipient": recipient.name}, _SOURCE)


TOOLS: tuple[Tool[Any], ...] = (create_post, message_friend)
