"""A run that has no time left, or that ends by an error, gives up no request that it has not worked on."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
import pytest

from pam.memory.embedding import embed_requested
from pam.memory.embedding_requests import MAX_ATTEMPTS, request_embedding
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import EMBEDDING_DIMENSIONS, EmbeddingPurpose
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.users.profile import ensure_user

RUN_S = 54.5


class SlowEmbedder:
    """An `Embedder` that uses up each deadline, on a clock of its own, and fails or responds just then."""

    model = "slow"
    dimensions = EMBEDDING_DIMENSIONS

    def __init__(self, *, responds: bool) -> None:
        self.now = 0.0
        self.responds = responds

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        self.now += deadline.left_s
        if not self.responds:
            raise SourceError(Source.GEMINI, SourceErrorKind.SLOW)
        return [[1.0] + [0.0] * (self.dimensions - 1) for _ in texts]


class CrashingEmbedder:
    """An `Embedder` that ends the run at one text, as a process that is killed would."""

    model = "minilm"
    dimensions = EMBEDDING_DIMENSIONS

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        if any(self.marker in text for text in texts):
            raise MemoryError
        return [[1.0] + [0.0] * (self.dimensions - 1) for _ in texts]


@pytest.fixture
def users(database: Database, owner: psycopg.Connection) -> list[uuid.UUID]:
    """Users with a message each, the first due longest; no other user has a request."""
    owner.execute("delete from embedding_requests")
    users = [uuid.uuid4() for _ in range(4)]
    for user in users:
        conversation = uuid.uuid4()
        with database.session(user, Deadline(10)) as connection:
            ensure_user(connection, user)
            connection.execute(
                "insert into conversations (id, user_id, profile) values (%s, %s, '')", (conversation, user)
            )
            message = ExchangeMessage("user", f"The pump of {user} failed.", datetime.now(UTC))
            store_exchange(connection, user, conversation, uuid.uuid4(), [message])
    return users


def let_time_pass(owner: psycopg.Connection) -> None:
    """Make every request due, and end the leases of runs that are over."""
    owner.execute("update embedding_requests set due_at = requested_at, leased_until = null")


def requests_of(owner: psycopg.Connection, users: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    """Return the attempts of the users' requests, and whether they are quarantined."""
    rows = owner.execute(
        "select user_id, attempts, quarantined_at is not null from embedding_requests where user_id = any(%s)",
        [list(users)],
    )
    return {user: (attempts, quarantined) for user, attempts, quarantined in rows}


@pytest.mark.parametrize("responds", [False, True])
def test_source_that_uses_up_runs_gives_up_no_request(
    database: Database, owner: psycopg.Connection, users: list[uuid.UUID], responds: bool
) -> None:
    """Runs end in time and without an error, and no request counts them as its own failure."""
    embedder = SlowEmbedder(responds=responds)
    for _ in range(MAX_ATTEMPTS + 2):
        let_time_pass(owner)
        embed_requested(database, embedder, Deadline(RUN_S, lambda: embedder.now))
    assert requests_of(owner, users) == dict.fromkeys(users, (0, False))


def test_request_that_ends_runs_is_quarantined_alone(
    database: Database, owner: psycopg.Connection, users: list[uuid.UUID]
) -> None:
    """The others that were due with it are embedded after it."""
    poison, *others = users
    embedder = CrashingEmbedder(str(poison))
    for _ in range(MAX_ATTEMPTS):
        let_time_pass(owner)
        with pytest.raises(MemoryError):
            embed_requested(database, embedder, Deadline(RUN_S))
    let_time_pass(owner)
    embed_requested(database, embedder, Deadline(RUN_S))
    assert requests_of(owner, users) == {poison: (MAX_ATTEMPTS, True)}
    with database.session(poison, Deadline(10)) as connection:
        request_embedding(connection, poison)
    assert requests_of(owner, users) == {poison: (0, False)}, "the next message requests another attempt"
    assert owner.execute(
        "select count(*) from exchanges where user_id = any(%s) and embedding_model = 'minilm'", [others]
    ).fetchone() == (len(others),)
