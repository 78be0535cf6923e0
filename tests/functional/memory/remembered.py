"""What a traveller has said, as memory stores it, without the chat."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.facts import FactSource, NewFact, Recorder, record_fact
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import ensure_user

SPRING = datetime(2026, 4, 1, 15, 30, tzinfo=UTC)

_INSERT_CONVERSATION = "insert into conversations (id, user_id, profile) values (%s, %s, '') on conflict do nothing"
_INSERT_MESSAGE = """
insert into messages (user_id, conversation_id, position, turn_id, role, content)
select %s, %s, coalesce(max(position) + 1, 0), %s, %s, %s from messages where user_id = %s and conversation_id = %s
"""
_INSERT_EPISODE = """
insert into conversation_episodes (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time,
                                   episode_end_time, message_count, topic, summary, sentiment)
select user_id, conversation_id, min(id), max(id), min(sent_at), max(sent_at), count(*), %(topic)s, %(summary)s,
       'neutral'
  from exchanges where user_id = %(user)s and turn_id = any (%(turns)s) group by user_id, conversation_id
returning id, first_exchange_id, last_exchange_id
"""


@dataclass
class Remembered:
    """A user with one conversation, filled turn by turn."""

    database: Database
    owner: psycopg.Connection
    user_id: uuid.UUID
    conversation_id: uuid.UUID = field(default_factory=uuid.uuid4)
    now: datetime = SPRING

    def says(
        self,
        text: str,
        reply: str | None = "Noted.",
        *,
        recalled: str = "",
        remark: bool = False,
        extra: Sequence[Any] = (),
    ) -> uuid.UUID:
        """Store a turn with Claude, without a reply an interrupted one.

        `recalled` is a line of its prompt's memory, `extra` are messages before the reply. With `remark` the turn
        begins with the remark that the one before was interrupted.
        """
        turn = uuid.uuid4()
        self.now += timedelta(hours=1)
        memory = f"\n<memory>\n{json.dumps(recalled)}\n</memory>" if recalled else ""
        context = {"type": "text", "text": f"<context>\nNow: {self.now}{memory}\n</context>"}
        with self.database.session(self.user_id, Deadline(10)) as connection:
            ensure_user(connection, self.user_id)
            connection.execute(_INSERT_CONVERSATION, (self.conversation_id, self.user_id))
            said = [("user", text), ("assistant", reply)] if reply else [("user", text)]
            messages = [ExchangeMessage(role, each, self.now) for role, each in said]  # type: ignore[arg-type]
            store_exchange(connection, self.user_id, self.conversation_id, turn, messages)
            scope = (self.user_id, self.conversation_id)
            before = [("assistant", [{"type": "text", "text": "(This answer was interrupted.)"}])] if remark else []
            after = [("assistant", [{"type": "text", "text": reply}])] if reply else []
            for role, content in [*before, ("user", [context, {"type": "text", "text": text}]), *extra, *after]:
                connection.execute(_INSERT_MESSAGE, (*scope, turn, role, json.dumps(content), *scope))
        return turn

    def knows(self, subject: str, value: str, *turns: uuid.UUID, **fields: Any) -> int:
        """Record a fact of a summary; return its id."""
        at = fields.pop("at", self.now)
        sources = tuple(FactSource(turn, at) for turn in turns)
        fact = NewFact(subject, value, at, Recorder.SUMMARY, sources=sources, **fields)
        with self.database.session(self.user_id, Deadline(10)) as connection:
            ensure_user(connection, self.user_id)
            recorded = record_fact(connection, self.user_id, fact)
        assert recorded is not None
        return recorded

    def summarises(self, topic: str, summary: str, *turns: uuid.UUID) -> int:
        """Store an episode over turns; return its id."""
        row = self.owner.execute(
            _INSERT_EPISODE, {"user": self.user_id, "turns": list(turns), "topic": topic, "summary": summary}
        ).fetchone()
        assert row is not None
        self.owner.execute(
            "update exchanges set episode_id = %s where user_id = %s and turn_id = any (%s)",
            (row[0], self.user_id, list(turns)),
        )
        return int(row[0])

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return the rows of a query on the user's own rows; its first value is the user's id."""
        return self.owner.execute(sql, (self.user_id, *values)).fetchall()

    def history(self) -> list[tuple[str, Any]]:
        """Return the messages that are sent to Claude again."""
        return self.rows("select role, content from messages where user_id = %s order by position")
