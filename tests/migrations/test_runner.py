"""The migration runner on a real Postgres: forward, back, and what it refuses."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from local.stack import LocalStack
from pam.migrations.files import MigrationError, read_migrations
from pam.migrations.runner import Runner
from pam.money.categories import Category

REAL = Path(__file__).parent.parent.parent / "migrations"


@pytest.fixture
def empty(stack: LocalStack) -> Iterator[str]:
    """The conninfo of a new database, as its owner."""
    name = sql.Identifier(f"migrations_{uuid.uuid4().hex}")
    with psycopg.connect(stack.postgres.owner, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(name))
        yield make_conninfo(stack.postgres.owner, dbname=name.as_string().strip('"'))
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations."""
    (tmp_path / "0001_boats.up.sql").write_text("create table boats (id int);")
    (tmp_path / "0001_boats.down.sql").write_text("drop table boats;")
    (tmp_path / "0002_oars.up.sql").write_text("create table oars (id int);")
    (tmp_path / "0002_oars.down.sql").write_text("drop table oars;")
    return tmp_path


def tables(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo) as connection:
        return {
            name
            for (name,) in connection.execute(
                "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            )
        }


def ledger(conninfo: str) -> list[tuple[int, str]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select version, direction from schema_versions order by entry").fetchall()


def test_the_real_migrations_go_up_down_and_up_again(empty: str) -> None:
    """Every down file takes back exactly what its up file made."""
    runner = Runner(empty, REAL)
    assert len(runner.up()) == len(runner.status())
    made = tables(empty)
    runner.down(to=0)
    assert tables(empty) == {"schema_versions"}
    runner.up()
    assert tables(empty) == made


def test_every_category_of_the_code_is_one_of_the_database_and_the_other_way_round(empty: str) -> None:
    """The check constraints and the enumeration list the same names."""
    Runner(empty, REAL).up()
    with psycopg.connect(empty) as connection:
        checks = connection.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname like '%_category_check'"
        ).fetchall()
    assert len(checks) == 2
    for (check,) in checks:
        assert set(check.split("'")[1::2]) == set(Category)


def test_up_applies_what_is_missing_and_no_more(empty: str, folder: Path) -> None:
    """The plan is what `up` does; afterwards there is none; a second `up` does nothing."""
    runner = Runner(empty, folder)
    assert [str(m) for m in runner.plan()] == ["0001_boats", "0002_oars"]
    assert [str(m) for m in runner.up(to=1)] == ["0001_boats"]
    assert [str(m) for m in runner.plan()] == ["0002_oars"]
    assert [str(m) for m in runner.up()] == ["0002_oars"]
    assert runner.up() == [] and runner.plan() == []
    assert tables(empty) == {"boats", "oars", "schema_versions"}


def test_the_ledger_keeps_who_when_how_long_and_which_way(empty: str, folder: Path) -> None:
    """Going down adds an entry; nothing is forgotten."""
    runner = Runner(empty, folder)
    runner.up()
    runner.down(to=1)
    assert ledger(empty) == [(1, "up"), (2, "up"), (2, "down")]
    applied = runner.status()[0][1]
    assert applied is not None
    assert applied.applied_by == "postgres" and applied.execution_ms >= 0 and applied.applied_at.tzinfo
    assert runner.status()[1][1] is None


def test_a_migration_that_fails_leaves_neither_schema_nor_entry(empty: str, folder: Path) -> None:
    """Its statements and its ledger row are one transaction; those before it stay."""
    (folder / "0002_oars.up.sql").write_text("create table oars (id int); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        Runner(empty, folder).up()
    assert tables(empty) == {"boats", "schema_versions"}
    assert ledger(empty) == [(1, "up")]


def test_a_file_changed_after_it_was_applied_is_refused(empty: str, folder: Path) -> None:
    """Before anything runs."""
    Runner(empty, folder).up(to=1)
    (folder / "0001_boats.up.sql").write_text("create table boats (id bigint);")
    for act in (lambda runner: runner.up(), lambda runner: runner.plan(), lambda runner: runner.down(0)):
        with pytest.raises(MigrationError, match="0001_boats was changed"):
            act(Runner(empty, folder))
    assert ledger(empty) == [(1, "up")]


def test_a_version_of_the_database_that_has_no_file_is_refused(empty: str, folder: Path) -> None:
    """An older checkout can't migrate a newer database."""
    Runner(empty, folder).up()
    for half in folder.glob("0002_*"):
        half.unlink()
    with pytest.raises(MigrationError, match="0002_oars, which has no file here"):
        Runner(empty, folder).up()


@pytest.mark.parametrize(
    ("rename", "complaint"),
    [
        (("0002_oars.up.sql", "0003_oars.up.sql"), "lacks its|Expected migration 0002"),
        (("0002_oars.down.sql", "0002_oar.down.sql"), "lacks its"),
        (("0002_oars.up.sql", "2_oars.up.sql"), "isn't named"),
    ],
)
def test_files_that_do_not_add_up_are_refused(folder: Path, rename: tuple[str, str], complaint: str) -> None:
    """Gaps, missing halves and stray names stop the runner before it connects."""
    (folder / rename[0]).rename(folder / rename[1])
    with pytest.raises(MigrationError, match=complaint):
        read_migrations(folder)


def test_two_runners_at_once_apply_each_migration_once(empty: str, folder: Path) -> None:
    """The second waits for the first and finds nothing to do."""
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: Runner(empty, folder).up(), range(4)))
    assert sorted(len(applied) for applied in done) == [0, 0, 0, 2]
    assert ledger(empty) == [(1, "up"), (2, "up")]


def test_the_command_line_says_what_it_does(empty: str, folder: Path) -> None:
    """status, plan, up and down, as a person types them; a refusal is exit 1 with one sentence."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pam.migrations", "--directory", str(folder), *arguments],
            env={**os.environ, "DATABASE_URL": empty},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("status").stdout.splitlines() == ["0001_boats  pending", "0002_oars  pending"]
    assert "create table boats" in run("plan").stdout
    assert run("up").stdout.splitlines() == ["applied 0001_boats", "applied 0002_oars"]
    assert "by postgres" in run("status").stdout
    assert run("down").stdout.splitlines() == ["took back 0002_oars"]
    (folder / "0001_boats.up.sql").write_text("-- changed")
    refused = run("up")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("refused: 0001_boats was changed")
