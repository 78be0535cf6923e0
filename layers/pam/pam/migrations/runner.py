"""Brings a database's schema to a version: one transaction a migration, its ledger row in the same one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pam.migrations.files import Migration, MigrationError, read_migrations

# Any number will do, so long as all runners take the same one: "PAM" in ASCII.
_LOCK = 0x50414D

_LEDGER = """
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

# What is applied now: of each version the newest entry, where that one went up.
_APPLIED = """
select version, name, checksum, applied_at, applied_by, execution_ms
  from (select distinct on (version) * from schema_versions order by version, entry desc) newest
 where direction = 'up'
 order by version
"""


@dataclass(frozen=True)
class Applied:
    """The ledger entry of a migration in force. `applied_at` is aware, `execution_ms` in milliseconds."""

    version: int
    name: str
    checksum: str
    applied_at: datetime
    applied_by: str
    execution_ms: int


class Runner:
    """Migrates one database, as its owner, over a direct connection (an advisory lock needs one)."""

    def __init__(self, conninfo: str, directory: Path) -> None:
        self._conninfo = conninfo
        self._migrations = read_migrations(directory)

    def status(self) -> list[tuple[Migration, Applied | None]]:
        """Each migration with its ledger entry. Raises `MigrationError` where files and ledger disagree."""
        with self._locked() as connection:
            applied = self._applied(connection)
        return [(migration, applied.get(migration.version)) for migration in self._migrations]

    def plan(self) -> list[Migration]:
        """The migrations that `up` would apply, in order."""
        return [migration for migration, applied in self.status() if applied is None]

    def up(self, to: int | None = None) -> list[Migration]:
        """Applies what is missing, up to a version or to the last one; returns what it applied."""
        with self._locked() as connection:
            applied = self._applied(connection)
            last = len(self._migrations) if to is None else to
            missing = [m for m in self._migrations if m.version not in applied and m.version <= last]
            for migration in missing:
                _run(connection, migration, "up")
        return missing

    def down(self, to: int) -> list[Migration]:
        """Takes back what lies above version `to`, newest first; returns what it took back."""
        with self._locked() as connection:
            applied = self._applied(connection)
            surplus = [m for m in reversed(self._migrations) if m.version in applied and m.version > to]
            for migration in surplus:
                _run(connection, migration, "down")
        return surplus

    @contextmanager
    def _locked(self) -> Iterator[psycopg.Connection[dict[str, object]]]:
        """A connection that holds the lock of all runners, until it is closed or its process dies."""
        with psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set lock_timeout = '30s'")
            connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
            # So long a migration waits for a table in use, and no longer: what queues behind it waits too.
            connection.execute("set lock_timeout = '5s'")
            connection.execute(_LEDGER)
            yield connection

    def _applied(self, connection: psycopg.Connection[dict[str, object]]) -> dict[int, Applied]:
        ledger = [Applied(**row) for row in connection.execute(_APPLIED)]  # type: ignore[arg-type]
        known = {migration.version: migration for migration in self._migrations}
        for place, entry in enumerate(ledger, start=1):
            migration = known.get(entry.version)
            if entry.version != place:
                raise MigrationError(f"The database has {entry.version:04}_{entry.name} but not {place:04}.")
            if migration is None:
                raise MigrationError(f"The database has {entry.version:04}_{entry.name}, which has no file here.")
            if migration.checksum != entry.checksum:
                raise MigrationError(f"{migration} was changed after it was applied on {entry.applied_at:%Y-%m-%d}.")
        return {entry.version: entry for entry in ledger}


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
