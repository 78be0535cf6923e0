"""Migrations and queries are tested on the Postgres that Aurora runs."""

import os

import psycopg
import pytest

from local.stack import LocalStack
from tests.functional.sam import RESOURCES


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="another Postgres than that of the local stack")
def test_local_postgres_has_auroras_major_version(stack: LocalStack) -> None:
    """A syntax or a plan that only one of the two knows would otherwise show in a deployment first."""
    with psycopg.connect(stack.postgres.owner) as connection:
        local_major = connection.info.server_version // 10_000
    assert RESOURCES["Database"]["Properties"]["EngineVersion"].split(".")[0] == str(local_major)
