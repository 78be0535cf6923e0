"""Episodes in Postgres: the messages that make up the next one, and its summary with the facts that it states."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pam.memory.embedding_requests import request_embedding
from pam.memory.episode_windows import MAX_MESSAGES, EpisodeMessage, OpenWindow, first_window
from pam.memory.exchanges import MAX_PASSAGES
from pam.memory.facts import Fact, FactSource, NewFact, Recorder, current_facts, record_fact
from pam.memory.summary_reply import MAX_SUMMARY_CHARS, MAX_TOPIC_CHARS, EpisodeSummary
from pam.memory.summary_requests import SummaryRequest, finish_request, lock_request
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database
from pam.safety.redaction import redact

MAX_KNOWN_FACTS = 60
"""Facts in the request for a summary."""


class MessagesChanged(Exception):
    """Messages of the window were deleted, or became an episode, while they were summarised."""


@dataclass(frozen=True)
class EpisodeToSummarise:
    """The next messages of a conversation, and the traveller's current facts."""

    window: list[EpisodeMessage] | OpenWindow | None
    facts: list[Fact]


# One message more than a window has, before which a silence may be.
_SELECT_MESSAGES = f"""
select x.turn_id, x.role, string_agg(x.content, ' ' order by x.passage) as text, min(x.sent_at) as sent_at,
       array_agg(x.id order by x.id) as exchange_ids
  from (select id, turn_id, role, passage, content, sent_at from exchanges
         where user_id = %(user)s and conversation_id = %(conversation)s and episode_id is null
         order by id limit {(MAX_MESSAGES + 1) * MAX_PASSAGES}) x
 group by x.turn_id, x.role
 order by min(x.id) limit {MAX_MESSAGES + 1}
"""
_SELECT_NOW = "select now() as now"
# Before anything else is locked, as by those who record facts or delete what is remembered.
_LOCK_USER = "select id from users where id = %(user)s for no key update"
# In the order in which the embedder updates them.
_LOCK_EXCHANGES = """
select id from exchanges
 where user_id = %(user)s and id = any(%(exchanges)s) and episode_id is null
 order by id desc for no key update
"""
_SELECT_TOOLS = """
select distinct block ->> 'name' as name
  from messages m cross join lateral json_array_elements(m.content) block
 where m.user_id = %(user)s and m.conversation_id = %(conversation)s and m.turn_id = any(%(turns)s)
   and m.role = 'assistant' and json_typeof(m.content) = 'array' and block ->> 'type' = 'tool_use'
 order by name
"""
_INSERT_EPISODE = """
insert into conversation_episodes (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time,
                                   episode_end_time, message_count, topic, summary, key_facts, sentiment,
                                   tool_calls_made)
values (%(user)s, %(conversation)s, %(first)s, %(last)s, %(start)s, %(end)s, %(messages)s, %(topic)s, %(summary)s,
        %(key_facts)s, %(sentiment)s, %(tools)s)
returning id
"""
_UPDATE_EXCHANGES = """
update exchanges set episode_id = %(episode)s where user_id = %(user)s and id = any(%(exchanges)s)
"""


def read_episode(database: Database, request: SummaryRequest, deadline: Deadline) -> EpisodeToSummarise:
    """Read what is to be summarised next. Raises `DatabaseUnavailable`."""
    scope = {"user": request.user_id, "conversation": request.conversation_id}
    with database.session(request.user_id, deadline) as connection:
        now = _now(connection)
        messages = _read_messages(connection, scope)
        facts = current_facts(connection, request.user_id, MAX_KNOWN_FACTS)
    return EpisodeToSummarise(first_window(messages, now), facts)


def finish_without_episode(database: Database, request: SummaryRequest, deadline: Deadline) -> None:
    """Make the request due when its conversation has a complete window, or remove it where nothing is left.

    Raises `LeaseLost` and `DatabaseUnavailable`.
    """
    with database.session(request.user_id, deadline) as connection:
        lock_request(connection, request)
        _finish(connection, request)


