"""The instant at which the user typed an entry, which may be delivered much later: days in it count from then."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from pam.platform.errors import ENTRY_TOO_OLD, INVALID_TYPED_AT, PamError

MAX_ENTRY_AGE = timedelta(days=31)
"""A client queues entries for 30 days; one day more is for their delivery and its retries."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a device's clock may be ahead."""

# `fromisoformat` alone also takes dates without a time, week dates and separators of any kind.
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


def parse_typed_at(value: Any) -> datetime | None:
    """Return the instant in UTC of an ISO 8601 time with its offset. Raises `PamError` (`invalid_typed_at`).

    An instant that was parsed before is returned unchanged.
    """
    if value is None or isinstance(value, datetime):
        return value
    try:
        if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
            raise ValueError
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid("The time of typing must be one such as 2026-03-14T09:30:00Z.") from None


def resolve_typed_at(typed_at: datetime | None, now: datetime) -> datetime:
    """Return the instant that relative days count from: that of typing, or `now` if it isn't known.

    Raises `PamError`: `invalid_typed_at` for one that is still to come, `entry_too_old`.
    """
    if typed_at is None:
        return now
    if typed_at > now + CLOCK_TOLERANCE:
        raise _invalid("The time of typing is still to come. Please check the clock of this device.")
    if typed_at < now - MAX_ENTRY_AGE:
        raise PamError(
            ENTRY_TOO_OLD,
            "This was written more than 30 days ago, so PAM didn't act on it. Please write it again with its date.",
            field="typed_at",
        )
    return min(typed_at, now)


def _invalid(message: str) -> PamError:
    return PamError(INVALID_TYPED_AT, message, field="typed_at")


TypedAt = Annotated[
    datetime | None,
    BeforeValidator(parse_typed_at),
    WithJsonSchema(
        {
            "type": ["string", "null"],
            "format": "typed-at",
            "description": "When it was typed, for an entry that is delivered later: “today” and “yesterday” count "
            "from then, in `timezone`. At most 31 days ago, and not in the future. Without it, now.",
            "examples": ["2026-03-14T09:30:00Z"],
        }
    ),
]
