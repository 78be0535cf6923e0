"""Conversations and their notes in Postgres. A note is an event beside Claude that its next prompt mentions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.answers.ask import AskAnswer
from pam.chat.profile_block import profile_lines, render_profile_block
from pam.memory.deletion_checks import lock_against_deletion
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.deadline import Deadline
from pam.platform.dimensions import TURN_ANSWERED, Tier
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.platform.postgres import Connection, Database, DatabaseUnavailable
from pam.travel.rig import SELECT_RIG, rig_from_row
from pam.users.profile import SELECT_PROFILE, ensure_user, profile_from_row

MAX_NOTE_CHARS = 12_000

_MAX_FIGURES_CHARS = 3000
_NOT_FIGURES = frozenset({"tier", "text", "cached", "stale", "age_s", "reason", "undo"})

_INSERT_CONVERSATION = """
insert into conversations (id, user_id, profile) values (%(id)s, %(user)s, %(block)s)
on conflict (user_id, id) do nothing
"""
# Of a conversation that was deleted nothing is noted.
_INSERT_NOTE = """
insert into notes (user_id, conversation_id, note, turn_id)
select %(user)s::uuid, %(id)s::uuid, %(note)s::text, %(turn)s::uuid
 where exists (select from conversations where user_id = %(user)s and id = %(id)s)
"""
# What was answered without a model has cost nothing.
_INSERT_TURN = """
insert into turns (id, user_id, conversation_id, tier, ended) values (%(turn)s, %(user)s, %(id)s, %(tier)s, %(ended)s)
on conflict do nothing
"""

QUESTION_BACK_TIER = Tier.SOURCES
"""That of a question back: what PAM asks for is a place of a source."""


@dataclass(frozen=True)
class FastExchange:
    """A question that was answered without Claude, and its answer, as memory keeps them."""

    turn_id: UUID
    messages: tuple[ExchangeMessage, ExchangeMessage]
    tier: int


def fast_exchange(turn_id: UUID, question: str, answer: str, now: datetime, tier: int) -> FastExchange:
    """Return the exchange of a fast answer, or of PAM's question back."""
    messages = ExchangeMessage("user", question, now), ExchangeMessage("assistant", answer, now)
    return FastExchange(turn_id, messages, tier)


def create_conversation(connection: Connection, user_id: UUID, conversation_id: UUID, profile_block: str) -> None:
    """Insert a conversation, if there is none, in the caller's transaction."""
    connection.execute(_INSERT_CONVERSATION, {"id": conversation_id, "user": user_id, "block": profile_block})


OTHERS_TEXT = "names are of third parties"
"""The key in a note that may have texts of third parties."""

_INTENTS_WITH_OTHERS_TEXT = frozenset({"nearby_parks"})


def fast_answer_note(question: str, answer: AskAnswer) -> str:
    """Return the note of a question that was answered without Claude, with the answer's figures, as JSON."""
    figures = {name: value for name, value in answer.answer.as_json().items() if name not in _NOT_FIGURES}
    text = json.dumps(figures, ensure_ascii=False, separators=(",", ":"))
    if len(text) > _MAX_FIGURES_CHARS:
        figures = {"shortened": text[:_MAX_FIGURES_CHARS]}
    event = {"The traveller asked": question, "PAM answered by itself": answer.text, "Its figures": figures}
    return note(event | ({OTHERS_TEXT: True} if answer.intent in _INTENTS_WITH_OTHERS_TEXT else {}))


def note(event: Mapping[str, Any]) -> str:
    """Return an event as the text of a note: a JSON object, so that its parts can't be confused."""
    return json.dumps(event, ensure_ascii=False)


def question_back_note(question: str, error: PamError) -> str:
    """Return the note of a question to which PAM asked back without Claude."""
    return f"The traveller asked: {question}\nPAM asked back by itself: {error.message}"


class NoteStore:
    """The notes of all conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def try_add(self, user_id: UUID, conversation_id: UUID, turn_id: UUID, text: str, deadline: Deadline) -> None:
        """Store a note about a turn, unless Postgres is unavailable: the conversation goes on without it.

        A conversation that doesn't exist any more gets none.
        """
        scope = {"user": user_id, "id": conversation_id, "turn": turn_id, "note": text[:MAX_NOTE_CHARS]}
        try:
            with self._database.session(user_id, deadline) as connection:
                lock_against_deletion(connection, user_id)
                connection.execute(_INSERT_NOTE, scope)
        except DatabaseUnavailable:
            logger.warning("event not noted", exc_info=True)

    def try_add_answer(
        self, user_id: UUID, conversation_id: UUID, text: str, exchange: FastExchange, deadline: Deadline
    ) -> bool:
        """Store the note and the exchange of an answer without Claude; return whether Postgres was available for it."""
        try:
            self.add_answer(user_id, conversation_id, text, exchange, deadline)
        except DatabaseUnavailable:
            logger.warning("event not noted", exc_info=True)
            return False
        return True

    def add_answer(
        self, user_id: UUID, conversation_id: UUID, text: str, exchange: FastExchange, deadline: Deadline
    ) -> None:
        """Store a note and its exchange; create the conversation if needed. Raises `DatabaseUnavailable`."""
        scope = {"user": user_id, "id": conversation_id, "turn": exchange.turn_id, "note": text[:MAX_NOTE_CHARS]}
        with self._database.session(user_id, deadline) as connection:
            ensure_user(connection, user_id)
            lock_against_deletion(connection, user_id)
            profile, rig = connection.execute(SELECT_PROFILE, scope), connection.execute(SELECT_RIG, scope)
            lines = profile_lines(profile_from_row(user_id, profile.fetchone()), rig_from_row(rig.fetchone()))
            create_conversation(connection, user_id, conversation_id, render_profile_block(lines))
            connection.execute(_INSERT_NOTE, scope)
            connection.execute(_INSERT_TURN, scope | {"tier": exchange.tier, "ended": TURN_ANSWERED})
            store_exchange(connection, user_id, conversation_id, exchange.turn_id, exchange.messages)
