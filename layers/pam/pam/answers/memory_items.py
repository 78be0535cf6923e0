"""What PAM remembers, as JSON: a fact, a preference, a summary or a message, with the messages that it comes from."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Instant, instant, one_of
from pam.answers.json_values import json_dataclass
from pam.memory.listing import Memory, MemorySource
from pam.memory.memories_query import ListedKind

_MemoryId = Annotated[
    str,
    Field(description="A number; of a message its UUID.", examples=["42"]),
]


@json_dataclass
class SourceMessageItem:
    """A message of the traveller's or of PAM's."""

    role: Annotated[str, one_of("user", "assistant")]
    text: Annotated[str, Field(description="Without secrets; a long one is shortened.")]


@json_dataclass
class MemorySourceItem:
    """A message with its answer that a memory comes from."""

    message_id: Annotated[str, Field(description="The id that the client gave to the message.")]
    conversation_id: str
    sent_at: Instant
    messages: tuple[SourceMessageItem, ...]


@json_dataclass
class EarlierValueItem:
    """A value that a fact had before."""

    value: str
    since: Instant
    until: Instant


@json_dataclass
class MemoryItem:
    """Something that PAM remembers."""

    kind: Annotated[str, one_of(*ListedKind)]
    id: _MemoryId
    title: Annotated[str, Field(description="A subject or a topic; empty for a message.", examples=["water pump"])]
    text: Annotated[str, Field(description="The value, the summary or the message.", examples=["a Shurflo since May"])]
    since: Annotated[Instant, Field(description="From when it holds, or when it was sent.")]
    until: Annotated[Instant | None, Field(description="Of a summary: when its last message was sent.")]
    stated: Annotated[bool, Field(description="Whether the traveller asked PAM to remember it, or corrected it.")]
    in_prompt: Annotated[bool, Field(description="Of a preference: whether it fits into what every question has.")]
    earlier: Annotated[tuple[EarlierValueItem, ...], Field(description="Of a fact: its earlier values.")]
    sources: Annotated[tuple[MemorySourceItem, ...], Field(description="Where it comes from, the newest five at most.")]
    more_sources: Annotated[int, Field(ge=0, description="How many sources there are beside these.")]


def memory_item(memory: Memory, zone: ZoneInfo) -> MemoryItem:
    """Return a memory as JSON, its instants in a time zone."""
    return MemoryItem(
        kind=memory.kind,
        id=memory.id,
        title=memory.title,
        text=memory.text,
        since=instant(memory.since.astimezone(zone)),
        until=None if memory.until is None else instant(memory.until.astimezone(zone)),
        stated=memory.stated,
        in_prompt=memory.in_prompt,
        earlier=tuple(
            EarlierValueItem(
                value=each.value, since=instant(each.since.astimezone(zone)), until=instant(each.until.astimezone(zone))
            )
            for each in memory.earlier
        ),
        sources=tuple(_source_item(source, zone) for source in memory.sources),
        more_sources=memory.more_sources,
    )


def _source_item(source: MemorySource, zone: ZoneInfo) -> MemorySourceItem:
    return MemorySourceItem(
        message_id=str(source.turn_id),
        conversation_id=str(source.conversation_id),
        sent_at=instant(source.sent_at.astimezone(zone)),
        messages=tuple(SourceMessageItem(role=each.role, text=each.text) for each in source.messages),
    )
