"""The frames of turns, beside the item of a turn's state, which has the last ones."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pam.chat.frames import Ack, numbered
from pam.chat.lifecycle.timeouts import TURN_TTL
from pam.chat.lifecycle.turn import Turn
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item, Owner
from pam.platform.errors import TURN_LOST

Frame = Mapping[str, Any]

_STATE = "state"
_FRAMES = "frames#"


class FrameStore:
    """The frames of all turns. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def put(self, turn: Turn, frames: Sequence[Frame]) -> None:
        """Store numbered frames, before they are sent. The same frames may be stored again."""
        self._table.put(
            _frames_key(turn, int(frames[0]["seq"])),
            {"frames": dump_frames(frames)},
            self._expires_at(),
        )

    def after(self, turn: Turn, number: int = 0) -> list[dict[str, Any]]:
        """Return the stored frames with a number greater than `number`, in order."""
        # The ack is implied by the turn itself; the last frames are in the item of its state.
        stored = {1: numbered(Ack().body(), 1, *turn.scope)}
        _, state = state_key(turn.user_id, turn.message_id)
        items = [item for item in query_turn(self._table, turn.user_id, turn.message_id) if "frames" in item]
        # Where a worker that was declared lost has stored a number again, the party that ended the turn is right.
        for item in sorted(items, key=lambda item: item["item"] == state):
            stored |= {int(frame["seq"]): frame for frame in json.loads(item["frames"])}
        return [stored[seq] for seq in sorted(stored) if seq > number]

    def renumbered_ending(self, turn: Turn, number: int) -> list[dict[str, Any]]:
        """Return the frames that ended a lost turn, numbered after `number`, where the client has unstored ones.

        While DynamoDB was unavailable the worker sent frames that it couldn't store, and it was then declared lost:
        whoever ended the turn used their numbers again. Return nothing for a client that has the end, and of a turn
        that its worker ended: then all its frames are stored.
        """
        items = query_turn(self._table, turn.user_id, turn.message_id)
        _, state = state_key(turn.user_id, turn.message_id)
        stored = [frame for item in items if "frames" in item for frame in json.loads(item["frames"])]
        if number <= max((int(frame["seq"]) for frame in stored), default=1):
            return []
        ending: list[dict[str, Any]] = next(
            (json.loads(item["frames"]) for item in items if item["item"] == state and "frames" in item), []
        )
        if not any(frame.get("code") == TURN_LOST.code for frame in ending):
            return []
        return [frame | {"seq": seq} for seq, frame in enumerate(ending, start=number + 1)]

    def append(self, turn: Turn, body: Frame) -> dict[str, Any]:
        """Store one more frame of a turn that has ended, under the next number."""
        owner = Owner("appended_by", uuid4().hex)
        while True:
            frame = dict(body) | {"seq": int(self.after(turn)[-1]["seq"]) + 1}
            try:
                self._table.put(
                    _frames_key(turn, frame["seq"]),
                    {"frames": dump_frames([frame])},
                    self._expires_at(),
                    if_absent=True,
                    owner=owner,
                )
            except ConditionFailed:
                continue  # another frame took the number
            return frame

    def _expires_at(self) -> datetime:
        return self._clock() + TURN_TTL


def dump_frames(frames: Sequence[Frame]) -> str:
    """Return frames as they are stored."""
    return json.dumps(list(frames), ensure_ascii=False, separators=(",", ":"))


def turn_partition(user_id: UUID) -> str:
    """Return the partition key of all items of a user's turns."""
    return f"turn#{user_id}"


def state_key(user_id: UUID, message_id: UUID) -> tuple[str, str]:
    """Return the key of the item of a turn's state."""
    return turn_partition(user_id), f"{message_id}#{_STATE}"


def query_turn(table: DynamoTable, user_id: UUID, message_id: UUID) -> list[Item]:
    """Return all items of a turn."""
    return table.query(turn_partition(user_id), prefix=f"{message_id}#", after=f"{message_id}#")


def _frames_key(turn: Turn, seq: int) -> tuple[str, str]:
    return turn_partition(turn.user_id), f"{turn.message_id}#{_FRAMES}{seq:08d}"
