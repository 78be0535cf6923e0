"""The connection to Postgres: lost and found again."""

import uuid

import psycopg
import pytest

from local.stack import LocalStack
from pam.platform.postgres import Database, DatabaseUnavailable


def test_a_connection_that_the_server_closed_while_idle_is_replaced_unseen(
    database: Database, owner: psycopg.Connection
) -> None:
    """A restart of the server between two requests costs no traveller an error."""
    with database.session(uuid.uuid4()) as connection:
        row = connection.execute("select pg_backend_pid() as pid").fetchone()
    assert row is not None
    owner.execute("select pg_terminate_backend(%s, 5000)", (row["pid"],))
    with database.session(uuid.uuid4()) as connection:
        again = connection.execute("select pg_backend_pid() as pid").fetchone()
    assert again is not None and again["pid"] != row["pid"]


def test_a_connection_lost_in_the_middle_is_unavailable_and_nothing_is_kept(
    database: Database, owner: psycopg.Connection
) -> None:
    """The transaction is gone as a whole; the next one works."""
    user = uuid.uuid4()
    with pytest.raises(DatabaseUnavailable), database.session(user) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        row = connection.execute("select pg_backend_pid() as pid").fetchone()
        assert row is not None
        owner.execute("select pg_terminate_backend(%s, 5000)", (row["pid"],))
        connection.execute("select 1").fetchone()
    with database.session(user) as connection:
        assert connection.execute("select from users where id = %s", (user,)).fetchone() is None


def test_a_server_that_is_down_is_unavailable_until_it_is_back(stack: LocalStack, database: Database) -> None:
    """Each attempt fails clearly, and the first after the restart succeeds."""
    stack.postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4()):
                pass
    finally:
        stack.postgres.start()
    with database.session(uuid.uuid4()) as connection:
        assert connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_an_error_rolls_back_and_leaves_the_connection_usable(database: Database) -> None:
    """An exception of our own undoes the transaction without costing the connection."""
    user = uuid.uuid4()
    with pytest.raises(KeyError), database.session(user) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        raise KeyError
    with database.session(user) as connection:
        assert connection.execute("select from users").fetchone() is None
