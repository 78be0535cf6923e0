"""A backfill in batches visits each row once, and goes on after an interruption where its last batch ended."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from pam.migrations.execution import Progress
from pam.migrations.files import MigrationError
from pam.migrations.runner import Runner
from tests.migrations.database import entries, give_to_owner
from tests.migrations.killer import Killer

ROWS = 25
BATCH = 4


@pytest.fixture
def boats(empty_database: str, directory: Path) -> str:
    """A database with boats whose key has two columns of different types, gaps and an order of its own."""
    (directory / "0001_boats.up.sql").write_text(
        "create table boats (harbour text, number int, visits int not null default 0, primary key (harbour, number))"
    )
    for direction, sign in (("up", "+"), ("down", "-")):
        (directory / f"0002_oars.{direction}.sql").write_text(
            f"-- batches of {BATCH}: boats by harbour, number\n"
            f"update boats set visits = visits {sign} 1 where /* batch */ true"
        )
    Runner(empty_database, directory).up(to=1)
    with psycopg.connect(empty_database) as owner:
        owner.execute(
            "insert into boats select chr(97 + n %% 3) || chr(39), n * 7 %% 100 from generate_series(1, %s) n",
            (ROWS,),
        )
    return empty_database


@pytest.fixture
def killer(boats: str) -> Iterator[Killer]:
    """Kills runners of the database."""
    with closing(Killer(boats)) as killer:
        yield killer


def visits(conninfo: str) -> list[int]:
    """How often the rows were updated, each number once."""
    with psycopg.connect(conninfo) as owner:
        return [number for (number,) in owner.execute("select distinct visits from boats order by 1")]


def test_every_row_is_visited_once(boats: str, directory: Path) -> None:
    """There and back; the ledger has the number of batches."""
    runner = Runner(boats, directory)
    runner.up()
    assert visits(boats) == [1]
    runner.down(to=1)
    assert visits(boats) == [0]
    batches = ROWS // BATCH + 1
    assert entries(boats)[1:] == [(2, "up", "succeeded", batches), (2, "down", "succeeded", batches)]


def test_table_of_full_batches_and_empty_table_end(boats: str, directory: Path) -> None:
    """The last batch goes to the end of the table, with whatever is left."""
    with psycopg.connect(boats, autocommit=True) as owner:
        owner.execute("delete from boats where (harbour, number) in (select harbour, number from boats limit 1)")
        Runner(boats, directory).up()
        assert visits(boats) == [1]
        owner.execute("delete from boats")
        Runner(boats, directory).down(to=1)
    assert entries(boats)[-1] == (2, "down", "succeeded", 1)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_killed_backfill_goes_on_at_its_last_batch(
    boats: str, directory: Path, killer: Killer, is_recorded: bool
) -> None:
    """At every batch: a batch that was done is not done again, one that was not committed is."""
    runner = Runner(boats, directory, observer=killer)
    for batch in range(0 if is_recorded else 1, ROWS // BATCH + 1):
        killer.at = batch, is_recorded
        with pytest.raises(psycopg.OperationalError):
            runner.up()
        done = batch if is_recorded else batch - 1
        assert entries(boats)[-1] == (2, "up", "running", done)
        with psycopg.connect(boats) as owner:
            assert owner.execute("select sum(visits) from boats").fetchone() == (done * BATCH,)
        killer.at = None
        runner.up()
        assert visits(boats) == [1]
        runner.down(to=1)


def test_row_that_is_written_meanwhile_waits_for_one_batch_only(boats: str, directory: Path) -> None:
    """Between two batches no row is locked."""
    with psycopg.connect(boats, autocommit=True) as writer:
        writer.execute("set lock_timeout = '100ms'")

        def write(progress: Progress) -> None:
            if progress.is_recorded and progress.migration.version == 2:
                writer.execute("update boats set visits = visits")

        Runner(boats, directory, observer=write).up()
    assert visits(boats) == [1]


@pytest.mark.parametrize(
    "statements",
    ["update boats set visits = 1", "update boats set visits = 1 where /* batch */ true; select 1", ""],
)
def test_header_without_a_batch_in_the_statement_is_refused(boats: str, directory: Path, statements: str) -> None:
    """Before anything runs."""
    (directory / "0002_oars.up.sql").write_text(f"-- batches of 10: boats by harbour\n{statements}")
    with pytest.raises(MigrationError, match="needs one statement, with one"):
        Runner(boats, directory).up()
    assert [version for version, *_ in entries(boats)] == [1]


@pytest.mark.parametrize(
    "head",
    [
        "-- batches of 4: public.boats by number",
        "-- batches of 1_000: boats by number",
        "-- batches of 4: boats by harbour, number,",
        "-- batches of 0: boats by number",
        "-- batches",
        "",
    ],
)
def test_malformed_header_is_refused_before_anything_runs(boats: str, directory: Path, head: str) -> None:
    """The update would run on the whole table at once; the ledger has no entry of it."""
    update = "update boats set visits = visits + 1 where /* batch */ true"
    (directory / "0002_oars.up.sql").write_text(f"{head}\n{update}")
    with pytest.raises(MigrationError, match="its head needs a line such as `-- batches of 1000"):
        Runner(boats, directory).up()
    assert visits(boats) == [0]
    assert [version for version, *_ in entries(boats)] == [1]


@pytest.mark.parametrize("key", ["nickname", "harbour, nickname", "name"])
def test_key_that_leaves_rows_out_is_refused(boats: str, directory: Path, key: str) -> None:
    """Columns with nulls, or that don't exist: the rows without a value would count as updated."""
    with psycopg.connect(boats, autocommit=True) as owner:
        owner.execute("alter table boats add column nickname text")
    update = f"-- batches of 4: boats by {key}\nupdate boats set visits = visits + 1 where /* batch */ true"
    (directory / "0002_oars.up.sql").write_text(update)
    with pytest.raises(MigrationError, match="rows without a value would be left out"):
        Runner(boats, directory).up()
    assert visits(boats) == [0]
    assert [version for version, *_ in entries(boats)] == [1]


def test_rows_that_row_security_hides_are_not_left_out(empty_database: str, directory: Path) -> None:
    """The owner on Aurora is no superuser. A policy for it shows it all rows."""
    (directory / "0002_oars.up.sql").write_text(
        "-- batches of 4: boats by id\nupdate boats set visits = visits + 1 where /* batch */ true"
    )
    (directory / "0002_oars.down.sql").write_text(
        "-- batches of 4: boats by id\nupdate boats set visits = 0 where /* batch */ true"
    )
    (directory / "0001_boats.up.sql").write_text(
        "create table boats (id int primary key, visits int not null default 0);"
        "insert into boats select generate_series(1, 9);"
        "alter table boats enable row level security; alter table boats force row level security"
    )
    conninfo = give_to_owner(empty_database)
    with pytest.raises(MigrationError, match="row security hides its rows from the owner"):
        Runner(conninfo, directory).up()
    assert visits(empty_database) == [0]
    with psycopg.connect(conninfo) as owner:
        owner.execute("create policy all_rows on boats to current_user using (true) with check (true)")
    Runner(conninfo, directory).up()
    assert visits(empty_database) == [1]


def test_faulty_update_can_be_corrected(boats: str, directory: Path) -> None:
    """Until the first batch is done."""
    file = directory / "0002_oars.up.sql"
    correct = file.read_text()
    file.write_text(correct.replace("visits + 1", "visits + length"))
    with pytest.raises(psycopg.errors.UndefinedColumn):
        Runner(boats, directory).up()
    file.write_text(correct)
    Runner(boats, directory).up()
    assert visits(boats) == [1]
