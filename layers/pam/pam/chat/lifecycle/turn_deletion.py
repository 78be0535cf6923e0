"""Deletes turns before they expire. One that hasn't ended is deleted by its worker at the end."""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from pam.chat.lifecycle.frame_store import query_turn, state_key, turn_partition
from pam.chat.lifecycle.turn import TurnState
from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable


class TurnDeletion:
    """The deletion of users' turns. Methods raise `DynamoUnavailable`, and may be repeated."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
        """Delete these turns of a user. Only those of the last day have items."""
        for turn in self._stored(user_id) & set(turns):
            self._delete(user_id, turn)

    def delete_all(self, user_id: UUID, kept: UUID | None) -> None:
        """Delete all turns of a user but one."""
        for turn in self._stored(user_id) - {kept}:
            self._delete(user_id, turn)

    def _stored(self, user_id: UUID) -> set[UUID]:
        return {UUID(item["item"].partition("#")[0]) for item in self._table.query(turn_partition(user_id))}

    def _delete(self, user_id: UUID, turn: UUID) -> None:
        values = {"true": True, "ended": TurnState.ENDED.value, "now": self._clock().timestamp()}
        with suppress(ConditionFailed):  # it has ended or is lost: nobody writes it any more
            self._table.update(
                state_key(user_id, turn),
                "set #deleted = :true",
                values,
                condition="#state <> :ended and #lease_expires_at >= :now",
            )
            return
        for item in query_turn(self._table, user_id, turn):
            self._table.delete(item["key"], item["item"])
