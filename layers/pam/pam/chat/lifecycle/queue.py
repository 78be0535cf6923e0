"""The queue of a conversation: one turn runs at a time, later ones wait."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item
from pam.platform.errors import QUEUE_FULL, PamError

MAX_WAITING = 5

_QUEUE_TTL = timedelta(days=1)
_QUEUE = "queue"


@dataclass(frozen=True)
class QueuePosition:
    """A turn's position: 0 is running, 1 is next. `running` is the message whose turn runs."""

    position: int
    running: UUID


class ConversationQueue:
    """The queues of all conversations. Methods raise `DynamoUnavailable`. Every write may be repeated."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def enter(self, user_id: UUID, conversation_id: UUID, message_id: UUID) -> QueuePosition:
        """Make a turn the running one, or the last that waits behind it. Raises `PamError` (`queue_full`)."""
        key, message = _key(user_id, conversation_id), str(message_id)
        while True:
            try:
                self._table.update(
                    key,
                    "set #running = :message, #ttl = :ttl",
                    {"message": message, "ttl": self._ttl()},
                    condition="attribute_not_exists(#running) or #running = :message",
                )
                return QueuePosition(0, message_id)
            except ConditionFailed as failure:
                queue = failure.item or {}
            waiting = queue.get("waiting", [])
            if message in waiting:
                return QueuePosition(waiting.index(message) + 1, UUID(queue["running"]))
            if len(waiting) >= MAX_WAITING:
                raise PamError(
                    QUEUE_FULL, "Several questions are waiting already. PAM answers them first.", retry_after=10
                )
            try:
                queue = self._table.update(
                    key,
                    "set #waiting = list_append(if_not_exists(#waiting, :none), :one), #ttl = :ttl",
                    {"none": [], "one": [message], "ttl": self._ttl(), "seen": waiting, "running": queue["running"]},
                    condition="#running = :running and (attribute_not_exists(#waiting) or #waiting = :seen)",
                )
                return QueuePosition(len(queue["waiting"]), UUID(queue["running"]))
            except ConditionFailed:
                continue  # the queue has changed; or this is the repetition of a write that was done

    def members(self, user_id: UUID, conversation_id: UUID) -> tuple[UUID | None, list[UUID]]:
        """Return the message whose turn runs, and those that wait in their order."""
        queue = self._table.get(*_key(user_id, conversation_id)) or {}
        return _running(queue), [UUID(message) for message in queue.get("waiting", [])]

    def leave(self, user_id: UUID, conversation_id: UUID, message_id: UUID) -> UUID | None:
        """Remove a turn; return the next one, which now runs, or None where none waits or another runs."""
        key, message = _key(user_id, conversation_id), str(message_id)
        while True:
            try:
                self._table.update(
                    key,
                    "set #left = :message remove #running",
                    {"message": message},
                    condition="#running = :message and attribute_not_exists(#waiting[0])",
                )
                return None
            except ConditionFailed as failure:
                queue = failure.item or {}
            waiting = queue.get("waiting", [])
            if queue.get("running") != message and message not in waiting:
                # `left` names the turn before the running one: this is the repetition of a write that was done.
                return _running(queue) if queue.get("left") == message else None
            if queue.get("running") != message:
                place = f"#waiting[{waiting.index(message)}]"
                with suppress(ConditionFailed):  # the queue has changed; or the write was done
                    self._table.update(key, f"remove {place}", {"message": message}, condition=f"{place} = :message")
                continue
            try:
                queue = self._table.update(
                    key,
                    "set #left = :message, #running = #waiting[0], #ttl = :ttl remove #waiting[0]",
                    {"message": message, "ttl": self._ttl()},
                    condition="#running = :message and attribute_exists(#waiting[0])",
                )
                return _running(queue)
            except ConditionFailed:
                continue  # the queue has changed; or this is the repetition of a write that was done

    def _ttl(self) -> int:
        return int((self._clock() + _QUEUE_TTL).timestamp())


def _running(queue: Item) -> UUID | None:
    return UUID(queue["running"]) if "running" in queue else None


def _key(user_id: UUID, conversation_id: UUID) -> tuple[str, str]:
    return f"conversation#{user_id}#{conversation_id}", _QUEUE
