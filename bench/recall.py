"""Recall from Postgres: users with 100 to 10,000 exchanges, alone in a database and beside a million of other users.

Both databases are of their own, on this machine, and get the same questions in turn. A user has a fact for ten
exchanges and a summary for fifty. Texts are 30 words drawn from 4,000 by Zipf's law, vectors are random directions; a
question is eight words of one row. The time is that of the whole statement as the app's role, from sending it to the
last row: BM25 and vector distance over all of the user's rows, and what belongs to each hit. Embedding the question
isn't in it. Others' rows are a thousand for each of a thousand users.

![Time of recall by the number of a user's exchanges](recall.svg)
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from bench.figures import DOCS, Figure, median_ms, percentile_ms
from local.stand_ins.postgres import Postgres, temporary_postgres
from pam.memory.recall import Query, fetch_hits, send_recall_query
from pam.memory.vectors import DIMENSIONS, register_vectors, to_vector
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database
from pam.users.profile import ensure_user

SIZES = (100, 300, 1_000, 3_000, 10_000)
OTHERS = 1_000_000
QUESTIONS = 60
MODEL = "minilm"

_WARM_UP = 5
_USERS = 1_000
_POOL = 2_000
_WORDS = 4_000
_TEXT_WORDS = 30
_QUESTION_WORDS = 8

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
insert into facts (user_id, subject, value, standing, valid_from, last_said_at, confidence, recorded_by, embedding,
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


def run() -> dict[str, Figure]:
    """Measure both databases side by side, a question each in turn, and draw the plot."""
    texts = _texts()
    with ExitStack() as resources:
        alone, crowded = (resources.enter_context(temporary_postgres()) for _ in range(2))
        users = {size: uuid4() for size in SIZES}
        for postgres in (alone, crowded):
            with _owner(postgres) as connection:
                _create_pool(connection, texts)
                for size, user in users.items():
                    _create_memory(connection, [user], size)
                if postgres is crowded:
                    _create_memory(connection, [uuid4() for _ in range(_USERS)], OTHERS // _USERS)
                connection.execute("vacuum (analyze)")
        databases = [_database(postgres) for postgres in (alone, crowded)]
        for database in databases:
            resources.callback(database.close)
        times = {size: _measure(databases, user, texts) for size, user in users.items()}
    _draw({size: (percentile_ms(one, 95), percentile_ms(more, 95)) for size, (one, more) in times.items()})
    thousand, ten_thousand = times[1_000], times[10_000]
    ratio = round(median_ms(thousand[1]) / median_ms(thousand[0]), 2)
    return {
        "db_ms_p95_1k": Figure(percentile_ms(thousand[1], 95), "ms", "1,000 exchanges, among a million"),
        "db_ms_p95_10k": Figure(percentile_ms(ten_thousand[1], 95), "ms", "10,000 exchanges, among a million"),
        "db_ms_p50_1k": Figure(median_ms(thousand[1]), "ms", "1,000 exchanges, the median"),
        "db_ms_p50_10k": Figure(median_ms(ten_thousand[1]), "ms", "10,000 exchanges, the median"),
        "others_rows_ratio": Figure(ratio, "x", "the median of 1,000 with a million rows of others against none"),
        "others_rows": Figure(OTHERS, "", "exchanges of other users"),
        "questions": Figure(QUESTIONS, "", "for each user and database"),
    }


def _texts() -> list[str]:
    """Return the pool's texts, of made-up words, frequent and rare ones as in a language."""
    chance = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    words = list(dict.fromkeys("".join(chance.choices(syllables, k=3)) + "k" for _ in range(2 * _WORDS)))[:_WORDS]
    weights = [1 / (place + 10) for place in range(len(words))]
    return [" ".join(chance.choices(words, weights, k=_TEXT_WORDS)) for _ in range(_POOL)]


@contextmanager
def _owner(postgres: Postgres) -> Iterator["psycopg.Connection[TupleRow]"]:
    """Open a connection that sees all rows, and on which no trigger and no foreign key is checked."""
    with psycopg.connect(postgres.owner, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def _create_pool(connection: "psycopg.Connection[TupleRow]", texts: Sequence[str]) -> None:
    connection.execute(_CREATE_POOL)
    register_vectors(connection)  # type: ignore[arg-type]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            _FILL_POOL,
            [
                {"number": number, "content": text, "vector": to_vector(_vector(number))}
                for number, text in enumerate(texts)
            ],
        )


def _vector(seed: int) -> list[float]:
    values = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return [float(value) for value in values / np.linalg.norm(values)]


def _create_memory(connection: "psycopg.Connection[TupleRow]", users: Sequence[UUID], exchanges: int) -> None:
    """Insert users with a conversation of so many exchanges each, and the facts and summaries of the first one."""
    for user in users:
        connection.execute("insert into users (id) values (%s)", (user,))
        connection.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", (user, user))
    values = {"users": list(users), "each": exchanges, "model": MODEL, "pool": _POOL}
    connection.execute(_EXCHANGES, values)
    connection.execute(_WORDS_OF_EXCHANGES, values)
    own = values | {"user": users[0], "conversation": users[0]}
    connection.execute(_FACTS, own | {"facts": exchanges // 10})
    connection.execute(_SUMMARIES, own | {"summaries": exchanges // 50})
    connection.execute(_WORDS_OF_MEMORY, own)


def _database(postgres: Postgres) -> Database:
    return Database(lambda: json.dumps(postgres.app))


def _measure(databases: Sequence[Database], user: UUID, texts: Sequence[str]) -> list[list[float]]:
    """Return the times of the questions in each database, in seconds."""
    chance = random.Random(11)
    times: list[list[float]] = [[] for _ in databases]
    with ExitStack() as resources:
        connections = [resources.enter_context(each.session(user, Deadline(600))) for each in databases]
        for connection in connections:
            ensure_user(connection, user)
        for number in range(_WARM_UP + QUESTIONS):
            words = " ".join(chance.sample(chance.choice(texts).split(), _QUESTION_WORDS))
            query = Query(words, _vector(_POOL + number), MODEL)
            for connection, measured in zip(connections, times, strict=True):
                seconds = _ask(connection, user, query)
                if number >= _WARM_UP:
                    measured.append(seconds)
    return times


def _ask(connection: Connection, user: UUID, query: Query) -> float:
    began = time.perf_counter()
    hits = fetch_hits(send_recall_query(connection, user, query), query, gated=False)
    assert hits
    return time.perf_counter() - began


def _draw(p95_ms: dict[int, tuple[float, float]]) -> None:
    """Write the plot, with the bounds of the two sizes that have one."""
    import matplotlib as mpl  # the other benchmarks don't wait for it

    mpl.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams["svg.hashsalt"] = "recall"
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    sizes = list(p95_ms)
    for index, label in enumerate(("alone in the database", f"beside {OTHERS:,} exchanges of others")):
        axes.plot(sizes, [p95_ms[size][index] for size in sizes], marker="o", label=label)
    axes.scatter([1_000, 10_000], [15, 60], marker="_", s=300, color="tab:red", label="bound")
    axes.set(xscale="log", yscale="log", xlabel="exchanges of the user", ylabel="ms, 95th percentile")
    axes.set_title("Recall: one statement in Postgres")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    path = Path(DOCS / "recall.svg")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
