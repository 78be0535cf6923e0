"""Stored messages: a row for each passage, indexed together with the passage directly before it.

"And there?" is found by the question before it, and an answer by its question. Stored in the transaction that stores
the conversation, so that a message is found by its words as soon as it is stored; its vector follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pam.memory.embedding_requests import request_embedding
from pam.memory.passages import split_passages
from pam.memory.summary_requests import request_summary
from pam.platform.postgres import Connection
from pam.safety.redaction import redact

MAX_PASSAGES = 40
"""Of one message; the rest of a longer one is not stored."""


@dataclass(frozen=True)
class ExchangeMessage:
    """A message of the traveller's or of PAM's, without what the prompt adds to it."""

    role: Literal["user", "assistant"]
    text: str
    sent_at: datetime


# The words of a row are those of the passage and of the one before it in the conversation.
_INSERT_EXCHANGE = """
with before as (
    select content from exchanges
     where user_id = %(user)s and conversation_id = %(conversation)s
     order by id desc limit 1
), indexed as (
    select to_tsvector('english', coalesce((select content from before) || ' ', '') || %(content)s) as words
)
insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length)
select %(user)s, %(conversation)s, %(turn)s, %(role)s, %(passage)s, %(content)s, %(sent_at)s, words,
       (select coalesce(sum(cardinality(positions)), 0) from unnest(words))
  from indexed
on conflict (user_id, turn_id, role, passage) do nothing
"""


def store_exchange(
    connection: Connection, user_id: UUID, conversation_id: UUID, turn_id: UUID, messages: Sequence[ExchangeMessage]
) -> None:
    """Store the messages of a turn, redacted, in the caller's transaction. Those that are stored already stay."""
    for message in messages:
        for number, passage in enumerate(split_passages(redact(message.text.replace("\x00", "")))[:MAX_PASSAGES]):
            connection.execute(
                _INSERT_EXCHANGE,
                {
                    "user": user_id,
                    "conversation": conversation_id,
                    "turn": turn_id,
                    "role": message.role,
                    "passage": number,
                    "content": passage[:8000],
                    "sent_at": message.sent_at,
                },
            )
    request_summary(connection, user_id, conversation_id)
    request_embedding(connection, user_id)
