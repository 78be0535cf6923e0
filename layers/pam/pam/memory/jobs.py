"""The jobs of the scheduled functions: whose messages are to be embedded, and which conversations to be summarised.

A job is leased to one caller at a time. One that fails at every attempt is quarantined, and the others go on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database

EPISODE_GAP = timedelta(hours=6)
"""A pause after which a conversation's episode is over."""

MAX_EPISODE_MESSAGES = 50

MAX_ATTEMPTS = 5

_NO_USER = UUID(int=0)


class JobKind(StrEnum):
    """What there is to do."""

    EMBED = "embed"
    SUMMARISE = "summarise"


@dataclass(frozen=True)
class Job:
    """A leased job. `conversation_id` is the nil UUID for a job of the whole user."""

    kind: JobKind
    user_id: UUID
    conversation_id: UUID
    lease: UUID
    attempts: int
    changed_at: datetime


_REQUEST_EMBEDDING = """
insert into memory_jobs (user_id, kind, conversation_id, due_at, changed_at)
values (%(user)s, %(kind)s, %(conversation)s, now(), clock_timestamp())
on conflict (user_id, kind, conversation_id) do update
   set due_at = least(memory_jobs.due_at, excluded.due_at), changed_at = excluded.changed_at
"""
_REQUEST_SUMMARY = """
insert into memory_jobs (user_id, kind, conversation_id, due_at, changed_at)
values (%(user)s, %(kind)s, %(conversation)s, now() + %(gap)s, clock_timestamp())
on conflict (user_id, kind, conversation_id) do update
   set due_at = case when (select count(distinct (turn_id, role)) from exchanges
                            where user_id = %(user)s and conversation_id = %(conversation)s and episode_id is null)
                          >= %(most)s then now() else excluded.due_at end,
       changed_at = excluded.changed_at
"""
_CLAIM = "select * from claim_memory_jobs(%(kind)s, %(most)s, %(lease_s)s, %(attempts)s)"
# Deleted where nothing has changed since it was claimed; else the next run does the rest.
_DELETE = """
delete from memory_jobs
 where user_id = %(user)s and kind = %(kind)s and conversation_id = %(conversation)s and lease = %(lease)s
   and changed_at = %(changed_at)s
"""
_RELEASE = """
update memory_jobs set lease = null, leased_until = null, attempts = %(attempts)s, due_at = now() + %(delay)s
 where user_id = %(user)s and kind = %(kind)s and conversation_id = %(conversation)s and lease = %(lease)s
"""


def request_embedding(connection: Connection, user_id: UUID) -> None:
    """Have the user's new rows embedded soon, in the caller's transaction."""
    connection.execute(_REQUEST_EMBEDDING, {"user": user_id, "kind": JobKind.EMBED, "conversation": _NO_USER})


def request_summary(connection: Connection, user_id: UUID, conversation_id: UUID) -> None:
    """Have a conversation summarised after its next pause, or now if it is long enough, in the caller's transaction."""
    connection.execute(
        _REQUEST_SUMMARY,
        {
            "user": user_id,
            "kind": JobKind.SUMMARISE,
            "conversation": conversation_id,
            "gap": EPISODE_GAP,
            "most": MAX_EPISODE_MESSAGES,
        },
    )


class MemoryJobs:
    """The queue of jobs of all users. Methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, kind: JobKind, most: int, lease: timedelta, deadline: Deadline) -> list[Job]:
        """Lease up to `most` due jobs to the caller, those that are due longest first."""
        values = {"kind": kind, "most": most, "lease_s": int(lease.total_seconds()), "attempts": MAX_ATTEMPTS}
        with self._database.session(_NO_USER, deadline) as connection:
            rows = connection.execute(_CLAIM, values).fetchall()
        return [Job(kind=kind, **row) for row in rows]

    def quarantine(self, deadline: Deadline) -> int:
        """Set jobs aside that have failed at every attempt; return how many."""
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(
                "select quarantine_memory_jobs(%(attempts)s) as jobs", {"attempts": MAX_ATTEMPTS}
            ).fetchone()
        assert row is not None
        return int(row["jobs"])


def finish_job(connection: Connection, job: Job) -> None:
    """Remove a job that is done, in the transaction of its results, unless there is more to do since."""
    connection.execute(_DELETE, _scope(job) | {"changed_at": job.changed_at})
    connection.execute(_RELEASE, _scope(job) | {"attempts": 0, "delay": timedelta(0)})


def postpone_job(connection: Connection, job: Job, delay: timedelta, *, failed: bool) -> None:
    """Return a job that isn't done. `failed` counts as an attempt of `MAX_ATTEMPTS`."""
    attempts = job.attempts if failed else job.attempts - 1
    connection.execute(_RELEASE, _scope(job) | {"attempts": attempts, "delay": delay})


def _scope(job: Job) -> dict[str, object]:
    return {"user": job.user_id, "kind": job.kind, "conversation": job.conversation_id, "lease": job.lease}
