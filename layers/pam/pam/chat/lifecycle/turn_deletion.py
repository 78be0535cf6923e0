"""Deletes turns before they expire, and what others quote of memory.

Of a turn that hasn't ended, its worker does so at the end.
"""

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from pam.chat.lifecycle.frame_store import dump_frames, query_turn, state_key, turn_partition
from pam.chat.lifecycle.quoted_memory import Clearing, clear
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item


class TurnDeletion:
    """The deletion of users' turns. Methods raise `DynamoUnavailable`, and may be repeated."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
        """Delete these turns of a user, and what was recalled for all others.

        Only turns of the last day have items.
        """
        for turn, items in self._stored(user_id).items():
            if turn in turns:
                self._delete(user_id, turn)
            else:
                self._clear(user_id, turn, items, Clearing.RECALLED)

    def delete_all(self, user_id: UUID, kept: UUID | None) -> None:
        """Delete all turns of a user; of the one that is kept, all texts."""
        for turn, items in self._stored(user_id).items():
            if turn == kept:
                self._clear(user_id, turn, items, Clearing.TEXTS)
            else:
                self._delete(user_id, turn)

    def finish(self, turn: Turn) -> None:
        """Delete what was marked to be deleted of a turn that has ended since."""
        if turn.is_deleted:
            self._delete(turn.user_id, turn.message_id)
        elif turn.clearing is not None:
            self._clear_items(query_turn(self._table, turn.user_id, turn.message_id), turn.clearing)

    def _stored(self, user_id: UUID) -> dict[UUID, list[Item]]:
        stored: dict[UUID, list[Item]] = {}
        for item in self._table.query(turn_partition(user_id)):
            stored.setdefault(UUID(item["item"].partition("#")[0]), []).append(item)
        return stored

    def _delete(self, user_id: UUID, turn: UUID) -> None:
        if self._mark(user_id, turn, "set #deleted = :mark", True):
            return
        for item in query_turn(self._table, user_id, turn):
            self._table.delete(item["key"], item["item"])

    def _clear(self, user_id: UUID, turn: UUID, items: Sequence[Item], clearing: Clearing) -> None:
        if not any(item.get("state") == TurnState.ENDED for item in items):
            # A turn whose texts are to be removed already is marked no more weakly.
            expression = "set #clearing = :mark"
            if clearing is Clearing.RECALLED:
                expression = "set #clearing = if_not_exists(#clearing, :mark)"
            if self._mark(user_id, turn, expression, clearing.value):
                return
            items = query_turn(self._table, user_id, turn)
        self._clear_items(items, clearing)

    def _mark(self, user_id: UUID, turn: UUID, expression: str, mark: bool | str) -> bool:
        """Mark a turn that runs or waits; return False where it has ended or is lost: nobody writes it any more."""
        values = {"mark": mark, "ended": TurnState.ENDED.value, "now": self._clock().timestamp()}
        with suppress(ConditionFailed):
            self._table.update(
                state_key(user_id, turn),
                expression,
                values,
                condition="#state <> :ended and #lease_expires_at >= :now",
            )
            return True
        return False

    def _clear_items(self, items: Sequence[Item], clearing: Clearing) -> None:
        stored = {item["item"]: json.loads(item["frames"]) for item in items if "frames" in item}
        frames = sorted(
            ((frame, name) for name, each in stored.items() for frame in each), key=lambda pair: int(pair[0]["seq"])
        )
        cleared: dict[str, list[dict[str, object]]] = {name: [] for name in stored}
        for frame, (_, name) in zip(clear([frame for frame, _ in frames], clearing), frames, strict=True):
            cleared[name].append(frame)
        for item in items:
            changes = {}
            if "frames" in item and cleared[item["item"]] != stored[item["item"]]:
                changes["frames"] = dump_frames(cleared[item["item"]])
            if "request" in item and clearing is Clearing.TEXTS:
                changes["request"] = json.dumps(json.loads(item["request"]) | {"text": ""})
            if changes:
                assignments = ", ".join(f"#{name} = :{name}" for name in changes)
                with suppress(ConditionFailed):  # it has expired
                    self._table.update(
                        (item["key"], item["item"]), f"set {assignments}", changes, condition="attribute_exists(#key)"
                    )
