"""Finds what was said, summarised or noted before: one statement, by word and by vector, over a user's own rows.

BM25 and the distance of vectors are brought to one scale by their mean and deviation over the user's rows, and summed
(figures in docs/performance.md). A row without a vector, or a question without one, counts by its words alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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

# How rare a word is can't be told from a few rows: as if there were so many more without any word of the question.
_PRIOR_ROWS = 100


@dataclass(frozen=True)
class Query:
    """What is searched for. `vector` is None where the embedding isn't available in time; `model` made it."""

    text: str
    vector: Sequence[float] | None
    model: str


@dataclass(frozen=True)
class Hit:
    """A row that was found. `kind` is `x` for an exchange, `e` for an episode, `f` for a fact.

    `similarity` is the cosine to the question, None without vectors. `sources` are the turns that it comes from.
    """

    kind: str
    id: int
    role: str
    text: str
    at: datetime
    conversation_id: UUID | None
    sources: tuple[UUID, ...]
    score: float
    similarity: float | None
    coverage: float
    """The share of the question's words, weighted by how rare they are, that the row contains."""
    neighbours: tuple["Neighbour", ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """The passage directly before or after a hit in its conversation."""

    id: int
    role: str
    text: str
    at: datetime
    turn_id: UUID


_RECALL = """
with question as (
    select lexeme from unnest(to_tsvector('english', %(text)s))
), entries as materialized (
    select 'x'::"char" as kind, id, length,
           case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end as similarity
      from exchanges where user_id = %(user)s
    union all
    select 'e', id, length, case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end
      from conversation_episodes where user_id = %(user)s
    union all
    select 'f', id, length, case when embedding_model = %(model)s then 1 - (embedding <=> %(vector)s) end
      from facts where user_id = %(user)s
), matches as materialized (
    select word, kind, entry_id, occurrences
      from memory_words join question on lexeme = word
     where user_id = %(user)s
), totals as (
    select count(*)::float8 as rows, greatest(avg(length), 1)::float8 as mean from entries
), weights as (
    select word, ln(1 + (rows - found + 0.5) / (found + 0.5)) as weight,
           ln(1 + (rows + %(prior)s - found + 0.5) / (found + 0.5)) as rarity
      from (select lexeme as word, count(entry_id)::float8 as found
              from question left join matches on word = lexeme group by lexeme) frequencies
     cross join totals
), keyword as (
    select m.kind, m.entry_id as id,
           sum(weight * occurrences * (%(k1)s + 1)
               / (occurrences + %(k1)s * (1 - %(b)s + %(b)s * length / mean))) as score,
           sum(rarity) as rarity
      from matches m
      join weights using (word)
      join entries e on (e.kind, e.id) = (m.kind, m.entry_id)
     cross join totals
     group by m.kind, m.entry_id
), scored as (
    select e.kind, e.id, similarity, coalesce(k.score, 0)::float8 as score, coalesce(k.rarity, 0)::float8 as rarity
      from entries e left join keyword k using (kind, id)
), ranked as (
    select kind, id, similarity,
           rarity / greatest((select sum(rarity) from weights), 1e-9::float8) as coverage,
           coalesce((score - avg(score) over ()) / nullif(stddev_pop(score) over (), 0), 0)
           + coalesce((similarity - avg(similarity) over ()) / nullif(stddev_pop(similarity) over (), 0), 0) as score
      from scored
), best as materialized (
    select * from ranked order by score desc, id desc limit %(most)s
), gate as (
    select max(similarity) as similarity, max(coverage) as coverage from ranked
)
select b.kind, b.id, b.score, b.similarity, b.coverage, g.similarity as best_similarity, g.coverage as best_coverage,
       coalesce(x.role, '') as role, x.conversation_id as conversation, x.turn_id as turn,
       coalesce(x.content, e.topic || ': ' || e.summary,
                f.subject || ': ' || f.value || case when f.valid_to is null then '' else
                    ' (until ' || to_char(f.valid_to, 'YYYY-MM-DD') || ')' end) as text,
       coalesce(x.said_at, e.episode_end_time, f.valid_from) as at, f.source_turn_ids as sources,
       (select array_agg(distinct turn_id) from exchanges
         where user_id = %(user)s and episode_id = e.id and e.id is not null) as summarised,
       before.id as before_id, before.role as before_role, before.content as before_text, before.said_at as before_at,
       before.turn_id as before_turn,
       after.id as after_id, after.role as after_role, after.content as after_text, after.said_at as after_at,
       after.turn_id as after_turn
  from best b
 cross join gate g
  left join exchanges x on b.kind = 'x' and x.user_id = %(user)s and x.id = b.id
  left join conversation_episodes e on b.kind = 'e' and e.user_id = %(user)s and e.id = b.id
  left join facts f on b.kind = 'f' and f.user_id = %(user)s and f.id = b.id
  left join lateral (select * from exchanges p
                      where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                      order by p.id desc limit 1) before on true
  left join lateral (select * from exchanges n
                      where n.user_id = %(user)s and n.conversation_id = x.conversation_id and n.id > x.id
                      order by n.id limit 1) after on true
 order by b.score desc, b.id desc
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
    neighbours = tuple(
        Neighbour(row[f"{side}_id"], row[f"{side}_role"], row[f"{side}_text"], row[f"{side}_at"], row[f"{side}_turn"])
        for side in ("before", "after")
        if row[f"{side}_id"] is not None
    )
    sources = [row["turn"]] if row["turn"] is not None else row["sources"] or row["summarised"] or []
    return Hit(
        kind=row["kind"] if isinstance(row["kind"], str) else row["kind"].decode(),
        id=row["id"],
        role=row["role"],
        text=row["text"],
        at=row["at"],
        conversation_id=row["conversation"],
        sources=tuple(sources),
        score=float(row["score"]),
        similarity=None if row["similarity"] is None else float(row["similarity"]),
        coverage=float(row["coverage"]),
        neighbours=neighbours,
    )


@dataclass(frozen=True)
class Memory:
    """A piece of memory that is given to the model. `sources` are the turns that it comes from."""

    kind: str
    role: str
    text: str
    at: datetime
    sources: tuple[UUID, ...]


def select_memories(hits: Sequence[Hit], max_words: int, excluded: Collection[UUID] = ()) -> list[Memory]:
    """Return hits with their neighbours, best first, within a number of words.

    Passages of the turns in `excluded` are left out: the prompt has them anyway. The last one is cut to fit.
    """
    memories: list[Memory] = []
    seen: set[tuple[str, int]] = set()
    left = max_words

    def add(kind: str, id_: int, memory: Memory) -> None:
        nonlocal left
        is_known = all(source in excluded for source in memory.sources) and bool(memory.sources)
        if (kind, id_) in seen or left <= 0 or is_known:
            return
        seen.add((kind, id_))
        words = memory.text.split()
        text = memory.text if len(words) <= left else " ".join(words[:left]) + " …"
        left -= len(words)
        memories.append(Memory(memory.kind, memory.role, text, memory.at, memory.sources))

    for hit in hits:
        add(hit.kind, hit.id, Memory(hit.kind, hit.role, hit.text, hit.at, hit.sources))
        for each in hit.neighbours:
            add("x", each.id, Memory("x", each.role, each.text, each.at, (each.turn_id,)))
    return memories
