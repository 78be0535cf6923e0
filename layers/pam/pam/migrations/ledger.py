"""The ledger `schema_versions`: an entry for each migration that was applied or reverted, or is being."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg

from pam.migrations.files import Direction, Migration, MigrationError

Connection = psycopg.Connection[dict[str, Any]]

LEDGER = "schema_versions"

_CREATE = """
create table if not exists schema_versions (
    entry           bigint generated always as identity primary key,
    version         integer     not null,
    name            text        not null,
    checksum        text        not null,
    applied_at      timestamptz not null default now(),
    applied_by      text        not null default current_user,
    execution_ms    integer     not null,
    direction       text        not null check (direction in ('up', 'down')),
    outcome         text        not null default 'succeeded' check (outcome in ('running', 'succeeded')),
    statements_done integer,
    position        text,
    failed_after    text
)
"""

# Ledgers of before had only migrations in a transaction, whose entry says that they succeeded.
_EXTEND = """
alter table schema_versions
    add column if not exists outcome text not null default 'succeeded' check (outcome in ('running', 'succeeded')),
    add column if not exists statements_done integer,
    add column if not exists position text,
    add column if not exists failed_after text
"""

_COLUMNS = """
select attname from pg_attribute
 where attrelid = to_regclass('schema_versions') and attnum > 0 and not attisdropped
"""

# The newest entry of each version, unless it says that the version was reverted.
_SELECT = """
select entry, version, name, checksum, applied_at, applied_by, execution_ms, direction, outcome, statements_done,
       position, failed_after
  from (select distinct on (version) * from schema_versions order by version, entry desc) newest
 where not (direction = 'down' and outcome = 'succeeded')
 order by version
"""

_INSERT = """
insert into schema_versions (version, name, checksum, execution_ms, direction, outcome, statements_done)
values (%s, %s, %s, %s, %s, %s, %s) returning entry
"""


@dataclass(frozen=True)
class AppliedMigration:
    """The ledger's newest entry of a migration that is applied, or was interrupted.

    `applied_at` is aware, `execution_ms` in milliseconds. `statements_done` counts the statements or batches of a
    migration that runs without a transaction, and `position` is the key at the end of its last batch, as a JSON array.
    `failed_after` is the checksum of its statements that are done, if the next one failed. Others have none of these.
    """

    entry: int
    version: int
    name: str
    checksum: str
    applied_at: datetime
    applied_by: str
    execution_ms: int
    direction: Direction
    outcome: Literal["running", "succeeded"]
    statements_done: int | None
    position: str | None
    failed_after: str | None

    @property
    def is_running(self) -> bool:
        """Whether it was begun and not completed: it is running now, or was interrupted."""
        return self.outcome == "running"

    @property
    def summary(self) -> str:
        """When, by whom, and how far."""
        at = f"{self.applied_at:%Y-%m-%d %H:%M:%S%z} by {self.applied_by}"
        if not self.is_running:
            return at
        verb = "applying" if self.direction == "up" else "reverting"
        return f"{verb} it was begun {at}, and has {self.statements_done} statements done"

    @property
    def label(self) -> str:
        return f"{self.version:04}_{self.name}"


def create_ledger(connection: Connection) -> None:
    """Create the ledger, or extend the one of an older runner."""
    columns = {row["attname"] for row in connection.execute(_COLUMNS)}
    if not columns:
        connection.execute(_CREATE)
    elif not columns >= {"entry", "version", "checksum", "direction"}:
        raise MigrationError(f"The table {LEDGER} of this database isn't PAM's: is it the right database?")
    elif not columns >= {"outcome", "statements_done", "position", "failed_after"}:
        connection.execute(_EXTEND)


def read_entries(connection: Connection) -> list[AppliedMigration]:
    """Return the newest entries of all versions that aren't reverted, by version."""
    return [AppliedMigration(**row) for row in connection.execute(_SELECT)]


def record(connection: Connection, migration: Migration, direction: Direction, execution_ms: int) -> None:
    """Record a completed migration, in the transaction that ran it."""
    values = (
        migration.version,
        migration.name,
        migration.checksum(direction),
        execution_ms,
        direction,
        "succeeded",
        None,
    )
    connection.execute(_INSERT, values)


def begin(connection: Connection, migration: Migration, direction: Direction) -> int:
    """Record that a migration without a transaction begins; return its entry."""
    values = migration.version, migration.name, migration.checksum(direction), 0, direction, "running", 0
    row = connection.execute(_INSERT, values).fetchone()
    assert row is not None
    return int(row["entry"])


def resume(connection: Connection, entry: int, checksum: str) -> None:
    """Record that an interrupted migration goes on, with the file as it is now."""
    connection.execute(
        "update schema_versions set checksum = %s, failed_after = null where entry = %s", (checksum, entry)
    )


def record_failure(connection: Connection, entry: int, done_checksum: str) -> None:
    """Record that the statement after those of the checksum failed: it has no effect, and may be corrected."""
    connection.execute("update schema_versions set failed_after = %s where entry = %s", (done_checksum, entry))


def record_progress(
    connection: Connection,
    entry: int,
    statements_done: int,
    execution_ms: int,
    *,
    last: bool,
    position: str | None = None,
) -> None:
    """Record how many statements are done, and with the last one that the migration is. The times add up."""
    connection.execute(
        "update schema_versions set statements_done = %s, execution_ms = execution_ms + %s, outcome = %s, position = %s"
        " where entry = %s",
        (statements_done, execution_ms, "succeeded" if last else "running", position, entry),
    )
