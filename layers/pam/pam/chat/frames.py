"""The frames of the WebSocket, each defined once; `docs/websocket.md` documents them for clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pam.answers.question import Location, QuestionText
from pam.platform.errors import PamError
from pam.platform.sendable import sendable
from pam.platform.uuids import Uuid
from pam.users.time_zones import TimeZone
from pam.users.typed_at import TypedAt

MAX_DELTA_CHARS = 4000
"""Characters of text in one `delta`: with every character escaped it still fits into a frame of 32 KB."""


class _ClientFrame(BaseModel):
    """The fields of every frame of a client: the action that selects the route."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str


class DeviceContext(BaseModel):
    """The device's location and time zone, and when the question was typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: TimeZone | None = None
    typed_at: TypedAt = None
    location: Location | None = None


class ChatFrame(_ClientFrame):
    """A question. The client chooses `message_id`: the same one is answered once, however often it arrives.

    `retry_of` is the first message of a question that is asked again after an error: what that one wrote isn't written
    again.
    """

    message_id: Uuid
    retry_of: Uuid | None = None
    conversation_id: Uuid | None = None
    text: QuestionText = Field(min_length=1)  # with a bound, pydantic also refuses lone surrogates
    context: DeviceContext = DeviceContext()


class ResumeFrame(_ClientFrame):
    """A request for all frames of a message after the one with the number `after`."""

    message_id: Uuid
    after: Decimal = Field(ge=0, le=1_000_000, decimal_places=0, strict=True)  # numbers are parsed as Decimal


class ConfirmFrame(_ClientFrame):
    """The user's decision; `digest` is the one of the confirmation request that they saw."""

    confirmation_id: Uuid
    decision: Literal["yes", "no"]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CancelFrame(_ClientFrame):
    """A request to stop the answer to a message."""

    message_id: Uuid


class PingFrame(_ClientFrame):
    """A request for a `pong`, which keeps the connection open."""


class ServerFrame:
    """A frame of the server, without its number and ids."""

    type: ClassVar[str]

    omits_empty: ClassVar[tuple[str, ...]] = ()
    """The fields that are left out where they are None or empty."""

    def body(self) -> dict[str, Any]:
        """Return the frame as JSON, all texts of which can be sent."""
        values = {each.name: sendable(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]
        return {"type": self.type} | {
            name: value for name, value in values.items() if name not in self.omits_empty or value not in (None, [])
        }


@dataclass(frozen=True)
class Ack(ServerFrame):
    """The question is accepted: it will be answered, whatever happens to the connection."""

    type = "ack"


@dataclass(frozen=True)
class Queued(ServerFrame):
    """Other questions of this conversation come first; `position` 1 is next."""

    type = "queued"
    position: int


@dataclass(frozen=True)
class Delta(ServerFrame):
    """A piece of the answer's text."""

    type = "delta"
    text: str


ToolState = Literal["running", "done", "failed", "waiting"]


@dataclass(frozen=True)
class ToolLine(ServerFrame):
    """The state of a tool call; a later frame with the same `id` replaces it.

    `download` has the link to a file, its name and until when it works; the model isn't sent it.
    """

    type = "tool"
    omits_empty = ("download",)
    id: str
    name: str
    state: ToolState
    summary: str
    source: str | None = None
    download: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ConfirmRequest(ServerFrame):
    """An action that is performed only if the user confirms exactly this before `expires_at`.

    `identities` has the id and name of whom or what an argument names, by the argument.
    """

    type = "confirm_request"
    confirmation_id: str
    name: str
    summary: str
    arguments: Mapping[str, Any]
    identities: Mapping[str, Mapping[str, str]]
    digest: str
    expires_at: str


@dataclass(frozen=True)
class Confirmed(ServerFrame):
    """The outcome of a confirmation, how it is undone if it can be, and the link to a file that it made."""

    type = "confirmed"
    omits_empty = ("download",)
    confirmation_id: str
    decision: str
    text: str
    source: str | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    download: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Done(ServerFrame):
    """The whole answer with its sources and cost. `cost_usd` is a decimal string; latencies are in milliseconds.

    `memory` has the recalled passages, a line each: the day, the speaker, the text. `unverified` has the figures of the
    text that nothing covers, as `{start, end, text}` with positions in UTF-16 code units.
    """

    type = "done"
    text: str
    tier: int
    usage: Mapping[str, int] | None = None
    cost_usd: str | None = None
    latency_ms: Mapping[str, int | None] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    as_of: str | None = None
    simulated: bool = False
    answer: Mapping[str, Any] | None = None
    intent: str | None = None
    slots: Mapping[str, Any] | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    truncated: bool = False
    memory: tuple[str, ...] = ()
    unverified: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Failed(ServerFrame):
    """The error that ends a message. Text that was sent before stays, and writes can be undone."""

    type = "error"
    omits_empty = ("retry_after", "undo", "choices")
    code: str
    message: str
    retry_after: int | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    choices: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def from_error(cls, error: PamError, undo: tuple[Mapping[str, Any], ...] = ()) -> "Failed":
        """Return the frame of an error."""
        choices = tuple(vars(choice) for choice in error.choices)
        return cls(error.error.code, error.message, error.retry_after, undo, choices)


CHAT_ROUTE = "chat"
"""The route of questions over the WebSocket, in metrics."""

TERMINAL_TYPES = frozenset({Done.type, Failed.type})
"""The types of frames that end a message."""

PONG = {"type": "pong"}


def numbered(body: Mapping[str, Any], seq: int, message_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    """Return the frame as it is sent: with its number, its message and its conversation."""
    return dict(body) | {"message_id": str(message_id), "conversation_id": str(conversation_id), "seq": seq}
