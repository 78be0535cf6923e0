"""Postgres for one traveller at a time: every transaction says first whose rows it may see."""

import json
import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from pam.platform.errors import DATABASE_UNAVAILABLE, PamError

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

# A Lambda environment may be frozen for minutes between two events; what lies on the path may have
# forgotten the connection meanwhile without a word. Older than this, we open another.
_LONGEST_IDLE_S = 240.0

# The server ends what outlives its caller: a function's own timeout is 10 s.
_SERVER_OPTIONS = (
    "-c statement_timeout=5s -c lock_timeout=3s -c idle_in_transaction_session_timeout=10s -c timezone=UTC"
)


class DatabaseUnavailable(PamError):
    """Postgres can't be reached, is paused, or went away in the middle."""

    def __init__(self) -> None:
        super().__init__(
            DATABASE_UNAVAILABLE,
            "PAM can't reach its database right now. Please try again in a moment.",
            retry_after=5,
        )


class Database:
    """Connections of one Lambda environment: as many as there were sessions at once, renewed when they are lost.

    `secret` returns the JSON of a Secrets Manager secret as RDS writes it:
    `{"host", "port", "dbname", "username", "password"}`. It is asked again at each new connection, so a
    rotated password needs no restart.
    """

    def __init__(self, secret: Callable[[], str]) -> None:
        self._secret = secret
        # Idle ones with the instant of their last use, the latest used at the end. A deque's ends are thread-safe.
        self._idle: deque[tuple[Connection, float]] = deque()

    @contextmanager
    def session(self, user_id: UUID) -> Iterator[Connection]:
        """One transaction that sees and writes only this traveller's rows.

        Statements are pipelined: they travel together until a result is read. Commits at the end, rolls
        back on any exception. Raises `DatabaseUnavailable` when Postgres is out of reach.
        """
        connection: Connection | None = None
        try:
            connection = self._live()
            with connection.pipeline():
                connection.execute("begin")
                connection.execute("select set_config('app.user_id', %s, true)", (str(user_id),))
                yield connection
                connection.execute("commit")
        except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
            _drop(connection)
            self.close()
            raise DatabaseUnavailable from lost
        except BaseException:
            if connection is not None and _rolled_back(connection):
                self._idle.append((connection, time.monotonic()))
            raise
        self._idle.append((connection, time.monotonic()))

    def _live(self) -> Connection:
        """An open connection that nobody uses, or another one; not one that was closed behind our back, or lay long."""
        while True:
            try:
                connection, used_at = self._idle.pop()
            except IndexError:
                return self._connect()
            # An idle connection has nothing to say: what there is to read is the server's good-bye.
            said_goodbye = select.select([connection.pgconn.socket], [], [], 0)[0]
            if time.monotonic() - used_at <= _LONGEST_IDLE_S and not said_goodbye:
                return connection
            _drop(connection)

    def _connect(self) -> Connection:
        fields = json.loads(self._secret())
        return psycopg.connect(
            host=fields["host"],
            port=fields["port"],
            dbname=fields["dbname"],
            user=fields["username"],
            password=fields["password"],
            connect_timeout=2,
            tcp_user_timeout=5000,
            application_name="pam",
            options=_SERVER_OPTIONS,
            autocommit=True,
            row_factory=dict_row,
        )

    def close(self) -> None:
        """Drops the idle connections; the next session opens another."""
        while self._idle:
            _drop(self._idle.pop()[0])


def _rolled_back(connection: Connection) -> bool:
    try:
        connection.execute("rollback")
    except psycopg.Error:
        _drop(connection)
        return False
    return True


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()
