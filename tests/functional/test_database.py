"""Sessions of the database: lost connections, errors and deadlines."""

import time
import uuid

import psycopg
import pytest

from local.stack import LocalStack
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database, DatabaseUnavailable


def backend_pid(connection: Connection) -> int:
    row = connection.execute("select pg_backend_pid() as pid").fetchone()
    assert row is not None
    return row["pid"]


def test_connection_closed_by_the_server_while_idle_is_replaced(database: Database, owner: psycopg.Connection) -> None:
    """A restart of the server between two requests causes no error."""
    with database.session(uuid.uuid4(), Deadline(5)) as connection:
        pid = backend_pid(connection)
    owner.execute("select pg_terminate_backend(%s, 5000)", (pid,))
    with database.session(uuid.uuid4(), Deadline(5)) as connection:
        assert backend_pid(connection) != pid


def test_connection_lost_in_a_transaction_is_unavailable_and_rolled_back(
    database: Database, owner: psycopg.Connection
) -> None:
    """The whole transaction is rolled back; the next one works."""
    user = uuid.uuid4()
    with pytest.raises(DatabaseUnavailable), database.session(user, Deadline(5)) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        owner.execute("select pg_terminate_backend(%s, 5000)", (backend_pid(connection),))
        connection.execute("select 1").fetchone()
    with database.session(user, Deadline(5)) as connection:
        assert connection.execute("select from users where id = %s", (user,)).fetchone() is None


def test_stopped_server_is_unavailable_until_it_is_restarted(stack: LocalStack, database: Database) -> None:
    """Each attempt raises `DatabaseUnavailable`, and the first after the restart succeeds."""
    stack.postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4(), Deadline(5)):
                pass
    finally:
        stack.postgres.start()
    with database.session(uuid.uuid4(), Deadline(5)) as connection:
        assert connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_exception_rolls_back_and_keeps_the_connection(database: Database) -> None:
    """An exception of the caller rolls the transaction back, and the connection is used again."""
    user = uuid.uuid4()
    with pytest.raises(KeyError), database.session(user, Deadline(5)) as connection:
        pid = backend_pid(connection)
        connection.execute("insert into users (id) values (%s)", (user,))
        raise KeyError
    with database.session(user, Deadline(5)) as connection:
        assert connection.execute("select from users").fetchone() is None
        assert backend_pid(connection) == pid


def test_statement_is_cancelled_at_the_deadline(database: Database) -> None:
    """A statement that hangs ends with the deadline, and its connection serves the next session in full."""
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4(), Deadline(0.3)) as connection:
        pid = backend_pid(connection)
        connection.execute("select pg_sleep(10)")
    assert 0.2 < time.monotonic() - started < 2
    with database.session(uuid.uuid4(), Deadline(5)) as connection:
        assert backend_pid(connection) == pid
        assert connection.execute("select 1 as one from pg_sleep(0.5)").fetchone() == {"one": 1}


def test_statement_takes_no_longer_than_its_own_limit(database: Database) -> None:
    """A deadline that is far away doesn't let a statement run longer than 5 s."""
    with database.session(uuid.uuid4(), Deadline(600)) as connection:
        row = connection.execute("select current_setting('statement_timeout') as timeout").fetchone()
    assert row == {"timeout": "5s"}


def test_expired_deadline_is_unavailable_without_a_connection() -> None:
    """A session after the deadline fails at once: not even the secret is read."""

    def secret() -> str:
        raise AssertionError("read")

    with pytest.raises(DatabaseUnavailable), Database(secret).session(uuid.uuid4(), Deadline(0)):
        pass
