"""Facts about a traveller: a value of a subject, valid from an instant on until another value replaces it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from psycopg import Cursor

from pam.memory.deleted_facts import is_deleted
from pam.memory.embedding_requests import request_embedding
from pam.memory.timeline import Span, place
from pam.platform.envelope import clean
from pam.platform.postgres import Connection, Row
from pam.safety.redaction import redact

MAX_SUBJECT_CHARS = 80
MAX_VALUE_CHARS = 400


class Recorder(StrEnum):
    """Who recorded a fact: the summary of an episode, or the traveller by their own words."""

    SUMMARY = "summary"
    TRAVELLER = "traveller"


@dataclass(frozen=True)
class FactSource:
    """A turn that a fact comes from, and the instant at which it states the fact."""

    turn_id: UUID
    stated_at: datetime


@dataclass(frozen=True)
class NewFact:
    """A fact that is to be recorded. `sources` are the turns that it comes from; `confidence` is 0 to 1.

    It holds from `stated_at` on, when its newest source was sent. `standing` marks a preference that holds for every
    answer.
    """

    subject: str
    value: str
    stated_at: datetime
    recorder: Recorder
    standing: bool = False
    sources: tuple[FactSource, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True)
class Fact:
    """A recorded fact. `valid_to` is None for the current value of its subject; `sources` are turns, newest first."""

    id: int
    subject: str
    value: str
    standing: bool
    valid_from: datetime
    valid_to: datetime | None
    sources: tuple[UUID, ...]
    confidence: float
    recorder: Recorder


SOURCES_OF_FACT = """
array(select s.turn_id from fact_sources s where s.user_id = facts.user_id and s.fact_id = facts.id
       order by s.stated_at desc, s.turn_id)
"""
"""The turns that a row of `facts` comes from, newest first."""

FACT_COLUMNS = f"""
id, subject, value, standing, valid_from, valid_to, confidence, recorded_by, {SOURCES_OF_FACT} as source_turn_ids
"""
"""What `fact_from_row` reads."""

# Facts of one user are recorded one after another, or two could both be the first of their subject.
_LOCK_USER = "select id from users where id = %(user)s for no key update"
_SELECT_SPANS = """
select id, value, valid_from, valid_to, last_stated_at,
       array(select s.stated_at from fact_sources s where s.user_id = facts.user_id and s.fact_id = facts.id)
           as statements
  from facts
 where user_id = %(user)s and lower(subject) = lower(%(subject)s)
"""
_INSERT = """
insert into facts (user_id, subject, value, standing, valid_from, valid_to, last_stated_at, confidence, recorded_by)
values (%(user)s, %(subject)s, %(value)s, %(standing)s, %(valid_from)s, %(valid_to)s, %(last_stated_at)s,
        %(confidence)s, %(recorder)s)
returning id
"""
# The first part of a value that is divided in time: with all that is known of it, and the turns of that part.
_INSERT_EARLIER = """
with earlier as (
    insert into facts (user_id, subject, value, standing, valid_from, valid_to, last_stated_at, confidence, recorded_by,
                       is_typed)
    select user_id, subject, value, standing, %(valid_from)s, %(valid_to)s, %(last_stated_at)s, confidence, recorded_by,
           is_typed
      from facts where user_id = %(user)s and id = %(divided)s
    returning id
)
update fact_sources set fact_id = earlier.id
  from earlier
 where user_id = %(user)s and fact_id = %(divided)s and stated_at <= %(valid_to)s
"""
_UPDATE_SPAN = """
update facts set valid_from = %(valid_from)s, valid_to = %(valid_to)s, last_stated_at = %(last_stated_at)s
 where user_id = %(user)s and id = %(id)s
"""
_CONFIRM = """
update facts set confidence = greatest(confidence, %(confidence)s), standing = standing or %(standing)s
 where user_id = %(user)s and id = %(id)s
