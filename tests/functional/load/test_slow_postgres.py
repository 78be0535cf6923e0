"""The proxy that delays queries in a load test."""

import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from load.slow_postgres import SlowPostgres
from local.stack import LocalStack


def test_queries_are_delayed_while_a_delay_is_set(stack: LocalStack) -> None:
    """With open and new connections; at the end those that are open are lost."""
    directory = Path(str(conninfo_to_dict(stack.postgres.owner)["host"]))
    proxy = SlowPostgres(directory / ".s.PGSQL.5432")
    with proxy.listen() as host:
        conninfo = make_conninfo(stack.postgres.owner, host=host)
        connection = psycopg.connect(conninfo, autocommit=True)
        assert connection.execute("select 1").fetchone() == (1,)
        proxy.delay_s = 0.2
        began = time.monotonic()
        connection.execute("select 1")
        assert time.monotonic() - began >= 0.2
        began = time.monotonic()
        with psycopg.connect(conninfo):
            assert time.monotonic() - began >= 0.2
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
