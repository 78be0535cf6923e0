"""One turn at a time in each conversation: who comes meanwhile waits in line."""

from dataclasses import dataclass
from uuid import UUID

from pam.chat.store import KEPT_FOR, ChatTable, Conflict
from pam.platform.clock import Clock
from pam.platform.errors import QUEUE_FULL, PamError

LONGEST_LINE = 5


@dataclass(frozen=True)
class Place:
    """Where a question is in line: 0 is its turn now. `ahead` is the one that is running."""

    position: int
    ahead: UUID | None = None


class Queue:
    """The lines of all conversations. Every method raises `PamError` (`store_unavailable`)."""

    def __init__(self, table: ChatTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def enter(self, user_id: UUID, conversation_id: UUID, message_id: UUID) -> Place:
        """Takes the turn where nobody has it, else the last place in line. Raises `PamError` (`queue_full`)."""
        key, message = _key(user_id, conversation_id), str(message_id)
        while True:
            try:
                self._table.update(
                    key,
                    _LINE,
                    "set #running = :message, #ttl = :ttl",
                    {"message": message, "ttl": self._expires()},
                    condition="attribute_not_exists(#running)",
                )
                return Place(0)
            except Conflict as taken:
                item = taken.item or {}
            if message == item.get("running"):
                return Place(0)
            waiting = item.get("waiting", [])
            if message in waiting:
                return Place(waiting.index(message) + 1, UUID(item["running"]))
            if len(waiting) >= LONGEST_LINE:
                raise PamError(
                    QUEUE_FULL, "Several questions are waiting already. PAM answers them first.", retry_after=10
                )
            try:
                told = self._table.update(
                    key,
                    _LINE,
                    "set #waiting = list_append(if_not_exists(#waiting, :none), :one), #ttl = :ttl",
                    {"none": [], "one": [message], "ttl": self._expires(), "seen": waiting, "running": item["running"]},
                    condition="#running = :running and (attribute_not_exists(#waiting) or #waiting = :seen)",
                )
                return Place(len(told["waiting"]), UUID(told["running"]))
            except Conflict:
                continue  # the line moved meanwhile

    def running(self, user_id: UUID, conversation_id: UUID) -> UUID | None:
        """Whose turn it is."""
        item = self._table.get(_key(user_id, conversation_id), _LINE)
        return UUID(item["running"]) if item and "running" in item else None

    def leave(self, user_id: UUID, conversation_id: UUID, message_id: UUID) -> UUID | None:
        """Hands the turn on. Returns whose it is now; None where nobody waits, or it wasn't this one's to give."""
        key, message = _key(user_id, conversation_id), str(message_id)
        while True:
            try:
                self._table.update(
                    key,
                    _LINE,
                    "remove #running",
                    {"message": message},
                    condition="#running = :message and attribute_not_exists(#waiting[0])",
                )
                return None
            except Conflict as other:
                if (other.item or {}).get("running") != message:
                    return None
            try:
                told = self._table.update(
                    key,
                    _LINE,
                    "set #running = #waiting[0], #ttl = :ttl remove #waiting[0]",
                    {"message": message, "ttl": self._expires()},
                    condition="#running = :message and attribute_exists(#waiting[0])",
                )
                return UUID(told["running"])
            except Conflict:
                continue  # somebody else handed it on meanwhile

    def _expires(self) -> int:
        return int((self._clock() + KEPT_FOR).timestamp())


_LINE = "line"


def _key(user_id: UUID, conversation_id: UUID) -> str:
    return f"conversation#{user_id}#{conversation_id}"
