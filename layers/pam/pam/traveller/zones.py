"""Time zones by their IANA names."""

from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, WithJsonSchema

from pam.platform.errors import UNKNOWN_TIME_ZONE, PamError


@cache
def _load(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def parse_zone(value: Any) -> ZoneInfo:
    """A time zone by its IANA name, such as `Australia/Sydney`. Raises `PamError` (`unknown_time_zone`)."""
    if isinstance(value, ZoneInfo):
        return value
    try:
        return _load(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise PamError(
            UNKNOWN_TIME_ZONE,
            "PAM doesn't know that time zone. It takes names such as America/Denver.",
            field="timezone",
        ) from None


Zone = Annotated[
    ZoneInfo,
    BeforeValidator(parse_zone),
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
