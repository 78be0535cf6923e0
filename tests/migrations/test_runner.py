"""The migration runner on a real Postgres: up, down, and what it refuses."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from local import migration_rules
from pam.migrations.execution import blocks_nobody
from pam.migrations.files import MigrationError, SchemaAheadError, read_migrations
from pam.migrations.runner import Runner
from pam.migrations.scaffold import create_migration
from pam.money.categories import Category
from tests.conftest import CHECKOUT
from tests.migrations.database import ledger, tables

MIGRATIONS = CHECKOUT / "migrations"


def test_down_files_revert_exactly_what_up_files_create(empty_database: str) -> None:
    """All migrations of the product go up, down to nothing, and up again to the same tables."""
    runner = Runner(empty_database, MIGRATIONS)
    assert len(runner.up()) == len(runner.status())
    created = tables(empty_database)
    runner.down(to=0, lose_data=True)
    assert tables(empty_database) == {"schema_versions"}
    runner.up()
    assert tables(empty_database) == created


def test_categories_of_code_and_database_are_the_same(empty_database: str) -> None:
    """The check constraints and the enumeration list the same names."""
    Runner(empty_database, MIGRATIONS).up()
    with psycopg.connect(empty_database) as connection:
        checks = connection.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname like '%_category_check'"
        ).fetchall()
    assert len(checks) == 3
    for (check,) in checks:
        assert set(check.split("'")[1::2]) == set(Category)


def test_up_applies_what_is_missing_once(empty_database: str, directory: Path) -> None:
    """`plan` lists what `up` applies; a second `up` applies nothing."""
    runner = Runner(empty_database, directory)
    assert [str(m) for m in runner.plan()] == ["0001_boats", "0002_oars"]
    assert [str(m) for m in runner.up(to=1)] == ["0001_boats"]
    assert [str(m) for m in runner.plan()] == ["0002_oars"]
    assert [str(m) for m in runner.up()] == ["0002_oars"]
    assert runner.up() == []
    assert runner.plan() == []
    assert tables(empty_database) == {"boats", "oars", "schema_versions"}


def test_ledger_records_who_when_how_long_and_direction(empty_database: str, directory: Path) -> None:
    """Going down adds an entry and removes none."""
    runner = Runner(empty_database, directory)
    runner.up()
    runner.down(to=1)
    assert ledger(empty_database) == [(1, "up"), (2, "up"), (2, "down")]
    (_, applied), (_, reverted) = runner.status()
    assert applied is not None
    assert applied.applied_by == "postgres"
    assert applied.execution_ms >= 0
    assert applied.applied_at.tzinfo
    assert reverted is None


def test_failed_migration_leaves_neither_schema_nor_entry(empty_database: str, directory: Path) -> None:
    """Statements and ledger row are one transaction; the migrations before it stay applied."""
    (directory / "0002_oars.up.sql").write_text("create table oars (id int); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        Runner(empty_database, directory).up()
    assert tables(empty_database) == {"boats", "schema_versions"}
    assert ledger(empty_database) == [(1, "up")]


@pytest.mark.parametrize("command", [lambda runner: runner.up(), lambda runner: runner.plan(), lambda r: r.down(0)])
def test_file_changed_after_it_was_applied_is_refused(empty_database: str, directory: Path, command) -> None:
    """Every command compares checksums before it runs anything."""
    Runner(empty_database, directory).up(to=1)
    (directory / "0001_boats.up.sql").write_text("create table boats (id bigint);")
    with pytest.raises(MigrationError, match="0001_boats was changed"):
        command(Runner(empty_database, directory))
    assert ledger(empty_database) == [(1, "up")]


def test_database_ahead_of_the_files_is_refused(empty_database: str, directory: Path) -> None:
    """An older checkout doesn't migrate a newer database, and the error gives this reason."""
    Runner(empty_database, directory).up()
    for path in directory.glob("0002_*"):
        path.unlink()
    with pytest.raises(SchemaAheadError, match="0002_oars, which has no file here"):
        Runner(empty_database, directory).up()


@pytest.mark.parametrize(
    ("rename", "complaint"),
    [
        (("0002_oars.up.sql", "0003_oars.up.sql"), "lacks its|Expected migration 0002"),
        (("0002_oars.down.sql", "0002_oar.down.sql"), "lacks its"),
        (("0002_oars.up.sql", "2_oars.up.sql"), "isn't named"),
    ],
)
def test_inconsistent_files_are_refused(directory: Path, rename: tuple[str, str], complaint: str) -> None:
    """Gaps, missing directions and malformed names stop the runner before it connects."""
    (directory / rename[0]).rename(directory / rename[1])
    with pytest.raises(MigrationError, match=complaint):
        read_migrations(directory)


