"""Direct messages of a traveller: as many as fit into an answer, and a sentence about them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.excerpt import excerpt
from pam.answers.json_values import json_dataclass
from pam.answers.result_size import take_fitting
from pam.community.inbox import DirectMessage, read_messages
from pam.platform.deadline import Deadline
from pam.users.formatting import format_instant, pluralize
from pam.users.profile import Profile, read_profile

SOURCE = "Your messages in PAM"

_MAX_LISTED = 20
_MAX_TEXT_BYTES = 4500
"""Of a message: one of two thousand letters is complete, unless each has several bytes."""
_MAX_NAME_BYTES = 200
_MAX_IN_TEXT = 3
_MAX_QUOTED_BYTES = 200


@json_dataclass
class MessageItem:
    """A message to the traveller, or from them."""

    id: str
    sender: Annotated[str | None, Field(description="Null for the traveller.")]
    recipient: Annotated[str | None, Field(description="Null for the traveller.")]
    text: str
    at: Instant
    is_shortened: bool | None = None


@json_dataclass
class MessageList(Answer):
    """Messages, newest first, and whether there are older ones."""

    messages: tuple[MessageItem, ...]
    there_are_more: bool


def list_messages(
    dependencies: UserDependencies,
    user_id: UUID,
    before: UUID | None,
    deadline: Deadline,
    zone: ZoneInfo | None = None,
) -> MessageList:
    """Return the newest messages, or those older than the message `before`. Raises `PamError` (`message_not_found`)."""
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(zone)
        messages = read_messages(connection, user_id, _MAX_LISTED + 1, before)
    items = take_fitting(_item(message, profile) for message in messages[:_MAX_LISTED])
    there_are_more = len(items) < len(messages)
    return MessageList(
        text=_sentence(messages[: len(items)], profile, bool(before), there_are_more),
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(dependencies.clock().astimezone(profile.zone)),
        messages=tuple(items),
        there_are_more=there_are_more,
    )


def _item(message: DirectMessage, profile: Profile) -> MessageItem:
    text, name = excerpt(message.text, _MAX_TEXT_BYTES), excerpt(message.other, _MAX_NAME_BYTES)
    return MessageItem(
        id=str(message.id),
        sender=None if message.is_own else name,
        recipient=name if message.is_own else None,
        text=text,
        at=instant(message.sent_at.astimezone(profile.zone)),
        is_shortened=True if text != message.text else None,
    )


def _sentence(messages: Sequence[DirectMessage], profile: Profile, is_continued: bool, there_are_more: bool) -> str:
    older = "older " if is_continued else ""
    if not messages:
        return f"You have no {older}messages."
    named = "; ".join(_label(message, profile) for message in messages[:_MAX_IN_TEXT])
    rest = f"; and {len(messages) - _MAX_IN_TEXT} more" if len(messages) > _MAX_IN_TEXT else ""
    more = " There are older ones." if there_are_more else ""
    return f"{pluralize(len(messages), f'{older}message')}, newest first: {named}{rest}.{more}"


def _label(message: DirectMessage, profile: Profile) -> str:
    name = excerpt(message.other, _MAX_NAME_BYTES)
    direction = f"you to {name}" if message.is_own else f"{name} to you"
    quoted = excerpt(" ".join(message.text.split()), _MAX_QUOTED_BYTES)
    return f"{direction} on {format_instant(message.sent_at, profile)}: “{quoted}”"
