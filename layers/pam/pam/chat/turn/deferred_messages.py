"""Messages and usage that a turn couldn't save in Postgres: in DynamoDB until the conversation's next turn."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from pam.chat.turn.transcript import restore
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

    def put(self, user_id: UUID, conversation_id: UUID, unsaved: Mapping[str, Any]) -> None:
        """Store what `Transcript.unsaved` returned.

        Where DynamoDB is unavailable, too, it is lost to later turns, and that is logged.
        """
        try:
            self._table.put(
                _key(user_id, conversation_id), {"unsaved": json.dumps(unsaved, default=str)}, self._clock() + _TTL
            )
        except DynamoUnavailable:
            logger.exception("turn not saved")

    def restore(self, user_id: UUID, conversation_id: UUID, deadline: Deadline) -> bool:
        """Move what is deferred to Postgres; return whether there were any. Raises `PamError`: the order must hold."""
        item = self._table.get(*_key(user_id, conversation_id))
        if item is None:
            return False
        try:
            restore(self._database, user_id, json.loads(item["unsaved"]), deadline)
        except (psycopg.DataError, ValueError):
            # Postgres will never take them: without them, the conversation can go on.
            logger.exception("turn not saved")
        self._table.delete(*_key(user_id, conversation_id))
        return True


def _key(user_id: UUID, conversation_id: UUID) -> tuple[str, str]:
    return f"conversation#{user_id}#{conversation_id}", "deferred"
