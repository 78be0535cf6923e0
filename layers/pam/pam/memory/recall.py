"""Finds earlier messages, facts and summaries: one statement, by word and by vector, over all of a user's own rows.

BM25 and the distance of vectors are brought to one scale by their mean and deviation over the user's rows, and summed
(figures in docs/memory.md). A row without a vector, or a question without one, counts by its words alone.

What was asked before in the same words is no evidence, however near it is: such questions and their answers follow all
other hits, but for the newest answer. Otherwise a question that is asked often would take the place of its evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg import Cursor

from pam.memory.relevance import IS_RELEVANT, relevance_parameters
from pam.memory.vectors import register_vectors, to_vector
from pam.memory.word_index import words_apart
from pam.platform.postgres import Connection, Row

MAX_HITS = 60

_K1 = 1.2
_B = 0.75

# A hit among so many times as many rows: those that ask the same again are shown last.
_CANDIDATES = 4

# Words that ask for something: no evidence that a row has it.
_ASKING = (
    "say said tell told talk talked mention mentioned discuss discussed remember recall remind ask asked know knew "
    "happen much many something anything"
)
# A message that asks and states nothing, if it has no words of its own, ends with a question mark or begins so.
_QUESTION_WORDS = (
    "what when where which who whose why how is are was were do does did have has had can could will would tell show "
    "remind"
)
_MAX_QUESTION_CHARS = 300
# What asks the same has most of the words: the others aren't looked at.
_MIN_SAME_COVERAGE = 0.5

# Added to the number of rows for the rarity of words, which a few rows don't show.
_PRIOR_ROWS = 100


@dataclass(frozen=True)
class Query:
    """What is searched for. `vector` is None where the embedding isn't available in time; `model` made it."""

    text: str
    vector: Sequence[float] | None
    model: str


class MemoryKind(StrEnum):
    """What a passage is of."""

    MESSAGE = "message"
    FACT = "fact"
    SUMMARY = "summary"


@dataclass(frozen=True)
class Passage:
    """A passage of a message, a fact, or the summary of an episode.

    `role` and `turn_id` are those of a message. `at` is when it was sent, from when the fact is valid, or when the
    episode ended; `until` is when a fact's validity ended.
    """

    kind: MemoryKind
    id: int
    role: str
    text: str
    at: datetime
    until: datetime | None
    turn_id: UUID | None


@dataclass(frozen=True)
class Hit:
    """A passage that was found, with what belongs to it.

    To a message belong the passages directly before and after it in its conversation, to a fact the other values of its
    subject and the message that it comes from. `similarity` is its cosine to the question, None without vectors.
    `coverage` is the share of the question's words, weighted by how rare they are, that it contains, without words that
    only ask.
    """

    passage: Passage
    related: tuple[Passage, ...]
    score: float
    similarity: float | None
    coverage: float


