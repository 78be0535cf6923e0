"""Drift: each manual change of a schema is found and named."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.schema import dump_schema
from pam.migrations.catalogue import read_catalogue, read_expected
from pam.migrations.drift import compare, render
from pam.migrations.files import MigrationError
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, new_database

MIGRATIONS = CHECKOUT / "migrations"

# Changes that somebody may make by hand, with the object that the report must name.
PLANTED = {
    "create table notes_backup as select * from notes": "unexpected table notes_backup",
    "drop table trip_legs": "missing table trip_legs",
    "alter table users add column nickname text": "unexpected column users.nickname",
    "alter table trips drop column driving_s": "missing column trips.driving_s",
    "alter table users alter column name type varchar(200)": "changed column users.name",
    "alter table users alter column currency set default 'EUR'": "changed column users.currency",
    "alter table users alter column locale drop default": "changed column users.locale",
    "alter table vehicles alter column make drop not null": "changed column vehicles.make",
    "alter table budgets drop constraint budgets_pkey": "missing constraint budgets.budgets_pkey",
    "alter table expenses add constraint affordable check (amount < 1000)": "unexpected constraint expenses.affordable",
    "alter table facts drop constraint facts_user_id_fkey": "missing constraint facts.facts_user_id_fkey",
    "drop index expenses_by_time": "missing index expenses_by_time",
    "create index expenses_by_amount on expenses (amount)": "unexpected index expenses_by_amount",
    "drop index effects_of_turn; create index effects_of_turn on effects (turn_id)": "changed index effects_of_turn",
    "alter table users disable row level security": "changed table users",
    "alter table expenses no force row level security": "changed table expenses",
    "drop policy own_rows on savings": "missing policy own_rows on savings",
    "create policy anybody on expenses using (true)": "unexpected policy anybody on expenses",
    "alter policy own_rows on trips using (true)": "changed policy own_rows on trips",
    "grant delete on users to public": "unexpected grant on table users to public",
    "revoke select on expenses from pam_app": "missing grant on table expenses to pam_app",
    "grant update (created_at) on users to pam_app": "unexpected grant on column users.created_at to pam_app",
    "grant execute on function owning_columns() to public": "unexpected grant on function owning_columns() to public",
    "grant create on schema public to pam_app": "changed grant on schema public to pam_app",
    "create or replace function current_traveller() returns uuid language sql stable parallel safe return"
    " '00000000-0000-0000-0000-000000000000'::uuid": "changed function current_traveller()",
    "create function backdoor() returns int language sql security definer return 1": "unexpected function backdoor()",
    "drop trigger remove_outdated_rate on expenses": "missing trigger remove_outdated_rate on expenses",
    "alter table exchanges disable trigger reindex_words": "changed trigger reindex_words on exchanges",
    "create sequence receipt_numbers": "unexpected sequence receipt_numbers",
    "create type mood as enum ('good', 'bad')": "unexpected type mood",
}

MORE = {
    "create view everything as select * from expenses": "unexpected view everything",
    "drop extension vector cascade": "missing extension vector",
    "alter table messages alter column position add generated always as identity": "changed column messages.position",
    "create schema old": "unexpected schema old",
    "alter table users set (fillfactor = 50)": "changed table users",
    "alter table users owner to pam_app": "unexpected owner of users",
    "alter default privileges in schema public grant select on tables to public": (
        "unexpected grant on new objects of kind r in public to public"
    ),
    "alter table exchanges disable trigger all": "unexpected trigger of constraint exchanges_user_id_fkey on exchanges",
    "create schema theirs authorization pam_app": "unexpected owner of schema theirs",
    "create publication changes for table users": "unexpected publication changes",
    "create rule nothing as on delete to users do instead nothing": "unexpected rule nothing on users",
}


@pytest.fixture(scope="module")
def migrated(server: str) -> Iterator[str]:
    """A database with all migrations."""
    with new_database(server) as conninfo:
        Runner(conninfo, MIGRATIONS).up()
        yield conninfo


def test_migrated_database_has_no_drift(migrated: str) -> None:
    """The catalogue beside the migrations is that of a migration from zero: `make schema` writes it."""
    assert render(Runner(migrated, MIGRATIONS).drift()) == ""


def test_schema_file_gives_the_same_schema(migrated: str, empty_database: str) -> None:
    """schema.sql in an empty database has the catalogue of a migration from zero, and so has what is dumped of both.

    But for parentheses: Postgres writes a comparison of rows in a trigger as one of columns, with more at each dump.
    """
    with psycopg.connect(empty_database) as owner:
        owner.execute((MIGRATIONS / "schema.sql").read_text())
    catalogues = [
        {name: re.sub("[()]", "", definition) for name, definition in catalogue(each).items()}
        for each in (migrated, empty_database)
    ]
    assert render(compare(*catalogues)) == ""
    assert dump_schema(migrated) == (MIGRATIONS / "schema.sql").read_text()


def test_thirty_changes_are_planted() -> None:
    """The issue's number, each of another object or kind."""
    assert len(set(PLANTED.values())) == len(PLANTED) == 30