def test_concurrent_runners_apply_each_migration_once(empty_database: str, directory: Path) -> None:
    """The others wait for the first and find nothing to do."""
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: Runner(empty_database, directory).up(), range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 2]
    assert ledger(empty_database) == [(1, "up"), (2, "up")]


def test_command_line_reports_what_it_does(empty_database: str, directory: Path) -> None:
    """status, plan, up and down print their results; a refusal is exit 1 with one sentence."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pam.migrations", "--directory", str(directory), *arguments],
            env={**os.environ, "DATABASE_URL": empty_database},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("status").stdout.splitlines() == ["0001_boats  pending", "0002_oars  pending"]
    assert "create table boats" in run("plan").stdout
    assert run("up").stdout.splitlines() == ["applied 0001_boats", "applied 0002_oars"]
    assert "by postgres" in run("status").stdout
    assert run("down").stdout.splitlines() == ["reverted 0002_oars"]
    (directory / "0001_boats.up.sql").write_text("-- changed")
    refused = run("up")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("refused: 0001_boats was changed")


def test_down_that_loses_data_needs_a_word(empty_database: str, directory: Path) -> None:
    """What is lost is named; nothing is reverted before it, either."""
    (directory / "0001_boats.down.sql").write_text("-- loses-data: all boats\ndrop table boats;")
    runner = Runner(empty_database, directory)
    runner.up()
    with pytest.raises(MigrationError, match=r"0001_boats: all boats.*--lose-data"):
        runner.down(to=0)
    assert tables(empty_database) == {"boats", "oars", "schema_versions"}
    assert len(runner.down(to=1)) == 1
    assert len(runner.down(to=0, lose_data=True)) == 1


@pytest.mark.parametrize("version", [-1, 3, 99])
def test_unknown_version_is_refused(empty_database: str, directory: Path, version: int) -> None:
    """Up and down, with the number of the last one."""
    runner = Runner(empty_database, directory)
    for command in (runner.up, runner.down, runner.dry_run):
        with pytest.raises(MigrationError, match="the last one is 0002"):
            command(to=version)


def test_gap_in_the_ledger_is_refused(empty_database: str, directory: Path) -> None:
    """With what to do about it."""
    runner = Runner(empty_database, directory)
    runner.up()
    with psycopg.connect(empty_database) as owner:
        owner.execute("delete from schema_versions where version = 1")
    with pytest.raises(MigrationError, match=r"has 0002_oars but not 0001.*new number, after 0002"):
        runner.up()


def test_new_migration_has_the_next_number_and_both_files(directory: Path) -> None:
    """Its name is part of a file's; the empty files have no statement, which the rules refuse."""
    up, down = create_migration(directory, "sails")
    assert (up.name, down.name) == ("0003_sails.up.sql", "0003_sails.down.sql")
    assert [str(m) for m in read_migrations(directory)] == ["0001_boats", "0002_oars", "0003_sails"]
    assert {"It has no statement."} <= {each.message for each in migration_rules.check(directory, after=2)}
    for name in ("Sails", "1st", "", "a-b", "../x"):
        with pytest.raises(MigrationError, match="is no name"):
            create_migration(directory, name)


