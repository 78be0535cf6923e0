"""What a traveller has chosen to delete of their memory, by its ids: exactly what they were shown is deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pam.memory.memories_query import parse_memory_id
from pam.memory.topic_search import check_topic, has_topic, topic_values
from pam.memory.word_index import words_apart
from pam.memory.write_records import find_effects
from pam.platform.errors import MEMORY_NOT_FOUND, PamError
from pam.platform.postgres import Connection

MAX_SAMPLES = 5

_EXAMPLE_CHARS = 160


@dataclass(frozen=True)
class Selection:
    """Facts, episodes and turns by their ids, or everything. A fact stands for all values of its subject.

    `values` are single earlier values, whose subject stays; `effects` are records of writes that have a text which is
    deleted. `asked_in` is the turn that asked for the deletion, if any: its answer reports the outcome.
    """

    facts: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    turns: tuple[UUID, ...] = ()
    values: tuple[int, ...] = ()
    effects: tuple[UUID, ...] = ()
    is_everything: bool = False
    asked_in: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.facts or self.episodes or self.turns or self.values or self.effects or self.is_everything)


@dataclass(frozen=True)
class Extent:
    """How much a selection has, and some of its texts. Single earlier values count as facts.

    `effects` counts records of writes that nothing else of the selection is about.
    """

    facts: int
    episodes: int
    turns: int
    effects: int = 0
    samples: tuple[str, ...] = field(default=())


# The current value of a subject stands for all of its values.
_SELECT_FACT = """
select f.id,
       array(select distinct s.turn_id from facts v join fact_sources s on s.user_id = v.user_id and s.fact_id = v.id
              where v.user_id = %(user)s and lower(v.subject) = lower(f.subject)) as turns
  from facts f where f.user_id = %(user)s and f.id = %(id)s
"""
_SELECT_EPISODE = """
select e.id, array(select distinct x.turn_id from exchanges x
                    where x.user_id = %(user)s and x.conversation_id = e.conversation_id
                      and x.id between e.first_exchange_id and e.last_exchange_id) as turns
  from conversation_episodes e where e.user_id = %(user)s and e.id = %(id)s
"""
_SELECT_TURN = """
select 1 from exchanges where user_id = %(user)s and turn_id = %(turn)s
 union all select 1 from messages where user_id = %(user)s and turn_id = %(turn)s limit 1
"""
# What is known from these turns alone.
_SELECT_DERIVED = """
select f.id, lower(f.subject) as subject, f.valid_to is null as is_current
  from facts f join fact_sources s on s.user_id = f.user_id and s.fact_id = f.id
 where f.user_id = %(user)s and not f.is_typed
   and f.id in (select fact_id from fact_sources where user_id = %(user)s and turn_id = any (%(turns)s))
 group by f.user_id, f.id having bool_and(s.turn_id = any (%(turns)s))
 order by f.id
"""
_SELECT_TOPIC_FACTS = f"""
select distinct on (lower(f.subject)) f.id, lower(f.subject) as subject,
       array(select distinct s.turn_id from facts v join fact_sources s on s.user_id = v.user_id and s.fact_id = v.id
              where v.user_id = %(user)s and lower(v.subject) = lower(f.subject)) as turns
  from facts f
 where f.user_id = %(user)s and {has_topic("f.subject || ' ' || f.value")}
 order by lower(f.subject), f.valid_to desc nulls first
"""
_SELECT_TOPIC_EPISODES = f"""
select id from conversation_episodes
 where user_id = %(user)s and {has_topic("topic || ' ' || summary")}
"""
# The index of a passage has the words of the one before it, too: the turn's own text decides.
SELECT_TOPIC_TURNS = f"""
with candidates as (
    select distinct x.turn_id
      from exchange_words w join exchanges x on x.user_id = w.user_id and x.id = w.exchange_id
     where w.user_id = %(user)s
       and w.word in (select lexeme from unnest(to_tsvector('english', {words_apart("%(words)s")})))
     union
    select turn_id from exchanges
     where user_id = %(user)s and cardinality(%(parts)s::text[]) > 0
       and strpos(lower(content), (%(parts)s::text[])[1]) > 0
), texts as (
    select turn_id, content
      from (select x.turn_id, string_agg(x.content, ' ' order by x.id) as content
              from exchanges x join candidates using (turn_id)
             where x.user_id = %(user)s group by x.turn_id) turns
)
select turn_id from texts where {has_topic("content")}
"""
_SELECT_EVERYTHING = """
select (select count(distinct lower(subject)) from facts where user_id = %(user)s) as facts,
       (select count(*) from conversation_episodes where user_id = %(user)s) as episodes,
       (select count(*) from (select turn_id from exchanges where user_id = %(user)s
                              union select turn_id from messages where user_id = %(user)s) turns) as turns
"""
# Those that are selected, and those that have a selected turn.
_COUNT_EPISODES = """
select count(*) as episodes
  from (select unnest(%(episodes)s::bigint[])
         union select episode_id from exchanges
         where user_id = %(user)s and turn_id = any (%(turns)s) and episode_id is not null) ids
"""
_SELECT_EXAMPLES = """
(select subject || ': ' || value as text from facts
  where user_id = %(user)s and (valid_to is null and (%(everything)s or id = any (%(facts)s)) or id = any (%(values)s))
  order by valid_from desc limit %(most)s)
