"""The messages of a conversation, as they are sent to Claude again: read at the start of a turn, and appended to.

Content is stored byte for byte: a prompt that is replayed differently isn't read from the cache.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.chat.conversations import create_conversation
from pam.chat.profile_block import render_profile_block
from pam.chat.turn.context import ContextProvider, ContextRequest, finish_providers, start_providers
from pam.platform.deadline import Deadline
from pam.platform.observability import logger
from pam.platform.postgres import Connection, Database, DatabaseUnavailable
from pam.sources.claude.pricing import TokenUsage
from pam.users.profile import SELECT_PROFILE, Profile, ensure_user, profile_from_row

MAX_HISTORY_TOKENS = 24_000
"""A longer prompt is cut to about half at once: each cut loses what was cached of the conversation."""


@dataclass(frozen=True)
class StoredMessage:
    """A stored message. `context_tokens` of an assistant's: the tokens of its request's prompt and of itself."""

    position: int
    turn_id: UUID
    body: dict[str, Any]
    context_tokens: int | None


@dataclass(frozen=True)
class Conversation:
    """A conversation at the start of a turn, with the sections of the context by name."""

    id: UUID
    profile: Profile
    profile_block: str
    messages: list[StoredMessage]
    next_position: int
    context: Mapping[str, list[str]]


_SELECT_CONVERSATION = "select profile, cut_before from conversations where id = %(id)s and user_id = %(user)s"
_SELECT_MESSAGES = """
select m.position, m.turn_id, m.role, m.content, m.context_tokens
  from messages m join conversations c on c.user_id = m.user_id and c.id = m.conversation_id
 where m.conversation_id = %(id)s and m.user_id = %(user)s and m.position >= c.cut_before and m.in_context
 order by m.position
"""
_SELECT_NEXT_POSITION = """
select coalesce(max(position) + 1, 0) as next from messages where user_id = %(user)s and conversation_id = %(id)s
"""
_UPDATE_CUT = "update conversations set cut_before = %(before)s where user_id = %(user)s and id = %(id)s"
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
_INSERT_TURN = """
insert into turns (id, user_id, conversation_id, tier, model, model_calls, input_tokens, cache_read_tokens,
                   cache_write_tokens, output_tokens, cost_microdollars, ended)
values (%(turn)s, %(user)s, %(id)s, 3, %(model)s, %(calls)s, %(input)s, %(read)s, %(written)s, %(output)s, %(cost)s,
        %(ended)s)
on conflict do nothing
"""


def read_conversation(
    database: Database,
    providers: Sequence[ContextProvider],
    user_id: UUID,
    conversation_id: UUID,
    zone: ZoneInfo | None,
    now: datetime,
    deadline: Deadline,
) -> Conversation:
    """Read a conversation and its context in one round trip; create it, in a second one, where it is new.

    `zone` is the device's. Raises `DatabaseUnavailable`.
    """
    scope = {"user": user_id, "id": conversation_id}
    with database.session(user_id, deadline) as connection:
        ensure_user(connection, user_id)
        request = ContextRequest(connection, user_id, conversation_id, zone, now, deadline)
        started = start_providers(providers, request)
        profiles, conversations, positions, rows = (
            connection.execute(sql, scope)
            for sql in (SELECT_PROFILE, _SELECT_CONVERSATION, _SELECT_NEXT_POSITION, _SELECT_MESSAGES)
        )
        messages = [
            StoredMessage(
                row["position"], row["turn_id"], {"role": row["role"], "content": row["content"]}, row["context_tokens"]
            )
            for row in rows.fetchall()
        ]
        profile = profile_from_row(user_id, profiles.fetchone())
        stored, position = conversations.fetchone(), positions.fetchone()
        assert position is not None
        context = finish_providers(providers, started, profile)
        if stored is None:
            block = render_profile_block(context.get("traveller", []))
            create_conversation(connection, user_id, conversation_id, block)
        else:
            block = stored["profile"]
        kept = _within_limit(messages)
        if len(kept) < len(messages):
            connection.execute(_UPDATE_CUT, scope | {"before": kept[0].position if kept else position["next"]})
        return Conversation(conversation_id, profile.in_zone(zone), block, kept, position["next"], context)


def _within_limit(messages: list[StoredMessage]) -> list[StoredMessage]:
    """Return all messages, or the newest turns that make up half of their length.

    Turns stay whole, so that no tool use is separated from its result.
    """
    sizes = [message.context_tokens for message in messages if message.context_tokens is not None]
    if not sizes or sizes[-1] <= MAX_HISTORY_TOKENS:
        return messages
    # By their text: the token counts of older messages include what earlier cuts have removed.
    lengths = [len(json.dumps(message.body["content"])) for message in messages]
    starts = [
        index for index, message in enumerate(messages) if not index or message.turn_id != messages[index - 1].turn_id
    ]
    fitting = (start for start in starts if 2 * sum(lengths[start:]) <= sum(lengths))
    return messages[next(fitting, starts[-1]) :]


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

    def exclude(self) -> None:
        """Leave the turn's messages out of later prompts: the API refuses what follows a refused question, too.

        The notes that the question's context had are in the next question's instead.
        """
        with self._saving:
            self._is_excluded = True
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
            with self._session(deadline) as connection:
                self._insert(connection, rows)
            del self._unsaved[: len(rows)]

    def finish(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save what isn't saved yet and the turn's usage, a `turn_usage`. Raises as `save` does."""
        with self._saving:
            rows = list(self._unsaved)
            with self._session(deadline) as connection:
                self._insert(connection, rows)
                connection.execute(_INSERT_TURN, {**self._scope, **usage})
            del self._unsaved[: len(rows)]

    def save_usage(self, usage: Mapping[str, Any], deadline: Deadline) -> None:
        """Save the usage alone, of a turn that the conversation has advanced without."""
        with self._session(deadline) as connection:
            connection.execute(_INSERT_TURN, {**self._scope, **usage})

    def unsaved(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Return what isn't in Postgres, as `restore` takes it."""
        return {"messages": list(self._unsaved), "turn": {**self._scope, **usage}}

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
