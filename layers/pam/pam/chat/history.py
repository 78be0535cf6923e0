"""A conversation as Claude sees it again: read with all that a turn needs in one round trip, and only ever appended to.

Content is kept to the byte: a prompt that is replayed differently isn't cached any more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.chat.facts import BUDGETS, Facts, about
from pam.platform.deadline import Deadline
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S, Connection, Database
from pam.sources.claude_pricing import TokenUsage
from pam.travel.rig import SELECT_RIG, rig_from_row
from pam.users.profile import SELECT_PROFILE, Profile, ensure_user, profile_from_row

LONGEST_HISTORY_TOKENS = 24_000
"""A prompt beyond this is cut, in bulk, to about half: each cut loses what was cached of the conversation."""


@dataclass(frozen=True)
class Message:
    """A message as it is kept. `context_tokens` of an assistant's: its request's prompt and itself."""

    position: int
    turn_id: UUID
    body: dict[str, Any]
    context_tokens: int | None


@dataclass(frozen=True)
class Note:
    """What happened beside Claude since the last question."""

    id: UUID
    text: str


@dataclass(frozen=True)
class Conversation:
    """All that a turn begins with."""

    id: UUID
    profile: Profile
    about: str
    tool_mode: str
    messages: list[Message]
    next_position: int
    notes: list[Note]
    facts: Facts


_MAKE = """
insert into conversations (id, user_id, profile, tool_mode) values (%(id)s, %(user)s, %(about)s, %(mode)s)
on conflict (user_id, id) do nothing
"""
_CONVERSATION = "select profile, tool_mode, cut_before from conversations where id = %(id)s and user_id = %(user)s"
_MESSAGES = """
select m.position, m.turn_id, m.role, m.content, m.context_tokens
  from messages m join conversations c on c.user_id = m.user_id and c.id = m.conversation_id
 where m.conversation_id = %(id)s and m.user_id = %(user)s and m.position >= c.cut_before
 order by m.position
"""
_NEXT = """
select coalesce(max(position) + 1, 0) as next from messages where user_id = %(user)s and conversation_id = %(id)s
"""
_NOTES = """
select id, note from notes
 where user_id = %(user)s and conversation_id = %(id)s and told_in is null
 order by created_at, id limit 20
"""
_CUT = "update conversations set cut_before = %(before)s where user_id = %(user)s and id = %(id)s"
# What was saved, and not heard of, is saved again: nothing comes of it. Another turn's place isn't taken.
_APPEND = """
insert into messages (user_id, conversation_id, position, turn_id, role, content, context_tokens)
values (%(user)s, %(id)s, %(position)s, %(turn)s, %(role)s, %(content)s, %(tokens)s)
on conflict (user_id, conversation_id, position) do update set role = excluded.role
 where messages.turn_id = excluded.turn_id
returning position
"""
_TOLD = "update notes set told_in = %(turn)s where user_id = %(user)s and id = any(%(notes)s)"
_NOTE = "insert into notes (user_id, conversation_id, note) values (%(user)s, %(id)s, %(note)s)"
_TURN = """
insert into turns (id, user_id, conversation_id, tier, model, model_calls, input_tokens, cache_read_tokens,
                   cache_write_tokens, output_tokens, cost_microdollars, ended)
values (%(turn)s, %(user)s, %(id)s, 3, %(model)s, %(calls)s, %(input)s, %(read)s, %(written)s, %(output)s, %(cost)s,
        %(ended)s)
