"""Finds earlier messages: one statement, by word and by vector, over all of a user's own rows.

BM25 and the distance of vectors are brought to one scale by their mean and deviation over the user's rows, and summed
(figures in docs/memory.md). A row without a vector, or a question without one, counts by its words alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from pam.memory.relevance import is_relevant
from pam.memory.vectors import register_vectors, to_vector
from pam.platform.postgres import Connection, Row

MAX_HITS = 60

_K1 = 1.2
_B = 0.75

# Added to the number of rows for the rarity of words, which a few rows don't show.
_PRIOR_ROWS = 100


@dataclass(frozen=True)
class Query:
    """What is searched for. `vector` is None where the embedding isn't available in time; `model` made it."""

    text: str
    vector: Sequence[float] | None
    model: str


@dataclass(frozen=True)
class Passage:
    """A passage of a message of the turn `turn_id`."""

    id: int
    role: str
    text: str
    sent_at: datetime
    turn_id: UUID


@dataclass(frozen=True)
class Hit:
    """A passage that was found, with the ones directly before and after it in its conversation.

    `similarity` is its cosine to the question, None without vectors. `coverage` is the share of the question's words,
    weighted by how rare they are, that it contains.
    """

    passage: Passage
    neighbours: tuple[Passage, ...]
    score: float
    similarity: float | None
    coverage: float


_RECALL = """
with question as (
    select lexeme from unnest(to_tsvector('english', %(text)s))
), entries as materialized (
    select id, length, case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end as similarity
      from exchanges where user_id = %(user)s
), matches as materialized (
    select word, exchange_id, occurrences
      from exchange_words join question on lexeme = word
     where user_id = %(user)s
), totals as (
    select count(*)::float8 as rows, greatest(avg(length), 1)::float8 as mean from entries
), weights as (
    select word, ln(1 + (rows - found + 0.5) / (found + 0.5)) as weight,
           ln(1 + (rows + %(prior)s - found + 0.5) / (found + 0.5)) as rarity
      from (select lexeme as word, count(exchange_id)::float8 as found
              from question left join matches on word = lexeme group by lexeme) frequencies
     cross join totals
), keyword as (
    select exchange_id as id,
           sum(weight * occurrences * (%(k1)s + 1)
               / (occurrences + %(k1)s * (1 - %(b)s + %(b)s * length / mean))) as score,
           sum(rarity) as rarity
      from matches
      join weights using (word)
      join entries on id = exchange_id
     cross join totals
     group by exchange_id
), scored as (
    select id, similarity, coalesce(score, 0)::float8 as score, coalesce(rarity, 0)::float8 as rarity
      from entries left join keyword using (id)
), ranked as (
    select id, similarity, rarity / greatest((select sum(rarity) from weights), 1e-9::float8) as coverage,
           coalesce((score - avg(score) over ()) / nullif(stddev_pop(score) over (), 0), 0)
           + coalesce((similarity - avg(similarity) over ()) / nullif(stddev_pop(similarity) over (), 0), 0) as score
      from scored
), best as materialized (
    select * from ranked order by score desc, id desc limit %(most)s
), gate as (
    select max(similarity) as best_similarity, max(coverage) as best_coverage from ranked
)
select best.score, best.similarity, best.coverage, best_similarity, best_coverage,
       x.id, x.role, x.content, x.sent_at, x.turn_id,
       before.id as before_id, before.role as before_role, before.content as before_content,
       before.sent_at as before_sent_at, before.turn_id as before_turn_id,
       after.id as after_id, after.role as after_role, after.content as after_content,
       after.sent_at as after_sent_at, after.turn_id as after_turn_id
  from best
 cross join gate
  join exchanges x on x.user_id = %(user)s and x.id = best.id
  left join lateral (select * from exchanges p
                      where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                      order by p.id desc limit 1) before on true
  left join lateral (select * from exchanges n
                      where n.user_id = %(user)s and n.conversation_id = x.conversation_id and n.id > x.id
                      order by n.id limit 1) after on true
 order by best.score desc, best.id desc
"""


def send_recall_query(connection: Connection, user_id: UUID, query: Query, most: int = MAX_HITS) -> Cursor[Row]:
    """Send the query in a pipelined transaction of the user; `fetch_hits` returns its result."""
    register_vectors(connection)
    values: dict[str, Any] = {
        "user": user_id,
        "text": query.text.replace("\x00", ""),
        "vector": None if query.vector is None else to_vector(query.vector),
        "model": query.model if query.vector is not None else None,
        "most": most,
        "k1": _K1,
        "b": _B,
        "prior": _PRIOR_ROWS,
    }
    return connection.execute(_RECALL, values)


def fetch_hits(cursor: Cursor[Row], query: Query, *, gated: bool = True) -> list[Hit]:
    """Return what was found, best first; with `gated` nothing where even the best row isn't relevant."""
    rows = cursor.fetchall()
    if not rows:
        return []
    if gated and not is_relevant(query.model, rows[0]["best_similarity"], rows[0]["best_coverage"]):
        return []
    return [_hit(row) for row in rows]


def _hit(row: Row) -> Hit:
    neighbours = tuple(_passage(row, side) for side in ("before_", "after_") if row[f"{side}id"] is not None)
    return Hit(_passage(row), neighbours, row["score"], row["similarity"], row["coverage"])


def _passage(row: Row, prefix: str = "") -> Passage:
    fields = (row[f"{prefix}{name}"] for name in ("id", "role", "content", "sent_at", "turn_id"))
    return Passage(*fields)


def select_passages(hits: Sequence[Hit], max_words: int, excluded: Collection[UUID] = ()) -> list[Passage]:
    """Return hits with their neighbours, best first, within a number of words; the last one is cut to fit.

    Passages of the turns in `excluded` are left out: the prompt has them anyway. So are hits without a word of the
    question whose vectors, if there are any, are no nearer than the average row's.
    """
    related = [hit for hit in hits if hit is hits[0] or hit.coverage or (hit.similarity is not None and hit.score > 0)]
    ordered = (passage for hit in related for passage in (hit.passage, *hit.neighbours))
    selected: list[Passage] = []
    seen: set[int] = set()
    left = max_words
    for passage in ordered:
        if left <= 0:
            break
        if passage.id in seen or passage.turn_id in excluded:
            continue
        seen.add(passage.id)
        words = passage.text.split()
        if len(words) > left:
            passage = replace(passage, text=" ".join(words[:left]) + " …")
        left -= len(words)
        selected.append(passage)
    return selected
