"""All items that the chat's table has of a user, for the deletion of an account."""

from collections.abc import Iterable
from uuid import UUID

from pam.chat.lifecycle.frame_store import turn_partition
from pam.chat.lifecycle.turn import TurnState
from pam.platform.clock import Clock
from pam.platform.dynamodb import DynamoTable, Item
from pam.platform.errors import TURN_RUNNING, PamError

_PARTITIONS = ("turn", "confirmation", "deferred", "permits", "rate", "spend", "connections")
"""The kinds of items by user. Tickets have none: they are found by their secrets alone, and expire within a minute."""


class AccountItems:
    """The items of all users. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def check_idle(self, user_id: UUID) -> None:
        """Raise `PamError` (`turn_running`) while something of the user runs or waits that would write later."""
        now = self._clock().timestamp()
        for item in self._table.query(turn_partition(user_id)):
            if _is_running(item, now):
                raise PamError(
                    TURN_RUNNING,
                    "PAM is still answering you. Please wait until it has, or stop it, and then delete your account.",
                    retry_after=5,
                )

        for item in self._table.query(f"confirmation#{user_id}"):
            if item["decision"] == "yes" and "reported_by" not in item and item["expires_at"] > now:
                raise PamError(
                    TURN_RUNNING, "PAM is still doing what you confirmed. Please try again in a moment.", retry_after=5
                )

    def delete_all(self, user_id: UUID, conversations: Iterable[UUID]) -> None:
        """Delete the items of a user, and of their conversations: those that are given, and those of their turns."""
        items = [item for kind in _PARTITIONS for item in self._table.query(f"{kind}#{user_id}")]
        of_turns = {str(item["conversation_id"]) for item in items if "conversation_id" in item}
        for conversation in of_turns | {str(each) for each in conversations}:
            items += self._table.query(f"conversation#{user_id}#{conversation}")
        for item in items:
            self._table.delete(item["key"], item["item"])


def _is_running(item: Item, now: float) -> bool:
    return "state" in item and item["state"] != TurnState.ENDED and item["lease_expires_at"] >= now
