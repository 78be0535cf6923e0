"""Made-up memories of users for benchmarks: exchanges, facts and summaries, with words and vectors."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from pam.memory.vectors import DIMENSIONS, register_vectors, to_vector

MODEL = "minilm"
POOL = 2_000

_WORDS = 4_000
_TEXT_WORDS = 30

_CREATE_POOL = """
create unlogged table pool (number integer primary key, content text, words tsvector, length integer,
                            embedding halfvec(1536))
"""
_FILL_POOL = """
insert into pool
select %(number)s, %(content)s, words, (select sum(cardinality(positions)) from unnest(words)), %(vector)s
  from to_tsvector('english', %(content)s) words
"""
_EXCHANGES = """
insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length, embedding,
                       embedding_model, embedding_dimensions)
select c.user_id, c.id, gen_random_uuid(), case when n %% 2 = 0 then 'assistant' else 'user' end, 0, content,
       now() - (%(each)s - n) * interval '1 hour', words, length, embedding, %(model)s, 1536
  from conversations c
 cross join generate_series(1, %(each)s) n
  join pool on number = abs(hashtext(c.user_id::text)::bigint + n * 7919) %% %(pool)s
 where c.user_id = any (%(users)s)
"""
_WORDS_OF_EXCHANGES = """
insert into exchange_words (user_id, word, exchange_id, occurrences)
select user_id, lexeme, id, cardinality(positions) from exchanges cross join lateral unnest(words)
 where user_id = any (%(users)s)
 order by user_id, lexeme
"""
_WORDS_OF_MEMORY = """
insert into memory_words (user_id, word, kind, entry_id, occurrences)
select user_id, lexeme, 1, id, cardinality(positions) from facts cross join lateral unnest(words)
 where user_id = %(user)s
 union all
select user_id, lexeme, 2, id, cardinality(positions) from conversation_episodes cross join lateral unnest(words)
 where user_id = %(user)s
"""
_FACTS = """
insert into facts (user_id, subject, value, standing, valid_from, last_stated_at, confidence, recorded_by, embedding,
                   embedding_model, embedding_dimensions)
select %(user)s, 'subject ' || n, left(content, 100), false, now(), now(), 1, 'summary', embedding, %(model)s, 1536
  from generate_series(1, %(facts)s) n join pool on number = n %% %(pool)s
"""
_SUMMARIES = """
insert into conversation_episodes (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time,
                                   episode_end_time, message_count, topic, summary, sentiment, embedding,
                                   embedding_model, embedding_dimensions)
select %(user)s, %(conversation)s, n, n, now(), now(), 50, 'topic', content, 'neutral', embedding, %(model)s, 1536
  from generate_series(1, %(summaries)s) n join pool on number = n %% %(pool)s
"""


def make_texts() -> list[str]:
    """Return the pool's texts, of made-up words, frequent and rare ones as in a language."""
    chance = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    words = list(dict.fromkeys("".join(chance.choices(syllables, k=3)) + "k" for _ in range(2 * _WORDS)))[:_WORDS]
    weights = [1 / (place + 10) for place in range(len(words))]
    return [" ".join(chance.choices(words, weights, k=_TEXT_WORDS)) for _ in range(POOL)]


@contextmanager
def open_owner(conninfo: str) -> Iterator["psycopg.Connection[TupleRow]"]:
    """Open a connection that sees all rows, and on which no trigger and no foreign key is checked."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def create_pool(connection: "psycopg.Connection[TupleRow]", texts: Sequence[str]) -> None:
    """Store the texts with their words and vectors, from which memories are made."""
    connection.execute(_CREATE_POOL)
    register_vectors(connection)  # type: ignore[arg-type]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            _FILL_POOL,
            [
                {"number": number, "content": text, "vector": to_vector(vector(number))}
                for number, text in enumerate(texts)
            ],
        )


def vector(seed: int) -> list[float]:
    """Return a random direction."""
    values = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return [float(value) for value in values / np.linalg.norm(values)]


def create_memory(connection: "psycopg.Connection[TupleRow]", users: Sequence[UUID], exchanges: int) -> None:
    """Insert users with a conversation of so many exchanges each, and the facts and summaries of the first one."""
    for user in users:
        connection.execute("insert into users (id) values (%s)", (user,))
        connection.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", (user, user))
    values = {"users": list(users), "each": exchanges, "model": MODEL, "pool": POOL}
    connection.execute(_EXCHANGES, values)
    connection.execute(_WORDS_OF_EXCHANGES, values)
    own = values | {"user": users[0], "conversation": users[0]}
    connection.execute(_FACTS, own | {"facts": exchanges // 10})
    connection.execute(_SUMMARIES, own | {"summaries": exchanges // 50})
    connection.execute(_WORDS_OF_MEMORY, own)