def store_episode(
    database: Database,
    request: SummaryRequest,
    window: Sequence[EpisodeMessage],
    summary: EpisodeSummary,
    deadline: Deadline,
) -> int:
    """Store an episode with its facts, and finish the request or make it due for the next window, all or nothing.

    Returns the number of facts recorded. Raises `LeaseLost`, `MessagesChanged` and `DatabaseUnavailable`.
    """
    exchanges = [each for message in window for each in message.exchange_ids]
    scope = {
        "user": request.user_id,
        "conversation": request.conversation_id,
        "exchanges": exchanges,
        "turns": list({message.turn_id for message in window}),
    }
    with database.session(request.user_id, deadline) as connection:
        connection.execute(_LOCK_USER, scope)
        lock_request(connection, request)
        if len(connection.execute(_LOCK_EXCHANGES, scope).fetchall()) < len(exchanges):
            raise MessagesChanged
        recorded = [fact for fact in _new_facts(window, summary) if record_fact(connection, request.user_id, fact)]
        tools = [row["name"] for row in connection.execute(_SELECT_TOOLS, scope).fetchall()]
        times = [message.sent_at for message in window]
        episode = {
            "first": min(exchanges),
            "last": max(exchanges),
            "start": min(times),
            "end": max(times),
            "messages": len(window),
            "topic": _one_line(summary.topic, MAX_TOPIC_CHARS),
            "summary": _one_line(summary.summary, MAX_SUMMARY_CHARS),
            "key_facts": json.dumps([_key_fact(fact) for fact in recorded], ensure_ascii=False),
            "sentiment": summary.sentiment,
            "tools": tools,
        }
        row = connection.execute(_INSERT_EPISODE, scope | episode).fetchone()
        assert row is not None
        connection.execute(_UPDATE_EXCHANGES, scope | {"episode": row["id"]})
        _finish(connection, request)
        request_embedding(connection, request.user_id)
    return len(recorded)


def _finish(connection: Connection, request: SummaryRequest) -> None:
    scope = {"user": request.user_id, "conversation": request.conversation_id}
    match first_window(_read_messages(connection, scope), _now(connection)):
        case None:
            finish_request(connection, request, None)
        case OpenWindow(closes_in):
            finish_request(connection, request, closes_in)
        case _:
            finish_request(connection, request, timedelta(0))


def _read_messages(connection: Connection, scope: dict[str, UUID]) -> list[EpisodeMessage]:
    rows = connection.execute(_SELECT_MESSAGES, scope).fetchall()
    return [EpisodeMessage(**row | {"exchange_ids": tuple(row["exchange_ids"])}) for row in rows]


def _now(connection: Connection) -> datetime:
    # By Postgres's clock, which the requests are due by.
    row = connection.execute(_SELECT_NOW).fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


def _new_facts(window: Sequence[EpisodeMessage], summary: EpisodeSummary) -> list[NewFact]:
    """Return the facts as they are recorded: in the order in which they were stated."""
    facts = []
    for fact in summary.facts:
        sources = [window[number - 1] for number in fact.sources]
        stated_at = max(source.sent_at for source in sources)
        facts.append(
            NewFact(
                subject=fact.subject,
                value=fact.value,
                stated_at=stated_at,
                recorder=Recorder.SUMMARY,
                standing=fact.standing,
                sources=tuple(FactSource(source.turn_id, source.sent_at) for source in sources),
                confidence=fact.confidence,
            )
        )
    return sorted(facts, key=lambda fact: fact.stated_at)


def _key_fact(fact: NewFact) -> dict[str, object]:
    return {"subject": redact(fact.subject), "value": redact(fact.value), "standing": fact.standing}


def _one_line(text: str, most: int) -> str:
    return " ".join(redact(text).split())[:most]
