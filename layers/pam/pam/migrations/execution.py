"""Runs the script of one migration, in one transaction or statement by statement, and records it in the ledger."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pam.migrations import ledger
from pam.migrations.batches import read_batches, run_batches
from pam.migrations.excerpts import shorten
from pam.migrations.files import Direction, Migration, MigrationError
from pam.migrations.ledger import AppliedMigration, Connection
from pam.migrations.waiting import Timeouts, retry_locks

_CONCURRENTLY = re.compile(
    r"(?:create\s+(?:unique\s+)?index|drop\s+index|reindex\s.*?|refresh\s+materialized\s+view)\s+concurrently\b"
    r"|alter\s+table\s.*\sdetach\s+partition\s.*\sconcurrently$",
    re.IGNORECASE | re.DOTALL,
)
_CREATE_INDEX = re.compile(r"create\s+(?:unique\s+)?index\s+concurrently\b", re.IGNORECASE)

# What `create index concurrently` leaves where it was interrupted: an index that is written and never read.
_INVALID_INDEXES = """
select i.indexrelid::regclass::text as name, c.relname
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where not i.indisvalid and pg_table_is_visible(c.oid)
   and not exists (select from pg_constraint where conindid = i.indexrelid)
"""


@dataclass(frozen=True)
class Progress:
    """A point between two statements or batches of a migration: before the first one `statements_done` is 0.

    `is_recorded` says whether the ledger has this, in a migration with a transaction not yet committed.
    """

    connection: Connection
    migration: Migration
    direction: Direction
    statements_done: int
    is_recorded: bool


Observer = Callable[[Progress], None]


class Execution:
    """Runs scripts over a connection that has the lock of all runners."""

    def __init__(self, connection: Connection, timeouts: Timeouts, observer: Observer) -> None:
        """`observer` is called between any two statements."""
        self._connection = connection
        self._timeouts = timeouts
        self._observe = observer

    def run(self, migration: Migration, direction: Direction, entry: AppliedMigration | None) -> None:
        """Run one script; `entry` is the ledger's newest one, from which an interrupted migration goes on.

        Raises `MigrationError` for a script that can't be run, and what the database says.
        """
        connection = self._connection
        script = migration.script(direction)
        batches = read_batches(migration, direction)
        migration.check_transactions(direction)
        if not script.statements and (direction == "up" or not script.is_transactional):
            raise MigrationError(f"{migration} has no statement to run {direction}.")
        configure(connection, self._timeouts)
        if script.is_transactional:
            retry_locks(
                connection,
                self._timeouts,
                str(migration),
                lambda: self._run_in_transaction(migration, direction),
            )
            return
        resumed = entry if entry is not None and entry.is_running and entry.direction == direction else None
        if resumed is not None:
            ledger.resume(connection, resumed.entry, migration.checksum(direction))
        if batches is None:
            self._run_statements(migration, direction, resumed)
            return

        def observe(done: int, is_recorded: bool) -> None:
            self._observe(Progress(connection, migration, direction, done, is_recorded))

        run_batches(connection, migration, direction, batches, resumed, self._timeouts, observe)

    def _run_in_transaction(self, migration: Migration, direction: Direction) -> None:
        connection = self._connection
        started = time.perf_counter()
        with connection.transaction():
            connection.execute(f"set local statement_timeout = '{self._timeouts.statement_s}s'")
            self._observe(Progress(connection, migration, direction, 0, is_recorded=False))
            done = 0
            for done, statement in enumerate(migration.script(direction).statements, start=1):
                _execute(connection, migration, done, statement)
                self._observe(Progress(connection, migration, direction, done, is_recorded=False))
            ledger.record(connection, migration, direction, _ms_since(started))
            self._observe(Progress(connection, migration, direction, done, is_recorded=True))

    def _run_statements(self, migration: Migration, direction: Direction, resumed: AppliedMigration | None) -> None:
        """Run the statements that aren't done. One that was interrupted runs again."""
        connection = self._connection
        script = migration.script(direction)
        statements = script.statements
        if resumed is None:
            number, first = ledger.begin(connection, migration, direction), 0
        else:
            number, first = resumed.entry, resumed.statements_done or 0
        self._observe(Progress(connection, migration, direction, first, is_recorded=True))
        for done, statement in enumerate(statements[first:], start=first + 1):
            started = time.perf_counter()

            def run(number: int = done, statement: str = statement) -> None:
                self._run_alone(migration, number, statement)

            try:
                retry_locks(connection, self._timeouts, str(migration), run)
            except psycopg.Error:
                if not connection.broken:
                    ledger.record_failure(connection, number, script.checksum_of_first(done - 1))
                    _drop_invalid_index(connection, statement)
                raise
            self._observe(Progress(connection, migration, direction, done, is_recorded=False))
            ledger.record_progress(connection, number, done, _ms_since(started), last=done == len(statements))
            self._observe(Progress(connection, migration, direction, done, is_recorded=True))

    def _run_alone(self, migration: Migration, number: int, statement: str) -> None:
        connection = self._connection
        limits = (
            (0, self._timeouts.concurrent_s)
            if blocks_nobody(statement)
            else (self._timeouts.lock_ms, self._timeouts.statement_s)
        )
        connection.execute(f"set lock_timeout = {limits[0]}")
        connection.execute(f"set statement_timeout = '{limits[1]}s'")
        try:
            _drop_invalid_index(connection, statement)
            _execute(connection, migration, number, statement)
        finally:
            if not connection.closed:
                connection.execute("reset statement_timeout")
                connection.execute(f"set lock_timeout = {self._timeouts.lock_ms}")


def configure(connection: Connection, timeouts: Timeouts) -> None:
    """Set the limits, and nothing that a migration before has set: each runs as if it were the only one."""
    connection.execute("reset all")
    connection.execute(f"set lock_timeout = {timeouts.lock_ms}")
    # The statement of a runner that was killed would go on, with its locks.
    connection.execute("set client_connection_check_interval = '2s'")


def blocks_nobody(statement: str) -> bool:
    """Whether it is one of the statements with `concurrently`, which may wait for locks as long as they need."""
    return _CONCURRENTLY.match(statement) is not None


def _drop_invalid_index(connection: Connection, statement: str) -> None:
    """Drop what an interrupted `create index concurrently` has left: `if not exists` would accept it as it is."""
    if not _CREATE_INDEX.match(statement):
        return
    for index in connection.execute(_INVALID_INDEXES).fetchall():
        if re.search(rf"(?<!\w){re.escape(index['relname'])}(?!\w)", statement, re.IGNORECASE):
            connection.execute(sql.SQL(f"drop index concurrently if exists {index['name']}"))


def _execute(connection: Connection, migration: Migration, number: int, statement: str) -> None:
    """Execute a statement. Its error has a note of where it is."""
    try:
        connection.execute(sql.SQL(statement))
    except psycopg.Error as error:
        error.add_note(f"in {migration}, statement {number}: {shorten(statement)}")
        raise


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
