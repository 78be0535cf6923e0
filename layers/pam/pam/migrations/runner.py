"""Applies and reverts migrations: one transaction each, with its ledger row in the same transaction.

A migration marked `-- no-transaction` runs statement by statement; the ledger says how far it has come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from pam.migrations import ledger
from pam.migrations.catalogue import Catalogue, read_catalogue, read_expected
from pam.migrations.drift import Difference, compare
from pam.migrations.execution import Execution, Observer, configure
from pam.migrations.files import Migration, MigrationError, SchemaAheadError, read_migrations
from pam.migrations.ledger import AppliedMigration, Connection
from pam.migrations.plan import PlannedMigration, dry_run
from pam.migrations.waiting import Timeouts, application_name, retry_locks, take_advisory_lock


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
            execution = Execution(connection, self._timeouts, self._observe)
            for migration in self._migrations[:last]:
                entry = applied.get(migration.version)
                if entry is not None and entry.is_running and entry.direction == "down":
                    raise MigrationError(
                        f"Reverting {migration} was interrupted. Complete it with `down --to {migration.version - 1}`."
                    )
                if entry is None or entry.is_running:
                    with _note_of_done("applied", done):
                        execution.run(migration, "up", entry)
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
            execution = Execution(connection, self._timeouts, self._observe)
            for number, migration in enumerate(surplus):
                with _note_of_done("reverted", surplus[:number]):
                    execution.run(migration, "down", applied[migration.version])
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
            configure(connection, self._timeouts)
            retry_locks(connection, self._timeouts, "The ledger", lambda: ledger.create_ledger(connection))
            yield connection

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
