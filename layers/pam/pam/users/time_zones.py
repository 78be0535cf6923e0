"""Time zones by their IANA names."""

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, WithJsonSchema

from pam.platform.errors import UNKNOWN_TIME_ZONE, PamError

# Entries of time zone databases that name no region: the server's own zone, placeholders, leap second variants.
_NO_REGION = re.compile(r"localtime|posixrules|Factory|(right|posix)/.*")

_MAX_NAME_CHARS = 64
"""Twice as long as the longest name of the database."""


def parse_time_zone(value: Any) -> ZoneInfo:
    """Return the time zone of an IANA name such as `Australia/Sydney`. Raises `PamError` (`unknown_time_zone`)."""
    if isinstance(value, ZoneInfo):
        return value
    try:
        if not isinstance(value, str) or len(value) > _MAX_NAME_CHARS or _NO_REGION.fullmatch(value):
            raise ValueError
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PamError(
            UNKNOWN_TIME_ZONE,
            "PAM doesn't know that time zone. It takes names such as America/Denver.",
            field="timezone",
        ) from None


TimeZone = Annotated[
    ZoneInfo,
    BeforeValidator(parse_time_zone),
    WithJsonSchema(
        {
            "type": "string",
            "format": "time-zone",
            "description": "Where the device is now, as an IANA time zone: it decides which day today is. "
            "Without it, the zone of the traveller's settings.",
            "examples": ["America/Denver"],
        }
    ),
]
