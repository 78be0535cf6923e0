"""A runner killed between any two statements leaves a schema and a ledger that agree, and the next one goes on."""

import os
from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import psycopg
import pytest

from pam.migrations.files import Direction, Migration, MigrationError, read_migrations
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, entries
from tests.migrations.killer import Killer

MIGRATIONS = CHECKOUT / "migrations"

# `make soak` kills at every point, the suite at two of each migration.
EVERY_POINT = "PAM_CASES" in os.environ


@pytest.fixture
def killer(empty_database: str) -> Iterator[Killer]:
    """Kills runners of the empty database."""
    with closing(Killer(empty_database)) as killer:
        yield killer


def points_of(migration: Migration, direction: Direction) -> list[tuple[int, bool]]:
    """The points between statements; the last one is after the ledger's row."""
    count = len(migration.script(direction).statements)
    sampled = range(count + 1) if EVERY_POINT else [migration.version % (count + 1)]
    return [*((done, False) for done in sampled), (count, True)]


@pytest.mark.soak
def test_migration_killed_at_any_statement_leaves_nothing(empty_database: str, killer: Killer) -> None:
    """For each migration, up and down: ledger and catalogue are as before, and the run after all kills completes it."""
    runner = Runner(empty_database, MIGRATIONS, observer=killer)
    killed = 0
    every: list[tuple[Migration, Direction]] = [(each, "up") for each in read_migrations(MIGRATIONS)]
    every += [(each, "down") for each, _ in reversed(every)]
    runner.status()
    for migration, direction in every:
        run = partial(runner.up, migration.version)
        if direction == "down":
            run = partial(runner.down, migration.version - 1, lose_data=True)
        before = catalogue(empty_database), entries(empty_database)
        for killer.at in points_of(migration, direction):
            with pytest.raises(psycopg.OperationalError):
                run()
            assert (catalogue(empty_database), entries(empty_database)) == before, (str(migration), killer.at)
            killed += 1
        killer.at = None
        assert [str(done) for done in run()] == [str(migration)]
        assert entries(empty_database)[-1][:3] == (migration.version, direction, "succeeded")
    assert killed >= 2 * len(every)


@pytest.fixture
def resumable(directory: Path) -> Path:
    """A directory whose third migration has no transaction, up and down."""
    (directory / "0003_oars_by_id.up.sql").write_text(
        "-- no-transaction\n"
        "create index concurrently if not exists oars_by_id on oars (id);\n"
        "alter table oars add column if not exists length_m numeric;\n"
        "create unique index concurrently if not exists boats_by_id on boats (id);\n"
    )
    (directory / "0003_oars_by_id.down.sql").write_text(
        "-- no-transaction\n"
        "drop index concurrently if exists boats_by_id;\n"
        "alter table oars drop column if exists length_m;\n"
        "drop index concurrently if exists oars_by_id;\n"
    )
    return directory


@pytest.mark.parametrize("direction", ["up", "down"])
def test_migration_without_transaction_is_resumed(
    empty_database: str, killer: Killer, resumable: Path, direction: Direction
) -> None:
    """At every point: the ledger says that it is running and how far it is, and the next run completes it."""
    runner = Runner(empty_database, resumable, observer=killer)
    runner.up(to=2)
    reverted = catalogue(empty_database)
    runner.up()
    applied = catalogue(empty_database)
    before, after, target = (reverted, applied, 3) if direction == "up" else (applied, reverted, 2)
    assert reverted != applied
    points = [(0, True), *((done, recorded) for done in (1, 2, 3) for recorded in (False, True))]
    for point in points:
        killer.at = None
        runner.up() if direction == "down" else runner.down(to=2)
        assert catalogue(empty_database) == before
        killer.at, killer.points = point, []
        # After the last one, the runner has nothing left to do.
        with nullcontext() if point == points[-1] else pytest.raises(psycopg.OperationalError):
            getattr(runner, direction)(to=target)
        recorded = point[0] if point[1] else point[0] - 1
        outcome = "succeeded" if recorded == 3 else "running"
        assert entries(empty_database)[-1] == (3, direction, outcome, recorded)
        killer.at, killer.points = None, []
        done = getattr(runner, direction)(to=target)
        assert [str(each) for each in done] == ([] if recorded == 3 else ["0003_oars_by_id"])
        assert killer.points == ([] if recorded == 3 else [(recorded, True), *points[1 + 2 * recorded :]])
        assert catalogue(empty_database) == after
        assert entries(empty_database)[-1] == (3, direction, "succeeded", 3)