def test_command_line_creates_plans_and_loses_data_on_request_only(empty_database: str, directory: Path) -> None:
    """`new` needs no database; `plan` has the locks as comments; a failing statement is named."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pam.migrations", "--directory", str(directory), *arguments],
            env={**os.environ, "DATABASE_URL": "" if arguments[0] == "new" else empty_database},
            capture_output=True,
            text=True,
            check=False,
        )

    run("up")
    assert [Path(line).name for line in run("new", "names").stdout.splitlines()] == [
        "0003_names.up.sql",
        "0003_names.down.sql",
    ]
    (directory / "0003_names.up.sql").write_text("select 1; select * from nowhere")
    failed = run("up")
    assert (failed.returncode, failed.stderr.splitlines()[-1]) == (
        1,
        "in 0003_names, statement 2: select * from nowhere",
    )
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;\n")
    (directory / "0003_names.down.sql").write_text("-- loses-data: names\nalter table boats drop column name;")
    plan = run("plan").stdout.splitlines()
    assert plan[:2] == ["-- 0003_names", "alter table boats add column name text;"]
    assert any(line.startswith("--   boats: AccessExclusiveLock, blocks reads and writes, for ") for line in plan)
    assert run("up").stdout == "applied 0003_names\n"
    assert "0003_names: names" in run("down").stderr
    assert run("down", "--lose-data").stdout == "reverted 0003_names\n"
    assert run("up", "--to", "7").returncode == 1
    assert run("sideways").returncode == 2


@pytest.mark.parametrize("command", ["begin", "commit", "ROLLBACK", "start transaction", "savepoint s", "end"])
def test_file_that_controls_transactions_is_refused(empty_database: str, directory: Path, command: str) -> None:
    """A `commit` would keep what the dry run rolls back, and what the ledger doesn't have."""
    (directory / "0002_oars.up.sql").write_text(
        f"create table oars (id int);\n{command};\ncreate table sails (id int);"
    )
    runner = Runner(empty_database, directory)
    for run in (runner.dry_run, runner.up):
        with pytest.raises(MigrationError, match="the runner begins and ends transactions"):
            run()
        assert "oars" not in tables(empty_database)
    assert ledger(empty_database) == [(1, "up")]


def test_table_of_another_tool_is_left_as_it_is(empty_database: str, directory: Path) -> None:
    """It may have the ledger's name; then this is the wrong database."""
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("create table schema_versions (version text primary key)")
        with pytest.raises(MigrationError, match="isn't PAM's: is it the right database"):
            Runner(empty_database, directory).status()
        columns = "select count(*) from pg_attribute where attrelid = 'schema_versions'::regclass and attnum > 0"
        assert owner.execute(columns).fetchone() == (1,)


def test_missing_directory_is_refused(empty_database: str, tmp_path: Path) -> None:
    """A database without migrations would look migrated."""
    with pytest.raises(MigrationError, match="There is no directory"):
        Runner(empty_database, tmp_path / "migration")


def test_setting_of_a_migration_ends_with_it(empty_database: str, directory: Path) -> None:
    """Otherwise the next one would run in another schema, with another role, or without a limit."""
    (directory / "0002_oars.up.sql").write_text(
        "create schema boatyard; create table oars (id int); set search_path = boatyard, public; set lock_timeout = 0;"
    )
    (directory / "0003_sails.up.sql").write_text(
        "create table sails (id int); create table limits as select current_setting('lock_timeout') as lock_timeout;"
    )
    (directory / "0003_sails.down.sql").write_text("drop table sails, limits;")
    Runner(empty_database, directory).up()
    assert {"oars", "sails", "limits"} <= tables(empty_database)
    with psycopg.connect(empty_database) as owner:
        assert owner.execute("select lock_timeout from limits").fetchone() == ("500ms",)


def test_failure_names_what_was_applied_before(empty_database: str, directory: Path) -> None:
    """Those stay: whoever reads the error must not believe that nothing has happened."""
    (directory / "0002_oars.up.sql").write_text("create table boats (id int);")
    with pytest.raises(psycopg.errors.DuplicateTable) as failed:
        Runner(empty_database, directory).up()
    assert "applied before that: 0001_boats" in failed.value.__notes__
    assert ledger(empty_database) == [(1, "up")]


def test_file_without_a_statement_is_not_applied(empty_database: str, directory: Path) -> None:
    """As `new` writes it: filled in later, it would count as changed."""
    create_migration(directory, "sails")
    with pytest.raises(MigrationError, match="0003_sails has no statement to run up"):
        Runner(empty_database, directory).up()
    assert ledger(empty_database) == [(1, "up"), (2, "up")]


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently i on t (c)",
        "CREATE UNIQUE INDEX\nCONCURRENTLY i on t (c)",
        "drop index concurrently if exists i",
        "reindex (verbose) table concurrently t",
        "refresh materialized view concurrently v",
        "alter table t detach partition p concurrently",
    ],
)
def test_statement_that_blocks_nobody_has_no_limit_of_locks(statement: str) -> None:
    """It waits for those who use the table, and they don't wait for it."""
    assert blocks_nobody(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "create index i on t (c)",
        "alter table t add column concurrently int",
        "insert into t values ('create index concurrently')",
        "refresh materialized view v",
        "alter table t detach partition p",
    ],
)
def test_other_statement_has_the_limit(statement: str) -> None:
    """Wherever it has the word."""
    assert not blocks_nobody(statement)
