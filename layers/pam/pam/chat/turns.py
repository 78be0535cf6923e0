"""A turn: one question and all frames of its answer, in DynamoDB for a day. Exactly one poster speaks for it.

While a worker is at it, the worker posts: who resumes leaves their connection and the number of the last frame that
they have, and the worker, which looks twice a second, posts the rest. When the turn has ended, whoever is asked posts
what is kept. Which of the two holds is decided by one conditional write, so no frame is lost or told twice.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pam.chat.frames import Ack, numbered
from pam.chat.store import KEPT_FOR, ChatTable, Conflict, Item
from pam.platform.clock import Clock

SILENT_FOR = timedelta(seconds=15)
"""A worker that hasn't been heard for so long is lost: it was killed, or never began."""

CALLED_FOR = timedelta(seconds=90)
"""How long a worker that was asked for may take to come: Lambda drops what waits longer than a minute."""

QUEUED_FOR = timedelta(minutes=10)
"""How long a question may wait for the ones before it."""


@dataclass(frozen=True)
class Turn:
    """A turn as the table knows it. `request` is the client's question, with its context."""

    user_id: UUID
    message_id: UUID
    conversation_id: UUID
    state: str
    """`queued`, `running` or `ended`."""
    request: Mapping[str, Any]
    connection: str
    last_seq: int
    cancelled: bool
    alive_until: datetime
    resume_after: int | None
    """Somebody wants the frames after this number, over `connection`."""
    extra: tuple[Mapping[str, Any], ...]
    """Bodies of frames that others than the worker have to say."""

    @classmethod
    def from_item(cls, item: Item, zone: Any) -> "Turn":
        return cls(
            user_id=UUID(item["user"]),
            message_id=UUID(item["message"]),
            conversation_id=UUID(item["conversation"]),
            state=item["state"],
            request=json.loads(item["request"]),
            connection=item["connection"],
            last_seq=int(item["last_seq"]),
            cancelled=bool(item["cancelled"]),
            alive_until=datetime.fromtimestamp(float(item["alive_until"]), zone),
            resume_after=int(item["resume_after"]) if "resume_after" in item else None,
            extra=tuple(json.loads(body) for body in item.get("extra", [])),
        )


