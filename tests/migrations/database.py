"""What a database contains, for assertions."""

import psycopg


def tables(conninfo: str) -> set[str]:
    """The names of the tables in the schema public."""
    query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    with psycopg.connect(conninfo) as connection:
        return {name for (name,) in connection.execute(query)}


def ledger(conninfo: str) -> list[tuple[int, str]]:
    """Version and direction of each entry, oldest first."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select version, direction from schema_versions order by entry").fetchall()
