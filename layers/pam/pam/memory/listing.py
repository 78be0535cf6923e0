"""What PAM remembers of a traveller, a page at a time, with the messages that it comes from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pam.memory.facts import SOURCES_OF_FACT
from pam.memory.memories_query import ListedKind, MemoriesQuery, MemoryCursor
from pam.memory.preferences import fetch_preferences, send_preferences_query
from pam.memory.selection import SELECT_TOPIC_TURNS
from pam.memory.topic_search import check_topic, has_topic, topic_values
from pam.platform.postgres import Connection, Row

_MAX_SOURCES = 5
"""Of one memory, the newest; the page doesn't get longer than a response may be."""
_MAX_SOURCE_CHARS = 1500


@dataclass(frozen=True)
class SourceMessage:
    """A message of the traveller's or of PAM's."""

    role: str
    text: str


@dataclass(frozen=True)
class MemorySource:
    """A turn that a memory comes from: its messages, without secrets, in their order."""

    turn_id: UUID
    conversation_id: UUID
    sent_at: datetime
    messages: tuple[SourceMessage, ...]


@dataclass(frozen=True)
class EarlierValue:
    """A value that a fact had before."""

    value: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Memory:
    """A fact, a preference, an episode or a message. `title` is a subject or a topic.

    `since` is from when it holds, or when it was sent; `until` when an episode ended.
    """

    kind: ListedKind
    id: str
    title: str
    text: str
    since: datetime
    until: datetime | None = None
    stated: bool = False
    """Whether the traveller stated it themselves, in place of the summary of a conversation."""
    in_prompt: bool = False
    """Of a preference: whether it fits into every prompt."""
    earlier: tuple[EarlierValue, ...] = ()
    sources: tuple[MemorySource, ...] = ()
    more_sources: int = 0
    """Sources that aren't among `sources`."""


@dataclass(frozen=True)
class MemoryPage:
    """One page of memories. `next_cursor` is None on the last page."""

    memories: tuple[Memory, ...]
    next_cursor: MemoryCursor | None


_SELECT_FACTS = f"""
select id, subject as title, value as text, valid_from as at, recorded_by = 'traveller' as stated,
       {SOURCES_OF_FACT} as turns
  from facts
 where user_id = %(user)s and valid_to is null and standing = %(standing)s
   and (%(search)s = '' or exists (select from facts s
                                    where s.user_id = %(user)s and lower(s.subject) = lower(facts.subject)
                                      and {has_topic("s.subject || ' ' || s.value")}))
   and (%(after)s::timestamptz is null or (valid_from, id) < (%(after)s, %(after_id)s))
 order by valid_from desc, id desc limit %(limit)s
"""
_SELECT_EARLIER = f"""
select lower(subject) as subject, value, valid_from, valid_to, {SOURCES_OF_FACT} as turns from facts
 where user_id = %(user)s and lower(subject) = any (%(subjects)s) and valid_to is not null
 order by valid_from desc, id desc
"""
_SELECT_EPISODES = f"""
select e.id, e.topic as title, e.summary as text, e.episode_start_time as at, e.episode_end_time as until,
       array(select x.turn_id from exchanges x
              where x.user_id = %(user)s and x.conversation_id = e.conversation_id
                and x.id between e.first_exchange_id and e.last_exchange_id
              group by x.turn_id order by max(x.id) desc) as turns
  from conversation_episodes e
 where e.user_id = %(user)s and (%(search)s = '' or {has_topic("e.topic || ' ' || e.summary")})
   and (%(after)s::timestamptz is null or (e.episode_start_time, e.id) < (%(after)s, %(after_id)s))
 order by e.episode_start_time desc, e.id desc limit %(limit)s
"""
# A turn's number is that of its first passage.
_SELECT_TURNS = f"""
with found as materialized ({SELECT_TOPIC_TURNS}
), listed as (
    select x.turn_id, min(x.id) as id, min(x.sent_at) as at from exchanges x
     where x.user_id = %(user)s and (%(search)s = '' or x.turn_id in (select turn_id from found))
     group by x.turn_id
)
select id, turn_id, at, array[turn_id] as turns from listed
 where %(after)s::timestamptz is null or (at, id) < (%(after)s, %(after_id)s)
 order by at desc, id desc limit %(limit)s
"""
_SELECT_SOURCES = """
select turn_id, conversation_id, role, min(sent_at) as sent_at, min(id) as first,
       left(string_agg(content, ' ' order by id), %(chars)s) as text
  from exchanges where user_id = %(user)s and turn_id = any (%(turns)s)
 group by turn_id, conversation_id, role order by min(id)
"""


