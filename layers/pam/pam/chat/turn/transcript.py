"""The messages that a turn appends to its conversation.

Content is stored byte for byte: a prompt that is replayed differently isn't read from the cache.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from pam.chat.turn.conversation import Conversation
from pam.memory.deletion_checks import TurnDeleted, check_deletion, check_fact_write
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.prompt_quotes import without_quotes
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


_UNKNOWN = datetime(2000, 1, 1, tzinfo=UTC)


class ConversationAdvanced(Exception):
    """Another turn has appended to the conversation: this one's worker was declared lost."""


class Transcript:
    """The messages that a turn appends to its conversation, saved step by step.

    A step is saved whole, tool uses with their results: what is read again is always valid.
    """

    def __init__(
        self, database: Database, user_id: UUID, conversation: Conversation, turn_id: UUID, started_at: datetime
    ) -> None:
        """`started_at` is before the conversation was read: what was deleted since then isn't stored again."""
        self._database = database
        self._started_at = started_at
        self._user_id = user_id
        self._scope = {"user": user_id, "id": conversation.id, "turn": turn_id}
        self._notes = len(conversation.context.get("notes", []))
        self._first_position = self._position = conversation.next_position
        self._rows: list[dict[str, Any]] = []
        self._unsaved: list[dict[str, Any]] = []
        self._exchange: list[ExchangeMessage] = []
        self._saving = threading.Lock()
        self._is_excluded = False
        self._is_deleted = False
        self._saved = 0
        self.met_deletion = False
        """Whether a save has found that memories were deleted since the turn began."""

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
            if self._unsaved:
                self._save(deadline)

    def finish(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save what isn't saved yet and the turn's usage, a `turn_usage`. Raises as `save` does."""
        with self._saving:
            self._save(deadline, usage)

    def save_usage(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save the usage alone, of a turn that the conversation has advanced without."""
        with self._session(deadline) as connection:
            self._insert_turn(connection, usage)

    def check_fact_write(self, connection: Connection) -> None:
        """Check that the turn may write facts, in the transaction of the write. Raises `PamError`."""
        # Not while a save is under way: what it stores may be deleted before it is counted.
        with self._saving:
            check_fact_write(
                connection, self._user_id, self._scope["id"], self._scope["turn"], self._started_at, self._saved
            )

    def unsaved(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Return what isn't in Postgres, as `restore` takes it."""
        exchange = [asdict(message) for message in self._exchange]
        return {
            "messages": list(self._unsaved),
            "exchange": exchange,
            "turn": {**self._scope, **usage},
            "started_at": self._started_at.isoformat(),
            "saved": self._saved,
        }

    def _save(self, deadline: Deadline, usage: Mapping[str, Any] | None = None) -> None:
        """Save what isn't saved yet, and the usage of a turn that has ended; nothing where the turn was deleted."""
        if self._is_deleted:
            return
        rows, exchange = list(self._unsaved), list(self._exchange)
        try:
            with self._session(deadline) as connection:
                checked = _checked(connection, self._scope, self._started_at, self._saved, rows)
                self._insert(connection, checked)
                self._store_exchange(connection, exchange)
                if usage is not None:
                    self._insert_turn(connection, usage)
        except TurnDeleted:
            logger.info("the turn was deleted while it ran, so the rest isn't stored")
            self._is_deleted = self.met_deletion = True
            return
        self.met_deletion = self.met_deletion or checked is not rows
        if rows:  # more may have been added since
            self._saved = rows[-1]["position"] + 1 - self._first_position
        del self._unsaved[: len(rows)]
        del self._exchange[: len(exchange)]

    def _insert_turn(self, connection: Connection, usage: Mapping[str, Any]) -> None:
        connection.execute(_INSERT_TURN, {**self._scope, **usage})

    @contextmanager
    def _session(self, deadline: Deadline) -> Iterator[Connection]:
        """Open a transaction in which any failure counts as an unavailable database.

        The turn has written and sent its answer by then, so it must end as one that is saved later.
        """
        try:
            with self._database.session(self._user_id, deadline) as connection:
                yield connection
        except (DatabaseUnavailable, ConversationAdvanced, TurnDeleted):
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
    """Return what is stored of a turn's cost; `ended` is `TURN_ANSWERED` or an error's code."""
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


def _checked(
    connection: Connection,
    scope: Mapping[str, Any],
    started_at: datetime,
    saved: int,
    rows: Sequence[Mapping[str, Any]],
) -> Sequence[Mapping[str, Any]]:
    """Return a turn's rows as they may be stored: without what they quote, where anything was deleted since its start.

    `saved` is how many rows it has stored before. Raises `TurnDeleted`.
    """
    if not check_deletion(connection, scope["user"], scope["id"], scope["turn"], started_at, saved):
        return rows
    return [
        {**row, "content": json.dumps(without_quotes(json.loads(row["content"])), ensure_ascii=False)} for row in rows
    ]


def restore(database: Database, user_id: UUID, unsaved: Mapping[str, Any], deadline: Deadline) -> None:
    """Save what `Transcript.unsaved` returned, unless it was deleted since. It may be repeated.

    Raises `DatabaseUnavailable`.
    """
    turn = unsaved["turn"]
    scope = {"user": user_id, "id": UUID(str(turn["id"])), "turn": UUID(str(turn["turn"]))}
    # Those of an earlier release don't say when their turn began.
    started_at = datetime.fromisoformat(unsaved["started_at"]) if "started_at" in unsaved else _UNKNOWN
    try:
        with database.session(user_id, deadline) as connection:
            for row in _checked(connection, scope, started_at, unsaved.get("saved", 0), unsaved["messages"]):
                connection.execute(_INSERT_MESSAGE, row)
            connection.execute(_INSERT_TURN, turn)
            exchange = _EXCHANGE_MESSAGES.validate_python(unsaved.get("exchange", []))
            if exchange:
                store_exchange(connection, user_id, scope["id"], scope["turn"], exchange)
    except TurnDeleted:
        logger.info("a deferred turn was deleted meanwhile")
