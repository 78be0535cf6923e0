"""Messages that a turn couldn't save in Postgres: in DynamoDB until the conversation's next turn."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from pam.chat.turn.transcript import append_rows
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.observability import logger
from pam.platform.postgres import Database

_TTL = timedelta(days=30)


class DeferredMessages:
    """The deferred messages of all conversations."""

    def __init__(self, table: DynamoTable, database: Database, clock: Clock) -> None:
        self._table = table
        self._database = database
        self._clock = clock

    def put(self, user_id: UUID, conversation_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store rows. Where DynamoDB is unavailable, too, they are lost to later turns, and that is logged."""
        try:
            self._table.put(
                _key(user_id, conversation_id), {"rows": json.dumps(rows, default=str)}, self._clock() + _TTL
            )
        except DynamoUnavailable:
            logger.exception("turn not saved")

    def restore(self, user_id: UUID, conversation_id: UUID, deadline: Deadline) -> bool:
        """Move deferred rows to Postgres; return whether there were any. Raises `PamError`: the order must hold."""
        item = self._table.get(*_key(user_id, conversation_id))
        if item is None:
            return False
        append_rows(self._database, user_id, json.loads(item["rows"]), deadline)
        self._table.delete(*_key(user_id, conversation_id))
        return True


def _key(user_id: UUID, conversation_id: UUID) -> tuple[str, str]:
    return f"conversation#{user_id}#{conversation_id}", "deferred"