union all
(select content from exchanges
  where user_id = %(user)s and (%(everything)s or turn_id = any (%(turns)s)) and role = 'user' and passage = 0
  order by id desc limit %(most)s)
"""


def select_fact(connection: Connection, user_id: UUID, fact_id: int) -> Selection:
    """Find a fact: all values of its subject, and the messages that they come from.

    Raises `PamError` (`memory_not_found`), as the others here do.
    """
    row = connection.execute(_SELECT_FACT, {"user": user_id, "id": fact_id}).fetchone()
    if row is None:
        raise memory_not_found()
    return Selection(facts=(row["id"],), turns=tuple(row["turns"]))


def select_episode(connection: Connection, user_id: UUID, episode_id: int) -> Selection:
    """Find the messages that an episode summarises, and what is known from them alone."""
    row = connection.execute(_SELECT_EPISODE, {"user": user_id, "id": episode_id}).fetchone()
    if row is None:
        raise memory_not_found()
    derived = _select_derived(connection, user_id, Selection(turns=tuple(row["turns"])))
    return replace(derived, episodes=(row["id"],))


def select_turn(connection: Connection, user_id: UUID, turn_id: UUID) -> Selection:
    """Find a message with its reply, and what is known from them alone."""
    if connection.execute(_SELECT_TURN, {"user": user_id, "turn": turn_id}).fetchone() is None:
        raise memory_not_found()
    return _select_derived(connection, user_id, Selection(turns=(turn_id,)))


def select_topic(connection: Connection, user_id: UUID, topic: str, asked_in: UUID | None = None) -> Selection:
    """Find the facts, episodes and turns whose own text has all words of a topic, and the sources of these facts.

    Empty where there are none. Raises `PamError` (`invalid_text`) for a text without a word that can be searched for.
    """
    scope = {"user": user_id, **topic_values(topic)}
    check_topic(connection, topic)
    facts = connection.execute(_SELECT_TOPIC_FACTS, scope).fetchall()
    episodes = connection.execute(_SELECT_TOPIC_EPISODES, scope).fetchall()
    turns = connection.execute(SELECT_TOPIC_TURNS, scope).fetchall()
    found = dict.fromkeys([*(row["turn_id"] for row in turns), *(turn for row in facts for turn in row["turns"])])
    found.pop(asked_in, None)
    selection = Selection(
        episodes=tuple(row["id"] for row in episodes),
        turns=tuple(found),
        effects=find_effects(connection, user_id, topic),
        asked_in=asked_in,
    )
    return _select_derived(connection, user_id, selection, {row["subject"]: row["id"] for row in facts})


def measure_selection(connection: Connection, user_id: UUID, selection: Selection) -> Extent:
    """Return how much a selection has, with samples."""
    scope = {
        "user": user_id,
        "everything": selection.is_everything,
        "facts": list(selection.facts),
        "episodes": list(selection.episodes),
        "turns": list(selection.turns),
        "values": list(selection.values),
        "most": MAX_SAMPLES,
    }
    rows = connection.execute(_SELECT_EXAMPLES, scope).fetchall()
    samples = tuple(_shorten(row["text"]) for row in rows[:MAX_SAMPLES])
    if not selection.is_everything:
        counted = connection.execute(_COUNT_EPISODES, scope).fetchone()
        assert counted is not None
        facts = len(selection.facts) + len(selection.values)
        is_more = facts or counted["episodes"] or selection.turns
        return Extent(
            facts, counted["episodes"], len(selection.turns), 0 if is_more else len(selection.effects), samples
        )
    counts = connection.execute(_SELECT_EVERYTHING, scope).fetchone()
    assert counts is not None
    return Extent(**counts, samples=samples)


def parse_number(value: str) -> int:
    """Return the id of a fact or an episode. Raises `PamError` (`memory_not_found`): nothing else identifies one."""
    try:
        return parse_memory_id(value)
    except ValueError:
        raise memory_not_found() from None


def memory_not_found() -> PamError:
    """Return the error for an id that is unknown, deleted, malformed or another user's: the same, to reveal nothing."""
    return PamError(MEMORY_NOT_FOUND, "PAM remembers nothing like that. It may be deleted already.")


def _select_derived(
    connection: Connection, user_id: UUID, selection: Selection, facts: Mapping[str, int] | None = None
) -> Selection:
    """Add what is known from the selected turns alone, to `facts` (ids by lower-case subject).

    A current value stands for its subject; of another subject only the earlier values that come from these turns go.
    """
    rows = connection.execute(_SELECT_DERIVED, {"user": user_id, "turns": list(selection.turns)}).fetchall()
    subjects = {row["subject"]: row["id"] for row in rows if row["is_current"]} | dict(facts or {})
    values = tuple(row["id"] for row in rows if row["subject"] not in subjects)
    return replace(selection, facts=tuple(subjects.values()), values=values)


def _shorten(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARS else text[: _EXAMPLE_CHARS - 1].rstrip() + "…"


def describe(extent: Extent) -> str:
    """Return the counts in words, such as `1 fact and 3 messages`."""
    return _join(
        [
            _count(extent.facts, "fact", "facts"),
            _count(extent.episodes, "summary", "summaries"),
            _count(extent.turns, "message with its answer", "messages with their answers"),
            _count(extent.effects, "earlier correction", "earlier corrections"),
        ]
    )


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"1 {one}" if number == 1 else f"{number:,} {many}"


def _join(parts: Sequence[str]) -> str:
    *first, last = [part for part in parts if part] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
