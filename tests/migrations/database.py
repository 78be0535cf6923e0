"""What a database contains, for assertions, and copies of databases."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pam.migrations.catalogue import Catalogue, read_catalogue


@contextmanager
def new_database(server: str, template: str | None = None) -> Iterator[str]:
    """Create a database on a server, a copy of `template` if there is one; yield the owner's conninfo, and drop it."""
    name = f"migrations_{uuid.uuid4().hex}"
    copied = (
        sql.SQL(" template {}").format(sql.Identifier(str(conninfo_to_dict(template)["dbname"]))) if template else ""
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}{}").format(sql.Identifier(name), copied or sql.SQL("")))
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def give_to_owner(conninfo: str) -> str:
    """Give a database to a role that is no superuser, as on Aurora; return the conninfo of that role."""
    name, password = "migrations_owner", uuid.uuid4().hex
    role = sql.Identifier(name)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        found = admin.execute("select from pg_roles where rolname = %s", (name,)).fetchone()
        statement = (
            "create role {} login nosuperuser nobypassrls password {}" if found is None else "alter role {} password {}"
        )
        admin.execute(sql.SQL(statement).format(role, sql.Literal(password)))
        admin.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(admin.info.dbname), role))
    return make_conninfo(conninfo, user=name, password=password)


def tables(conninfo: str) -> set[str]:
    """The names of the tables in the schema public."""
    query = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    with psycopg.connect(conninfo) as connection:
        return {name for (name,) in connection.execute(query)}


def ledger(conninfo: str) -> list[tuple[int, str]]:
    """Version and direction of each entry, oldest first."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select version, direction from schema_versions order by entry").fetchall()


def entries(conninfo: str) -> list[tuple[Any, ...]]:
    """Version, direction, outcome and statements done of each entry, oldest first."""
    query = "select version, direction, outcome, statements_done from schema_versions order by entry"
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


def catalogue(conninfo: str) -> Catalogue:
    """The catalogue of a database."""
    with psycopg.connect(conninfo) as connection:
        return read_catalogue(connection)


def digests(conninfo: str, columns: dict[str, set[str]]) -> dict[str, tuple[int, str | None]]:
    """The number of rows of each table, and a digest of these columns of all rows, whatever their order."""
    found = {}
    with psycopg.connect(conninfo) as connection:
        for table, names in sorted(columns.items()):
            query = sql.SQL(
                "select count(*), md5(string_agg(t::text, ';' order by t::text)) from (select {} from {}) t"
            ).format(sql.SQL(", ").join(map(sql.Identifier, sorted(names))), sql.Identifier(table))
            found[table] = connection.execute(query).fetchone()
    return found


def count_rows(conninfo: str) -> dict[str, int]:
    """The number of rows of each table but the ledger."""
    with psycopg.connect(conninfo) as connection:
        return {
            table: connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()[0]
            for table in tables(conninfo) - {"schema_versions"}
        }
