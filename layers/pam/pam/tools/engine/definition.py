"""The definition of a tool: what the model reads of it, what effect it has, and how it runs.

The user's id, time zone and location come from the context, never from the model's arguments.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from pam.answers.dependencies import TravelDependencies
from pam.ledger.effects import Effect
from pam.ledger.operation import Undo, WriteContext, WriteOperation, WriteResult
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection

A = TypeVar("A", bound=BaseModel)

TOOL_TIMEOUT_S = 8.0


@dataclass(frozen=True)
class Identity:
    """Whom or what a name in a tool's arguments means. `name` is the one at the time of the preview."""

    id: UUID
    name: str


Identities = Mapping[str, Identity]
"""The identities that a write concerns, by the argument that names each."""


class EffectKind(StrEnum):
    """What effect a tool has, which decides whether it needs the user's approval."""

    READ = "read"
    OWN = "own"
    """Writes the user's own data: done at once, and can be undone."""
    OUTWARD = "outward"
    """Others see it: requires approval."""
    COSTLY = "costly"
    """Costs money or can't be undone: requires approval."""

    @property
    def requires_approval(self) -> bool:
        return self in (EffectKind.OUTWARD, EffectKind.COSTLY)


@dataclass(frozen=True)
class ToolContext:
    """The user of a tool call, its deadline, and where the device is (degrees). A write is done once for the key.

    `turn_id` and `call_id` are the turn that makes the call and the model's id of it; None and "" outside of a turn.
    `typed_at` is when the user typed the question, which days such as today count from; None if it isn't known.
    `check_fact_write` is called in the transaction of a write that changes what later conversations are told, and may
    raise `PamError`.
    """

    dependencies: TravelDependencies
    user_id: UUID
    key: str
    deadline: Deadline
    zone: ZoneInfo | None = None
    location: tuple[float, float] | None = None
    turn_id: UUID | None = None
    call_id: str = ""
    typed_at: datetime | None = None
    check_fact_write: Callable[[Connection], None] = lambda _: None


@dataclass(frozen=True)
class ToolResult:
    """The result of a tool: a sentence for the user, JSON values for the model, their source and their time.

    `as_of` is ISO 8601 with its offset. `effect` is the recorded write; None for a reader.
    """

    text: str
    data: Mapping[str, Any]
    source: str
    as_of: str
    simulated: bool = False
    effect: Effect | None = None


@dataclass(frozen=True)
class Tool(Generic[A]):
    """A tool. It has either `read` or `operation`, as its effect requires.

    `summary` says in a few words what the tool is doing. `operation` takes the arguments and, if there is a `prepare`,
    what that returned: it calls sources before the transaction begins, so that none is held open meanwhile. `preview`
    is what the user approves; it raises `PamError` where the write isn't possible. `resolve` returns the identities
    that the arguments name: an approval is bound to them, and `preview` and `operation` take them, too. `repeats` tells
    from a call's arguments and the data of a recorded write whether they are the same write, in whatever words.

    `returns_others_text` is whether its result may have texts of third parties, `writes_memory` whether it adds to
    what later conversations are told, `changes_settings` whether it changes what the user set once for all.
    `recipients` are the arguments that name whom the effect reaches.
    """

    name: str
    description: str
    arguments: type[A]
    effect: EffectKind
    summary: Callable[[A], str]
    read: Callable[[ToolContext, A], ToolResult] | None = None
    operation: WriteOperation[tuple[Any, ...]] | None = None
    prepare: Callable[..., Any] | None = None
    preview: Callable[..., str] | None = None
    resolve: Callable[[WriteContext, A], Identities] | None = None
    repeats: Callable[[A, Mapping[str, Any]], bool] | None = None
    timeout_s: float = TOOL_TIMEOUT_S
    returns_others_text: bool = False
    writes_memory: bool = False
    changes_settings: bool = False
    recipients: tuple[str, ...] = ()