class Turns:
    """The turns of all travellers. Every method raises `PamError` (`store_unavailable`)."""

    def __init__(self, table: ChatTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def open(
        self, user_id: UUID, message_id: UUID, conversation_id: UUID, connection: str, request: Mapping[str, Any]
    ) -> Turn | None:
        """A new turn, waiting, whose first frame is its `ack`; None where this message id is known already."""
        fields = {
            "user": str(user_id),
            "message": str(message_id),
            "conversation": str(conversation_id),
            "state": "queued",
            "request": json.dumps(request),
            "connection": connection,
            "last_seq": 1,
            "cancelled": False,
            "alive_until": self._epoch(CALLED_FOR),
        }
        try:
            self._table.put(_key(user_id, message_id), _STATE, fields, self._clock() + KEPT_FOR, new=True)
        except Conflict:
            return None
        return self._turn(fields)

    def get(self, user_id: UUID, message_id: UUID) -> Turn | None:
        """The turn as it is now; None for one that isn't this traveller's, or that has expired."""
        item = self._table.get(_key(user_id, message_id), _STATE)
        return None if item is None else self._turn(item)

    def forget(self, turn: Turn) -> None:
        """As if the message had never come."""
        self._table.delete(_key(turn.user_id, turn.message_id), _STATE)

    def start(self, user_id: UUID, message_id: UUID) -> Turn | None:
        """The turn, from now on running; None where another invocation had it before."""
        try:
            item = self._table.update(
                _key(user_id, message_id),
                _STATE,
                "set #state = :running, #alive_until = :alive",
                {"running": "running", "alive": self._epoch(SILENT_FOR), "queued": "queued"},
                condition="#state = :queued",
            )
        except Conflict:
            return None
        return self._turn(item)

    def beat(self, turn: Turn, last_seq: int) -> Turn:
        """The worker lives. Returns what was asked of it since: the resumption is taken with it.

        Raises `Conflict` where the turn was given up meanwhile.
        """
        return self._turn(
            self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #alive_until = :alive, #last_seq = :seq remove #resume_after, #extra",
                {"alive": self._epoch(SILENT_FOR), "seq": last_seq, "running": "running"},
                condition="#state = :running",
                told="ALL_OLD",
            )
        )

    def keep(self, turn: Turn, frames: Sequence[Mapping[str, Any]]) -> None:
        """Stores numbered frames, before they are posted."""
        first = int(frames[0]["seq"])
        self._table.put(
            _key(turn.user_id, turn.message_id),
            _frames_item(first),
            {"frames": json.dumps(list(frames), ensure_ascii=False, separators=(",", ":"))},
            self._clock() + KEPT_FOR,
        )

    def kept(self, turn: Turn, after: int) -> list[dict[str, Any]]:
        """The frames so far with a number above `after`, in their order. The `ack` is the turn's own first write: it
        isn't stored beside it."""
        key = _key(turn.user_id, turn.message_id)
        batches = self._table.items(key, _FRAMES, _frames_item(0))
        frames = [numbered(Ack().body(), 1, turn.message_id, turn.conversation_id)]
        frames += [frame for batch in batches for frame in json.loads(batch["frames"])]
        return [frame for frame in frames if frame["seq"] > after]

    def end(self, turn: Turn, last_seq: int) -> Turn | None:
        """No more frames come from the turn's worker. Returns what was asked of it since its last beat; None where it
        was given up meanwhile."""
        try:
            item = self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #state = :ended, #last_seq = :seq remove #resume_after, #extra",
                {"ended": "ended", "seq": last_seq},
                condition="#state <> :ended",
                told="ALL_OLD",
            )
        except Conflict:
            return None
        return self._turn(item)

    def give_up(self, turn: Turn) -> Turn | None:
        """Ends a turn whose worker is silent; None where it has ended already.

        Raises `Conflict` where the worker was heard again meanwhile.
        """
        try:
            item = self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #state = :ended",
                {"ended": "ended", "now": self._epoch()},
                condition="#state <> :ended and #alive_until < :now",
            )
        except Conflict as other:
            if other.item is not None and other.item["state"] != "ended":
                raise
            return None
        return self._turn(item)

    def ask_again(self, turn: Turn, connection: str, after: int) -> bool:
        """Has the worker post the frames after `after` to this connection, and all others. False: none runs."""
        try:
            self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #connection = :connection, #resume_after = :after",
                {"connection": connection, "after": after, "running": "running"},
                condition="#state = :running",
            )
        except Conflict:
            return False
        return True

    def redirect(self, turn: Turn, connection: str) -> bool:
        """Has the worker that is to come speak over this connection. False: it has come, or the turn has ended."""
        try:
            self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #connection = :connection",
                {"connection": connection, "queued": "queued"},
                condition="#state = :queued",
            )
        except Conflict:
            return False
        return True

    def wait(self, turn: Turn, last_seq: int) -> bool:
        """The turn waits in line, and was told so in the frame `last_seq`. False: its worker has come already."""
        try:
            self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #last_seq = :seq, #alive_until = :alive",
                {"seq": last_seq, "alive": self._epoch(QUEUED_FOR), "queued": "queued"},
                condition="#state = :queued",
            )
        except Conflict:
            return False
        return True

    def say_through(self, turn: Turn, body: Mapping[str, Any]) -> bool:
        """Has the worker say this, too: numbers are its own to give. False: none runs."""
        try:
            self._table.update(
                _key(turn.user_id, turn.message_id),
                _STATE,
                "set #extra = list_append(if_not_exists(#extra, :none), :one)",
                {"none": [], "one": [json.dumps(body)], "ended": "ended"},
                condition="#state <> :ended",
            )
        except Conflict:
            return False
        return True

    def cancel(self, turn: Turn) -> None:
        """Asks the worker to stop; nothing happens to a turn that has ended."""
        self._table.update(_key(turn.user_id, turn.message_id), _STATE, "set #cancelled = :true", {"true": True})

    def append(self, turn: Turn, body: Mapping[str, Any], at_least: int = 0) -> dict[str, Any]:
        """One more frame of a turn that has ended, with the next number; above `at_least` in any case."""
        key = _key(turn.user_id, turn.message_id)
        with suppress(Conflict):
            values = {"least": at_least}
            self._table.update(key, _STATE, "set #last_seq = :least", values, condition="#last_seq < :least")
        item = self._table.update(key, _STATE, "add #last_seq :one", {"one": 1})
        frame = dict(body) | {"seq": int(item["last_seq"])}
        self.keep(turn, [frame])
        return frame

    def is_lost(self, turn: Turn) -> bool:
        """Whether nothing is to be expected of its worker any more."""
        return turn.state != "ended" and turn.alive_until.timestamp() < self._epoch()

    def _turn(self, item: Item) -> Turn:
        return Turn.from_item(item, self._clock().tzinfo)

    def _epoch(self, after: timedelta = timedelta(0)) -> int:
        return int((self._clock() + after).timestamp())


_STATE = "state"
_FRAMES = "frames#"


def _frames_item(first: int) -> str:
    return f"{_FRAMES}{first:08d}"


def _key(user_id: UUID, message_id: UUID) -> str:
    return f"turn#{user_id}#{message_id}"