def read_memory_page(connection: Connection, user_id: UUID, query: MemoriesQuery) -> MemoryPage:
    """Read one page. Raises `PamError` (`invalid_text`) for a search without a word that can be searched for."""
    if query.search:
        check_topic(connection, query.search, "search")
    statement = {
        ListedKind.FACTS: _SELECT_FACTS,
        ListedKind.PREFERENCES: _SELECT_FACTS,
        ListedKind.EPISODES: _SELECT_EPISODES,
        ListedKind.MESSAGES: _SELECT_TURNS,
    }[query.kind]
    values = {
        "user": user_id,
        "standing": query.kind is ListedKind.PREFERENCES,
        "search": query.search,
        **topic_values(query.search),
        "after": query.cursor.at if query.cursor else None,
        "after_id": query.cursor.id if query.cursor else None,
        # One more than the page holds, to know whether there is a next page.
        "limit": query.limit + 1,
    }
    rows = connection.execute(statement, values).fetchall()
    page = rows[: query.limit]
    next_cursor = MemoryCursor(page[-1]["at"], page[-1]["id"]) if len(rows) > query.limit else None
    return MemoryPage(tuple(_memories(connection, user_id, query.kind, page)), next_cursor)


def _memories(connection: Connection, user_id: UUID, kind: ListedKind, rows: Sequence[Row]) -> Iterable[Memory]:
    is_fact = kind in (ListedKind.FACTS, ListedKind.PREFERENCES)
    earlier = _read_earlier(connection, user_id, rows) if is_fact else {}
    in_prompt = _read_prompt(connection, user_id) if kind is ListedKind.PREFERENCES else frozenset()
    turns = {row["id"]: _sources_of(row, earlier) for row in rows}
    sources = read_sources(connection, user_id, [turn for each in turns.values() for turn in each[:_MAX_SOURCES]])
    for row in rows:
        wanted = turns[row["id"]]
        found = tuple(sources[turn] for turn in wanted[:_MAX_SOURCES] if turn in sources)
        spans = earlier.get(row["title"].lower(), []) if is_fact else []
        yield Memory(
            kind=kind,
            id=str(row["turn_id"]) if kind is ListedKind.MESSAGES else str(row["id"]),
            title=row.get("title") or "",
            text=row["text"]
            if "text" in row
            else " ".join(each.text for source in found for each in source.messages[:1]),
            since=row["at"],
            until=row.get("until"),
            stated=bool(row.get("stated")),
            in_prompt=row["id"] in in_prompt,
            earlier=tuple(EarlierValue(span["value"], span["valid_from"], span["valid_to"]) for span in spans),
            sources=found,
            more_sources=max(0, len(wanted) - _MAX_SOURCES),
        )


def _sources_of(row: Row, earlier: Mapping[str, Sequence[Row]]) -> list[UUID]:
    spans = earlier.get((row.get("title") or "").lower(), [])
    return list(dict.fromkeys([*row["turns"], *(turn for span in spans for turn in span["turns"])]))


def _read_earlier(connection: Connection, user_id: UUID, rows: Sequence[Row]) -> dict[str, list[Row]]:
    subjects = [row["title"].lower() for row in rows]
    earlier: dict[str, list[Row]] = {}
    for row in connection.execute(_SELECT_EARLIER, {"user": user_id, "subjects": subjects}).fetchall():
        earlier.setdefault(row["subject"], []).append(row)
    return earlier


def _read_prompt(connection: Connection, user_id: UUID) -> frozenset[int]:
    """Return the ids of the preferences that fit into every prompt."""
    return frozenset(fact.id for fact in fetch_preferences(send_preferences_query(connection, user_id)))


def read_sources(connection: Connection, user_id: UUID, turns: Sequence[UUID]) -> dict[UUID, MemorySource]:
    """Return the messages of turns, as far as they are stored."""
    values = {"user": user_id, "turns": list(turns), "chars": _MAX_SOURCE_CHARS}
    sources: dict[UUID, MemorySource] = {}
    for row in connection.execute(_SELECT_SOURCES, values).fetchall():
        message = SourceMessage(row["role"], row["text"])
        found = sources.get(row["turn_id"])
        before = found.messages if found else ()
        sent_at = found.sent_at if found else row["sent_at"]
        sources[row["turn_id"]] = MemorySource(row["turn_id"], row["conversation_id"], sent_at, (*before, message))
    return sources