"""
_INSERT_SOURCE = """
insert into fact_sources (user_id, fact_id, turn_id, stated_at) values (%(user)s, %(id)s, %(turn)s, %(stated_at)s)
on conflict (user_id, fact_id, turn_id) do nothing
"""
_SELECT_CURRENT = f"""
select {FACT_COLUMNS} from facts
 where user_id = %(user)s and valid_to is null
 order by valid_from desc, id desc limit %(most)s
"""
_SELECT_STANDING = f"""
select {FACT_COLUMNS} from facts
 where user_id = %(user)s and valid_to is null and standing
 order by (recorded_by = 'traveller') desc, valid_from desc, id desc limit %(most)s
"""


def record_fact(connection: Connection, user_id: UUID, fact: NewFact) -> int | None:
    """Record a fact, redacted, in the caller's transaction; return its id.

    The same value again confirms the stored one; another one ends its validity. None for a summary's fact that the
    traveller deleted after its sources were sent.
    """
    subject, value = clean_text(fact.subject, MAX_SUBJECT_CHARS), clean_text(fact.value, MAX_VALUE_CHARS)
    scope = {"user": user_id, "subject": subject}
    lock_facts(connection, user_id)
    if fact.recorder is Recorder.SUMMARY and is_deleted(connection, user_id, subject, value, fact.stated_at):
        return None
    spans = [
        Span(**row | {"statements": tuple(row["statements"])})
        for row in connection.execute(_SELECT_SPANS, scope).fetchall()
    ]
    placement = place(spans, value, fact.stated_at)
    details = {"standing": fact.standing, "confidence": fact.confidence, "recorder": fact.recorder}
    recorded = placement.stated.id
    for span in placement.spans:
        values = scope | asdict(span)
        if span.id is not None:
            connection.execute(_UPDATE_SPAN, values)
        elif span is placement.earlier:
            connection.execute(_INSERT_EARLIER, values | {"divided": placement.earlier_of})
        else:
            inserted = connection.execute(_INSERT, values | details).fetchone()
            assert inserted is not None
            recorded = int(inserted["id"])
    assert recorded is not None
    if placement.stated.id is not None:
        connection.execute(_CONFIRM, scope | details | {"id": recorded})
    add_sources(connection, user_id, recorded, fact.sources)
    request_embedding(connection, user_id)
    return recorded


def add_sources(connection: Connection, user_id: UUID, fact_id: int, sources: Iterable[FactSource]) -> None:
    """Add turns to those that a fact comes from."""
    for source in sources:
        values = {"user": user_id, "id": fact_id, "turn": source.turn_id, "stated_at": source.stated_at}
        connection.execute(_INSERT_SOURCE, values)


def lock_facts(connection: Connection, user_id: UUID) -> None:
    """Let no other transaction record, correct or delete facts of the user until this one ends."""
    connection.execute(_LOCK_USER, {"user": user_id})


def current_facts(connection: Connection, user_id: UUID, most: int = 200) -> list[Fact]:
    """Return the current facts, newest first."""
    rows = connection.execute(_SELECT_CURRENT, {"user": user_id, "most": most}).fetchall()
    return [fact_from_row(row) for row in rows]


def send_standing_query(connection: Connection, user_id: UUID, most: int) -> Cursor[Row]:
    """Send the query of the current standing preferences: the traveller's own words first, then the newest."""
    return connection.execute(_SELECT_STANDING, {"user": user_id, "most": most})


def fact_from_row(row: Row) -> Fact:
    """Return a row of `facts` as a fact."""
    return Fact(
        id=row["id"],
        subject=row["subject"],
        value=row["value"],
        standing=row["standing"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        sources=tuple(row["source_turn_ids"]),
        confidence=row["confidence"],
        recorder=Recorder(row["recorded_by"]),
    )


def clean_text(text: str, most: int) -> str:
    """Return a text as a fact stores it: redacted, in one line of visible characters, at most `most`."""
    return " ".join(redact(clean(text)).split())[:most]
