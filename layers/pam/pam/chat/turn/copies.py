"""What DynamoDB has of messages beside memory: turns with their frames, confirmations, and messages not yet saved."""

from collections.abc import Collection
from uuid import UUID

from pam.chat.lifecycle.confirmations import Confirmations
from pam.chat.lifecycle.turn import Turn
from pam.chat.lifecycle.turn_deletion import TurnDeletion
from pam.chat.turn.account_items import AccountItems
from pam.chat.turn.deferred_messages import DeferredMessages
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.observability import logger
from pam.platform.postgres import Database


class ChatCopies:
    """The copies of all users; `pam.memory.copies.MessageCopies`."""

    def __init__(self, table: DynamoTable, database: Database, clock: Clock) -> None:
        self.turns = TurnDeletion(table, clock)
        self.deferred = DeferredMessages(table, database, clock)
        self._confirmations = Confirmations(table, clock)
        self._account = AccountItems(table, clock)

    def save_deferred(self, user_id: UUID, deadline: Deadline) -> None:
        self.deferred.restore_all(user_id, deadline)

    def delete(self, user_id: UUID, turns: Collection[UUID]) -> None:
        self._confirmations.delete(user_id, turns)
        self.turns.delete(user_id, turns)

    def delete_all(self, user_id: UUID, kept: UUID | None) -> None:
        self.deferred.delete_all(user_id)
        self._confirmations.delete_all(user_id, kept)
        self.turns.delete_all(user_id, kept)

    def check_idle(self, user_id: UUID) -> None:
        self._account.check_idle(user_id)

    def delete_account(self, user_id: UUID, conversations: Collection[UUID]) -> None:
        self._account.delete_all(user_id, conversations)

    def try_finish(self, turn: Turn) -> None:
        """Delete what was marked of a turn that has ended, unless DynamoDB is unavailable: it expires within a day."""
        try:
            self.turns.finish(turn)
        except DynamoUnavailable:
            logger.warning("turn not deleted before it expires", exc_info=True)
