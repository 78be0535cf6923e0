"""Applies and reverts migrations: one transaction each, with its ledger row in the same transaction.

A migration marked `-- no-transaction` runs statement by statement; the ledger says how far it has come.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pam.migrations import ledger
from pam.migrations.batches import read_batches, run_batches
from pam.migrations.catalogue import Catalogue, read_catalogue, read_expected
from pam.migrations.drift import Difference, compare
from pam.migrations.excerpts import shorten
from pam.migrations.files import Direction, Migration, MigrationError, SchemaAheadError, read_migrations
from pam.migrations.ledger import AppliedMigration, Connection
from pam.migrations.plan import PlannedMigration, dry_run
from pam.migrations.waiting import Timeouts, application_name, retry_locks, take_advisory_lock

_CONCURRENTLY = re.compile(
    r"(?:create\s+(?:unique\s+)?index|drop\s+index|reindex\s.*?)\s+concurrently\b", re.IGNORECASE
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


class Runner:
    """Migrates one database as its owner, over a direct connection: a proxy would pin it for the advisory lock."""

    def __init__(
        self,
        conninfo: str,
        directory: Path,
        timeouts: Timeouts | None = None,
        observer: Observer = lambda _: None,
    ) -> None:
        """`observer` is called between any two statements, on the runner's thread."""
        self._conninfo = conninfo
        self._directory = directory
        self._migrations = read_migrations(directory)
        self._timeouts = timeouts or Timeouts()
        self._observe = observer

    def status(self) -> list[tuple[Migration, AppliedMigration | None]]:
        """Return each migration with its ledger entry. Raises `MigrationError` where files and ledger disagree."""
        with self._locked() as connection:
            applied = self._read_ledger(connection)
        return [(migration, applied.get(migration.version)) for migration in self._migrations]

    def plan(self) -> list[Migration]:
        """Return the migrations that `up` would apply, in order, with one that was interrupted."""
        return [migration for migration, entry in self.status() if entry is None or entry.is_running]

    def dry_run(self, to: int | None = None) -> list[PlannedMigration]:
        """Return what `up` would apply, and the locks of each, from a transaction that is rolled back.

        The locks are real while it runs. Raises `MigrationError` with the statement that fails.
        """
        last = len(self._migrations) if to is None else self._validate(to)
        with self._locked() as connection:
            applied = self._read_ledger(connection)
            missing = [m for m in self._migrations[:last] if m.version not in applied or applied[m.version].is_running]
            return dry_run(connection, missing, self._timeouts)

    def up(self, to: int | None = None) -> list[Migration]:
        """Apply what is missing, up to version `to` or to the last one; return what was applied."""
        last = len(self._migrations) if to is None else self._validate(to)
        done: list[Migration] = []
        with self._locked() as connection:
            applied = self._read_ledger(connection)
            for migration in self._migrations[:last]:
                entry = applied.get(migration.version)
                if entry is not None and entry.is_running and entry.direction == "down":
                    raise MigrationError(
                        f"Reverting {migration} was interrupted. Complete it with `down --to {migration.version - 1}`."
                    )
                if entry is None or entry.is_running:
                    with _note_of_done("applied", done):
                        self._run(connection, migration, "up", entry)
                    done.append(migration)
        return done

    def down(self, to: int | None = None, *, lose_data: bool = False) -> list[Migration]:
        """Revert what is above version `to`, or the newest one, newest first; return what was reverted.

        Raises `MigrationError` for a file that is marked as losing data, unless `lose_data`; nothing is reverted then.
        """
        with self._locked() as connection:
            if to is None:
                to = max((entry.version - 1 for entry in ledger.read_entries(connection)), default=0)
            self._validate(to)
            applied = self._read_ledger(connection, reverting_above=to)
            surplus = [m for m in reversed(self._migrations) if m.version in applied and m.version > to]
            losses = [f"{m}: {lost}" for m in surplus if (lost := m.script("down").lost_data)]
            if losses and not lose_data:
                raise MigrationError(
                    f"This loses data for good ({'; '.join(losses)}). Repeat it with --lose-data if that is intended."
                )
            for number, migration in enumerate(surplus):
                with _note_of_done("reverted", surplus[:number]):
                    self._run(connection, migration, "down", applied[migration.version])
        return surplus

    def read_catalogue(self) -> Catalogue:
        """Return the catalogue of the database. It locks nothing, and a runner may work meanwhile."""
        with psycopg.connect(self._conninfo, autocommit=True, application_name=application_name()) as connection:
            return read_catalogue(connection)

    def drift(self) -> list[Difference]:
        """Return how the schema differs from that of all migrations.

        Raises `MigrationError` where some are missing, or the files contradict the ledger: the schemas differ then.
        """
        with self._locked() as connection:
            applied = self._read_ledger(connection)
            for migration in self._migrations:
                entry = applied.get(migration.version)
                if entry is None:
                    raise MigrationError(
                        f"{migration} isn't applied: `up` first, or check out the release of this database."
                    )
                if entry.is_running:
                    raise MigrationError(f"{migration} was interrupted: complete it first, see `status`.")
            return compare(read_expected(self._directory), read_catalogue(connection))

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        """Open a connection that has the lock of all runners until it is closed or its process ends."""
        with psycopg.connect(
            self._conninfo, autocommit=True, row_factory=dict_row, application_name=application_name()
        ) as connection:
            take_advisory_lock(connection, self._timeouts.runner_s)
            self._configure(connection)
            retry_locks(connection, self._timeouts, "The ledger", lambda: ledger.create_ledger(connection))
            yield connection

    def _configure(self, connection: Connection) -> None:
        """Set the limits, and nothing that a migration before has set: each runs as if it were the only one."""
        connection.execute("reset all")
        connection.execute(f"set lock_timeout = {self._timeouts.lock_ms}")
        # The statement of a runner that was killed would go on, with its locks.
        connection.execute("set client_connection_check_interval = '2s'")

    def _read_ledger(self, connection: Connection, reverting_above: int | None = None) -> dict[int, AppliedMigration]:
        """Return the entries by version. Raises `MigrationError` where they contradict the files.

        The file of an interrupted migration may have been corrected if it is reverted.
        """
        entries = ledger.read_entries(connection)
        for expected, entry in enumerate(entries, start=1):
            if entry.version != expected:
                raise MigrationError(
                    f"The database has {entry.label} but not {expected:04}: the ledger was changed by hand, or that"
                    f" migration came later. Give the newer one a new number, after {entries[-1].version:04}."
                )
            if entry.version > len(self._migrations):
                raise SchemaAheadError(
                    f"The database has {entry.label}, which has no file here: check out the release that has it."
                )
            migration = self._migrations[entry.version - 1]
            reverted = entry.is_running and reverting_above is not None and entry.version > reverting_above
            is_accepted = (reverted and entry.direction == "up") or _corrects(migration, entry)
            if migration.checksum(entry.direction) != entry.checksum and not is_accepted:
                raise MigrationError(_changed(migration, entry))
        return {entry.version: entry for entry in entries}

    def _validate(self, to: int) -> int:
        if not 0 <= to <= len(self._migrations):
            raise MigrationError(f"There is no migration {to:04}: the last one is {len(self._migrations):04}.")
        return to

    def _run(
        self, connection: Connection, migration: Migration, direction: Direction, entry: AppliedMigration | None
    ) -> None:
        script = migration.script(direction)
        batches = read_batches(migration, direction)
        if script.transaction_commands:
            command = shorten(script.transaction_commands[0])
            raise MigrationError(f"{migration} has `{command}`: the runner begins and ends transactions.")
        if not script.statements and (direction == "up" or not script.is_transactional):
            raise MigrationError(f"{migration} has no statement to run {direction}.")
        self._configure(connection)
        if script.is_transactional:
            retry_locks(
                connection,
                self._timeouts,
                str(migration),
                lambda: self._run_in_transaction(connection, migration, direction),
            )
            return
        resumed = entry if entry is not None and entry.is_running and entry.direction == direction else None
        if resumed is not None:
            ledger.resume(connection, resumed.entry, migration.checksum(direction))
        if batches is None:
            self._run_statements(connection, migration, direction, resumed)
            return

        def observe(done: int, is_recorded: bool) -> None:
            self._observe(Progress(connection, migration, direction, done, is_recorded))

        run_batches(connection, migration, direction, batches, resumed, self._timeouts, observe)

    def _run_in_transaction(self, connection: Connection, migration: Migration, direction: Direction) -> None:
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

    def _run_statements(
        self, connection: Connection, migration: Migration, direction: Direction, resumed: AppliedMigration | None
    ) -> None:
        """Run the statements that aren't done. One that was interrupted runs again."""
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
                self._run_alone(connection, migration, number, statement)

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

    def _run_alone(self, connection: Connection, migration: Migration, number: int, statement: str) -> None:
        concurrent = _CONCURRENTLY.match(statement) is not None
        limits = (
            (0, self._timeouts.concurrent_s) if concurrent else (self._timeouts.lock_ms, self._timeouts.statement_s)
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


def _drop_invalid_index(connection: Connection, statement: str) -> None:
    """Drop what an interrupted `create index concurrently` has left: `if not exists` would accept it as it is."""
    if not _CREATE_INDEX.match(statement):
        return
    for index in connection.execute(_INVALID_INDEXES).fetchall():
        if re.search(rf"(?<!\w){re.escape(index['relname'])}(?!\w)", statement, re.IGNORECASE):
            connection.execute(sql.SQL(f"drop index concurrently if exists {index['name']}"))


@contextmanager
def _note_of_done(verb: str, done: list[Migration]) -> Iterator[None]:
    """Add to an error which migrations were completed before: they stay."""
    try:
        yield
    except (MigrationError, psycopg.Error) as error:
        if done:
            error.add_note(f"{verb} before that: {', '.join(map(str, done))}")
        raise


def _corrects(migration: Migration, entry: AppliedMigration) -> bool:
    """Whether a changed file corrects the statement that failed, and has the statements before it as they were."""
    return (
        entry.is_running
        and entry.failed_after is not None
        and migration.script(entry.direction).checksum_of_first(entry.statements_done or 0) == entry.failed_after
    )


def _changed(migration: Migration, entry: AppliedMigration) -> str:
    """Return what to do about a file that was changed."""
    when = f"on {entry.applied_at:%Y-%m-%d}, as {entry.label}"
    if not entry.is_running:
        return (
            f"{migration} was changed after it was applied {when}."
            " Restore the file, and put the change into a new migration."
        )
    if entry.direction == "down":
        return f"The down file of {migration} was changed after it was begun {when}. Restore it to complete it."
    return (
        f"{migration} was changed after it was begun {when}, and it was interrupted. Restore the file to complete it,"
        f" or revert it with `down --to {migration.version - 1}`."
    )


def _execute(connection: Connection, migration: Migration, number: int, statement: str) -> None:
    """Execute a statement. Its error has a note of where it is."""
    try:
        connection.execute(sql.SQL(statement))
    except psycopg.Error as error:
        error.add_note(f"in {migration}, statement {number}: {shorten(statement)}")
        raise


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
