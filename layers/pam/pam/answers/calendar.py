"""Events of the calendar as sentences and JSON values."""

import json
from typing import Any

from pam.calendar.event import CalendarEvent, event_time
from pam.calendar.event_pages import PAGE_SIZE, EventPage
from pam.calendar.times import Days
from pam.users.formatting import format_dates, pluralize
from pam.users.periods import Window
from pam.users.profile import Profile

_MAX_IN_TEXT = 3
_MAX_LISTED_CHARS = 50
"""Of a place and of notes in a list that is too long with all of them."""
_MAX_WHOLE_BYTES = 6_000


def calendar_source(profile: Profile) -> str:
    """Return the name of the source."""
    return profile.source_of("calendar")


def event_data(event: CalendarEvent, profile: Profile, *, max_chars: int | None = None) -> dict[str, Any]:
    """Return an event as JSON values, its times with the offset of the user's time zone.

    `last_day` is the last one of an all-day event. `entered_as` is the wall clock of another time zone that the event
    was entered in.
    """
    data: dict[str, Any] = {"id": str(event.id), "title": event.title}
    span = event.span
    if isinstance(span, Days):
        data |= {"all_day": True, "start": span.first.isoformat(), "last_day": span.last.isoformat()}
    else:
        data["start"] = span.starts.astimezone(profile.zone).isoformat(timespec="minutes")
        if span.ends is not None:
            data["end"] = span.ends.astimezone(profile.zone).isoformat(timespec="minutes")
        if span.zone.key != profile.zone.key:
            local = span.starts_local.isoformat(timespec="minutes")
            data["entered_as"] = {"start": local, "time_zone": span.zone.key}
    texts = {"place": event.place, "notes": event.notes}
    return data | {name: _shorten(text, max_chars) for name, text in texts.items() if text}


def page_data(page: EventPage, profile: Profile, number: int) -> dict[str, Any]:
    """Return a page of events as JSON values; `next_page` is None on the last."""
    return {
        "events": _listed(page, profile),
        "found": page.total,
        "next_page": number + 1 if page.total > number * PAGE_SIZE else None,
    }


def _listed(page: EventPage, profile: Profile) -> list[dict[str, Any]]:
    """Return the events whole where they fit: what is cut can't be written back."""
    whole = [event_data(event, profile) for event in page.events]
    if len(json.dumps(whole, ensure_ascii=False).encode()) <= _MAX_WHOLE_BYTES:
        return whole
    return [event_data(event, profile, max_chars=_MAX_LISTED_CHARS) for event in page.events]


def page_text(page: EventPage, window: Window, profile: Profile, number: int) -> str:
    """Render how many events there are in a window of days, and the first of them with their times."""
    when = "" if window.period == "all_time" else f" {_days(window, profile)}"
    if not page.events:
        more = " more" if number > 1 else ""
        return f"Your calendar has no{more} events{when}."
    listed = "; ".join(event_text(event, profile) for event in page.events[:_MAX_IN_TEXT])
    more = "; and more" if page.total > len(page.events[:_MAX_IN_TEXT]) else ""
    return f"Your calendar has {pluralize(page.total, 'event')}{when}: {listed}{more}."


def event_text(event: CalendarEvent, profile: Profile) -> str:
    """Render an event and when it is."""
    place = f", {_shorten(event.place, _MAX_LISTED_CHARS)}" if event.place else ""
    return f"{event.title} ({event_time(event.span, profile)}{place})"


def _days(window: Window, profile: Profile) -> str:
    return f"{'on' if window.days == 1 else 'from'} {format_dates(window.start, window.end, profile)}"


def _shorten(text: str, max_chars: int | None) -> str:
    return text if max_chars is None or len(text) <= max_chars else f"{text[: max_chars - 1].rstrip()}…"
