"""Coming events of the community, and a sentence about them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from pam.answers.answer import Answer, Count, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.excerpt import excerpt
from pam.answers.json_values import json_dataclass
from pam.community.event_list import PublishedEvent, read_coming_events
from pam.platform.deadline import Deadline
from pam.users.formatting import format_instant
from pam.users.profile import Profile, read_profile

SOURCE = "Events in PAM"

# With five events these stay below the 8 KB of a result.
_MAX_DESCRIPTION_BYTES = 2400
"""Of all descriptions of an answer."""
_MAX_SHORT_BYTES = 160
"""Of a title and of a place."""
_MAX_NAME_BYTES = 60
_MAX_IN_TEXT = 3


@json_dataclass
class EventItem:
    """An event as the user sees it."""

    id: str
    title: str
    starts_at: Instant
    place: Annotated[str, Field(description="In the words of the host.")]
    description: str
    host: Annotated[str | None, Field(description="Null for a user who shows no name.")]
    is_own: bool
    attendees: Count
    max_attendees: Annotated[int | None, Field(description="Null where anybody may join.")]
    first_attendees: Annotated[tuple[str, ...], Field(description="Of those who show it to the user.")]
    joined_by_user: bool
    is_shortened: Annotated[bool | None, Field(description="True where a text isn't complete.")] = None


@json_dataclass
class EventList(Answer):
    """Events that begin in the future, soonest first, and whether there are more."""

    events: tuple[EventItem, ...]
    there_are_more: bool


def coming_events(
    dependencies: UserDependencies,
    user_id: UUID,
    place: str,
    page: int,
    deadline: Deadline,
    zone: ZoneInfo | None = None,
) -> EventList:
    """Return a page of the coming events that the user sees, at places with these words if there are any."""
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(zone)
        events, there_are_more = read_coming_events(connection, user_id, place, page, now)
    return EventList(
        text=_sentence(events, profile, place, page, there_are_more),
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        events=tuple(_item(event, profile, _MAX_DESCRIPTION_BYTES // len(events)) for event in events),
        there_are_more=there_are_more,
    )


def places_text(attendees: int, max_attendees: int | None) -> str:
    """Render how many have joined, such as `3 of 25 places are taken`."""
    if max_attendees is None:
        return "nobody has joined yet" if attendees == 0 else f"{attendees} joined"
    return f"{attendees} of {max_attendees} places are taken"


def _item(event: PublishedEvent, profile: Profile, max_description_bytes: int) -> EventItem:
    texts = {
        "title": excerpt(event.title, _MAX_SHORT_BYTES),
        "place": excerpt(event.place, _MAX_SHORT_BYTES),
        "description": excerpt(event.description, max_description_bytes),
    }
    is_shortened = any(getattr(event, name) != text for name, text in texts.items())
    return EventItem(
        id=str(event.id),
        **texts,
        starts_at=instant(event.starts_at.astimezone(profile.zone)),
        host=None if event.host is None else excerpt(event.host, _MAX_NAME_BYTES),
        is_own=event.is_own,
        attendees=event.attendees,
        max_attendees=event.max_attendees,
        first_attendees=tuple(excerpt(name, _MAX_NAME_BYTES) for name in event.names),
        joined_by_user=event.has_joined,
        is_shortened=True if is_shortened else None,
    )


def _sentence(events: Sequence[PublishedEvent], profile: Profile, place: str, page: int, there_are_more: bool) -> str:
    where = f" at {excerpt(place, _MAX_SHORT_BYTES)}" if place else ""
    if not events:
        return f"PAM finds no {'more ' if page > 1 else ''}coming events{where} that you can see."
    named = "; ".join(_label(event, profile) for event in events[:_MAX_IN_TEXT])
    rest = f"; and {len(events) - _MAX_IN_TEXT} more" if len(events) > _MAX_IN_TEXT else ""
    more = " There are more." if there_are_more else ""
    which = "event" if len(events) == 1 else "events"
    return f"{len(events)} coming {which}{where}, soonest first: {named}{rest}.{more}"


def _label(event: PublishedEvent, profile: Profile) -> str:
    title, place = excerpt(event.title, _MAX_SHORT_BYTES), excerpt(event.place, _MAX_SHORT_BYTES)
    by = "yours" if event.is_own else f"by {excerpt(event.host, _MAX_NAME_BYTES)}" if event.host else "by somebody"
    joined = ", you have joined" if event.has_joined else ""
    places = places_text(event.attendees, event.max_attendees)
    return f"“{title}” {by}, {format_instant(event.starts_at, profile)} at {place} ({places}{joined})"
