"""A reply of the model as it is streamed, and the errors that end it early."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pam.sources.claude.pricing import TokenUsage


@dataclass(frozen=True)
class TextDelta:
    """A piece of text."""

    text: str


@dataclass(frozen=True)
class ToolUse:
    """A tool call. `arguments` is the JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass
class ModelReply:
    """A reply, complete or partial: content blocks as the API accepts them back, stop reason and token usage."""

    content: list[dict[str, Any]] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    stop_reason: str | None = None
    simulated: bool = False
    """A stand-in sent it."""
    usage: TokenUsage = field(default_factory=TokenUsage)

    @property
    def text(self) -> str:
        """The text of all blocks."""
        return "".join(block["text"] for block in self.content if block["type"] == "text")


class ModelErrorKind(StrEnum):
    """Why there is no complete reply."""

    BUSY = "busy"
    """429 or 529, or the same in the stream: can be retried after `retry_after`."""
    SPENT = "spent"
    """The account's own spending limit or its balance: a retry fails, too."""
    TOO_LONG = "too_long"
    """The prompt is longer than the model's context: a retry fails, too."""
    TIMED_OUT = "timed_out"
    """408: the API took too long, and can be asked again."""
    CONFLICT = "conflict"
    """409: the API was changing something that the request needs, and can be asked again."""
    UNAVAILABLE = "unavailable"
    """5xx, no connection, no response in time, or a body that isn't the API's."""
    REFUSED = "refused"
    """4xx: the key or the request is invalid; a retry fails, too."""
    CUT = "cut"
    """The stream ended before the reply did."""
    SILENT = "silent"
    """The connection is open, but no event arrived in time."""


class ModelError(Exception):
    """There is no complete reply. `partial` holds the complete blocks, and the text received until the error.

    `status` is the HTTP status of a request that was refused, None where the response had none.
    """

    def __init__(
        self, kind: ModelErrorKind, detail: str, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.retry_after = retry_after
        self.status = status
        self.partial = ModelReply()