@pytest.mark.parametrize(("change", "named"), (PLANTED | MORE).items())
def test_manual_change_is_found_and_named(migrated: str, change: str, named: str) -> None:
    """By its kind and object."""
    with psycopg.connect(migrated) as owner:
        owner.execute(change)
        report = render(compare(read_expected(MIGRATIONS), read_catalogue(owner)))
        owner.rollback()
    assert named in report.splitlines()


def test_all_changes_at_once_are_found(server: str) -> None:
    """One by one: where two concern one object, both are in its difference."""
    with new_database(server) as conninfo:
        runner = Runner(conninfo, MIGRATIONS)
        runner.up()
        with psycopg.connect(conninfo, autocommit=True) as owner:
            for change in PLANTED:
                owner.execute(change)
        report = render(runner.drift()).splitlines()
    assert [named for named in PLANTED.values() if named not in report] == []


def test_changed_definition_is_shown_line_by_line(migrated: str) -> None:
    """What is expected with a minus, what is there with a plus."""
    with psycopg.connect(migrated) as owner:
        owner.execute("alter table users alter column currency set default 'EUR'")
        report = render(compare(read_expected(MIGRATIONS), read_catalogue(owner)))
        owner.rollback()
    assert report.splitlines() == [
        "changed column users.currency",
        "  -text not null default 'USD'::text",
        "  +text not null default 'EUR'::text",
    ]


def test_database_behind_the_files_is_not_compared(empty_database: str) -> None:
    """Its differences would be those of the migrations."""
    runner = Runner(empty_database, MIGRATIONS)
    runner.up(to=3)
    with pytest.raises(MigrationError, match="0004_budgets isn't applied"):
        runner.drift()


def test_directory_without_a_catalogue_is_refused(empty_database: str, directory: Path) -> None:
    """With the command that writes it."""
    runner = Runner(empty_database, directory)
    runner.up()
    with pytest.raises(MigrationError, match="make schema"):
        runner.drift()


def test_command_line_reports_drift(migrated: str, server: str) -> None:
    """With exit code 3; also between two databases, by URL."""

    def drift(conninfo: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pam.migrations", "--directory", str(MIGRATIONS), "drift", *arguments],
            env={**os.environ, "DATABASE_URL": conninfo},
            capture_output=True,
            text=True,
            check=False,
        )

    same = drift(migrated, "--against", migrated)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "no drift\n")
    with new_database(server) as other:
        Runner(other, MIGRATIONS).up()
        with psycopg.connect(other) as owner:
            owner.execute("drop index expenses_by_time")
        changed, against = drift(other), drift(migrated, "--against", other)
    assert (changed.returncode, changed.stdout.splitlines()[0]) == (3, "missing index expenses_by_time")
    assert (against.returncode, against.stdout.splitlines()[0]) == (3, "unexpected index expenses_by_time")
