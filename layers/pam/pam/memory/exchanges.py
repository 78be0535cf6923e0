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
from pam.memory.word_index import words_apart
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
_LENGTH = "(select coalesce(sum(cardinality(positions)), 0) from unnest(words))"
_INSERT_EXCHANGE = f"""
with before as (
    select content from exchanges
     where user_id = %(user)s and conversation_id = %(conversation)s
     order by id desc limit 1
), indexed as (
    select to_tsvector('english', {words_apart("coalesce((select content from before) || ' ', '') || %(content)s")})
           as words
)
insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length)
select %(user)s, %(conversation)s, %(turn)s, %(role)s, %(passage)s, %(content)s, %(sent_at)s, words, {_LENGTH}
  from indexed
on conflict (user_id, turn_id, role, passage) do nothing
"""
# In the order in which their vectors are stored: two transactions never wait for each other.
_LOCK_EXCHANGES = """
select x.id, x.conversation_id, x.episode_id, x.turn_id = any (%(turns)s) as is_deleted from exchanges x
 where x.user_id = %(user)s
   and (x.turn_id = any (%(turns)s)
        or x.id in (select (select n.id from exchanges n
                             where n.user_id = %(user)s and n.conversation_id = d.conversation_id and n.id > d.id
                               and not n.turn_id = any (%(turns)s)
                             order by n.id limit 1)
                      from exchanges d where d.user_id = %(user)s and d.turn_id = any (%(turns)s)))
 order by x.id desc
   for update of x
"""
DELETE_EXCHANGES = "delete from exchanges where user_id = %(user)s and id = any (%(ids)s)"
_REINDEX = f"""
with neighbours as (
    select x.id, x.content, (select p.content from exchanges p
                              where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                              order by p.id desc limit 1) as before
      from exchanges x where x.user_id = %(user)s and x.id = any (%(ids)s)
), indexed as (
    select id, to_tsvector('english', {words_apart("coalesce(before || ' ', '') || content")}) as words from neighbours
), counted as (
    select id, words, {_LENGTH} as length from indexed
)
update exchanges
   set words = counted.words, length = counted.length,
       embedding = null, embedding_model = null, embedding_dimensions = null, embedding_refused_by = null
  from counted
 where exchanges.user_id = %(user)s and exchanges.id = counted.id
"""


@dataclass(frozen=True)
class DeletedExchanges:
    """What deleted passages belonged to: the conversations, and the episodes that summarise them."""

    conversations: frozenset[UUID]
    episodes: frozenset[int]


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


def delete_exchanges(connection: Connection, user_id: UUID, turns: Sequence[UUID]) -> DeletedExchanges:
    """Delete the passages of turns, in the caller's transaction.

    The passages that follow them are indexed without them, by their words at once and by their vectors soon.
    """
    scope = {"user": user_id, "turns": list(turns)}
    rows = connection.execute(_LOCK_EXCHANGES, scope).fetchall()
    deleted = [row for row in rows if row["is_deleted"]]
    connection.execute(DELETE_EXCHANGES, scope | {"ids": [row["id"] for row in deleted]})
    connection.execute(_REINDEX, scope | {"ids": [row["id"] for row in rows if not row["is_deleted"]]})
    if rows:
        request_embedding(connection, user_id)
    return DeletedExchanges(
        frozenset(row["conversation_id"] for row in deleted),
        frozenset(row["episode_id"] for row in deleted if row["episode_id"] is not None),
    )
