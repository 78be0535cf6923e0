"""A conversation at the start of a turn: its messages, as they are sent to Claude again, and its context."""

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.chat.conversations import OTHERS_TEXT, create_conversation
from pam.chat.profile_block import render_preferences, render_profile_block
from pam.chat.turn.context import ContextProvider, ContextRequest, ReadState, finish_providers, start_providers
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
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
    has_others_text: bool = False
    """Whether texts of third parties are in the prompt, or may be behind what is in it: see `_SELECT_OTHERS_TEXT`."""


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
# All messages count, also those before the cut: later answers may quote them.
_SELECT_OTHERS_TEXT = """
select exists (
    select from messages
     where user_id = %(user)s and conversation_id = %(id)s
       and content::text like any (%(others)s::text[])
) as found
"""
_UPDATE_CUT = "update conversations set cut_before = %(before)s where user_id = %(user)s and id = %(id)s"


def read_conversation(
    database: Database,
    providers: Sequence[ContextProvider],
    user_id: UUID,
    conversation_id: UUID,
    zone: ZoneInfo | None,
    now: datetime,
    deadline: Deadline,
    question: "Future[str]",
    others_tools: Collection[str] = (),
) -> Conversation:
    """Read a conversation and its context in one round trip; create it, in a second one, where it is new.

    `zone` is the device's; `question` is the text, once it is known; `others_tools` are the names of the tools whose
    results have texts of third parties. Raises `DatabaseUnavailable`.
    """
    # As the JSON of messages has them: quotation marks in data are escaped.
    patterns = [*(f'%"name": "{name}"%' for name in others_tools), f"%{OTHERS_TEXT}%"]
    scope = {"user": user_id, "id": conversation_id, "others": patterns}
    with database.session(user_id, deadline) as connection:
        ensure_user(connection, user_id)
        request = ContextRequest(connection, user_id, conversation_id, zone, now, deadline, question)
        started = start_providers(providers, request)
        profiles, conversations, positions, others, rows = (
            connection.execute(sql, scope)
            for sql in (
                SELECT_PROFILE,
                _SELECT_CONVERSATION,
                _SELECT_NEXT_POSITION,
                _SELECT_OTHERS_TEXT,
                _SELECT_MESSAGES,
            )
        )
        messages = [
            StoredMessage(
                row["position"], row["turn_id"], {"role": row["role"], "content": row["content"]}, row["context_tokens"]
            )
            for row in rows.fetchall()
        ]
        profile = profile_from_row(user_id, profiles.fetchone())
        stored, position, found = conversations.fetchone(), positions.fetchone(), others.fetchone()
        assert position is not None
        assert found is not None
        kept = _within_limit(messages)
        state = ReadState(profile, frozenset(message.turn_id for message in kept))
        context = finish_providers(providers, started, state)
        if stored is None:
            block = render_profile_block(context.get("traveller", []))
            create_conversation(connection, user_id, conversation_id, block)
        else:
            block = stored["profile"]
        if len(kept) < len(messages):
            connection.execute(_UPDATE_CUT, scope | {"before": kept[0].position if kept else position["next"]})
        # The preferences of now, in an old conversation, too: what was deleted must not stay in its prompt. A change
        # loses what is cached of the conversation, once.
        block += render_preferences(context.get("preferences", []))
        has_others_text = found["found"] or any(OTHERS_TEXT in line for line in context.get("notes", []))
        return Conversation(
            conversation_id, profile.in_zone(zone), block, kept, position["next"], context, has_others_text
        )


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
