"""How long a migration may wait for others and make others wait, and who holds what it waits for."""

import os
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from pam.migrations.excerpts import first_line
from pam.migrations.files import MigrationError
from pam.migrations.ledger import Connection

_T = TypeVar("_T")

# Any number, as long as all runners use the same one: "PAM" in ASCII.
ADVISORY_LOCK_ID = 0x50414D

_POLL_INTERVAL_S = 0.1

_HOLDER = """
select a.pid, a.application_name, a.usename, extract(epoch from now() - a.backend_start)::integer as age_s
  from pg_locks l join pg_stat_activity a using (pid)
 where l.locktype = 'advisory' and l.classid = 0 and l.objid = %s and l.objsubid = 1 and l.granted
   and l.database = (select oid from pg_database where datname = current_database())
"""

_LONG_TRANSACTIONS = """
select pid, application_name, usename, state, extract(epoch from now() - xact_start)::integer as age_s
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and xact_start < now() - %s * interval '1 millisecond'
 order by xact_start limit 5
"""


class RunnerBusyError(MigrationError):
    """Another runner works on this database, and did not end in time."""


class LockTimeoutError(MigrationError):
    """A table was in use at each attempt; the step that needed it was rolled back."""


@dataclass(frozen=True)
class Timeouts:
    """Limits of a runner. The defaults are for a database in use.

    Requests for a table queue behind a migration that waits for the same table: they wait for `lock_ms` and for what
    the migration does with the table. Therefore a migration gives up early, and often.
    """

    runner_s: float = 30
    """For another runner to end."""
    lock_ms: int = 500
    """For a table, at each attempt."""
    attempts: int = 15
    pause_s: float = 0.25
    """After the first attempt; doubled after each, up to `max_pause_s`."""
    max_pause_s: float = 5
    statement_s: int = 300
    """For a statement in a transaction: its locks are held as long."""
    concurrent_s: int = 0
    """For a statement such as `create index concurrently`, which blocks nobody; 0 is no limit."""


def application_name() -> str:
    """Return what other runners are told of this one: where it runs."""
    return f"pam.migrations {socket.gethostname()}:{os.getpid()}"[:63]


def take_advisory_lock(connection: Connection, limit_s: float) -> None:
    """Take the lock of all runners until the connection ends. Raises `RunnerBusyError`, with who has it.

    It asks again and again instead of waiting in Postgres: a statement that waits has a snapshot, and
    `create index concurrently` of the other runner would wait for this snapshot, each for the other.
    """
    deadline = time.monotonic() + limit_s
    while not _try_lock(connection):
        if time.monotonic() > deadline:
            holder = connection.execute(_HOLDER, (ADVISORY_LOCK_ID,)).fetchone()
            if holder is None:  # it ended a moment ago
                continue
            raise RunnerBusyError(
                f"Another runner works on this database for {holder['age_s']} s: process {holder['pid']},"
                f" {holder['application_name'] or 'unnamed'}, as {holder['usename']}. Wait for it to end, or end it by"
                f" pg_terminate_backend({holder['pid']}), which rolls its current step back."
            )
        time.sleep(_POLL_INTERVAL_S)


def _try_lock(connection: Connection) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s) as taken", (ADVISORY_LOCK_ID,)).fetchone()
    return row is not None and bool(row["taken"])


def retry_locks(connection: Connection, timeouts: Timeouts, label: str, run: Callable[[], _T]) -> _T:
    """Return what `run` returns; run it again where a lock was not to be had. Raises `LockTimeoutError` in the end.

    `run` must leave nothing when it fails.
    """
    pause = timeouts.pause_s
    for attempt in range(1, timeouts.attempts + 1):
        try:
            return run()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if attempt == timeouts.attempts:
                users = _long_transactions(connection, timeouts.lock_ms)
                raise LockTimeoutError(
                    f"{label} got no lock in {attempt} attempts, and the step that needed it was rolled back:"
                    f" {first_line(error)}. {users}"
                ) from error
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
        pause = min(2 * pause, timeouts.max_pause_s)
    raise AssertionError("attempts is positive")


def _long_transactions(connection: Connection, lock_ms: int) -> str:
    rows = connection.execute(_LONG_TRANSACTIONS, (lock_ms,)).fetchall()
    if not rows:
        return "No transaction is open for long now: try again."
    found = "; ".join(
        f"process {row['pid']} ({row['application_name'] or 'unnamed'}, as {row['usename']}, {row['state']})"
        f" for {row['age_s']} s"
        for row in rows
    )
    return f"Open transactions: {found}. End them, or try again later."
