"""Databases and migration files of their own for the tests of the runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stand_ins.postgres import temporary_postgres
from tests.migrations.database import new_database


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The conninfo of the owner on a Postgres of its own, with a migrated database: most tests need no more of PAM."""
    with temporary_postgres() as postgres:
        yield postgres.owner


@pytest.fixture
def empty_database(server: str) -> Iterator[str]:
    """The conninfo of a new database, as its owner."""
    with new_database(server) as conninfo:
        yield conninfo


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with two small migrations."""
    (tmp_path / "0001_boats.up.sql").write_text("create table boats (id int);")
    (tmp_path / "0001_boats.down.sql").write_text("drop table boats;")
    (tmp_path / "0002_oars.up.sql").write_text("create table oars (id int);")
    (tmp_path / "0002_oars.down.sql").write_text("drop table oars;")
    return tmp_path
