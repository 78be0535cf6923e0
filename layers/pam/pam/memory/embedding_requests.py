"""Which users have rows to embed. One that ends the run at every attempt is quarantined, and the others go on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database

MAX_ATTEMPTS = 5

_LEASE = timedelta(seconds=60)
_NO_USER = UUID(int=0)


@dataclass(frozen=True)
class EmbeddingRequest:
    """A request that is leased to one caller."""

    user_id: UUID
    lease: UUID
    attempts: int
    requested_at: datetime


_REQUEST = """
insert into embedding_requests (user_id, due_at, requested_at) values (%(user)s, now(), clock_timestamp())
on conflict (user_id) do update
   set due_at = least(embedding_requests.due_at, excluded.due_at), requested_at = excluded.requested_at,
       attempts = case when embedding_requests.quarantined_at is null then embedding_requests.attempts else 0 end,
       quarantined_at = null
"""
_CLAIM = "select * from claim_embedding_requests(1, %(lease)s, %(attempts)s)"
_QUARANTINE = "select quarantine_embedding_requests(%(attempts)s) as requests"
# Where rows came since it was claimed, the next run embeds them.
_DELETE = "delete from embedding_requests where user_id = %(user)s and lease = %(lease)s and requested_at = %(at)s"
_RELEASE = """
update embedding_requests set lease = null, leased_until = null, attempts = %(attempts)s, due_at = now() + %(delay)s
 where user_id = %(user)s and lease = %(lease)s
"""


def request_embedding(connection: Connection, user_id: UUID) -> None:
    """Have the user's new rows embedded soon, in the caller's transaction."""
    connection.execute(_REQUEST, {"user": user_id})


class EmbeddingRequests:
    """The requests of all users. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, deadline: Deadline) -> EmbeddingRequest | None:
        """Lease the request that is due longest to the caller for a minute; None if none is due."""
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(_CLAIM, {"lease": _LEASE, "attempts": MAX_ATTEMPTS}).fetchone()
        return None if row is None else EmbeddingRequest(**row)

    def quarantine(self, deadline: Deadline) -> int:
        """Set requests aside that have ended the run at every attempt; return how many.

        The next message of their user requests another attempt, which begins with that message.
        """
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(_QUARANTINE, {"attempts": MAX_ATTEMPTS}).fetchone()
        assert row is not None
        return int(row["requests"])

    def finish(self, request: EmbeddingRequest, deadline: Deadline) -> None:
        """Remove a request whose rows are embedded."""
        scope = {"user": request.user_id, "lease": request.lease}
        with self._database.session(request.user_id, deadline) as connection:
            connection.execute(_DELETE, scope | {"at": request.requested_at})
            connection.execute(_RELEASE, scope | {"attempts": 0, "delay": timedelta(0)})

    def postpone(self, request: EmbeddingRequest, delay: timedelta, deadline: Deadline) -> None:
        """Return a request that isn't done, by no fault of its own."""
        attempts = request.attempts - 1
        values = {"user": request.user_id, "lease": request.lease, "attempts": attempts, "delay": delay}
        with self._database.session(request.user_id, deadline) as connection:
            connection.execute(_RELEASE, values)
