"""The tools by which others hear of a traveller. Each waits for a confirmation that shows what they will hear."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from pam.community import posts
from pam.community.messages import (
    check_message_limit,
    find_recipient,
    parse_message,
    parse_recipient,
    send_message,
)
from pam.community.posts import MAX_TAG_CHARS, MAX_TAGS, parse_content, parse_tags, parse_title
from pam.community.profiles import read_display_name
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, WriteContext, WriteResult, approval_tool
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
    """What is published."""

    content: _Content = Field(description="The post, in the traveller's words.")
    place: PlaceName | None = Field(default=None, description="Where it is about, only if the traveller named it.")
    tags: _Tags = Field(default=(), description="Only those that the traveller named.")
    title: _Title = Field(default="", description="Only if the traveller gave one.")


class MessageFriend(ToolArguments):
    """What is sent, and to whom."""

    message: _Message = Field(description="The message, in the traveller's words.")
    recipient: _Name = Field(description="The friend's name, as the traveller says it.")


def _preview_post(writing: WriteContext, post: CreatePost) -> str:
    name = read_display_name(writing.connection, writing.profile.id)
    as_whom = f"as “{name}”" if name else "without a name, since you show none to others"
    lines = [f"Publish this {as_whom}, for everybody who is signed in to PAM to read:"]
    lines += [f"Title: {post.title}"] if post.title else []
    lines += [post.content]
    lines += [f"Place: {post.place}"] if post.place else []
    lines += [f"Tags: {', '.join(post.tags)}"] if post.tags else []
    return "\n".join(lines)


@approval_tool(EffectKind.OUTWARD, summary=lambda _: "Publishing a post", preview=_preview_post)
def create_post(writing: WriteContext, post: CreatePost) -> WriteResult:
    """Publishes a post that everybody who is signed in to PAM can read, once the traveller has confirmed it. Only if
    they asked for a post. It can't be changed or taken back."""
    post_id = posts.create_post(
        writing.connection,
        writing.profile.id,
        title=post.title,
        content=post.content,
        place=post.place or "",
        tags=post.tags,
        now=writing.now,
    )
    called = f" “{post.title}”" if post.title else ""
    return WriteResult(f"Your post{called} is published.", {"post_id": str(post_id)}, _SOURCE)


def _preview_message(writing: WriteContext, new: MessageFriend) -> str:
    recipient = find_recipient(writing.connection, writing.profile.id, new.recipient)
    check_message_limit(writing.connection, writing.profile.id, writing.now)
    return f"Send this message to {recipient.name}:\n{new.message}"


@approval_tool(EffectKind.OUTWARD, summary=lambda new: f"Writing to {new.recipient}", preview=_preview_message)
def message_friend(writing: WriteContext, new: MessageFriend) -> WriteResult:
    """Sends a direct message to one friend in PAM, once the traveller has confirmed it; to somebody who isn't a friend
    only by their whole name, if they take messages from everybody. At most ten an hour. It can't be taken back."""
    recipient = find_recipient(writing.connection, writing.profile.id, new.recipient)
    send_message(writing.connection, writing.profile.id, recipient, new.message, writing.now)
    return WriteResult(f"Your message to {recipient.name} is sent.", {"recipient": recipient.name}, _SOURCE)


TOOLS = (create_post, message_friend)
