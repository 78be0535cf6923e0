"""A backfill: an update of a whole table in batches, each a short transaction, so that nobody waits for it for long.

The file of such a migration has one statement, whose condition contains a mark for the batch:

    -- batches of 1000: turns by user_id, id
    update turns set tool_calls_json = '[]' where tool_calls_json is null and /* batch */ true

The columns are a key of the table with an index. The ledger has the key at which the last batch ended, written in the
batch's transaction: an interrupted backfill goes on there. Rows that are written behind it are not visited: the code
that is deployed before the backfill, or a trigger, gives them their value.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pam.migrations import ledger
from pam.migrations.files import Direction, Migration, MigrationError
from pam.migrations.ledger import AppliedMigration, Connection
from pam.migrations.waiting import Timeouts, retry_locks

MARK = "/* batch */ true"

_NOT_NULL = """
select attname from pg_attribute
 where attrelid = to_regclass(%s) and attname = any (%s) and attnotnull and not attisdropped
"""

# Row security that applies to the runner's role, without a policy that gives it all rows.
_HIDDEN = """
select row_security_active(%(table)s) and not exists (
           select from pg_policy p
            where p.polrelid = %(table)s::regclass and p.polpermissive and p.polcmd in ('*', 'w')
              and pg_get_expr(p.polqual, p.polrelid) = 'true'
              and (p.polroles = '{0}' or exists (select from unnest(p.polroles) role where pg_has_role(role, 'usage')))
       ) as hidden
"""

_PAUSE_SHARE = 1.0
"""How long a pause is, in durations of the batch before it: others get at least half of the time."""

_MAX_PAUSE_S = 5.0
"""In Lambda, Postgres ends a session that is idle for a minute."""

_HEADER = re.compile(r"^--[ \t]*batches of (\d+): (\w+) by (\w+(?:, *\w+)*)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Batches:
    """How the table is divided."""

    size: int
    table: str
    key: tuple[str, ...]
    statement: str


def read_batches(migration: Migration, direction: Direction) -> Batches | None:
    """Return how a script runs in batches, or None.

    Raises `MigrationError` for a malformed header, for a mark without a header, and for a header without a proper
    statement: the statement would run on the whole table at once.
    """
    script = migration.script(direction)
    if not script.has_batches and MARK not in script.sql:
        return None
    header = _HEADER.search(script.head)
    if header is None or int(header[1]) < 1:
        raise MigrationError(
            f"{migration} has batches: its head needs a line such as `-- batches of 1000: turns by user_id, id`."
        )
    if len(script.statements) != 1 or script.statements[0].count(MARK) != 1:
        raise MigrationError(f"{migration} has batches: it needs one statement, with one {MARK!r} in its condition.")
    key = tuple(name.strip() for name in header[3].split(","))
    return Batches(int(header[1]), header[2], key, script.statements[0])


def _check_reach(connection: Connection, migration: Migration, batches: Batches) -> None:
    """Raise `MigrationError` where the update would leave rows out: by nulls in the key, or by row security."""
    rows = connection.execute(_NOT_NULL, (batches.table, list(batches.key))).fetchall()
    lacking = [name for name in batches.key if name not in {row["attname"] for row in rows}]
    if lacking:
        raise MigrationError(
            f"{migration} can't divide {batches.table} by {', '.join(lacking)}: rows without a value would be left out."
            " Name columns of the table that are `not null`."
        )
    found = connection.execute(_HIDDEN, {"table": batches.table}).fetchone()
    if found is not None and found["hidden"]:
        raise MigrationError(
            f"{migration} can't update {batches.table}: row security hides its rows from the owner."
            f" Create a policy on {batches.table} to current_user using (true) in an earlier migration."
        )


def run_batches(
    connection: Connection,
    migration: Migration,
    direction: Direction,
    batches: Batches,
    resumed: AppliedMigration | None,
    timeouts: Timeouts,
    observe: Callable[[int, bool], None],
) -> None:
    """Update the table from where `resumed` ended.

    `observe` gets the number of batches done, and whether the last one of them is committed.
    """
    _check_reach(connection, migration, batches)
    entry = resumed.entry if resumed else ledger.begin(connection, migration, direction)
    done = (resumed.statements_done or 0) if resumed else 0
    position = json.loads(resumed.position) if resumed and resumed.position else None
    connection.execute(f"set statement_timeout = '{timeouts.statement_s}s'")
    observe(done, True)
    while True:
        started = time.perf_counter()

        def run(position: list[str] | None = position, done: int = done, started: float = started) -> list[str] | None:
            with connection.transaction():
                end = _find_end(connection, batches, position)
                _update(connection, batches, position, end)
                observe(done + 1, False)
                ms = round((time.perf_counter() - started) * 1000)
                ledger.record_progress(
                    connection, entry, done + 1, ms, last=end is None, position=None if end is None else json.dumps(end)
                )
            return end

        try:
            position = retry_locks(connection, timeouts, str(migration), run)
        except psycopg.Error:
            if not done and not connection.broken:
                ledger.record_failure(connection, entry, migration.script(direction).checksum_of_first(0))
            raise
        done += 1
        observe(done, True)
        if position is None:
            break
        time.sleep(min(_MAX_PAUSE_S, (time.perf_counter() - started) * _PAUSE_SHARE))
    connection.execute("reset statement_timeout")


def _find_end(connection: Connection, batches: Batches, after: list[str] | None) -> list[str] | None:
    """Return the key of the last row of the next batch, as text; None if the batch goes to the end of the table."""
    query = sql.SQL("select {} from {} where {} order by {} offset {} limit 1").format(
        sql.SQL(", ").join(sql.SQL("{}::text as {}").format(sql.Identifier(k), sql.Identifier(k)) for k in batches.key),
        sql.Identifier(batches.table),
        _beyond(batches, ">", after),
        sql.SQL(", ").join(sql.Identifier(batches.table, k) for k in batches.key),
        sql.Literal(batches.size - 1),
    )
    row: dict[str, Any] | None = connection.execute(query).fetchone()
    return None if row is None else [row[k] for k in batches.key]


def _update(connection: Connection, batches: Batches, after: list[str] | None, to: list[str] | None) -> None:
    condition = sql.SQL("{} and {}").format(_beyond(batches, ">", after), _beyond(batches, "<=", to))
    before, _, behind = batches.statement.partition(MARK)
    connection.execute(sql.SQL("{}{}{}").format(sql.SQL(before), condition, sql.SQL(behind)))


def _beyond(batches: Batches, operator: str, key: list[str] | None) -> sql.Composable:
    """Compare the key of a row with `key`; true without one. A literal has the type of the column."""
    if key is None:
        return sql.SQL("true")
    return sql.SQL("({}) {} ({})").format(
        sql.SQL(", ").join(sql.Identifier(batches.table, name) for name in batches.key),
        sql.SQL(operator),
        sql.SQL(", ").join(map(sql.Literal, key)),
    )
