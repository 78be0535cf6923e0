"""Facts that a traveller states or corrects, and the undo of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from pam.memory.deleted_facts import subject_digest
from pam.memory.embedding_requests import request_embedding
from pam.memory.facts import (
    FACT_COLUMNS,
    MAX_SUBJECT_CHARS,
    MAX_VALUE_CHARS,
    Fact,
    FactSource,
    NewFact,
    add_sources,
    clean_text,
    fact_from_row,
    lock_facts,
    record_fact,
)
from pam.memory.selection import memory_not_found
from pam.platform.errors import MODIFIED_SINCE, PamError
from pam.platform.postgres import Connection

Undo = Mapping[str, Any]


@dataclass(frozen=True)
class RecordedFact:
    """A fact after a write, its value before, if it had another one, and what the undo of the write needs."""

    fact: Fact
    before: str | None
    undo: Undo | None


_SELECT_FACT = f"select {FACT_COLUMNS} from facts where user_id = %(user)s and id = %(id)s"
# As JSON, so that a row is restored as it was. Without its vector, which is made again.
_SELECT_ROWS = """
select jsonb_build_object(
           'id', id, 'subject', subject, 'value', value, 'standing', standing, 'valid_from', valid_from,
           'valid_to', valid_to, 'last_stated_at', last_stated_at, 'confidence', confidence,
           'recorded_by', recorded_by, 'is_typed', is_typed,
           'source_turn_ids', sources.turns, 'source_times', sources.times) as fact
  from facts cross join lateral (
       select coalesce(array_agg(s.turn_id order by s.turn_id), '{}') as turns,
              coalesce(array_agg(s.stated_at order by s.turn_id), '{}') as times
         from fact_sources s where s.user_id = facts.user_id and s.fact_id = facts.id) sources
 where user_id = %(user)s and lower(subject) = lower(%(subject)s) order by id
"""
# A value that the traveller types into the page comes from no message alone, but replaces one that did.
_CORRECT = """
update facts
   set value = %(value)s, standing = %(standing)s, recorded_by = 'traveller', confidence = 1,
       last_stated_at = greatest(last_stated_at, %(now)s), is_typed = is_typed or %(typed)s,
       embedding = null, embedding_model = null, embedding_dimensions = null, embedding_refused_by = null
 where user_id = %(user)s and id = %(id)s
"""
_SELECT_IGNORED = "select deleted_at from deleted_facts where user_id = %(user)s and subject_digest = %(digest)s"
# What was stated about the subject until now is older than the correction, and must not replace it.
_IGNORE_EARLIER = """
insert into deleted_facts (user_id, subject_digest, deleted_at) values (%(user)s, %(digest)s, %(now)s)
on conflict (user_id, subject_digest) do update set deleted_at = excluded.deleted_at
"""
# As it was before the correction, unless the subject was deleted or corrected again since.
_RESTORE_IGNORED = """
update deleted_facts set deleted_at = %(before)s
 where user_id = %(user)s and subject_digest = %(digest)s and deleted_at = %(now)s
"""
_DELETE_IGNORED = """
delete from deleted_facts where user_id = %(user)s and subject_digest = %(digest)s and deleted_at = %(now)s
"""
_DELETE_ROWS = "delete from facts where user_id = %(user)s and id = any (%(ids)s)"
_OLD_ROWS = """
jsonb_to_recordset(%(rows)s) as old (
    id bigint, value text, standing boolean, valid_from timestamptz, valid_to timestamptz, last_stated_at timestamptz,
    confidence real, recorded_by text, is_typed boolean, source_turn_ids uuid[], source_times timestamptz[])
"""
_RESTORE_ROWS = f"""
update facts
   set value = old.value, standing = old.standing, valid_from = old.valid_from, valid_to = old.valid_to,
       last_stated_at = old.last_stated_at, confidence = old.confidence, recorded_by = old.recorded_by,
       is_typed = coalesce(old.is_typed, false),
       embedding = null, embedding_model = null, embedding_dimensions = null, embedding_refused_by = null
  from {_OLD_ROWS}
 where facts.user_id = %(user)s and facts.id = old.id
"""
_DELETE_SOURCES = "delete from fact_sources where user_id = %(user)s and fact_id = any (%(ids)s)"
# Records of an earlier release have no times.
_RESTORE_SOURCES = f"""
insert into fact_sources (user_id, fact_id, turn_id, stated_at)
select %(user)s, old.id, source.turn_id, coalesce(source.stated_at, old.last_stated_at)
  from {_OLD_ROWS} cross join lateral unnest(old.source_turn_ids, old.source_times) as source (turn_id, stated_at)
