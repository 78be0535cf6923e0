"""What the device told with a question: its time zone, its location, and when the question was typed."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pam.answers.question import Location
from pam.chat.lifecycle.turn import Turn
from pam.users.time_zones import parse_time_zone


def device_zone(turn: Turn) -> ZoneInfo | None:
    """Return the device's time zone, if it is known."""
    name = turn.request["context"]["timezone"]
    return parse_time_zone(name) if name else None


def device_location(turn: Turn) -> Location | None:
    """Return where the device is, if it is known."""
    degrees = turn.request["context"]["location"]
    return Location(latitude=Decimal(degrees[0]), longitude=Decimal(degrees[1])) if degrees else None


def typed_at(turn: Turn, now: datetime) -> datetime | None:
    """Return when the question was typed, at the latest `now`; None if it isn't known."""
    instant = turn.request["context"].get("typed_at")  # absent in a turn that an earlier release opened
    return min(datetime.fromisoformat(instant), now) if instant else None