# Rows of the three tables have one key, id * 4 + kind: it is joined faster than two columns. Kinds as in `_KINDS`.
_RECALL = f"""
with asking as (
    select tsvector_to_array(to_tsvector('english', %(asking)s)) as lexemes
), question as (
    select lexeme, lexeme = any (lexemes) as is_asking
      from unnest(to_tsvector('english', {words_apart("%(text)s")})), asking
), entries as materialized (
    select id * 4 as key, length,
           case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end as similarity
      from exchanges where user_id = %(user)s
     union all
    select id * 4 + 1, length(words),
           case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end
      from facts where user_id = %(user)s
     union all
    select id * 4 + 2, length(words),
           case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end
      from conversation_episodes where user_id = %(user)s
), matches as materialized (
    select word, exchange_id * 4 as key, occurrences
      from exchange_words join question on lexeme = word
     where user_id = %(user)s
     union all
    select word, entry_id * 4 + kind, occurrences
      from memory_words join question on lexeme = word
     where user_id = %(user)s
), totals as materialized (
    select count(*)::float8 as rows, greatest(avg(length), 1)::float8 as mean from entries
), weights as materialized (
    select word, ln(1 + (rows - found + 0.5) / (found + 0.5)) as weight,
           ln(1 + (rows + %(prior)s - found + 0.5) / (found + 0.5)) as rarity, is_asking
      from (select lexeme as word, is_asking, coalesce(found, 0)::float8 as found
              from question
              left join (select word, count(*) as found from matches group by word) counts on word = lexeme
           ) frequencies
     cross join totals
), keyword as (
    select key,
           sum(weight * occurrences * (%(k1)s + 1)
               / (occurrences + %(k1)s * (1 - %(b)s + %(b)s * length / mean))) as score,
           sum(rarity) filter (where not is_asking) as rarity
      from matches
      join weights using (word)
      join entries using (key)
     cross join totals
     group by key
), ranked as materialized (
    select key, similarity,
           coalesce(rarity, 0)::float8
           / greatest((select sum(rarity) from weights where not is_asking), 1e-9::float8) as coverage,
           coalesce(rarity, 0)::float8 / greatest((select sum(rarity) from weights), 1e-9::float8) as share,
           coalesce((coalesce(score, 0) - avg(coalesce(score, 0)) over ())
                    / nullif(stddev_pop(coalesce(score, 0)) over (), 0), 0)
           + coalesce((similarity - avg(similarity) over ()) / nullif(stddev_pop(similarity) over (), 0), 0) as score
      from entries left join keyword using (key)
), candidates as materialized (
    select key, key & 3 as kind, key >> 2 as id, score, similarity, coverage
      from ranked order by score desc, key & 3, key desc limit %(candidates)s
), asked_before as materialized (
    select c.key, x.role, x.turn_id = first_value(x.turn_id) over (order by q.id desc) as is_newest
      from candidates c
      join exchanges x on c.kind = 0 and c.coverage >= {_MIN_SAME_COVERAGE} and x.user_id = %(user)s and x.id = c.id
      join exchanges q on q.user_id = %(user)s and q.turn_id = x.turn_id and q.role = 'user' and q.passage = 0
     where (x.role = 'assistant' or x.passage = 0)
       and length(q.content) <= {_MAX_QUESTION_CHARS}
       and (right(rtrim(q.content), 1) = '?'
            or lower(split_part(q.content, ' ', 1)) = any (string_to_array(%(question_words)s, ' ')))
       and tsvector_to_array(to_tsvector('english', {words_apart("q.content")}))
           <@ (select array(select lexeme from question) || lexemes from asking)
), best as materialized (
    select c.*, coalesce(a.role = 'user' or not a.is_newest, false) as is_repeated
      from candidates c left join asked_before a using (key)
     order by is_repeated, score desc, kind, key desc limit %(most)s
), gate as (
    select max(similarity) as best_similarity, max(share) as best_coverage,
           max(coverage) filter (where similarity is null) as best_coverage_by_words
      from ranked
)
select best.score, best.similarity, best.coverage, best.key, related.*
  from gate
  join best on not %(gated)s or {IS_RELEVANT}
  left join exchanges x on best.kind = 0 and x.user_id = %(user)s and x.id = best.id
  left join facts f on best.kind = 1 and f.user_id = %(user)s and f.id = best.id
 cross join lateral (
        select 0 as place, 0 as kind, x.id, x.role, x.content as text, x.sent_at as at, null::timestamptz as until,
               x.turn_id
         where x.id is not null
         union all
       (select 1, 0, id, role, content, sent_at, null, turn_id from exchanges
         where user_id = %(user)s and conversation_id = x.conversation_id and id < x.id order by id desc limit 1)
         union all
       (select 2, 0, id, role, content, sent_at, null, turn_id from exchanges
         where user_id = %(user)s and conversation_id = x.conversation_id and id > x.id order by id limit 1)
         union all
        select 0, 1, f.id, '', f.subject || ': ' || f.value, f.valid_from, f.valid_to, null
         where f.id is not null
         union all
       (select 1, 1, id, '', subject || ': ' || value, valid_from, valid_to, null from facts
         where f.id is not null and user_id = %(user)s and lower(subject) = lower(f.subject) and id <> f.id
         order by valid_from desc, id desc limit 2)
         union all
       (select 2, 0, id, role, content, sent_at, null, turn_id from exchanges
         where f.id is not null and user_id = %(user)s and role = 'user' and passage = 0
           and turn_id in (select s.turn_id from fact_sources s where s.user_id = %(user)s and s.fact_id = f.id)
         order by sent_at desc, id desc limit 1)
         union all
        select 0, 2, id, '', topic || ': ' || summary, episode_end_time, null, null from conversation_episodes
         where best.kind = 2 and user_id = %(user)s and id = best.id
       ) related
 order by best.is_repeated, best.score desc, best.kind, best.key desc, place, related.at desc
"""
_KINDS = (MemoryKind.MESSAGE, MemoryKind.FACT, MemoryKind.SUMMARY)


def send_recall_query(
    connection: Connection, user_id: UUID, query: Query, most: int = MAX_HITS, *, gated: bool = True
) -> Cursor[Row]:
    """Send the query in a pipelined transaction of the user; `fetch_hits` returns its result.

    With `gated` it finds nothing where even the best row isn't relevant.
    """
    register_vectors(connection)
    values: dict[str, Any] = {
        "user": user_id,
        "text": query.text.replace("\x00", ""),
        "vector": None if query.vector is None else to_vector(query.vector),
        "model": query.model if query.vector is not None else None,
        "most": most,
        "candidates": _CANDIDATES * most,
        "asking": _ASKING,
        "question_words": _QUESTION_WORDS,
        "gated": gated,
        "k1": _K1,
        "b": _B,
        "prior": _PRIOR_ROWS,
    }
    relevance = relevance_parameters(query.model, by_vector=query.vector is not None)
    return connection.execute(_RECALL, {**values, **relevance})


def fetch_hits(cursor: Cursor[Row]) -> list[Hit]:
    """Return what was found, best first."""
    return [_hit(list(group)) for _, group in groupby(cursor.fetchall(), lambda row: row["key"])]


def _hit(rows: Sequence[Row]) -> Hit:
    passage, *related = map(_passage, rows)
    return Hit(passage, tuple(related), rows[0]["score"], rows[0]["similarity"], rows[0]["coverage"])


def _passage(row: Row) -> Passage:
    return Passage(_KINDS[row["kind"]], row["id"], row["role"], row["text"], row["at"], row["until"], row["turn_id"])
