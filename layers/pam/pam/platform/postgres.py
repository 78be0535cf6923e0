"""Postgres for one traveller at a time: every transaction says first whose rows it may see."""

import json
import select
import time
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
    """One connection for each Lambda environment, opened at the first use and renewed when it's lost.

    `secret` returns the JSON of a Secrets Manager secret as RDS writes it:
    `{"host", "port", "dbname", "username", "password"}`. It is asked again at each new connection, so a
    rotated password needs no restart.
    """

    def __init__(self, secret: Callable[[], str]) -> None:
        self._secret = secret
        self._connection: Connection | None = None
        self._used_at = 0.0

    @contextmanager
    def session(self, user_id: UUID) -> Iterator[Connection]:
        """One transaction that sees and writes only this traveller's rows.

        Statements are pipelined: they travel together until a result is read. Commits at the end, rolls
        back on any exception. Raises `DatabaseUnavailable` when Postgres is out of reach.
        """
        try:
            connection = self._live()
            with connection.pipeline():
                connection.execute("begin")
                connection.execute("select set_config('app.user_id', %s, true)", (str(user_id),))
                yield connection
                connection.execute("commit")
        except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
            self.close()
            raise DatabaseUnavailable from lost
        except BaseException:
            self._roll_back()
            raise
        self._used_at = time.monotonic()

    def _live(self) -> Connection:
        """The open connection, or a new one where it was closed behind our back or lay idle too long."""
        if self._connection is not None:
            idle = time.monotonic() - self._used_at
            # An idle connection has nothing to say: what there is to read is the server's good-bye.
            said_goodbye = select.select([self._connection.pgconn.socket], [], [], 0)[0]
            if idle > _LONGEST_IDLE_S or said_goodbye:
                self.close()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

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

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute("rollback")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Drops the connection; the next session opens another."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
