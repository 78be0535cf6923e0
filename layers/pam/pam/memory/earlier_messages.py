"""Stores messages in memory that are older than it: of conversations from before its tables."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from pam.memory.deletion_checks import lock_against_deletion
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database, Row

_BATCH = 20
_MIN_LEFT_S = 5.0
_NO_USER = UUID(int=0)

_SELECT_CONVERSATIONS = "select * from conversations_to_remember(%(most)s)"
# A refused question and what belongs to it are no part of memory.
_SELECT_MESSAGES = """
select turn_id, role, content, created_at from messages
 where user_id = %(user)s and conversation_id = %(id)s and in_context
 order by position
"""
_SET_REMEMBERED = "update conversations set remembered = true where user_id = %(user)s and id = %(id)s"


def store_earlier_messages(database: Database, deadline: Deadline) -> int:
    """Store the messages of conversations from before memory, the newest first; return the number of conversations.

    It ends when none is left or the deadline is near. What is stored already stays as it is, so that two runs at once
    store nothing twice. Raises `DatabaseUnavailable`.
    """
    done = 0
    while True:
        with database.session(_NO_USER, deadline) as connection:
            rows = connection.execute(_SELECT_CONVERSATIONS, {"most": _BATCH}).fetchall()
        for row in rows:
            if deadline.left_s < _MIN_LEFT_S:
                return done
            _store(database, row["user_id"], row["conversation_id"], deadline)
            done += 1
        if not rows:
            return done


def _store(database: Database, user_id: UUID, conversation_id: UUID, deadline: Deadline) -> None:
    scope = {"user": user_id, "id": conversation_id}
    with database.session(user_id, deadline) as connection:
        lock_against_deletion(connection, user_id)
        messages = connection.execute(_SELECT_MESSAGES, scope).fetchall()
        for turn_id, rows in groupby(messages, lambda row: UUID(str(row["turn_id"]))):
            exchange = _exchange(list(rows))
            if exchange:
                store_exchange(connection, user_id, conversation_id, turn_id, exchange)
        connection.execute(_SET_REMEMBERED, scope)


def _exchange(rows: Sequence[Row]) -> list[ExchangeMessage]:
    """Return a turn's question, without the context before it, and the text of its answer."""
    questions = [(_texts(row["content"])[-1:], row["created_at"]) for row in rows if row["role"] == "user"]
    answers = [(_texts(row["content"]), row["created_at"]) for row in rows if row["role"] == "assistant"]
    exchange: list[ExchangeMessage] = []
    if questions:
        _append(exchange, "user", *questions[0])
    if answers:
        texts = [text for each, _ in answers for text in each]
        _append(exchange, "assistant", texts, answers[-1][1])
    return exchange


def _append(exchange: list[ExchangeMessage], role: Any, texts: Sequence[str], sent_at: datetime) -> None:
    text = "\n".join(texts).strip()
    if text:
        exchange.append(ExchangeMessage(role, text, sent_at))


def _texts(content: Any) -> list[str]:
    return [block["text"] for block in content if block.get("type") == "text"] if isinstance(content, list) else []
