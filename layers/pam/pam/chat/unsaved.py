"""What a turn couldn't save because Postgres was away: kept in DynamoDB until the conversation's next turn."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pam.chat.history import append_rows
from pam.chat.store import ChatTable, Item
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.platform.postgres import Database

_KEPT_FOR = timedelta(days=30)


def keep_unsaved(
    table: ChatTable, user_id: UUID, conversation_id: UUID, rows: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Puts messages aside; where DynamoDB is away, too, they are lost to the next question, and that is logged."""
    try:
        table.put(*unsaved_item(user_id, conversation_id), {"rows": json.dumps(rows, default=str)}, now + _KEPT_FOR)
    except PamError:
        logger.exception("a turn was not saved")


def unsaved_item(user_id: UUID, conversation_id: UUID) -> tuple[str, str]:
    """Key and item of what is put aside."""
    return f"conversation#{user_id}#{conversation_id}", "unsaved"


def save_unsaved(table: ChatTable, database: Database, user_id: UUID, conversation_id: UUID, found: Item) -> None:
    """Moves what was put aside to where it belongs. Raises `PamError` where it can't: the order must hold."""
    append_rows(database, user_id, json.loads(found["rows"]))
    table.delete(*unsaved_item(user_id, conversation_id))
