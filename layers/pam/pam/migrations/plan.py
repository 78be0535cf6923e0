"""The dry run of migrations: in a transaction that is rolled back, with the locks that they take."""

import time
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pam.migrations.excerpts import first_line, shorten
from pam.migrations.files import Migration, MigrationError
from pam.migrations.ledger import Connection
from pam.migrations.locks import TableLock, read_locks, read_tables
from pam.migrations.waiting import Timeouts, retry_locks


@dataclass(frozen=True)
class PlannedLock:
    """A lock on a table that existed before the migration.

    `held_ms` is from the start of the statement that took it to the end of the migration: others may wait as long.
    """

    lock: TableLock
    statement: int
    held_ms: float


@dataclass(frozen=True)
class PlannedMigration:
    """A migration that `up` would apply, and what its dry run showed."""

    migration: Migration
    locks: tuple[PlannedLock, ...]
    duration_ms: float
    held_before: frozenset[TableLock] = frozenset()
    """Locks of earlier migrations of this plan: whether this one needs them as well is not visible."""
    untried: str | None = None
    """Why there was no dry run, or None."""

    def lines(self) -> list[str]:
        """Return a report: the locks from those that block most, and how long they are held."""
        if self.untried is not None:
            return [f"not tried: {self.untried}"]
        ordered = sorted(self.locks, key=lambda each: (_RANK[each.lock.blocks], each.lock))
        lines = [f"took {self.duration_ms:.0f} ms"] + [
            f"{each.lock.table}: {each.lock.mode}, blocks {each.lock.blocks}, for {each.held_ms:.0f} ms"
            f" from statement {each.statement}"
            for each in ordered
        ]
        if self.held_before:
            lines.append(f"and it may need some of the {len(self.held_before)} locks of the migrations before it")
        return lines


_RANK = {"reads and writes": 0, "writes": 1, "nothing": 2}


def dry_run(connection: Connection, migrations: list[Migration], timeouts: Timeouts) -> list[PlannedMigration]:
    """Run all migrations in one transaction, each in a savepoint, and roll it back.

    Raises `MigrationError` with the statement that fails, and `LockTimeoutError` where a table is in use.
    """

    def run() -> list[PlannedMigration]:
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local statement_timeout = '{timeouts.statement_s}s'")
            planned: list[PlannedMigration] = []
            for migration in migrations:
                planned.append(_try(connection, migration, planned))
            return planned

    return retry_locks(connection, timeouts, "The plan", run)


def _try(connection: Connection, migration: Migration, before: list[PlannedMigration]) -> PlannedMigration:
    if not migration.script("up").is_transactional:
        return PlannedMigration(
            migration, (), 0, untried="it runs without a transaction, and nothing of it is rolled back"
        )
    try:
        with connection.transaction():
            return _run(connection, migration)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise
    except _StatementError as error:
        untried = [str(each.migration) for each in before if each.untried is not None]
        if untried:
            reason = f"it may need {untried[-1]}, which wasn't tried: {error}"
            return PlannedMigration(migration, (), 0, untried=reason)
        raise MigrationError(f"{migration} would fail at {error}") from error


class _StatementError(Exception):
    """A statement of a dry run failed."""


def _run(connection: Connection, migration: Migration) -> PlannedMigration:
    migration.check_transactions("up")
    pid = connection.info.backend_pid
    tables = read_tables(connection)
    began = time.perf_counter()
    held_before = read_locks(connection, tables, pid)
    taken: dict[TableLock, tuple[int, float]] = {}
    for number, statement in enumerate(migration.script("up").statements, start=1):
        started = time.perf_counter()
        try:
            connection.execute(sql.SQL(statement))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            raise
        except psycopg.Error as error:
            text = f"statement {number} ({shorten(statement)} …): {type(error).__name__}: {first_line(error)}"
            raise _StatementError(text) from error
        for lock in read_locks(connection, tables, pid) - held_before:
            taken.setdefault(lock, (number, started))
    ended = time.perf_counter()
    locks = [PlannedLock(lock, number, (ended - started) * 1000) for lock, (number, started) in taken.items()]
    return PlannedMigration(
        migration, tuple(sorted(locks, key=lambda each: each.lock)), (ended - began) * 1000, frozenset(held_before)
    )
