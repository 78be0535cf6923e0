"""Adds vectors to stored passages, facts and summaries: in batches, and again where those are of another model."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pam.memory.embedding_requests import EmbeddingRequests
from pam.memory.leased_requests import LeasedRequest
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

# A passage with the one before it in the conversation, as its words are indexed.
_SELECT = """
select * from (
    (select 'exchanges' as kind, x.id, concat_ws(chr(10), before.content, x.content) as text
       from exchanges x
       left join lateral (select content from exchanges p
                           where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                           order by p.id desc limit 1) before on true
      where x.user_id = %(user)s and x.embedding_model is distinct from %(model)s
        and x.embedding_refused_by is distinct from %(model)s
      order by x.id desc limit %(most)s)
      union all
    (select 'facts', id, subject || ': ' || value from facts
      where user_id = %(user)s and embedding_model is distinct from %(model)s
        and embedding_refused_by is distinct from %(model)s
      order by id desc limit %(most)s)
      union all
    (select 'conversation_episodes', id, topic || ': ' || summary from conversation_episodes
      where user_id = %(user)s and embedding_model is distinct from %(model)s
        and embedding_refused_by is distinct from %(model)s
      order by id desc limit %(most)s)
) rows limit %(most)s
"""
_UPDATE = {
    "exchanges": """
        update exchanges x
           set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
         where x.user_id = %(user)s and x.id = %(id)s
           and concat_ws(chr(10), (select content from exchanges p
                                    where p.user_id = %(user)s and p.conversation_id = x.conversation_id and p.id < x.id
                                    order by p.id desc limit 1), x.content) = %(text)s""",
    "facts": """
        update facts set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
         where user_id = %(user)s and id = %(id)s and subject || ': ' || value = %(text)s""",
    "conversation_episodes": """
        update conversation_episodes
           set embedding = %(vector)s, embedding_model = %(model)s, embedding_dimensions = %(dimensions)s
         where user_id = %(user)s and id = %(id)s""",
}
"""By table. A fact that was corrected meanwhile, or a passage before which one was deleted, keeps no vector of the text
before."""
_UPDATE_REFUSED = {
    "exchanges": "update exchanges set embedding_refused_by = %(model)s where user_id = %(user)s and id = %(id)s",
    "facts": "update facts set embedding_refused_by = %(model)s where user_id = %(user)s and id = %(id)s",
    "conversation_episodes": """
        update conversation_episodes set embedding_refused_by = %(model)s where user_id = %(user)s and id = %(id)s""",
}

_PROBE = "The water tank is full."
"""A text that no model has a reason to refuse."""


def embed_requested(database: Database, embedder: Embedder, deadline: Deadline) -> None:
    """Embed what is due of all users until nothing is, or the deadline is near.

    A request that fails is due again later; one that ends the run at every attempt is quarantined. Raises
    `DatabaseUnavailable`.
    """
    requests = EmbeddingRequests(database)
    # One at a time: an attempt counts from its claim, also where the run ends before it.
    while deadline.left_s > _MIN_LEFT_S and (request := requests.claim(deadline)) is not None:
        _embed_request(database, embedder, requests, request, deadline)
    quarantined = requests.quarantine(deadline)
    measure(Metric.EMBEDDING_QUARANTINED, quarantined)


def _embed_request(
    database: Database, embedder: Embedder, requests: EmbeddingRequests, request: LeasedRequest, deadline: Deadline
) -> None:
    try:
        embed_user(database, embedder, request.user_id, deadline.at_most(deadline.left_s - _MIN_LEFT_S))
    except SourceError as error:
        count(Metric.EMBEDDING_FAILED)
        count(Metric.SOURCE_ERROR, {"source": str(error.source), "kind": str(error.kind)})
        logger.warning("passages not embedded", exc_info=True)
        delay = timedelta(seconds=error.retry_after) if error.retry_after else _RETRY_AFTER
        requests.postpone(request, delay, deadline)
    except DatabaseUnavailable:
        # Its time is over, or Postgres is down, which this raises again.
        count(Metric.EMBEDDING_FAILED)
        requests.postpone(request, _RETRY_AFTER, deadline)
    else:
        requests.finish(request, deadline)


def embed_user(database: Database, embedder: Embedder, user_id: UUID, deadline: Deadline) -> int:
    """Embed a user's rows without a vector of this model, newest first; return the number of those that got one.

    A row that the model refuses stays without: it is found by its words. Raises `SourceError` and
    `DatabaseUnavailable`; what is done until then stays.
    """
    done = 0
    while True:
        values = {"user": user_id, "model": embedder.model, "most": BATCH}
        with database.session(user_id, deadline) as connection:
            rows = connection.execute(_SELECT, values).fetchall()
        if not rows:
            return done
        vectors = _embed(embedder, [row["text"] for row in rows], deadline)
        model = {"user": user_id, "model": embedder.model, "dimensions": embedder.dimensions}
        with database.session(user_id, deadline) as connection:
            register_vectors(connection)
            for row, vector in zip(rows, vectors, strict=True):
                scope = model | {"id": row["id"], "text": row["text"]}
                if vector is None:
                    connection.execute(_UPDATE_REFUSED[row["kind"]], scope)
                else:
                    connection.execute(_UPDATE[row["kind"]], scope | {"vector": to_vector(vector)})
        refused = vectors.count(None)
        done += len(rows) - refused
        measure(Metric.PASSAGES_EMBEDDED, len(rows) - refused)
        measure(Metric.PASSAGES_REFUSED, refused)


def _embed(embedder: Embedder, texts: Sequence[str], deadline: Deadline) -> list[list[float] | None]:
    """Return a vector for each text, None for one that is refused; the others of its batch are embedded without it."""
    try:
        return [*embedder.embed(texts, EmbeddingPurpose.DOCUMENT, deadline)]
    except SourceError as error:
        if error.kind is not SourceErrorKind.REFUSED:
            raise
    if len(texts) > 1:
        middle = len(texts) // 2
        return [*_embed(embedder, texts[:middle], deadline), *_embed(embedder, texts[middle:], deadline)]
    # Where the model refuses any text, the fault isn't this one's: that raises.
    embedder.embed([_PROBE], EmbeddingPurpose.DOCUMENT, deadline)
    return [None]
