"""The locks that a transaction has on tables, as Postgres lists them in `pg_locks`."""

from dataclasses import dataclass

from pam.migrations.ledger import LEDGER, Connection

# Tables, partitioned tables, materialized views and foreign tables. An index is locked with its table.
_RELATIONS = """
select c.oid, case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and c.relname <> %s
"""

_LOCKS = """
select relation, mode from pg_locks
 where locktype = 'relation' and granted and pid = %s and relation = any (%s)
   and database = (select oid from pg_database where datname = current_database())
"""

_BLOCKED = {
    "AccessExclusiveLock": "reads and writes",
    "ExclusiveLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ShareLock": "writes",
}


@dataclass(frozen=True, order=True)
class TableLock:
    """A lock on a table; `mode` as in `pg_locks`, such as `AccessExclusiveLock`."""

    table: str
    mode: str

    @property
    def blocks(self) -> str:
        """What of other transactions waits for it: `reads and writes`, `writes`, or `nothing`."""
        return _BLOCKED.get(self.mode, "nothing")


def read_tables(connection: Connection) -> dict[int, str]:
    """Return the names of the tables that exist now, by oid, without the ledger."""
    return {row["oid"]: row["name"] for row in connection.execute(_RELATIONS, (LEDGER,))}


def read_locks(connection: Connection, tables: dict[int, str], pid: int) -> set[TableLock]:
    """Return which locks a backend has on these tables."""
    rows = connection.execute(_LOCKS, (pid, list(tables)))
    return {TableLock(tables[row["relation"]], row["mode"]) for row in rows}
