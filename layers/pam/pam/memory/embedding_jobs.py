"""Adds vectors to what is stored: in batches, and again for rows whose vectors are of another model."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from pam.memory.jobs import Job, JobKind, MemoryJobs, finish_job, postpone_job
from pam.memory.vectors import register_vectors, to_vector
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import logger, measure
from pam.platform.postgres import Connection, Database
from pam.sources.embedding import Embedder, EmbeddingPurpose
from pam.sources.source import SourceError, SourceErrorKind

BATCH = 100

_LEASE = timedelta(seconds=60)
_MAX_JOBS = 20
_RETRY_AFTER = timedelta(seconds=30)
_MIN_LEFT_S = 5.0

_SELECT_EXCHANGES = """
select x.id, concat_ws(chr(10), before.content, x.content) as text
  from exchanges x
  left join lateral (select content from exchanges p
                      where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                      order by p.id desc limit 1) before on true
 where x.user_id = %(user)s and x.embedding_model is distinct from %(model)s
 order by x.id desc limit %(most)s
"""
_SELECT_FACTS = """
select id, subject || ': ' || value as text from facts
 where user_id = %(user)s and embedding_model is distinct from %(model)s order by id desc limit %(most)s
"""
_SELECT_EPISODES = """
select id, topic || ': ' || summary as text from conversation_episodes
 where user_id = %(user)s and embedding_model is distinct from %(model)s order by id desc limit %(most)s
"""
_UPDATE_EXCHANGE = """
update exchanges set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
 where user_id = %(user)s and id = %(id)s
"""
_UPDATE_FACT = """
update facts set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
 where user_id = %(user)s and id = %(id)s
"""
_UPDATE_EPISODE = """
update conversation_episodes
   set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
 where user_id = %(user)s and id = %(id)s
"""
_TABLES = (
    (_SELECT_EXCHANGES, _UPDATE_EXCHANGE),
    (_SELECT_FACTS, _UPDATE_FACT),
    (_SELECT_EPISODES, _UPDATE_EPISODE),
)


def embed_due(database: Database, embedder: Embedder, deadline: Deadline) -> int:
    """Embed what is due of all users until nothing is, or the deadline is near; return the number of rows.

    A job that fails is due again later; one that fails at every attempt is quarantined. Raises `DatabaseUnavailable`.
    """
    jobs = MemoryJobs(database)
    rows = 0
    while deadline.left_s > _MIN_LEFT_S:
        claimed = jobs.claim(JobKind.EMBED, _MAX_JOBS, _LEASE, deadline)
        if not claimed:
            break
        for job in claimed:
            rows += _run(database, embedder, job, deadline)
    measure(Metric.MEMORY_ROWS_EMBEDDED, MetricUnit.Count, rows)
    return rows


def _run(database: Database, embedder: Embedder, job: Job, deadline: Deadline) -> int:
    try:
        rows = embed_user(database, embedder, job.user_id, deadline)
        with database.session(job.user_id, deadline) as connection:
            finish_job(connection, job)
        return rows
    except SourceError as error:
        # Only a refused text is a fault of the job: a source that is down is no reason to give it up.
        failed = error.kind in (SourceErrorKind.REFUSED, SourceErrorKind.MALFORMED)
        delay = timedelta(seconds=error.retry_after) if error.retry_after else _RETRY_AFTER
        logger.warning("rows not embedded", exc_info=True)
        with database.session(job.user_id, deadline) as connection:
            postpone_job(connection, job, delay, failed=failed)
        return 0


def embed_user(database: Database, embedder: Embedder, user_id: UUID, deadline: Deadline) -> int:
    """Embed all rows of a user without a vector of this model, newest first; return their number.

    Raises `SourceError` and `DatabaseUnavailable`; what is done until then stays.
    """
    done = 0
    for select, update in _TABLES:
        while True:
            values = {"user": user_id, "model": embedder.model, "most": BATCH}
            with database.session(user_id, deadline) as connection:
                rows = connection.execute(select, values).fetchall()
            if not rows:
                break
            vectors = embedder.embed([row["text"] for row in rows], EmbeddingPurpose.DOCUMENT, deadline)
            with database.session(user_id, deadline) as connection:
                _update(connection, update, user_id, embedder, rows, vectors)
            done += len(rows)
    return done


def _update(
    connection: Connection,
    statement: str,
    user_id: UUID,
    embedder: Embedder,
    rows: Sequence[dict[str, Any]],
    vectors: Sequence[Sequence[float]],
) -> None:
    register_vectors(connection)
    for row, vector in zip(rows, vectors, strict=True):
        connection.execute(
            statement,
            {
                "user": user_id,
                "id": row["id"],
                "vector": to_vector(vector),
                "model": embedder.model,
                "dimensions": embedder.dimensions,
            },
        )
