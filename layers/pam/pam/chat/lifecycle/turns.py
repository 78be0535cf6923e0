"""The store of turns: DynamoDB items that expire after a day.

This module makes every transition of a turn's state, each by one conditional write:

    open → QUEUED ── start ──▶ RUNNING ── end ──▶ ENDED
              └───── end_unstarted, end_lost ───────▲

At every moment one party sends a turn's frames: the gateway before the start and after the end, the worker in between.
A gateway that sends frames of a queued turn claims that first, and a worker starts once the claim is released.
A write whose response was lost is recognised on its repetition by the token that it left in the item.
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pam.chat.lifecycle.frame_store import Frame, FrameStore, dump_frames, state_key
from pam.chat.lifecycle.timeouts import (
    LEASE_DURATION,
    POSTING_TIMEOUT,
    QUEUE_TIMEOUT,
    RESTART_INTERVAL,
    START_TIMEOUT,
    TURN_TTL,
)
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Owner

_POSTING_POLL_INTERVAL_S = 0.05


@dataclass(frozen=True)
class PostingClaim:
    """A gateway's claim to post frames of a queued turn, until it is released or has expired."""

    turn: Turn
    token: str


class TurnStore:
    """All turns, by user and message id. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self.frames = FrameStore(table, clock)
        self._table = table
        self._clock = clock

    def open(
        self, user_id: UUID, message_id: UUID, conversation_id: UUID, connection_id: str, request: Mapping[str, Any]
    ) -> Turn | None:
        """Create a queued turn, whose first frame is its `ack`; return None where the message id is known."""
        now = self._clock()
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
            lease_expires_at=now + START_TIMEOUT,
            resume=None,
            pending_frames=(),
            opened_at=now,
        )
        try:
            self._table.put(
                _key(turn),
                turn.to_item() | {"start_requested_at": now.timestamp()},
                self._expires_at(),
                if_absent=True,
                owner=Owner("opened_by", uuid4().hex),
            )
        except ConditionFailed:
            return None
        return turn

    def get(self, user_id: UUID, message_id: UUID) -> Turn | None:
        """Return a turn, or None where the user has none of that message id."""
        item = self._table.get(*state_key(user_id, message_id))
        return None if item is None else Turn.from_item(item)

    def start(self, user_id: UUID, message_id: UUID, worker: str) -> Turn | None:
        """Give the lease to a worker, once no gateway posts frames of the turn; None where it isn't queued any more."""
        while True:
            now = self._clock().timestamp()
            values = {"running": TurnState.RUNNING.value, "queued": TurnState.QUEUED.value, "now": now}
            try:
                item = self._table.update(
                    state_key(user_id, message_id),
                    "set #state = :running, #lease_expires_at = :lease",
                    values | {"lease": self._lease()},
                    condition="#state = :queued and (attribute_not_exists(#posting_until) or #posting_until < :now)",
                    owner=Owner("worker", worker),
                )
            except ConditionFailed as failure:
                if failure.item is None or failure.item["state"] != TurnState.QUEUED.value:
                    return None
                time.sleep(_POSTING_POLL_INTERVAL_S)
            else:
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
        """End a turn whose worker is lost; return False where it was heard again, or another party has ended it.

        Raises `RequestPending` where a frame was requested that isn't in `turn`: it is among the last ones.
        """
        values = {"now": self._clock().timestamp()}
        condition = "#state <> :ended and #lease_expires_at < :now"
        handled = f"attribute_not_exists(#pending_frames[{len(turn.pending_frames)}])"
        try:
            self._end(turn, frames, f"{condition} and {handled}", values, uuid4().hex)
        except ConditionFailed as failure:
            stored = None if failure.item is None else Turn.from_item(failure.item)
            if stored is not None and self.is_lost(stored) and len(stored.pending_frames) > len(turn.pending_frames):
                raise RequestPending(stored) from None
            return False
        return True

    def is_lost(self, turn: Turn) -> bool:
        """Return whether the turn's worker has neither started nor sent a heartbeat in time."""
        return turn.state is not TurnState.ENDED and turn.lease_expires_at < self._clock()

    def claim_waiting(self, turn: Turn, last_seq: int) -> PostingClaim | None:
        """Record that a queued turn waits behind others, and claim the posting of its frame `last_seq`.

        Return None where its worker has started already.
        """
        return self._claim_posting(
            turn,
            "#last_seq = :last_seq, #lease_expires_at = :lease",
            {"last_seq": last_seq, "lease": (self._clock() + QUEUE_TIMEOUT).timestamp()},
        )

    def claim_resume(self, turn: Turn, connection_id: str, after: int) -> PostingClaim | None:
        """Direct a queued turn's frames after number `after` to a connection, and claim their posting."""
        values = {"connection_id": connection_id, "resume_id": uuid4().hex, "after": after}
        return self._claim_posting(turn, _REQUEST_RESUME.removeprefix("set "), values)

    def release_posting(self, claim: PostingClaim, posted: int | None = None) -> None:
        """Let the worker start. It sends the frames after number `posted`, where the claim was to resume them."""
        resume = "" if posted is None else "set #resume_after = :posted "
        values = {"token": claim.token, "queued": TurnState.QUEUED.value}
        with suppress(ConditionFailed):  # it has taken too long, or another claim has replaced it
            self._table.update(
                _key(claim.turn),
                f"{resume}remove #posting_until",
                values if posted is None else values | {"posted": posted},
                condition="#state = :queued and #posting_token = :token",
            )

    def claim_restart(self, turn: Turn) -> bool:
        """Return True for the one caller that is to start a queued turn once more: its start was long ago."""
        now = self._clock()
        return self._while_queued(
            turn,
            "set #start_requested_at = :now",
            {"now": now.timestamp(), "before": (now - RESTART_INTERVAL).timestamp()},
            " and #start_requested_at < :before",
        )

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

    def _end(self, turn: Turn, frames: Sequence[Frame], condition: str, values: Mapping[str, Any], token: str) -> Turn:
        item = self._table.update(
            _key(turn),
            "set #state = :ended, #frames = :frames",
            dict(values) | {"ended": TurnState.ENDED.value, "frames": dump_frames(frames)},
            condition=condition,
            owner=Owner("ended_by", token),
        )
        return Turn.from_item(item)

    def _claim_posting(self, turn: Turn, changes: str, values: Mapping[str, Any]) -> PostingClaim | None:
        claim = PostingClaim(turn, uuid4().hex)
        until = (self._clock() + POSTING_TIMEOUT).timestamp()
        is_claimed = self._while_queued(
            turn,
            f"set {changes}, #posting_token = :token, #posting_until = :until",
            dict(values) | {"token": claim.token, "until": until},
        )
        return claim if is_claimed else None

    def _while_queued(self, turn: Turn, expression: str, values: Mapping[str, Any], condition: str = "") -> bool:
        try:
            self._table.update(
                _key(turn),
                expression,
                dict(values) | {"queued": TurnState.QUEUED.value},
                condition=f"#state = :queued{condition}",
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


def _key(turn: Turn) -> tuple[str, str]:
    return state_key(turn.user_id, turn.message_id)
