"""Copies of messages outside of Postgres, which a deletion covers, too."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from pam.platform.deadline import Deadline


class MessageCopies(Protocol):
    """The copies of all users' messages. Methods may be repeated, and raise `DynamoUnavailable`."""

    def save_deferred(self, user_id: UUID, deadline: Deadline) -> None:
        """Save what waited for Postgres, so that it is found and deleted there. Raises `DatabaseUnavailable`, too."""

    def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
        """Delete the copies of turns, and what others recalled; of a turn that runs at its end."""

    def delete_all(self, user_id: UUID, kept: UUID | None) -> None:
        """Delete all copies of a user; of the turn `kept` all texts. Those of a turn that runs at its end."""

    def check_idle(self, user_id: UUID) -> None:
        """Raise `PamError` (`turn_running`) while a turn of the user runs or waits."""

    def delete_account(self, user_id: UUID, conversations: Collection[UUID]) -> None:
        """Delete all that there is of a user and of their conversations, also costs and limits."""
