"""Deletes what a traveller has selected, from every table, in one transaction.

The words of a deleted subject, passage or note are then in no row of memory: neither in those that had them, nor in
those that quote them by design (the index of the next passage, the memory section of later prompts, the record of the
write). What other messages say about the same stays; a topic finds these.
"""

import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pam.memory.deleted_facts import record_deleted
from pam.memory.exchanges import DELETE_EXCHANGES, delete_exchanges
from pam.memory.facts import lock_facts
from pam.memory.prompt_quotes import LISTED_IN_JSON, without_events, without_recalled
from pam.memory.selection import Extent, Selection, measure_selection
from pam.memory.summary_requests import request_summary
from pam.memory.write_records import clear_all_records, clear_records
from pam.platform.postgres import Connection

_BATCH = 2000

# Subjects with all their values.
_SELECT_SUBJECTS = """
select distinct lower(f.subject) as subject from facts f where f.user_id = %(user)s and f.id = any (%(facts)s)
"""
_LOCK_FACTS = """
select id, subject, value, lower(subject) = any (%(subjects)s) as is_whole from facts
 where user_id = %(user)s and (lower(subject) = any (%(subjects)s) or id = any (%(values)s))
 order by id desc for update
"""
_DELETE_FACTS = "delete from facts where user_id = %(user)s and id = any (%(ids)s)"
_REMOVE_SOURCES = "delete from fact_sources where user_id = %(user)s and turn_id = any (%(turns)s)"
_DELETE_NOTES = """
delete from notes where user_id = %(user)s and turn_id = any (%(turns)s) returning note, told_in
"""
_SELECT_MESSAGES = (
    "select distinct conversation_id from messages where user_id = %(user)s and turn_id = any (%(turns)s)"
)
_DELETE_MESSAGES = "delete from messages where user_id = %(user)s and turn_id = any (%(turns)s)"
# The remark that the answer before was interrupted is the first message of the turn after it: without that answer it
# would follow nothing, and Claude takes no conversation that begins with an answer.
_DELETE_REMARKS = """
delete from messages m
 where m.user_id = %(user)s and m.conversation_id = any (%(conversations)s) and m.role = 'assistant'
   and not exists (select from messages t
                    where t.user_id = %(user)s and t.turn_id = m.turn_id
                      and t.conversation_id = m.conversation_id and t.position < m.position)
   and 'user' is distinct from (select p.role from messages p
                                 where p.user_id = %(user)s and p.conversation_id = m.conversation_id
                                   and p.position < m.position and p.in_context
                                 order by p.position desc limit 1)
"""
_SELECT_QUOTING = """
select conversation_id, position, turn_id, content from messages
 where user_id = %(user)s and role = 'user'
   and (strpos(content::text, '<memory>') > 0 or strpos(content::text, '<undone>') > 0
        or strpos(content::text, %(listed)s) > 0 or turn_id = any (%(told_in)s))
   for update
"""
_UPDATE_CONTENT = """
update messages set content = %(content)s
 where user_id = %(user)s and conversation_id = %(conversation)s and position = %(position)s
"""
_LOCK_EPISODES = """
select id, conversation_id from conversation_episodes
 where user_id = %(user)s and id = any (%(episodes)s) order by id desc for update
"""
_DELETE_EPISODES = "delete from conversation_episodes where user_id = %(user)s and id = any (%(episodes)s)"
_RELEASE_EXCHANGES = """
update exchanges set episode_id = null where user_id = %(user)s and episode_id = any (%(episodes)s)
"""
_RECORD_DELETION = """
insert into memory_deletions (user_id, deleted_at) values (%(user)s, clock_timestamp())
on conflict (user_id) do update set deleted_at = excluded.deleted_at
"""
_LOCK_ALL_EXCHANGES = "select id from exchanges where user_id = %(user)s order by id desc for update"
_DELETE_EVERYTHING = (
    "delete from conversations where user_id = %(user)s",
    "delete from facts where user_id = %(user)s",
    "delete from deleted_facts where user_id = %(user)s",
    "delete from embedding_requests where user_id = %(user)s",
    "delete from summary_requests where user_id = %(user)s",
    "delete from memory_selections where user_id = %(user)s and id is distinct from %(selection)s",
)