"""


def remember_fact(connection: Connection, user_id: UUID, fact: NewFact) -> RecordedFact:
    """Record a fact that the traveller states, in the caller's transaction; the user's row must exist."""
    lock_facts(connection, user_id)
    subject = clean_text(fact.subject, MAX_SUBJECT_CHARS)
    rows = _read_rows(connection, user_id, subject)
    fact_id = record_fact(connection, user_id, fact)
    assert fact_id is not None
    recorded = read_fact(connection, user_id, fact_id)
    current = next((row for row in rows if row["valid_to"] is None), None)
    before = current["value"] if current is not None and current["value"] != recorded.value else None
    return RecordedFact(recorded, before, _undo(connection, user_id, subject, rows))


def correct_fact(
    connection: Connection,
    user_id: UUID,
    fact_id: int,
    value: str | None,
    standing: bool | None,
    now: datetime,
    source: UUID | None = None,
) -> RecordedFact:
    """Correct the value of a fact, or whether it is a standing preference, in the caller's transaction.

    The wrong value isn't kept as an earlier one. `source` is the turn that corrects it, if one does. Raises `PamError`
    (`memory_not_found`).
    """
    lock_facts(connection, user_id)
    fact = read_fact(connection, user_id, fact_id)
    value = fact.value if value is None else clean_text(value, MAX_VALUE_CHARS)
    standing = fact.standing if standing is None else standing
    if (value, standing) == (fact.value, fact.standing):
        return RecordedFact(fact, None, None)
    rows = _read_rows(connection, user_id, fact.subject)
    is_typed = source is None and value != fact.value
    values = {"user": user_id, "id": fact_id, "value": value, "standing": standing, "now": now, "typed": is_typed}
    connection.execute(_CORRECT, values)
    if source is not None:
        add_sources(connection, user_id, fact_id, [FactSource(source, now)])
    ignored = {"user": user_id, "digest": subject_digest(fact.subject), "now": now}
    earlier = connection.execute(_SELECT_IGNORED, ignored).fetchone()
    connection.execute(_IGNORE_EARLIER, ignored)
    request_embedding(connection, user_id)
    before = fact.value if fact.value != value else None
    times = {"ignored": {"until": now.isoformat(), "before": earlier and earlier["deleted_at"].isoformat()}}
    undo = {**_undo(connection, user_id, fact.subject, rows), **times}
    return RecordedFact(read_fact(connection, user_id, fact_id), before, undo)


def restore_facts(connection: Connection, user_id: UUID, undo: Undo) -> None:
    """Undo a write of facts; does nothing if it is undone already.

    Raises `PamError` (`modified_since`) where the subject was changed or deleted after it.
    """
    lock_facts(connection, user_id)
    rows = _read_rows(connection, user_id, undo["subject"])
    if _contents(rows) == _contents(undo["before"]):
        return
    if _contents(rows) != _contents(undo["after"]):
        raise PamError(MODIFIED_SINCE, "That was changed again or deleted since, so it stays as it is.")
    kept = {row["id"] for row in undo["before"]}
    connection.execute(_DELETE_ROWS, {"user": user_id, "ids": [row["id"] for row in rows if row["id"] not in kept]})
    connection.execute(_DELETE_SOURCES, {"user": user_id, "ids": list(kept)})
    before = {"user": user_id, "rows": Jsonb(list(undo["before"]))}
    connection.execute(_RESTORE_ROWS, before)
    connection.execute(_RESTORE_SOURCES, before)
    if "ignored" in undo:
        times = {"now": undo["ignored"]["until"], "before": undo["ignored"]["before"]}
        statement = _DELETE_IGNORED if times["before"] is None else _RESTORE_IGNORED
        connection.execute(statement, times | {"user": user_id, "digest": subject_digest(undo["subject"])})
    request_embedding(connection, user_id)


def read_fact(connection: Connection, user_id: UUID, fact_id: int) -> Fact:
    """Return a fact by its id. Raises `PamError` (`memory_not_found`), also for another user's."""
    row = connection.execute(_SELECT_FACT, {"user": user_id, "id": fact_id}).fetchone()
    if row is None:
        raise memory_not_found()
    return fact_from_row(row)


def _read_rows(connection: Connection, user_id: UUID, subject: str) -> list[dict[str, Any]]:
    rows = connection.execute(_SELECT_ROWS, {"user": user_id, "subject": subject}).fetchall()
    return [row["fact"] for row in rows]


def _undo(connection: Connection, user_id: UUID, subject: str, before: list[dict[str, Any]]) -> Undo:
    return {"subject": subject, "before": before, "after": _read_rows(connection, user_id, subject)}


def _contents(rows: Any) -> dict[int, tuple[Any, ...]]:
    """Return what an undo compares: an embedding or a later confirmation of the same value changes nothing of it."""
    return {row["id"]: (row["value"], row["standing"], row["valid_from"], row["valid_to"]) for row in rows}
