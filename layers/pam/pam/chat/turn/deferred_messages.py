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
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable, Item
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
        key = (_partition(user_id), str(conversation_id))
        try:
            self._table.put(key, {"unsaved": json.dumps(unsaved, default=str)}, self._clock() + _TTL)
        except DynamoUnavailable:
            logger.exception("turn not saved")

    def restore(self, user_id: UUID, conversation_id: UUID, deadline: Deadline) -> bool:
        """Move what is deferred to Postgres; return whether there were any. Raises `PamError`: the order must hold."""
        item = self._table.get(_partition(user_id), str(conversation_id))
        if item is None:
            return False
        self._restore(user_id, item, deadline)
        return True

    def restore_all(self, user_id: UUID, deadline: Deadline) -> None:
        """Move what is deferred of all conversations of a user to Postgres. Raises `PamError`."""
        for item in self._table.query(_partition(user_id)):
            self._restore(user_id, item, deadline)

    def delete_all(self, user_id: UUID) -> None:
        """Delete what is deferred of a user. Raises `DynamoUnavailable`."""
        for item in self._table.query(_partition(user_id)):
            self._table.delete(item["key"], item["item"])

    def _restore(self, user_id: UUID, item: Item, deadline: Deadline) -> None:
        try:
            restore(self._database, user_id, json.loads(item["unsaved"]), deadline)
        except (psycopg.DataError, ValueError):
            # Postgres will never take them: without them, the conversation can go on.
            logger.exception("turn not saved")
        self._table.delete(item["key"], item["item"])


def _partition(user_id: UUID) -> str:
    return f"deferred#{user_id}"
