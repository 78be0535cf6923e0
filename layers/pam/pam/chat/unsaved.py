"""What a turn couldn't save because Postgres was away: kept in DynamoDB until the conversation's next turn."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pam.chat.history import append_rows
from pam.chat.store import ChatTable
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.platform.postgres import Database

_KEPT_FOR = timedelta(days=30)


def keep_unsaved(
    table: ChatTable, user_id: UUID, conversation_id: UUID, rows: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Puts messages aside; where DynamoDB is away, too, they are lost to the next question, and that is logged."""
    try:
        table.put(_key(user_id, conversation_id), _ITEM, {"rows": json.dumps(rows, default=str)}, now + _KEPT_FOR)
    except PamError:
        logger.exception("a turn was not saved")


def save_unsaved(table: ChatTable, database: Database, user_id: UUID, conversation_id: UUID) -> bool:
    """Moves what was put aside to where it belongs, and says whether there was something.

    Raises `PamError` where it can't: the order must hold.
    """
    found = table.get(_key(user_id, conversation_id), _ITEM)
    if found is None:
        return False
    append_rows(database, user_id, json.loads(found["rows"]))
    table.delete(_key(user_id, conversation_id), _ITEM)
    return True


_ITEM = "unsaved"


def _key(user_id: UUID, conversation_id: UUID) -> str:
    return f"conversation#{user_id}#{conversation_id}"
