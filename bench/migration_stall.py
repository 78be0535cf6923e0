"""What others notice of a migration: 20 clients use a table of 5 million rows that gets a column and an index.

The migrations are those of docs/migrations.md: add a column, fill it in batches, build an index beside the writers,
and require a value. Each client sends a statement, reads or writes by turns, and pauses for some milliseconds. Its wait
is from the statement to its result, with all that the machine has to do beside it: clients, Postgres and the runner
share it. The same clients before the migrations show what a statement takes anyhow.
"""

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench.figures import Figure, percentile_ms
from local.stand_ins.postgres import temporary_postgres
from pam.migrations.runner import Runner

ROWS = 5_000_000
CLIENTS = 20
BASELINE_S = 20.0

_PAUSE_S = 0.03
_DATABASE = "stall"

_FILES = {
    "0001_turns": (
        "create table turns (id bigint generated always as identity primary key, question text not null,"
        " ended text not null, created_at timestamptz not null default now())",
        "drop table turns",
    ),
    "0002_column": (
        "alter table turns add column tool_calls_json jsonb",
        "alter table turns drop column tool_calls_json",
    ),
    "0003_backfill": (
        "-- batches of 1000: turns by id\n"
        "update turns set tool_calls_json = '[]' where tool_calls_json is null and /* batch */ true",
        "select",
    ),
    "0004_index": (
        "-- no-transaction\ncreate index concurrently if not exists turns_by_question on turns (question, created_at)",
        "-- no-transaction\ndrop index concurrently if exists turns_by_question",
    ),
    "0005_require": (
        "alter table turns add constraint known check (tool_calls_json is not null) not valid",
        "alter table turns drop constraint known",
    ),
    "0006_validate": ("alter table turns validate constraint known", "select"),
}

# New code: it writes the column from the deployment after 0002 on.
_STATEMENTS = (
    "select question, ended from turns where id = %(id)s",
    "update turns set ended = 'error' where id = %(id)s",
    "select count(*) from turns where id between %(id)s and %(id)s + 50",
    "insert into turns (question, ended) values ('a new question', 'done')",
)
_NEW_INSERT = "insert into turns (question, ended, tool_calls_json) values ('a new question', 'done', '[]')"


@dataclass
class Waits:
    """What the clients have waited, in seconds, and their errors."""

    seconds: list[float] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    inserted: int = 0
    writes_column: bool = False


def run() -> dict[str, Figure]:
    """Measure on a server of its own."""
    with temporary_postgres() as postgres:
        return measure(postgres.owner, rows=ROWS, clients=CLIENTS, baseline_s=BASELINE_S)


def measure(server: str, *, rows: int, clients: int, baseline_s: float) -> dict[str, Figure]:
    """Migrate a new database of a server while clients use it; the figures are in milliseconds."""
    with _new_database(server) as conninfo, tempfile.TemporaryDirectory() as folder:
        for name, (up, down) in _FILES.items():
            (Path(folder) / f"{name}.up.sql").write_text(up)
            (Path(folder) / f"{name}.down.sql").write_text(down)
        runner = Runner(conninfo, Path(folder))
        runner.up(to=1)
        _fill(conninfo, rows)
        before, during = Waits(), Waits()
        with _clients(conninfo, clients, rows, before):
            time.sleep(baseline_s)
        seconds = {}
        with _clients(conninfo, clients, rows, during):
            for version, name in enumerate(list(_FILES)[1:], start=2):
                started = time.perf_counter()
                runner.up(to=version)
                seconds[name[5:]] = time.perf_counter() - started
                during.writes_column = True
        with psycopg.connect(conninfo) as connection:
            row = connection.execute("select count(*), count(tool_calls_json) from turns").fetchone()
        assert row == (rows + before.inserted + during.inserted,) * 2, row
    for error in (*before.errors, *during.errors):
        print(f"  failed: {error}")
    return {
        "longest_wait_ms": Figure(percentile_ms(during.seconds, 100), "ms", "of a statement during the migrations"),
        "failed": Figure(len(during.errors), "", "statements of clients"),
        "wait_ms_p99": Figure(percentile_ms(during.seconds, 99), "ms", "of the statements during the migrations"),
        "longest_wait_before_ms": Figure(percentile_ms(before.seconds, 100), "ms", "the same without a migration"),
        "wait_before_ms_p99": Figure(percentile_ms(before.seconds, 99), "ms", "the same without a migration"),
        "statements": Figure(len(during.seconds), "", "of the clients during the migrations"),
        "rows": Figure(rows, "", "in the table at the start"),
        "column_s": Figure(round(seconds["column"], 2), "s", "to add the column"),
        "backfill_s": Figure(round(seconds["backfill"], 1), "s", "to fill it in batches of 1,000 rows"),
        "index_s": Figure(round(seconds["index"], 1), "s", "to build the index"),
        "require_s": Figure(round(seconds["require"] + seconds["validate"], 1), "s", "to require a value"),
    }


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(_DATABASE)))
        try:
            yield make_conninfo(server, dbname=_DATABASE)
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(_DATABASE)))


def _fill(conninfo: str, rows: int) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into turns (question, ended) select 'question ' || n %% 1000, 'done' from generate_series(1, %s) n",
            (rows,),
        )
        connection.execute("vacuum (analyze) turns")


@contextmanager
def _clients(conninfo: str, clients: int, rows: int, waits: Waits) -> Iterator[None]:
    stop = threading.Event()
    lock = threading.Lock()

    def serve(number: int) -> None:
        chosen = random.Random(number)
        turn = number
        with psycopg.connect(conninfo, autocommit=True) as connection:
            while not stop.wait(chosen.uniform(0, 2 * _PAUSE_S)):
                turn += 1
                statement = _STATEMENTS[turn % len(_STATEMENTS)]
                inserts = statement.startswith("insert")
                if inserts and waits.writes_column:
                    statement = _NEW_INSERT
                started = time.perf_counter()
                try:
                    connection.execute(statement, {"id": chosen.randrange(1, rows)})
                except psycopg.Error as error:
                    waits.errors.append(error)
                else:
                    with lock:
                        waits.inserted += inserts
                waits.seconds.append(time.perf_counter() - started)

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
