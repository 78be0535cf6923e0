"""The store of turns and their frames: DynamoDB items that expire after a day.

This module makes every transition of a turn's state, each by one conditional write:

    open → QUEUED ── start ──▶ RUNNING ── end ──▶ ENDED
              └───── end_unstarted, end_lost ───────▲

At every moment one party sends a turn's frames: the gateway before the start and after the end, the worker in between.
A write whose response was lost is recognised on its repetition by the token that it left in the item.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pam.chat.frames import Ack, numbered
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Owner

TURN_TTL = timedelta(days=1)
"""How long frames can be resumed and a message id is recognised."""

LEASE_DURATION = timedelta(seconds=15)
"""A worker that hasn't sent a heartbeat for so long is lost."""

START_TIMEOUT = timedelta(seconds=90)
"""How long a worker may take to start: Lambda drops an event that has waited for a minute."""

QUEUE_TIMEOUT = timedelta(minutes=10)
"""How long a question may wait for the ones before it."""

Frame = Mapping[str, Any]

_STATE = "state"
_FRAMES = "frames#"


class TurnStore:
    """All turns, by user and message id. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def open(
        self, user_id: UUID, message_id: UUID, conversation_id: UUID, connection_id: str, request: Mapping[str, Any]
    ) -> Turn | None:
        """Create a queued turn, whose first frame is its `ack`; return None where the message id is known."""
        turn = Turn(
            user_id=user_id,
            message_id=message_id,
            conversation_id=conversation_id,
            state=TurnState.QUEUED,
            request=request,
            connection_id=connection_id,
            last_seq=1,
            is_cancelled=False,
            worker="",
            lease_expires_at=self._clock() + START_TIMEOUT,
            resume=None,
            pending_frames=(),
        )
        try:
            self._table.put(
                _key(turn), turn.to_item(), self._expires_at(), if_absent=True, owner=Owner("opened_by", uuid4().hex)
            )
        except ConditionFailed:
            return None
        return turn

    def get(self, user_id: UUID, message_id: UUID) -> Turn | None:
        """Return a turn, or None where the user has none of that message id."""
        item = self._table.get(_partition(user_id, message_id), _STATE)
        return None if item is None else Turn.from_item(item)

    def start(self, user_id: UUID, message_id: UUID, worker: str) -> Turn | None:
        """Give the lease to a worker; return None where the turn isn't queued any more."""
        try:
            item = self._table.update(
                (_partition(user_id, message_id), _STATE),
                "set #state = :running, #lease_expires_at = :lease",
                {"running": TurnState.RUNNING.value, "queued": TurnState.QUEUED.value, "lease": self._lease()},
                condition="#state = :queued",
                owner=Owner("worker", worker),
            )
        except ConditionFailed:
            return None
        return Turn.from_item(item)

    def heartbeat(self, turn: Turn) -> Turn | None:
        """Extend the worker's lease; return the turn with what was requested of it, None where the lease is lost."""
        try:
            item = self._table.update(
                _key(turn),
                "set #lease_expires_at = :lease",
                {"lease": self._lease(), "running": TurnState.RUNNING.value, "worker": turn.worker},
                condition="#state = :running and #worker = :worker",
            )
        except ConditionFailed:
            return None
        return Turn.from_item(item)

    def end(self, turn: Turn, frames: Sequence[Frame]) -> Turn | None:
        """End a running turn with its last frames; return None where the lease is lost.

        Raises `RequestPending` where something was requested that isn't in `turn`: it has to be handled first.
        """
        handled = len(turn.pending_frames)
        values: dict[str, Any] = {"running": TurnState.RUNNING.value, "worker": turn.worker}
        condition = f"#state = :running and #worker = :worker and attribute_not_exists(#pending_frames[{handled}])"
        if turn.resume is None:
            condition += " and attribute_not_exists(#resume_id)"
        else:
            condition += " and #resume_id = :resume_id"
            values["resume_id"] = turn.resume.id
        try:
            return self._end(turn, frames, condition, values, turn.worker)
        except ConditionFailed as failure:
            stored = None if failure.item is None else Turn.from_item(failure.item)
            if stored is None or stored.state is not TurnState.RUNNING or stored.worker != turn.worker:
                return None
            raise RequestPending(stored) from None

    def end_unstarted(self, turn: Turn, frames: Sequence[Frame]) -> Turn | None:
        """End a queued turn with its last frames; return None where a worker has started or it has ended."""
        queued = {"queued": TurnState.QUEUED.value}
        try:
            return self._end(turn, frames, "#state = :queued", queued, uuid4().hex)
        except ConditionFailed:
            return None

    def end_lost(self, turn: Turn, frames: Sequence[Frame]) -> bool:
        """End a turn whose worker is lost; return False where it was heard again, or another party has ended it."""
        values = {"now": self._clock().timestamp()}
        condition = "#state <> :ended and #lease_expires_at < :now"
        try:
            self._end(turn, frames, condition, values, uuid4().hex)
        except ConditionFailed:
            return False
        return True

    def is_lost(self, turn: Turn) -> bool:
        """Return whether the turn's worker has neither started nor sent a heartbeat in time."""
        return turn.state is not TurnState.ENDED and turn.lease_expires_at < self._clock()

    def set_waiting(self, turn: Turn, last_seq: int) -> bool:
        """Record that a queued turn waits behind others; return False where its worker has started already."""
        return self._while_queued(
            turn,
            "set #last_seq = :last_seq, #lease_expires_at = :lease",
            {"last_seq": last_seq, "lease": (self._clock() + QUEUE_TIMEOUT).timestamp()},
        )

    def redirect(self, turn: Turn, connection_id: str, after: int) -> bool:
        """Have a queued turn's worker send to this connection, from the frame after `after` on."""
        values = {"connection_id": connection_id, "resume_id": uuid4().hex, "after": after}
        return self._while_queued(turn, _REQUEST_RESUME, values)

    def request_resume(self, turn: Turn, connection_id: str, after: int) -> bool:
        """Have the worker send the frames after `after`, and all later ones, to this connection. False: none runs."""
        values = {"connection_id": connection_id, "resume_id": uuid4().hex, "after": after}
        try:
            self._table.update(
                _key(turn),
                _REQUEST_RESUME,
                values | {"running": TurnState.RUNNING.value},
                condition="#state = :running",
            )
        except ConditionFailed:
            return False
        return True

    def request_cancel(self, turn: Turn) -> None:
        """Ask the worker to stop. It has no effect on a turn that has ended."""
        with suppress(ConditionFailed):  # it has expired
            self._table.update(_key(turn), "set #cancelled = :true", {"true": True}, condition="attribute_exists(#key)")

    def request_frame(self, turn: Turn, frame_id: str, body: Frame) -> bool:
        """Have the worker send one more frame, once for each `frame_id`. False: the turn has ended."""
        try:
            self._table.update(
                _key(turn),
                "set #pending_frames = list_append(if_not_exists(#pending_frames, :none), :one) add #frame_ids :ids",
                {"none": [], "one": [json.dumps(body)], "ids": {frame_id}, "id": frame_id, "ended": TurnState.ENDED},
                condition="#state <> :ended and not contains(#frame_ids, :id)",
            )
        except ConditionFailed as failure:
            return failure.item is not None and failure.item["state"] != TurnState.ENDED
        return True

    def put_frames(self, turn: Turn, frames: Sequence[Frame]) -> None:
        """Store numbered frames, before they are sent. The same frames may be stored again."""
        self._table.put(
            (_partition(turn.user_id, turn.message_id), f"{_FRAMES}{int(frames[0]['seq']):08d}"),
            {"frames": _dump(frames)},
            self._expires_at(),
        )

    def frames(self, turn: Turn, after: int = 0) -> list[dict[str, Any]]:
        """Return the stored frames with a number greater than `after`, in order."""
        # The ack is implied by the turn itself; the last frames are in the item of its state.
        stored = {1: numbered(Ack().body(), 1, *turn.scope)}
        items = [item for item in self._table.query(_partition(turn.user_id, turn.message_id)) if "frames" in item]
        # Where a worker that was declared lost has stored a number again, the party that ended the turn is right.
        for item in sorted(items, key=lambda item: item["item"] == _STATE):
            stored |= {int(frame["seq"]): frame for frame in json.loads(item["frames"])}
        return [stored[seq] for seq in sorted(stored) if seq > after]

    def append_frame(self, turn: Turn, body: Frame) -> dict[str, Any]:
        """Store one more frame of a turn that has ended, under the next number."""
        owner = Owner("appended_by", uuid4().hex)
        while True:
            frame = dict(body) | {"seq": int(self.frames(turn)[-1]["seq"]) + 1}
            key = (_partition(turn.user_id, turn.message_id), f"{_FRAMES}{frame['seq']:08d}")
            try:
                self._table.put(key, {"frames": _dump([frame])}, self._expires_at(), if_absent=True, owner=owner)
            except ConditionFailed:
                continue  # another frame took the number
            return frame

    def _end(self, turn: Turn, frames: Sequence[Frame], condition: str, values: Mapping[str, Any], token: str) -> Turn:
        item = self._table.update(
            _key(turn),
            "set #state = :ended, #frames = :frames",
            dict(values) | {"ended": TurnState.ENDED.value, "frames": _dump(frames)},
            condition=condition,
            owner=Owner("ended_by", token),
        )
        return Turn.from_item(item)

    def _while_queued(self, turn: Turn, expression: str, values: Mapping[str, Any]) -> bool:
        try:
            self._table.update(
                _key(turn), expression, dict(values) | {"queued": TurnState.QUEUED.value}, condition="#state = :queued"
            )
        except ConditionFailed:
            return False
        return True

    def _lease(self) -> float:
        return (self._clock() + LEASE_DURATION).timestamp()

    def _expires_at(self) -> datetime:
        return self._clock() + TURN_TTL


class RequestPending(Exception):
    """A turn can't end yet: `turn` has a request that its worker hasn't handled."""

    def __init__(self, turn: Turn) -> None:
        super().__init__("a request is pending")
        self.turn = turn


_REQUEST_RESUME = "set #connection_id = :connection_id, #resume_id = :resume_id, #resume_after = :after"


def _dump(frames: Sequence[Frame]) -> str:
    return json.dumps(list(frames), ensure_ascii=False, separators=(",", ":"))


def _partition(user_id: UUID, message_id: UUID) -> str:
    return f"turn#{user_id}#{message_id}"


def _key(turn: Turn) -> tuple[str, str]:
    return _partition(turn.user_id, turn.message_id), _STATE
