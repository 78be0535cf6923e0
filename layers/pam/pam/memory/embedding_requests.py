"""Which users have rows to embed."""

from datetime import timedelta
from uuid import UUID

from pam.memory.leased_requests import MAX_ATTEMPTS as MAX_ATTEMPTS
from pam.memory.leased_requests import LeasedRequest, LeasedRequests, RequestStatements
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database

_LEASE = timedelta(seconds=60)

# The next message of a user whose request is quarantined requests another attempt, which begins with that message.
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


class EmbeddingRequests(LeasedRequests[LeasedRequest]):
    """The users with rows to embed. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, RequestStatements(_CLAIM, _QUARANTINE, _RELEASE), LeasedRequest, _LEASE)

    def finish(self, request: LeasedRequest, deadline: Deadline) -> None:
        """Remove a request whose rows are embedded."""
        scope = {"user": request.user_id, "lease": request.lease}
        with self._database.session(request.user_id, deadline) as connection:
            connection.execute(_DELETE, scope | {"at": request.requested_at})
            connection.execute(_RELEASE, scope | {"attempts": 0, "delay": timedelta(0)})
