"""The messages that a turn appends to its conversation.

Content is stored byte for byte: a prompt that is replayed differently isn't read from the cache.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from pam.chat.turn.conversation import Conversation
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.deadline import Deadline
from pam.platform.observability import logger
from pam.platform.postgres import Connection, Database, DatabaseUnavailable
from pam.sources.claude.pricing import TokenUsage

# A repeated insert changes nothing; a position that another turn took is not overwritten.
_INSERT_MESSAGE = """
insert into messages (user_id, conversation_id, position, turn_id, role, content, context_tokens, in_context)
values (%(user)s, %(id)s, %(position)s, %(turn)s, %(role)s, %(content)s, %(tokens)s, %(in_context)s)
on conflict (user_id, conversation_id, position) do update set in_context = excluded.in_context
 where messages.turn_id = excluded.turn_id
returning position
"""
_UPDATE_NOTES = """
update notes set told_in = %(turn)s
 where user_id = %(user)s
   and id in (select id from notes
               where user_id = %(user)s and conversation_id = %(id)s and told_in is null
               order by created_at, id limit %(notes)s)
"""
_RESTORE_NOTES = """
update notes set told_in = null where user_id = %(user)s and conversation_id = %(id)s and told_in = %(turn)s
"""
_EXCHANGE_MESSAGES = TypeAdapter(list[ExchangeMessage])
_INSERT_TURN = """
insert into turns (id, user_id, conversation_id, tier, model, model_calls, input_tokens, cache_read_tokens,
                   cache_write_tokens, output_tokens, cost_microdollars, ended)
values (%(turn)s, %(user)s, %(id)s, 3, %(model)s, %(calls)s, %(input)s, %(read)s, %(written)s, %(output)s, %(cost)s,
        %(ended)s)
on conflict do nothing
"""


class ConversationAdvanced(Exception):
    """Another turn has appended to the conversation: this one's worker was declared lost."""


class Transcript:
    """The messages that a turn appends to its conversation, saved step by step.

    A step is saved whole, tool uses with their results: what is read again is always valid.
    """

    def __init__(self, database: Database, user_id: UUID, conversation: Conversation, turn_id: UUID) -> None:
        self._database = database
        self._user_id = user_id
        self._scope = {"user": user_id, "id": conversation.id, "turn": turn_id}
        self._notes = len(conversation.context.get("notes", []))
        self._position = conversation.next_position
        self._rows: list[dict[str, Any]] = []
        self._unsaved: list[dict[str, Any]] = []
        self._exchange: list[ExchangeMessage] = []
        self._saving = threading.Lock()
        self._is_excluded = False

    def add(self, *messages: Mapping[str, Any], tokens: int | None = None) -> None:
        """Append messages; `tokens` is the `context_tokens` of an assistant's among them."""
        for message in messages:
            row = self._scope | {
                "position": self._position,
                "role": message["role"],
                "content": json.dumps(message["content"], ensure_ascii=False),
                "tokens": tokens if message["role"] == "assistant" else None,
                "in_context": True,
            }
            self._rows.append(row)
            self._unsaved.append(row)
            self._position += 1

    def add_to_memory(self, message: ExchangeMessage) -> None:
        """Store a message for recall with the next save, in its transaction. Blank ones are left out."""
        if message.text.strip():
            with self._saving:
                self._exchange.append(message)

    def exclude(self) -> None:
        """Leave the turn's messages out of later prompts: the API refuses what follows a refused question, too.

        The notes that the question's context had are in the next question's instead.
        """
        with self._saving:
            self._is_excluded = True
            self._exchange.clear()
            self._rows = [row | {"in_context": False} for row in self._rows]
            self._unsaved = list(self._rows)

    def save(self, deadline: Deadline) -> None:
        """Save what isn't saved yet, in one transaction.

        Raises `DatabaseUnavailable`, after which it may be called again, and `ConversationAdvanced`.
        """
        with self._saving:
            rows = list(self._unsaved)
            if not rows:
                return
            exchange = list(self._exchange)
            with self._session(deadline) as connection:
                self._insert(connection, rows)
                self._store_exchange(connection, exchange)
            del self._unsaved[: len(rows)]
            del self._exchange[: len(exchange)]

    def finish(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save what isn't saved yet and the turn's usage, a `turn_usage`. Raises as `save` does."""
        with self._saving:
            rows = list(self._unsaved)
            exchange = list(self._exchange)
            with self._session(deadline) as connection:
                self._insert(connection, rows)
                self._store_exchange(connection, exchange)
                connection.execute(_INSERT_TURN, {**self._scope, **usage})
            del self._unsaved[: len(rows)]
            del self._exchange[: len(exchange)]

    def save_usage(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save the usage alone, of a turn that the conversation has advanced without."""
        with self._session(deadline) as connection:
            connection.execute(_INSERT_TURN, {**self._scope, **usage})

    def unsaved(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Return what isn't in Postgres, as `restore` takes it."""
        exchange = [asdict(message) for message in self._exchange]
        return {"messages": list(self._unsaved), "exchange": exchange, "turn": {**self._scope, **usage}}

    @contextmanager
    def _session(self, deadline: Deadline) -> Iterator[Connection]:
        """Open a transaction in which any failure counts as an unavailable database.

        The turn has written and sent its answer by then, so it must end as one that is saved later.
        """
        try:
            with self._database.session(self._user_id, deadline) as connection:
                yield connection
        except (DatabaseUnavailable, ConversationAdvanced):
            raise
        except Exception as error:
            logger.exception("transcript refused")
            raise DatabaseUnavailable from error

    def _store_exchange(self, connection: Connection, exchange: Sequence[ExchangeMessage]) -> None:
        if exchange:
            store_exchange(connection, self._user_id, self._scope["id"], self._scope["turn"], exchange)

    def _insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        inserted = [connection.execute(_INSERT_MESSAGE, row) for row in rows]
        if self._is_excluded:
            connection.execute(_RESTORE_NOTES, self._scope)
        elif self._notes and rows:
            connection.execute(_UPDATE_NOTES, self._scope | {"notes": self._notes})
        if any(each.fetchone() is None for each in inserted):
            raise ConversationAdvanced
        self._notes = 0 if rows else self._notes


def turn_usage(model: str, usage: TokenUsage, ended: str) -> dict[str, Any]:
    """Return what is stored of a turn's cost; `ended` is "done" or an error's code."""
    return {
        "model": model,
        "calls": usage.calls,
        "input": usage.input,
        "read": usage.read,
        "written": usage.write_5m + usage.write_1h,
        "output": usage.output,
        "cost": round(usage.cost(model) * 1_000_000),
        "ended": ended,
    }


def restore(database: Database, user_id: UUID, unsaved: Mapping[str, Any], deadline: Deadline) -> None:
    """Save what `Transcript.unsaved` returned. It may be repeated. Raises `DatabaseUnavailable`."""
    with database.session(user_id, deadline) as connection:
        for row in unsaved["messages"]:
            connection.execute(_INSERT_MESSAGE, row)
        connection.execute(_INSERT_TURN, unsaved["turn"])
        exchange = _EXCHANGE_MESSAGES.validate_python(unsaved.get("exchange", []))
        if exchange:
            turn = unsaved["turn"]
            store_exchange(connection, user_id, UUID(str(turn["id"])), UUID(str(turn["turn"])), exchange)