def delete_selected(
    connection: Connection, user_id: UUID, selection: Selection, now: datetime, selection_id: UUID | None = None
) -> Extent:
    """Delete what is selected, in the caller's transaction; return how much it was. It may be repeated.

    `selection_id` is that of a stored selection, which stays until it is a day old, so that a repetition finds it.
    """
    lock_facts(connection, user_id)
    extent = measure_selection(connection, user_id, selection)
    if selection.is_everything:
        _delete_everything(connection, user_id, selection_id)
    else:
        _delete_some(connection, user_id, selection, now)
    connection.execute(_RECORD_DELETION, {"user": user_id})
    return replace(extent, samples=())


def _delete_everything(connection: Connection, user_id: UUID, selection_id: UUID | None) -> None:
    scope = {"user": user_id, "selection": selection_id}
    ids = [row["id"] for row in connection.execute(_LOCK_ALL_EXCHANGES, scope).fetchall()]
    # In parts: no statement may take longer than a few seconds.
    for start in range(0, len(ids), _BATCH):
        connection.execute(DELETE_EXCHANGES, scope | {"ids": ids[start : start + _BATCH]})
    clear_all_records(connection, user_id)
    for statement in _DELETE_EVERYTHING:
        connection.execute(statement, scope)


def _delete_some(connection: Connection, user_id: UUID, selection: Selection, now: datetime) -> None:
    turns = list(selection.turns)
    scope = {"user": user_id, "turns": turns, "facts": list(selection.facts), "values": list(selection.values)}
    subjects = [row["subject"] for row in connection.execute(_SELECT_SUBJECTS, scope).fetchall()]
    exchanges = delete_exchanges(connection, user_id, turns)
    deleted = _delete_facts(connection, user_id, scope | {"subjects": subjects}, now)
    undone = clear_records(connection, user_id, turns, subjects, deleted, selection.effects)
    _delete_messages(connection, scope, undone)
    _delete_episodes(connection, user_id, {*selection.episodes, *exchanges.episodes}, exchanges.conversations)


def _delete_facts(connection: Connection, user_id: UUID, scope: dict[str, object], now: datetime) -> list[int]:
    """Delete facts, and what others come from among the deleted turns; return the ids of the deleted rows."""
    rows = connection.execute(_LOCK_FACTS, scope).fetchall()
    whole = [row for row in rows if row["is_whole"]]
    for subject in {row["subject"].lower() for row in whole}:
        values = [row["value"] for row in whole if row["subject"].lower() == subject]
        record_deleted(connection, user_id, subject, values, now)
    ids = [row["id"] for row in rows]
    connection.execute(_DELETE_FACTS, scope | {"ids": ids})
    connection.execute(_REMOVE_SOURCES, scope)
    return ids


def _delete_messages(connection: Connection, scope: dict[str, object], undone: list[str]) -> None:
    notes = connection.execute(_DELETE_NOTES, scope).fetchall()
    told_in = [row["told_in"] for row in notes if row["told_in"] is not None]
    conversations = [row["conversation_id"] for row in connection.execute(_SELECT_MESSAGES, scope).fetchall()]
    connection.execute(_DELETE_MESSAGES, scope)
    connection.execute(_DELETE_REMARKS, scope | {"conversations": conversations})
    events = [*(note["note"] for note in notes), *undone]
    for row in connection.execute(_SELECT_QUOTING, scope | {"told_in": told_in, "listed": LISTED_IN_JSON}).fetchall():
        content = without_events(without_recalled(row["content"]), events)
        if content != row["content"]:
            values = {
                "content": json.dumps(content, ensure_ascii=False),
                "conversation": row["conversation_id"],
                "position": row["position"],
            }
            connection.execute(_UPDATE_CONTENT, scope | values)


def _delete_episodes(connection: Connection, user_id: UUID, episodes: set[int], conversations: frozenset[UUID]) -> None:
    """Delete episodes, and have what remains of their messages summarised anew."""
    scope = {"user": user_id, "episodes": list(episodes)}
    rows = connection.execute(_LOCK_EPISODES, scope).fetchall()
    connection.execute(_DELETE_EPISODES, scope)
    connection.execute(_RELEASE_EXCHANGES, scope)
    affected = {*conversations, *(row["conversation_id"] for row in rows)}
    for conversation in affected if rows else ():
        request_summary(connection, user_id, conversation)