def read_tool(
    *, summary: Callable[[A], str], timeout_s: float = TOOL_TIMEOUT_S, returns_others_text: bool = False
) -> Callable[[Callable[[ToolContext, A], ToolResult]], Tool[A]]:
    """Make a tool that only reads. Its name, description and arguments are those of the function."""

    def make(read: Callable[[ToolContext, A], ToolResult]) -> Tool[A]:
        return Tool(
            name=read.__name__,
            description=_description(read),
            arguments=_arguments(read),
            effect=EffectKind.READ,
            summary=summary,
            read=read,
            timeout_s=timeout_s,
            returns_others_text=returns_others_text,
        )

    return make


def write_tool(
    *,
    summary: Callable[[A], str],
    undo: Undo | None,
    prepare: Callable[[ToolContext, A], Any] | None = None,
    preview: Callable[[WriteContext, A], str] | None = None,
    repeats: Callable[[A, Mapping[str, Any]], bool] | None = None,
    writes_memory: bool = False,
    changes_settings: bool = False,
    returns_others_text: bool = False,
) -> Callable[[Callable[..., WriteResult]], Tool[A]]:
    """Make a tool that writes the user's own data. With `prepare`, the function also takes what that returns.

    `preview` is for turns whose policy requires approval; by default it shows the arguments.
    """

    def make(write: Callable[..., WriteResult]) -> Tool[A]:
        return _make(
            write,
            EffectKind.OWN,
            summary,
            undo=undo,
            prepare=prepare,
            preview=preview,
            repeats=repeats,
            writes_memory=writes_memory,
            changes_settings=changes_settings,
            returns_others_text=returns_others_text,
        )

    return make


def approval_tool(
    effect: EffectKind,
    *,
    summary: Callable[[A], str],
    preview: Callable[..., str],
    resolve: Callable[[WriteContext, A], Identities] | None = None,
    prepare: Callable[..., Any] | None = None,
    recipients: tuple[str, ...] = (),
    returns_others_text: bool = False,
) -> Callable[[Callable[..., WriteResult]], Tool[A]]:
    """Make a tool that requires the user's approval. With `resolve`, function and preview also take its result.

    With `prepare`, which takes the same, the function takes what that returns, too.
    """

    def make(write: Callable[..., WriteResult]) -> Tool[A]:
        return _make(
            write,
            effect,
            summary,
            prepare=prepare,
            preview=preview,
            resolve=resolve,
            recipients=recipients,
            returns_others_text=returns_others_text,
        )

    return make


def _make(
    write: Callable[..., WriteResult],
    effect: EffectKind,
    summary: Callable[[A], str],
    *,
    undo: Undo | None = None,
    prepare: Callable[[ToolContext, A], Any] | None = None,
    preview: Callable[..., str] | None = None,
    resolve: Callable[[WriteContext, A], Identities] | None = None,
    repeats: Callable[[A, Mapping[str, Any]], bool] | None = None,
    writes_memory: bool = False,
    changes_settings: bool = False,
    recipients: tuple[str, ...] = (),
    returns_others_text: bool = False,
) -> Tool[A]:
    return Tool(
        name=write.__name__,
        description=_description(write),
        arguments=_arguments(write),
        effect=effect,
        summary=summary,
        operation=WriteOperation(write.__name__, lambda context, arguments: write(context, *arguments), undo),
        prepare=prepare,
        preview=preview,
        resolve=resolve,
        repeats=repeats,
        writes_memory=writes_memory,
        changes_settings=changes_settings,
        returns_others_text=returns_others_text,
        recipients=recipients,
    )


def _description(function: Callable[..., Any]) -> str:
    description = inspect.getdoc(function)
    assert description, f"{function.__name__} has no description for the model"
    return " ".join(description.split())


def _arguments(function: Callable[..., Any]) -> Any:
    return list(inspect.signature(function, eval_str=True).parameters.values())[1].annotation
