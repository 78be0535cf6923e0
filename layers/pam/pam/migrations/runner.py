"""Applies and reverts migrations: one transaction each, with its ledger row in the same transaction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pam.migrations.files import Migration, MigrationError, SchemaAheadError, read_migrations

# Any number, as long as all runners use the same one: "PAM" in ASCII.
_ADVISORY_LOCK_ID = 0x50414D

_CREATE_LEDGER = """
create table if not exists schema_versions (
    entry        bigint generated always as identity primary key,
    version      integer     not null,
    name         text        not null,
    checksum     text        not null,
    applied_at   timestamptz not null default now(),
    applied_by   text        not null default current_user,
    execution_ms integer     not null,
    direction    text        not null check (direction in ('up', 'down'))
)
"""

# The newest entry of each version whose newest entry is `up`.
_SELECT_APPLIED = """
select version, name, checksum, applied_at, applied_by, execution_ms
  from (select distinct on (version) * from schema_versions order by version, entry desc) newest
 where direction = 'up'
 order by version
"""


@dataclass(frozen=True)
class AppliedMigration:
    """The ledger entry of a migration that is applied now. `applied_at` is aware, `execution_ms` in milliseconds."""

    version: int
    name: str
    checksum: str
    applied_at: datetime
    applied_by: str
    execution_ms: int


class Runner:
    """Migrates one database as its owner, over a direct connection: a proxy would pin it for the advisory lock."""

    def __init__(self, conninfo: str, directory: Path) -> None:
        self._conninfo = conninfo
        self._migrations = read_migrations(directory)

    def status(self) -> list[tuple[Migration, AppliedMigration | None]]:
        """Return each migration with its ledger entry. Raises `MigrationError` where files and ledger disagree."""
        with self._locked() as connection:
            applied = self._read_ledger(connection)
        return [(migration, applied.get(migration.version)) for migration in self._migrations]

    def plan(self) -> list[Migration]:
        """Return the migrations that `up` would apply, in order."""
        return [migration for migration, applied in self.status() if applied is None]

    def up(self, to: int | None = None) -> list[Migration]:
        """Apply what is missing, up to version `to` or to the last one; return what was applied."""
        with self._locked() as connection:
            applied = self._read_ledger(connection)
            last = len(self._migrations) if to is None else to
            missing = [m for m in self._migrations if m.version not in applied and m.version <= last]
            for migration in missing:
                _run(connection, migration, "up")
        return missing

    def down(self, to: int) -> list[Migration]:
        """Revert what is above version `to`, newest first; return what was reverted."""
        with self._locked() as connection:
            applied = self._read_ledger(connection)
            surplus = [m for m in reversed(self._migrations) if m.version in applied and m.version > to]
            for migration in surplus:
                _run(connection, migration, "down")
        return surplus

    @contextmanager
    def _locked(self) -> Iterator[psycopg.Connection[dict[str, object]]]:
        """Open a connection that has the lock of all runners until it is closed or its process ends."""
        with psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set lock_timeout = '30s'")
            connection.execute("select pg_advisory_lock(%s)", (_ADVISORY_LOCK_ID,))
            # Requests for a table queue behind a migration that waits for the same table: it must not wait long.
            connection.execute("set lock_timeout = '5s'")
            connection.execute(_CREATE_LEDGER)
            yield connection

    def _read_ledger(self, connection: psycopg.Connection[dict[str, object]]) -> dict[int, AppliedMigration]:
        entries = [AppliedMigration(**row) for row in connection.execute(_SELECT_APPLIED)]  # type: ignore[arg-type]
        for expected, entry in enumerate(entries, start=1):
            if entry.version != expected:
                raise MigrationError(f"The database has {entry.version:04}_{entry.name} but not {expected:04}.")
            if entry.version > len(self._migrations):
                raise SchemaAheadError(f"The database has {entry.version:04}_{entry.name}, which has no file here.")
            migration = self._migrations[entry.version - 1]
            if migration.checksum != entry.checksum:
                raise MigrationError(f"{migration} was changed after it was applied on {entry.applied_at:%Y-%m-%d}.")
        return {entry.version: entry for entry in entries}


def _run(connection: psycopg.Connection[dict[str, object]], migration: Migration, direction: str) -> None:
    started = time.perf_counter()
    with connection.transaction():
        connection.execute(sql.SQL(getattr(migration, direction)))
        connection.execute(
            "insert into schema_versions (version, name, checksum, execution_ms, direction)"
            " values (%s, %s, %s, %s, %s)",
            (
                migration.version,
                migration.name,
                migration.checksum,
                round((time.perf_counter() - started) * 1000),
                direction,
            ),
        )
