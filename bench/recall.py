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
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

from bench.figures import DOCS, Figure, median_ms, percentile_ms
from bench.memories import MODEL, POOL, create_memory, create_pool, make_texts, open_owner, vector
from local.stand_ins.postgres import Postgres, temporary_postgres
from pam.memory.recall import Query, fetch_hits, send_recall_query
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database
from pam.users.profile import ensure_user

SIZES = (100, 300, 1_000, 3_000, 10_000)
OTHERS = 1_000_000
QUESTIONS = 60

_WARM_UP = 5
_USERS = 1_000
_QUESTION_WORDS = 8


def run() -> dict[str, Figure]:
    """Measure both databases side by side, a question each in turn, and draw the plot."""
    texts = make_texts()
    with ExitStack() as resources:
        alone, crowded = (resources.enter_context(temporary_postgres()) for _ in range(2))
        users = {size: uuid4() for size in SIZES}
        for postgres in (alone, crowded):
            with open_owner(postgres.owner) as connection:
                create_pool(connection, texts)
                for size, user in users.items():
                    create_memory(connection, [user], size)
                if postgres is crowded:
                    create_memory(connection, [uuid4() for _ in range(_USERS)], OTHERS // _USERS)
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
            query = Query(words, vector(POOL + number), MODEL)
            for connection, measured in zip(connections, times, strict=True):
                seconds = _ask(connection, user, query)
                if number >= _WARM_UP:
                    measured.append(seconds)
    return times


def _ask(connection: Connection, user: UUID, query: Query) -> float:
    began = time.perf_counter()
    hits = fetch_hits(send_recall_query(connection, user, query, gated=False))
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
