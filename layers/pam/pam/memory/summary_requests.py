"""Which conversations have messages to summarise, and when.

A request is due when its window may be complete: the run that claims it reads the messages and decides. Quarantined
ones stay so: each attempt costs a model call.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pam.memory.episode_windows import MAX_MESSAGES, SILENCE
from pam.memory.leased_requests import LeasedRequest, LeasedRequests, RequestStatements
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database

LEASE = timedelta(seconds=120)

_NO_USER = UUID(int=0)
_MAX_ROWS = 2000
"""Passages that are looked at: at least those of a full window."""

# A request whose time has come stays due, whatever is written since.
_REQUEST = """
with newest as (
    select turn_id, role, sent_at from exchanges
     where user_id = %(user)s and conversation_id = %(conversation)s and episode_id is null
     order by id desc limit %(rows)s
), due as (
    select case when count(distinct (turn_id, role)) >= %(messages)s then now()
                else max(sent_at) + %(silence)s end as at
      from newest
)
insert into summary_requests (user_id, conversation_id, requested_at, due_at)
select %(user)s, %(conversation)s, clock_timestamp(), at from due where at is not null
on conflict (user_id, conversation_id) do update
   set requested_at = excluded.requested_at,
       due_at = case when least(summary_requests.due_at, excluded.due_at) <= now()
                     then least(summary_requests.due_at, excluded.due_at) else excluded.due_at end
"""
_CLAIM = "select * from claim_summary_requests(1, %(lease)s, %(attempts)s)"
_QUARANTINE = "select quarantine_summary_requests(%(attempts)s) as requests"
_COUNT = "select count_due_summary_requests() as requests"
_OWN = "user_id = %(user)s and conversation_id = %(conversation)s and lease = %(lease)s"
_LOCK = f"select attempts from summary_requests where {_OWN} for update"
_DELETE = f"delete from summary_requests where {_OWN}"
# The next window of the conversation is no later attempt of this one.
_RELEASE_DONE = f"""
update summary_requests set lease = null, leased_until = null, attempts = 0, due_at = now() + %(delay)s where {_OWN}
"""
# A lease is of one request alone.
_RELEASE = """
update summary_requests set lease = null, leased_until = null, attempts = %(attempts)s, due_at = now() + %(delay)s
 where user_id = %(user)s and lease = %(lease)s
"""


@dataclass(frozen=True)
class SummaryRequest(LeasedRequest):
    """A conversation that is leased to one caller."""

    conversation_id: UUID


class LeaseLost(Exception):
    """The request's lease has expired and another caller has it, or the conversation is deleted."""


def request_summary(connection: Connection, user_id: UUID, conversation_id: UUID) -> None:
    """Have the conversation summarised six hours after its newest message, in the caller's transaction.

    With the messages of a full window it is due at once.
    """
    values = {
        "user": user_id,
        "conversation": conversation_id,
        "rows": _MAX_ROWS,
        "messages": MAX_MESSAGES,
        "silence": SILENCE,
    }
    connection.execute(_REQUEST, values)


def lock_request(connection: Connection, request: SummaryRequest) -> None:
    """Lock the request until the transaction ends. Raises `LeaseLost`: then nothing may be written for it."""
    if connection.execute(_LOCK, _scope(request)).fetchone() is None:
        raise LeaseLost


def finish_request(connection: Connection, request: SummaryRequest, next_in: timedelta | None) -> None:
    """Make a locked request due again for the next window, or remove it where `next_in` is None."""
    if next_in is None:
        connection.execute(_DELETE, _scope(request))
    else:
        connection.execute(_RELEASE_DONE, _scope(request) | {"delay": next_in})


class SummaryRequests(LeasedRequests[SummaryRequest]):
    """The conversations with messages to summarise: of a user one at a time. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, RequestStatements(_CLAIM, _QUARANTINE, _RELEASE), SummaryRequest, LEASE)

    def count_due(self, deadline: Deadline) -> int:
        """Return how many conversations are due and not leased."""
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(_COUNT).fetchone()
        assert row is not None
        return int(row["requests"])


def _scope(request: SummaryRequest) -> dict[str, UUID]:
    return {"user": request.user_id, "conversation": request.conversation_id, "lease": request.lease}
