"""Runners wait for each other and for tables, within limits, and then say who they waited for."""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pam.migrations.execution import Progress
from pam.migrations.runner import Runner
from pam.migrations.waiting import ADVISORY_LOCK_ID, LockTimeoutError, RunnerBusyError, Timeouts
from tests.migrations.database import entries, ledger, tables

# `make soak` has the number of the acceptance.
ROUNDS = 50 if "PAM_CASES" in os.environ else 5

IMPATIENT = Timeouts(runner_s=0.3, lock_ms=50, attempts=3, pause_s=0.01)


@pytest.mark.soak
def test_two_runners_apply_each_migration_once(empty_database: str, directory: Path) -> None:
    """Two processes start at once: one works, the other finds nothing to do; the ledger has each step once."""
    command = [sys.executable, "-m", "pam.migrations", "--directory", str(directory)]
    environment = os.environ | {"DATABASE_URL": empty_database}
    for number in range(ROUNDS):
        wanted = "up" if number % 2 == 0 else "down"
        arguments = [*command, wanted, "--to", "2" if wanted == "up" else "0"]
        both = [
            subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        printed = [process.communicate()[0].splitlines() for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert sorted(map(len, printed)) == [0, 2]
        expected = [(1, "up"), (2, "up")] if wanted == "up" else [(2, "down"), (1, "down")]
        assert ledger(empty_database)[-2:] == expected
    assert len(ledger(empty_database)) == 2 * ROUNDS


def test_busy_runner_is_named(empty_database: str, directory: Path) -> None:
    """The other one gives up after its limit with the process and the application that has the lock."""
    with psycopg.connect(empty_database, application_name="another runner", autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", (ADVISORY_LOCK_ID,))
        started = time.monotonic()
        with pytest.raises(RunnerBusyError) as refused:
            Runner(empty_database, directory, IMPATIENT).up()
        assert 0.3 <= time.monotonic() - started < 5
        assert f"process {other.info.backend_pid}, another runner, as postgres" in str(refused.value)
    assert [str(m) for m in Runner(empty_database, directory, IMPATIENT).up()] == ["0001_boats", "0002_oars"]


def test_waiting_runner_does_not_stop_a_concurrent_index(empty_database: str, directory: Path) -> None:
    """A runner that waited in Postgres would have a snapshot, for which the index of the first waits."""
    (directory / "0003_index.up.sql").write_text(
        "-- no-transaction\ncreate index concurrently if not exists boats_by_id on boats (id);"
    )
    (directory / "0003_index.down.sql").write_text("-- no-transaction\ndrop index concurrently if exists boats_by_id;")
    with ThreadPoolExecutor(1) as threads:
        waiting = []

        def start_another(progress: Progress) -> None:
            if progress.migration.version == 3 and not waiting:
                waiting.append(threads.submit(Runner(empty_database, directory).up))
                time.sleep(0.3)

        assert len(Runner(empty_database, directory, observer=start_another).up()) == 3
        assert waiting[0].result() == []


def test_table_in_use_is_tried_again(empty_database: str, directory: Path) -> None:
    """The whole migration is rolled back at each attempt, and its locks with it."""
    (directory / "0003_names.up.sql").write_text("create table sails (id int); alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name; drop table sails;")
    runner = Runner(empty_database, directory, Timeouts(lock_ms=50, pause_s=0.01, max_pause_s=0.05, attempts=200))
    runner.up(to=2)
    with psycopg.connect(empty_database, application_name="report") as reader, ThreadPoolExecutor(1) as threads:
        reader.execute("select count(*) from boats")
        running = threads.submit(runner.up)
        time.sleep(0.5)
        assert not running.done()
        # Between two attempts nobody is in the way of others, and at an attempt for 50 ms.
        with psycopg.connect(empty_database) as writer:
            writer.execute("set lock_timeout = '2s'")
            writer.execute("insert into boats values (1)")
        reader.commit()
        assert [str(m) for m in running.result(timeout=30)] == ["0003_names"]
    assert ledger(empty_database) == [(1, "up"), (2, "up"), (3, "up")]


def test_user_of_a_table_is_named_in_the_end(empty_database: str, directory: Path) -> None:
    """After the last attempt, with the transactions that are open; nothing of the migration is left."""
    runner = Runner(empty_database, directory, IMPATIENT)
    runner.up()
    with psycopg.connect(empty_database, application_name="report") as reader:
        reader.execute("select count(*) from oars")
        time.sleep(0.1)
        with pytest.raises(LockTimeoutError) as refused:
            runner.down(to=1)
        pid = reader.info.backend_pid
        assert re.match(
            r"0002_oars got no lock in 3 attempts, and the step that needed it was rolled back: canceling",
            str(refused.value),
        )
        assert f"process {pid} (report, as postgres, idle in transaction) for 0 s" in str(refused.value)
    assert "oars" in tables(empty_database)
    assert ledger(empty_database) == [(1, "up"), (2, "up")]


def test_plan_waits_for_a_table_no_longer_than_a_migration(empty_database: str, directory: Path) -> None:
    """It takes the same locks."""
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    runner = Runner(empty_database, directory, IMPATIENT)
    runner.up(to=2)
    with psycopg.connect(empty_database) as reader:
        reader.execute("select count(*) from boats")
        with pytest.raises(LockTimeoutError, match="The plan got no lock in 3 attempts"):
            runner.dry_run()


def test_statement_that_takes_too_long_is_ended(empty_database: str, directory: Path) -> None:
    """It would hold the locks of its migration."""
    (directory / "0002_oars.up.sql").write_text("create table oars (id int); select pg_sleep(5);")
    with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
        Runner(empty_database, directory, Timeouts(statement_s=1)).up()
    assert entries(empty_database) == [(1, "up", "succeeded", None)]


def test_ledger_of_an_older_runner_is_extended(empty_database: str, directory: Path) -> None:
    """Its entries are those of migrations that succeeded."""
    runner = Runner(empty_database, directory)
    runner.up(to=1)
    with psycopg.connect(empty_database) as owner:
        owner.execute(
            "alter table schema_versions drop column outcome, drop column statements_done, drop column position"
        )
    assert [str(m) for m in runner.up()] == ["0002_oars"]
    assert entries(empty_database) == [(1, "up", "succeeded", None), (2, "up", "succeeded", None)]


def test_statement_of_a_killed_process_ends(empty_database: str, directory: Path) -> None:
    """The next runner needn't wait for it to be done."""
    (directory / "0002_oars.up.sql").write_text("create table oars (id int); select pg_sleep(120);")
    command = [sys.executable, "-m", "pam.migrations", "--directory", str(directory), "up"]
    with subprocess.Popen(command, env=os.environ | {"DATABASE_URL": empty_database}) as process:
        with psycopg.connect(empty_database, autocommit=True) as observer:
            sleeping = "select from pg_stat_activity where query like '%pg_sleep(120)%' and pid <> pg_backend_pid()"
            while observer.execute(sleeping).fetchone() is None:
                assert process.poll() is None
                time.sleep(0.05)
        process.kill()
    (directory / "0002_oars.up.sql").write_text("create table oars (id int);")
    assert [str(m) for m in Runner(empty_database, directory, Timeouts(runner_s=30)).up()] == ["0002_oars"]
    assert entries(empty_database) == [(1, "up", "succeeded", None), (2, "up", "succeeded", None)]
