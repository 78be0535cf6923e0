"""`plan` reports the locks that `up` takes."""

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from pam.migrations.execution import Progress
from pam.migrations.files import MigrationError, read_migrations
from pam.migrations.locks import TableLock, read_locks, read_tables
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, entries

MIGRATIONS = CHECKOUT / "migrations"


class LockReader:
    """Reads the locks of the runner's backend with a connection of its own, before the migration and at its end."""

    def __init__(self, conninfo: str) -> None:
        self._other = psycopg.connect(conninfo, autocommit=True, row_factory=dict_row)
        self._tables: dict[int, str] = {}
        self.locks: dict[int, set[TableLock]] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.statements_done == 0:
            self._tables = read_tables(self._other)
        pid = progress.connection.info.backend_pid
        self.locks[progress.migration.version] = read_locks(self._other, self._tables, pid)

    def close(self) -> None:
        self._other.close()


def test_planned_locks_of_every_migration_are_those_of_pg_locks(empty_database: str) -> None:
    """Each migration is planned when it is the next one, and then applied while a second connection reads its locks."""
    reader = LockReader(empty_database)
    planned = {}
    migrations = read_migrations(MIGRATIONS)
    for migration in migrations:
        runner = Runner(empty_database, MIGRATIONS, observer=reader)
        before = catalogue(empty_database) if migration.version % 10 == 0 else None
        [first] = runner.dry_run(to=migration.version)
        assert before is None or catalogue(empty_database) == before
        planned[migration.version] = {each.lock for each in first.locks}
        assert all(0 <= each.held_ms <= first.duration_ms for each in first.locks)
        assert first.held_before == frozenset()
        runner.up(to=migration.version)
    reader.close()
    assert planned == reader.locks
    assert TableLock("trips", "AccessExclusiveLock") in planned[30]
    assert sum(map(len, planned.values())) > 100


def test_planned_locks_of_several_migrations_cover_those_of_each(empty_database: str) -> None:
    """In one plan, an earlier migration may have a lock already that a later one takes: it is said to be possible."""
    reader = LockReader(empty_database)
    runner = Runner(empty_database, MIGRATIONS, observer=reader)
    runner.up(to=20)
    planned = runner.dry_run()
    reader.locks.clear()
    runner.up()
    reader.close()
    assert [each.migration.version for each in planned] == list(reader.locks)
    for each in planned:
        taken = {lock.lock for lock in each.locks}
        assert taken <= reader.locks[each.migration.version] <= taken | each.held_before


def test_plan_reports_what_is_blocked_and_leaves_nothing(empty_database: str, directory: Path) -> None:
    """Tables, modes and times by the statement that takes them; what is new in the migration isn't in use by others."""
    (directory / "0003_names.up.sql").write_text(
        "alter table boats add column name text; select count(*) from oars; create table sails (id int);"
        "create index boats_by_id on boats (id);"
    )
    (directory / "0003_names.down.sql").write_text("-- loses-data: names\nalter table boats drop column name;")
    runner = Runner(empty_database, directory)
    runner.up(to=2)
    before = catalogue(empty_database), entries(empty_database)
    [planned] = runner.dry_run()
    assert [(each.lock.table, each.lock.mode, each.lock.blocks, each.statement) for each in planned.locks] == [
        ("boats", "AccessExclusiveLock", "reads and writes", 1),
        ("boats", "ShareLock", "writes", 4),
        ("oars", "AccessShareLock", "nothing", 2),
    ]
    assert planned.locks[0].held_ms >= planned.locks[2].held_ms >= planned.locks[1].held_ms > 0
    assert planned.lines()[1].startswith("boats: AccessExclusiveLock, blocks reads and writes, for ")
    assert (catalogue(empty_database), entries(empty_database)) == before


def test_plan_names_the_statement_that_would_fail(empty_database: str, directory: Path) -> None:
    """Also that of a migration that needs one before it; none of them is applied."""
    (directory / "0002_oars.up.sql").write_text("alter table boats add column name text; select 1 / 0 from boats")
    runner = Runner(empty_database, directory)
    runner.up(to=1)
    with psycopg.connect(empty_database) as owner:
        owner.execute("insert into boats values (1)")
    with pytest.raises(
        MigrationError, match=r"0002_oars would fail at statement 2 \(select 1 / 0 from boats …\): Divi"
    ):
        runner.dry_run()
    assert entries(empty_database) == [(1, "up", "succeeded", None)]


def test_plan_says_what_it_can_not_try(empty_database: str, directory: Path) -> None:
    """A migration without a transaction, and one that needs it; what doesn't need it is tried."""
    (directory / "0002_oars.up.sql").write_text("-- no-transaction\ncreate table oars (id int);")
    for number, sql in ((3, "create table sails (id int)"), (4, "alter table oars add column name text")):
        (directory / f"000{number}_more.up.sql").write_text(sql)
        (directory / f"000{number}_more.down.sql").write_text("select 1")
    planned = Runner(empty_database, directory).dry_run()
    assert [each.untried is None for each in planned] == [True, False, True, False]
    assert "nothing of it is rolled back" in str(planned[1].untried)
    assert "may need 0002_oars" in str(planned[3].untried)
