"""UUIDs of clients, in one form only: Python's `UUID` also accepts braces, a URN, other digits, and no hyphens."""

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator

from pam.platform.errors import INVALID_REQUEST, PamError

_HYPHENATED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_uuid(value: Any) -> UUID:
    """Return the UUID of its hyphenated form, in either case. Raises ValueError for anything else."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not _HYPHENATED.fullmatch(value):
        raise ValueError("not a UUID with hyphens")
    return UUID(value)


def parse_canonical_uuid(value: Any) -> UUID:
    """Return the UUID of its canonical form, in lower case. Raises ValueError for anything else."""
    found = parse_uuid(value)
    if str(found) != value:
        raise ValueError("not a UUID in canonical form")
    return found


def parse_row_id(value: Any, noun: str, field: str) -> UUID:
    """Return the id of what `noun` names, such as `a post`. Raises `PamError` (`invalid_request`) for other text."""
    try:
        return parse_uuid(value)
    except ValueError:
        raise PamError(INVALID_REQUEST, f"The id of {noun} is a UUID.", field=field) from None


Uuid = Annotated[UUID, BeforeValidator(parse_uuid)]
"""A field with the hyphenated form of a UUID."""
