"""Requests for what PAM remembers, a page at a time."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.platform.errors import INVALID_CURSOR, INVALID_LIMIT, PamError
from pam.platform.validation import optional
from pam.users.text import TextParser

MAX_PAGE_SIZE = 50
MAX_SEARCH_CHARS = 200

_MAX_CURSOR_CHARS = 100


class ListedKind(StrEnum):
    """What can be listed."""

    FACTS = "facts"
    PREFERENCES = "preferences"
    EPISODES = "episodes"
    MESSAGES = "messages"


@dataclass(frozen=True)
class MemoryCursor:
    """The position of the last memory of a page: its time and its number."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, value: Any) -> "MemoryCursor":
        """Return the cursor from the text that `str` made of it. Raises `PamError` (`invalid_cursor`)."""
        try:
            if len(value) > _MAX_CURSOR_CHARS:
                raise ValueError("longer than any cursor")
            text = base64.b64decode(f"{value}{'=' * (-len(value) % 4)}", altchars=b"-_", validate=True).decode()
            at, _, number = text.partition(" ")
            cursor = cls(datetime.fromisoformat(at), parse_memory_id(number))
            if cursor.at.tzinfo is None:
                raise ValueError("the instant has no UTC offset")
        except (TypeError, ValueError, OverflowError, binascii.Error):
            raise PamError(
                INVALID_CURSOR, "That page doesn't exist. Please start from the first.", field="cursor"
            ) from None
        return cursor


def parse_memory_id(value: str) -> int:
    """Return the number of a fact or an episode from its digits. Raises ValueError for anything else."""
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise ValueError("not a number")
    return int(value)


def _parse_page_size(value: Any) -> int:
    text = str(value)
    if len(text) <= len(str(MAX_PAGE_SIZE)) and text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PAGE_SIZE:
        return int(text)
    raise PamError(INVALID_LIMIT, f"A page holds 1 to {MAX_PAGE_SIZE} memories.", field="limit")


SEARCH_SCHEMA = WithJsonSchema({"type": "string", "maxLength": MAX_SEARCH_CHARS, "format": "search"})
"""Words that can be searched for: with none of them, such as `the`, everything would match."""

parse_search = TextParser("search", MAX_SEARCH_CHARS)


class MemoriesQuery(BaseModel):
    """A request for a page of memories of one kind, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[ListedKind, WithJsonSchema({"type": "string", "enum": list(ListedKind)})] = Field(
        default=ListedKind.FACTS, description="What is listed."
    )
    search: Annotated[str, BeforeValidator(parse_search), SEARCH_SCHEMA] = Field(
        default="", description="Words that all have to be in it, in any form. Without them, all are listed."
    )
    limit: Annotated[
        int,
        BeforeValidator(_parse_page_size),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}),
    ] = Field(default=20, description="How many memories on a page.")
    cursor: Annotated[
        MemoryCursor | None,
        optional(MemoryCursor.parse),
        WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}),
    ] = Field(default=None, description="Where the page begins: the `next_cursor` of the page before.")
