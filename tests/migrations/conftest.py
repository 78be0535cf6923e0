"""Databases and migration files of their own for the tests of the runner."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from local.stack import LocalStack


@pytest.fixture
def empty_database(stack: LocalStack) -> Iterator[str]:
    """The conninfo of a new database, as its owner."""
    name = f"migrations_{uuid.uuid4().hex}"
    with psycopg.connect(stack.postgres.owner, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield make_conninfo(stack.postgres.owner, dbname=name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with two small migrations."""
    (tmp_path / "0001_boats.up.sql").write_text("create table boats (id int);")
    (tmp_path / "0001_boats.down.sql").write_text("drop table boats;")
    (tmp_path / "0002_oars.up.sql").write_text("create table oars (id int);")
    (tmp_path / "0002_oars.down.sql").write_text("drop table oars;")
    return tmp_path
