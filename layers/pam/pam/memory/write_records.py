"""The records of writes of facts: what they quote of deleted memories is removed.

A record keeps its key, so that a late repetition of the write changes nothing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from pam.memory.topic_search import has_topic, topic_values
from pam.platform.postgres import Connection

MEMORY_OPERATIONS = ("remember_fact", "correct_memory")
"""Writes whose records quote a fact: the value that they wrote, and for their undo all values of its subject."""

_DELETED = {"text": "This was deleted.", "data": {}}

_ROWS = "jsonb_array_elements(coalesce(undo -> 'before', '[]') || coalesce(undo -> 'after', '[]'))"
_FIND = f"""
select id
  from (select id, concat_ws(' ', told ->> 'text', undo ->> 'subject',
                             (select string_agg(fact ->> 'value', ' ') from {_ROWS} fact)) as quoted
          from effects
         where user_id = %(user)s and tool = any (%(operations)s) and told #>> '{{data,id}}' is not null) records
 where {has_topic("quoted")}
"""
# Also a write of something else, whose undo would bring back what is deleted. Its own value may stay.
_SELECT_QUOTING = f"""
select e.id, e.told, e.undo -> 'before' as before,
       e.turn_id = any (%(turns)s) as is_of_deleted_turn,
       exists (select from facts f
                where f.user_id = %(user)s and f.id = (e.told #>> '{{data,id}}')::bigint
                  and f.value = e.told #>> '{{data,value}}') as is_kept
  from effects e
 where e.user_id = %(user)s and e.tool = any (%(operations)s)
   and (e.turn_id = any (%(turns)s) or e.id = any (%(effects)s)
        or lower(e.told #>> '{{data,subject}}') = any (%(subjects)s)
        or exists (select from {_ROWS} fact
                    where (fact ->> 'id')::bigint = any (%(facts)s)
                       or exists (select from jsonb_array_elements_text(fact -> 'source_turn_ids') turn
                                   where turn::uuid = any (%(turns)s))))
   for update
"""
_UPDATE = "update effects set told = %(told)s, undo = null where user_id = %(user)s and id = %(id)s"
_CLEAR_ALL = """
update effects set told = told || %(deleted)s, undo = null where user_id = %(user)s and tool = any (%(operations)s)
"""


def find_effects(connection: Connection, user_id: UUID, topic: str) -> tuple[UUID, ...]:
    """Return the writes whose records have all words of a topic."""
    values = {"user": user_id, "operations": list(MEMORY_OPERATIONS), **topic_values(topic)}
    return tuple(row["id"] for row in connection.execute(_FIND, values).fetchall())


def clear_records(
    connection: Connection,
    user_id: UUID,
    turns: Sequence[UUID],
    subjects: Sequence[str],
    facts: Sequence[int],
    effects: Sequence[UUID],
) -> list[str]:
    """Clear the records that quote deleted turns, subjects (in lower case) or facts, and these `effects`.

    One of a value that stays loses its undo, and the previous value in its text. Called after the facts are deleted.
    Returns the former texts, which a prompt has where a write was undone.
    """
    scope = {"user": user_id, "operations": list(MEMORY_OPERATIONS), "turns": list(turns)}
    found = scope | {"subjects": list(subjects), "facts": list(facts), "effects": list(effects)}
    texts = []
    for row in connection.execute(_SELECT_QUOTING, found).fetchall():
        told = row["told"]
        if "text" in told:
            texts.append(told["text"])
        is_kept = row["is_kept"] and not row["is_of_deleted_turn"]
        told = told | ({"text": without_previous(told["text"], row["before"] or ())} if is_kept else _DELETED)
        connection.execute(_UPDATE, {"user": user_id, "id": row["id"], "told": json.dumps(told)})
    return texts


def clear_all_records(connection: Connection, user_id: UUID) -> None:
    """Clear the records of all writes of facts."""
    values = {"user": user_id, "operations": list(MEMORY_OPERATIONS), "deleted": json.dumps(_DELETED)}
    connection.execute(_CLEAR_ALL, values)


def with_previous(text: str, value: str | None) -> str:
    """Return what is told of a write, with the value that it replaced."""
    return f"{text}{_previous(value)}" if value else text


def without_previous(text: str, before: Collection[Mapping[str, Any]]) -> str:
    """Return what was told of a write without the value that it replaced, which is one of the facts `before`."""
    for fact in before:
        text = text.removesuffix(_previous(fact["value"]))
    return text


def _previous(value: str) -> str:
    return f" Before: {value}."
