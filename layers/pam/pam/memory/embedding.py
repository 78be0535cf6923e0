"""Adds vectors to stored passages: in batches, and again where those are of another model."""

from datetime import timedelta
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from pam.memory.embedding_requests import EmbeddingRequest, EmbeddingRequests
from pam.memory.vectors import register_vectors, to_vector
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.postgres import Database, DatabaseUnavailable
from pam.sources.embedding import Embedder, EmbeddingPurpose
from pam.sources.source import SourceError, SourceErrorKind

BATCH = 100

_RETRY_AFTER = timedelta(seconds=30)
_MIN_LEFT_S = 5.0
"""Time in seconds that a run keeps to store what became of its last request."""

# With the passage before it in the conversation, as its words are indexed.
_SELECT = """
select x.id, concat_ws(chr(10), before.content, x.content) as text
  from exchanges x
  left join lateral (select content from exchanges p
                      where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                      order by p.id desc limit 1) before on true
 where x.user_id = %(user)s and x.embedding_model is distinct from %(model)s
 order by x.id desc limit %(most)s
"""
_UPDATE = """
update exchanges set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
 where user_id = %(user)s and id = %(id)s
"""


def embed_requested(database: Database, embedder: Embedder, deadline: Deadline) -> None:
    """Embed what is due of all users until nothing is, or the deadline is near.

    A request that fails is due again later; one that fails at every attempt is quarantined. Raises
    `DatabaseUnavailable`.
    """
    requests = EmbeddingRequests(database)
    # One at a time: an attempt counts from its claim, also where the run ends before it.
    while deadline.left_s > _MIN_LEFT_S and (request := requests.claim(deadline)) is not None:
        _embed_request(database, embedder, requests, request, deadline)
    quarantined = requests.quarantine(deadline)
    measure(Metric.EMBEDDING_QUARANTINED, MetricUnit.Count, quarantined)


def _embed_request(
    database: Database, embedder: Embedder, requests: EmbeddingRequests, request: EmbeddingRequest, deadline: Deadline
) -> None:
    try:
        embed_user(database, embedder, request.user_id, deadline.at_most(deadline.left_s - _MIN_LEFT_S))
    except SourceError as error:
        count(Metric.EMBEDDING_FAILED)
        logger.warning("passages not embedded", exc_info=True)
        # Only a refused text is the request's own fault: a source that is down is no reason to give it up.
        failed = error.kind in (SourceErrorKind.REFUSED, SourceErrorKind.MALFORMED)
        delay = timedelta(seconds=error.retry_after) if error.retry_after else _RETRY_AFTER
        requests.postpone(request, delay, deadline, failed=failed)
    except DatabaseUnavailable:
        # Its time is over, or Postgres is down, which this raises again.
        count(Metric.EMBEDDING_FAILED)
        requests.postpone(request, _RETRY_AFTER, deadline, failed=False)
    else:
        requests.finish(request, deadline)


def embed_user(database: Database, embedder: Embedder, user_id: UUID, deadline: Deadline) -> int:
    """Embed a user's passages without a vector of this model, newest first; return their number.

    Raises `SourceError` and `DatabaseUnavailable`; what is done until then stays.
    """
    done = 0
    while True:
        values = {"user": user_id, "model": embedder.model, "most": BATCH}
        with database.session(user_id, deadline) as connection:
            rows = connection.execute(_SELECT, values).fetchall()
        if not rows:
            return done
        vectors = embedder.embed([row["text"] for row in rows], EmbeddingPurpose.DOCUMENT, deadline)
        model = {"user": user_id, "model": embedder.model, "dimensions": embedder.dimensions}
        with database.session(user_id, deadline) as connection:
            register_vectors(connection)
            for row, vector in zip(rows, vectors, strict=True):
                connection.execute(_UPDATE, model | {"id": row["id"], "vector": to_vector(vector)})
        done += len(rows)
        measure(Metric.PASSAGES_EMBEDDED, MetricUnit.Count, len(rows))
