"""The frames of the WebSocket, each defined once; `docs/websocket.md` tells them to clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pam.answers.ask import Location, QuestionText
from pam.users.time_zones import TimeZone

LONGEST_DELTA = 4000
"""Characters of text in one `delta`: with every character escaped it still fits into a frame of 32 KB."""


class _FromClient(BaseModel):
    """What every frame of a client has: the action that chose the route."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: str


class Context(BaseModel):
    """Where the device says it is, and in which zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: TimeZone | None = None
    location: Location | None = None


class ChatFrame(_FromClient):
    """A question. `message_id` is the client's own: the same one is answered once, however often it comes."""

    message_id: UUID
    conversation_id: UUID | None = None
    text: QuestionText = Field(min_length=1)  # with a bound, pydantic also looks for half a character
    context: Context = Context()


class ResumeFrame(_FromClient):
    """All frames of a message after the one with the number `after`."""

    message_id: UUID
    after: Decimal = Field(ge=0, le=1_000_000, decimal_places=0, strict=True)  # as JSON's numbers come


class ConfirmFrame(_FromClient):
    """The traveller's decision; `digest` is that of the arguments that they were shown."""

    confirmation_id: UUID
    decision: Literal["yes", "no"]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CancelFrame(_FromClient):
    """Stops the answer to a message."""

    message_id: UUID


class PingFrame(_FromClient):
    """Keeps the socket open, and proves that it is."""


class Frame:
    """A frame of the server's, as it is sent but for its number and whose it is."""

    type: ClassVar[str]

    def body(self) -> dict[str, Any]:
        """The frame as JSON."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        return {"type": self.type} | told


@dataclass(frozen=True)
class Ack(Frame):
    """The question is accepted: from here on it is answered, whatever happens to the socket."""

    type = "ack"


@dataclass(frozen=True)
class Queued(Frame):
    """Another question of this conversation comes first; `position` 1 is next."""

    type = "queued"
    position: int


@dataclass(frozen=True)
class Delta(Frame):
    """A piece of the answer's text."""

    type = "delta"
    text: str


ToolState = Literal["running", "done", "failed", "waiting"]


@dataclass(frozen=True)
class ToolLine(Frame):
    """What a tool is doing or did; a later one with the same `id` takes its place."""

    type = "tool"
    id: str
    name: str
    state: ToolState
    summary: str
    source: str | None = None


@dataclass(frozen=True)
class ConfirmRequest(Frame):
    """Nothing happens until the traveller says yes to exactly this, by `expires_at`."""

    type = "confirm_request"
    confirmation_id: str
    name: str
    summary: str
    arguments: Mapping[str, Any]
    digest: str
    expires_at: str


@dataclass(frozen=True)
class Confirmed(Frame):
    """What came of a confirmation."""

    type = "confirmed"
    confirmation_id: str
    decision: str
    text: str
    source: str | None = None


@dataclass(frozen=True)
class Done(Frame):
    """The whole answer, what it rests on and what it cost. `cost_usd` is a decimal string; latencies in ms."""

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


@dataclass(frozen=True)
class Failed(Frame):
    """The fault that ends a message: what was told before it stays, and what was done can be undone."""

    type = "error"
    code: str
    message: str
    retry_after: int | None = None
    undo: tuple[Mapping[str, Any], ...] = ()

    def body(self) -> dict[str, Any]:
        return {key: value for key, value in super().body().items() if value not in (None, ())}


PONG = {"type": "pong"}


def numbered(body: Mapping[str, Any], seq: int, message_id: UUID, conversation_id: UUID) -> dict[str, Any]:
    """The frame as it is sent: with its number, the message that it belongs to and its conversation."""
    return dict(body) | {"message_id": str(message_id), "conversation_id": str(conversation_id), "seq": seq}