on conflict do nothing
"""


def read_conversation(
    database: Database, user_id: UUID, conversation_id: UUID, zone: ZoneInfo | None, now: datetime, tool_mode: str
) -> Conversation:
    """The conversation with what goes beside it, in one round trip; made, in a second one, where it is new.

    `zone` is the device's; `tool_mode` that of a new conversation. Raises `DatabaseUnavailable`.
    """
    scope = {"user": user_id, "id": conversation_id, "zone": zone.key if zone else None, "now": now}
    with database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
        ensure_user(connection, user_id)
        scans = [
            connection.execute(sql, scope)
            for sql in (SELECT_PROFILE, SELECT_RIG, _CONVERSATION, _NEXT, _NOTES, BUDGETS)
        ]
        messages = [
            Message(
                row["position"], row["turn_id"], {"role": row["role"], "content": row["content"]}, row["context_tokens"]
            )
            for row in connection.execute(_MESSAGES, scope).fetchall()
        ]
        profile = profile_from_row(user_id, scans[0].fetchone())
        rig = rig_from_row(scans[1].fetchone())
        known, following = scans[2].fetchone(), scans[3].fetchone()
        assert following is not None
        if known is None:
            known = {"profile": about(profile, rig), "tool_mode": tool_mode}
            connection.execute(_MAKE, scope | {"about": known["profile"], "mode": tool_mode})
        kept = _within_budget(messages)
        if len(kept) < len(messages):
            connection.execute(_CUT, scope | {"before": kept[0].position if kept else following["next"]})
        return Conversation(
            id=conversation_id,
            profile=profile.in_zone(zone),
            about=known["profile"],
            tool_mode=known["tool_mode"],
            messages=kept,
            next_position=following["next"],
            notes=[Note(row["id"], row["note"]) for row in scans[4].fetchall()],
            facts=Facts(scans[5].fetchall(), rig),
        )


def _within_budget(messages: list[Message]) -> list[Message]:
    """All of them, or the newest turns that make up half of their length: whole ones, so that no pair of tool use and
    result is parted."""
    sizes = [message.context_tokens for message in messages if message.context_tokens is not None]
    if not sizes or sizes[-1] <= LONGEST_HISTORY_TOKENS:
        return messages
    # By their text: the tokens of older messages were counted with what earlier cuts have taken away.
    lengths = [len(json.dumps(message.body["content"])) for message in messages]
    starts = [
        index for index, message in enumerate(messages) if not index or message.turn_id != messages[index - 1].turn_id
    ]
    fitting = (start for start in starts if 2 * sum(lengths[start:]) <= sum(lengths))
    return messages[next(fitting, starts[-1]) :]


class Overtaken(Exception):
    """The conversation went on without this turn, whose worker was taken for dead: what it adds has no place."""


class Log:
    """What a turn adds to its conversation: saved as it goes, so that a worker that dies has told what it did.

    A step is saved whole, tool uses with their results: what is read again is always valid.
    """

    def __init__(self, database: Database, user_id: UUID, conversation: Conversation, turn_id: UUID) -> None:
        self._database = database
        self._scope = {"user": user_id, "id": conversation.id, "turn": turn_id}
        self._user_id = user_id
        self._position = conversation.next_position
        self._notes = [note.id for note in conversation.notes]
        self._unsaved: list[dict[str, Any]] = []

    def add(self, *messages: Mapping[str, Any], tokens: int | None = None) -> None:
        """Messages to be saved next; `tokens` is the context of the last of them that is an assistant's."""
        for message in messages:
            self._unsaved.append(
                self._scope
                | {
                    "position": self._position,
                    "role": message["role"],
                    "content": json.dumps(message["content"], ensure_ascii=False),
                    "tokens": tokens if message["role"] == "assistant" else None,
                }
            )
            self._position += 1

    def save(self) -> None:
        """Writes what isn't saved yet, in one transaction. Raises `DatabaseUnavailable`, after which it may be tried
        again, and `Overtaken`."""
        rows = list(self._unsaved)
        if not rows:
            return
        with self._database.session(self._user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
            self._write(connection, rows)
        del self._unsaved[: len(rows)]

    def finish(self, model: str, usage: TokenUsage, cost_microdollars: int, ended: str) -> None:
        """Writes what isn't saved yet, and what the turn cost. Raises as `save` does."""
        rows = list(self._unsaved)
        with self._database.session(self._user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
            self._write(connection, rows)
            connection.execute(
                _TURN,
                self._scope
                | {
                    "model": model,
                    "calls": usage.calls,
                    "input": usage.input,
                    "read": usage.read,
                    "written": usage.write_5m + usage.write_1h,
                    "output": usage.output,
                    "cost": cost_microdollars,
                    "ended": ended,
                },
            )
        del self._unsaved[: len(rows)]

    def unsaved(self) -> list[dict[str, Any]]:
        """What isn't in Postgres, as `append_rows` takes it."""
        return list(self._unsaved)

    def _write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        appended = [connection.execute(_APPEND, row) for row in rows]
        if any(each.fetchone() is None for each in appended):
            raise Overtaken
        if self._notes and rows:
            connection.execute(_TOLD, self._scope | {"notes": self._notes})


def append_rows(database: Database, user_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Saves what `Log.unsaved` told of an earlier turn; a second time changes nothing."""
    with database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
        for row in rows:
            connection.execute(_APPEND, row)


def note(database: Database, user_id: UUID, conversation_id: UUID, text: str, tool_mode: str) -> None:
    """Keeps what happened beside Claude, for the conversation's next question. Raises `DatabaseUnavailable`."""
    scope = {"user": user_id, "id": conversation_id, "note": text[:12_000], "mode": tool_mode}
    with database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
        ensure_user(connection, user_id)
        profile, rig = connection.execute(SELECT_PROFILE, scope), connection.execute(SELECT_RIG, scope)
        told = about(profile_from_row(user_id, profile.fetchone()), rig_from_row(rig.fetchone()))
        connection.execute(_MAKE, scope | {"about": told})
        connection.execute(_NOTE, scope)
