"""The kinds of writes: what each writes, and how that is undone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pam.platform.postgres import Connection
from pam.users.profile import Profile

A = TypeVar("A")


@dataclass(frozen=True)
class WriteContext:
    """The transaction of a write or an undo: the user's profile in their present time zone, and the instant `now`.

    `typed_at` is when the user typed what is written: days such as today count from then. None if it isn't known.
    `turn_id` is the turn that writes, None outside of one.
    """

    connection: Connection
    profile: Profile
    now: datetime
    typed_at: datetime | None = None
    turn_id: UUID | None = None

    @property
    def day_reference(self) -> datetime:
        """The instant that relative days count from."""
        return self.typed_at or self.now


@dataclass(frozen=True)
class WriteResult:
    """What a write did: in a sentence, as JSON values, and from which source.

    `undo` is what its undo needs (JSON values); None where it can't be undone.
    """

    text: str
    data: Mapping[str, Any]
    source: str
    undo: Mapping[str, Any] | None = None
    simulated: bool = False


@dataclass(frozen=True)
class UndoResult:
    """What an undo did, in a sentence, and what is true after it."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


Undo = Callable[[WriteContext, Mapping[str, Any]], UndoResult]
"""Undoes a write, from its `WriteResult.undo`, also where that was done already. Raises `PamError`."""


@dataclass(frozen=True)
class WriteOperation(Generic[A]):
    """A kind of write. `name` is stored with each effect, and finds the operation again that undoes it."""

    name: str
    write: Callable[[WriteContext, A], WriteResult]
    undo: Undo | None = None
