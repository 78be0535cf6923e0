"""A turn: one question of a user and the frames of its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pam.chat.lifecycle.quoted_memory import Clearing
from pam.platform.dynamodb import Item


class TurnState(StrEnum):
    """Where a turn is in its life. It never goes back."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class ResumeRequest:
    """A client's request for the frames after number `after`, on the turn's current connection."""

    id: str
    after: int


@dataclass(frozen=True)
class Turn:
    """A turn as it is stored. `request` is `{text, context: {timezone, typed_at, location}, retry_of}`."""

    user_id: UUID
    message_id: UUID
    conversation_id: UUID
    state: TurnState
    request: Mapping[str, Any]
    connection_id: str
    """The connection that frames are sent to."""
    last_seq: int
    """The number of the last frame that was sent before the worker took over."""
    is_cancelled: bool
    worker: str
    """The token of the worker that holds the lease; empty before the start."""
    lease_expires_at: datetime
    """Until when a worker has to start, or to send its next heartbeat."""
    resume: ResumeRequest | None
    pending_frames: tuple[Mapping[str, Any], ...]
    """Bodies of frames that others have for the worker to send."""
    opened_at: datetime | None = None
    """When the question arrived; None for a turn that an earlier release opened."""
    is_deleted: bool = False
    """Whether the worker deletes the turn once it has ended."""
    clearing: Clearing | None = None
    """What the worker removes from its frames then."""

    @property
    def write_key(self) -> str:
        """The key of the turn's writes: that of the message which this one repeats, if it repeats one."""
        return str(self.request.get("retry_of") or self.message_id)

    @property
    def scope(self) -> tuple[UUID, UUID]:
        """The message and the conversation that every frame names."""
        return self.message_id, self.conversation_id

    @classmethod
    def from_item(cls, item: Item) -> "Turn":
        """Parse the item that `to_item` made."""
        resume = ResumeRequest(item["resume_id"], int(item["resume_after"])) if "resume_id" in item else None
        return cls(
            user_id=UUID(item["user_id"]),
            message_id=UUID(item["message_id"]),
            conversation_id=UUID(item["conversation_id"]),
            state=TurnState(item["state"]),
            request=json.loads(item["request"]),
            connection_id=item["connection_id"],
            last_seq=int(item["last_seq"]),
            is_cancelled=bool(item["cancelled"]),
            worker=item.get("worker", ""),
            lease_expires_at=datetime.fromtimestamp(float(item["lease_expires_at"]), UTC),
            resume=resume,
            pending_frames=tuple(json.loads(body) for body in item.get("pending_frames", [])),
            opened_at=datetime.fromtimestamp(float(item["opened_at"]), UTC) if "opened_at" in item else None,
            is_deleted=bool(item.get("deleted", False)),
            clearing=Clearing(item["clearing"]) if "clearing" in item else None,
        )

    def to_item(self) -> Item:
        """Return the fields of a turn that has just been opened."""
        opened = {} if self.opened_at is None else {"opened_at": self.opened_at.timestamp()}
        return opened | {
            "user_id": str(self.user_id),
            "message_id": str(self.message_id),
            "conversation_id": str(self.conversation_id),
            "state": self.state.value,
            "request": json.dumps(self.request),
            "connection_id": self.connection_id,
            "last_seq": self.last_seq,
            "cancelled": self.is_cancelled,
            "lease_expires_at": self.lease_expires_at.timestamp(),
        }