def test_interrupted_migration_can_be_reverted(empty_database: str, killer: Killer, resumable: Path) -> None:
    """Also where its file was corrected since; then the corrected one is applied."""
    Runner(empty_database, resumable).up(to=2)
    before = catalogue(empty_database)
    killer.at = (2, True)
    with pytest.raises(psycopg.OperationalError):
        Runner(empty_database, resumable, observer=killer).up()
    [status] = [entry for each, entry in Runner(empty_database, resumable).status() if each.version == 3]
    assert status is not None
    assert "applying it was begun" in status.summary
    path = resumable / "0003_oars_by_id.up.sql"
    path.write_text(path.read_text() + "-- corrected")
    runner = Runner(empty_database, resumable)
    with pytest.raises(MigrationError, match="Restore the file to complete it, or revert it with `down --to 2`"):
        runner.up()
    assert [str(each) for each in runner.down(to=2)] == ["0003_oars_by_id"]
    assert catalogue(empty_database) == before
    assert [str(each) for each in runner.up()] == ["0003_oars_by_id"]


def test_index_left_invalid_is_built_again(empty_database: str, resumable: Path) -> None:
    """`create index concurrently` that is interrupted leaves an index that `if not exists` takes for a complete one."""
    runner = Runner(empty_database, resumable)
    runner.up(to=2)
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("insert into boats values (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            runner.up()
        assert "index boats_by_id" not in catalogue(empty_database)
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("create unique index concurrently boats_by_id on boats (id)")
        assert "invalid" in catalogue(empty_database)["index boats_by_id"]
        assert entries(empty_database)[-1] == (3, "up", "running", 2)
        owner.execute("delete from boats")
    runner.up()
    assert "invalid" not in catalogue(empty_database)["index boats_by_id"]
    assert entries(empty_database)[-1] == (3, "up", "succeeded", 3)


def test_file_without_a_statement_is_not_begun(empty_database: str, resumable: Path) -> None:
    """The ledger would say for ever that it is running."""
    (resumable / "0003_oars_by_id.up.sql").write_text("-- no-transaction\n-- to be written")
    with pytest.raises(MigrationError, match="0003_oars_by_id has no statement"):
        Runner(empty_database, resumable).up()
    assert [version for version, *_ in entries(empty_database)] == [1, 2]


def test_interrupted_way_back_is_completed_first(empty_database: str, resumable: Path, killer: Killer) -> None:
    """`up` says with which command; nothing is applied over a half reverted schema."""
    Runner(empty_database, resumable).up()
    killer.at = (1, True)
    with pytest.raises(psycopg.OperationalError):
        Runner(empty_database, resumable, observer=killer).down(to=2)
    runner = Runner(empty_database, resumable)
    with pytest.raises(MigrationError, match="Complete it with `down --to 2`"):
        runner.up()
    path = resumable / "0003_oars_by_id.down.sql"
    original = path.read_text()
    path.write_text(f"select 1;\n{original}")
    with pytest.raises(MigrationError, match="The down file of 0003_oars_by_id was changed after it was begun"):
        Runner(empty_database, resumable).down(to=2)
    path.write_text(original)
    assert [str(each) for each in runner.down(to=2)] == ["0003_oars_by_id"]
    assert [str(each) for each in runner.up()] == ["0003_oars_by_id"]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_failed_statement_can_be_corrected(empty_database: str, directory: Path, direction: Direction) -> None:
    """The file is changed from that statement on, and the run goes on with it. What is done must be as it was."""

    def run() -> None:
        runner = Runner(empty_database, directory)
        runner.up() if direction == "up" else runner.down(to=1)

    faulty = "-- no-transaction\nalter table boats add column {0} int;\nalter table boats add column {1} nothing;"
    file = directory / f"0002_oars.{direction}.sql"
    if direction == "down":
        Runner(empty_database, directory).up()
    file.write_text(faulty.format("first", "second"))
    with pytest.raises(psycopg.errors.UndefinedObject):
        run()
    file.write_text(faulty.format("other", "second"))
    with pytest.raises(MigrationError, match="was changed after it was begun"):
        run()
    file.write_text(faulty.format("first", "second").replace("nothing", "text"))
    run()
    assert entries(empty_database)[-1] == (2, direction, "succeeded", 2)
    assert {"column boats.first", "column boats.second"} <= catalogue(empty_database).keys()


def test_invalid_index_of_another_schema_stays(empty_database: str, directory: Path) -> None:
    """It may have the name of the one that is created, and is somebody else's."""
    (directory / "0002_oars.up.sql").write_text(
        "-- no-transaction\ncreate index concurrently oars_by_id on boats (id);"
    )
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("create schema other")
        owner.execute("create table other.oars as select 1 as id from generate_series(1, 2)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute("create unique index concurrently oars_by_id on other.oars (id)")
        Runner(empty_database, directory).up()
        query = "select indisvalid from pg_index where indexrelid = 'other.oars_by_id'::regclass"
        assert owner.execute(query).fetchone() == (False,)
