"""A tool: what Claude reads of it, what it does to the world, and what it tells.

The user id, the zone and the place of the device come from the call, never from the model's arguments.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from pam.answers.dependencies import TravelDependencies
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection
from pam.users.profile import Profile

A = TypeVar("A", bound=BaseModel)

TOOL_TIMEOUT_S = 8.0


class EffectKind(StrEnum):
    """What a tool does to the world, and so what it needs before it may."""

    READ = "read"
    OWN = "own"
    """Writes the traveller's own data: done at once, and can be undone."""
    OUTWARD = "outward"
    """Others see it: waits for the traveller's confirmation."""
    COSTLY = "costly"
    """Costs money or can't be undone: waits for the traveller's confirmation."""

    @property
    def requires_approval(self) -> bool:
        return self in (EffectKind.OUTWARD, EffectKind.COSTLY)


@dataclass(frozen=True)
class ToolContext:
    """Who calls a tool, until when, and where their device is (degrees). A write happens once for each key."""

    dependencies: TravelDependencies
    user_id: UUID
    key: str
    deadline: Deadline
    zone: ZoneInfo | None = None
    location: tuple[float, float] | None = None


@dataclass(frozen=True)
class WriteContext:
    """What a write happens in: one transaction of the traveller's, at the instant `now`."""

    connection: Connection
    profile: Profile
    now: datetime


@dataclass(frozen=True)
class ToolResult:
    """What a tool tells: a sentence for the traveller, the figures for Claude, who says so and since when.

    `as_of` is ISO 8601 with its offset. `effect_id` names a write that can be undone until `undo_until`.
    """

    text: str
    data: Mapping[str, Any]
    source: str
    as_of: str
    effect_id: UUID | None = None
    undo_until: datetime | None = None


@dataclass(frozen=True)
class WriteResult:
    """What a write did, in a sentence and figures, and what its undoing needs to know (JSON)."""

    text: str
    data: Mapping[str, Any]
    source: str
    undo: Mapping[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class Tool(Generic[A]):
    """One tool. Exactly one of `read` and `write` is there, as its effect says.

    `summary` says in a few words what the tool is summary. `preview` says what will be done once it is
    confirmed, and raises `PamError` where it couldn't be done anyway. `undo` takes a write back, from what
    `Written.undo` said, and tells so in a sentence. `prepare` asks sources before the write's transaction begins,
    so that none is held open meanwhile; `write` gets what it found, else None.
    """

    name: str
    description: str
    arguments: type[A]
    effect: EffectKind
    summary: Callable[[A], str]
    read: Callable[[ToolContext, A], ToolResult] | None = None
    write: Callable[[WriteContext, A, Any], WriteResult] | None = None
    prepare: Callable[[ToolContext, A], Any] | None = None
    preview: Callable[[WriteContext, A], str] | None = None
    undo: Callable[[WriteContext, Mapping[str, Any]], str] | None = None
    timeout_s: float = TOOL_TIMEOUT_S


def read_tool(
    *, summary: Callable[[A], str], timeout_s: float = TOOL_TIMEOUT_S
) -> Callable[[Callable[[ToolContext, A], ToolResult]], Tool[A]]:
    """Makes a tool that only looks: its name, description and arguments are the function's own."""

    def make(read: Callable[[ToolContext, A], ToolResult]) -> Tool[A]:
        return Tool(
            read.__name__,
            _told_to_claude(read),
            _arguments(read),
            EffectKind.READ,
            summary,
            read=read,
            timeout_s=timeout_s,
        )

    return make


Prepare = Callable[[ToolContext, A], Any]
Write = Callable[[WriteContext, A], WriteResult] | Callable[[WriteContext, A, Any], WriteResult]


def write_tool(
    *,
    summary: Callable[[A], str],
    undo: Callable[[WriteContext, Mapping[str, Any]], str],
    prepare: Prepare[A] | None = None,
) -> Callable[[Write[A]], Tool[A]]:
    """Makes a tool that writes the traveller's own data; with `prepare`, its function takes what that found, too."""

    def make(write: Write[A]) -> Tool[A]:
        return _make(write, EffectKind.OWN, summary, prepare, undo=undo)

    return make


def approval_tool(
    effect: EffectKind, *, summary: Callable[[A], str], preview: Callable[[WriteContext, A], str]
) -> Callable[[Write[A]], Tool[A]]:
    """Makes a tool that waits for the traveller's confirmation."""

    def make(write: Write[A]) -> Tool[A]:
        return _make(write, effect, summary, None, preview=preview)

    return make


def _make(
    write: Callable[..., WriteResult],
    effect: EffectKind,
    summary: Callable[[A], str],
    prepare: Prepare[A] | None,
    undo: Callable[[WriteContext, Mapping[str, Any]], str] | None = None,
    preview: Callable[[WriteContext, A], str] | None = None,
) -> Tool[A]:
    def with_found(write_tool: WriteContext, arguments: A, found: Any) -> WriteResult:
        return write(write_tool, arguments) if prepare is None else write(write_tool, arguments, found)

    return Tool(
        name=write.__name__,
        description=_told_to_claude(write),
        arguments=_arguments(write),
        effect=effect,
        summary=summary,
        write=with_found,
        prepare=prepare,
        preview=preview,
        undo=undo,
    )


def _told_to_claude(function: Callable[..., Any]) -> str:
    description = inspect.getdoc(function)
    assert description, f"{function.__name__} has nothing to tell Claude"
    return " ".join(description.split())


def _arguments(function: Callable[..., Any]) -> Any:
    return list(inspect.signature(function, eval_str=True).parameters.values())[1].annotation
