"""Postgres with row-level security: every transaction is limited to the rows of one user and to a deadline."""

import json
import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg.rows import dict_row

from pam.platform.deadline import Deadline
from pam.platform.errors import DATABASE_UNAVAILABLE, PamError

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

MAX_STATEMENT_TIMEOUT_S = 5.0
"""Time for one statement in seconds, also where the deadline is later."""

# psycopg takes no less than 2 s.
_CONNECT_TIMEOUT_S = 2

# A Lambda environment may be frozen for minutes between two events, and a firewall or NAT gateway on the path
# drops an idle connection without notice. An older one is replaced.
_MAX_IDLE_S = 240.0

_RDS_CERTIFICATES = Path(__file__).with_name("rds_ca.pem")
"""The root certificates of Amazon RDS in all Regions."""

_AMAZON_CERTIFICATES = Path(__file__).with_name("amazon_ca.pem")
"""The root certificates of Amazon Trust Services, which sign those of RDS Proxy."""

# psycopg's own. Not through RDS Proxy, which pins a connection to the session of a prepared statement.
_PREPARE_THRESHOLD = 5

# All settings are of the transaction, and none of the session. A stored function makes them: RDS Proxy refuses startup
# options, and pins a connection for `set` and `set_config` in a statement.
# docs/decisions/0050-proxy-and-other-databases.md
_BEGIN = "select limit_transaction(%s, %s)"


def tls_options(secret: Mapping[str, Any]) -> dict[str, Any]:
    """Return libpq's options for TLS: the server must prove its name, unless the secret has another `sslmode`.

    RDS writes none. `sslrootcert` of the secret is a file with the root certificates of a server that isn't RDS's.
    libpq uses no TLS on Unix sockets.
    """
    if "sslmode" in secret:
        return {name: secret[name] for name in ("sslmode", "sslrootcert") if name in secret}
    return {"sslmode": "verify-full", "sslrootcert": str(_RDS_CERTIFICATES)}


def proxy_tls_options() -> dict[str, Any]:
    """Return libpq's options for TLS to an RDS Proxy, which must prove its name."""
    return {"sslmode": "verify-full", "sslrootcert": str(_AMAZON_CERTIFICATES)}


class DatabaseUnavailable(PamError):
    """Postgres can't be reached, is paused, closed the connection, or gave no result before the deadline."""

    def __init__(self) -> None:
        super().__init__(
            DATABASE_UNAVAILABLE,
            "PAM can't reach its database right now. Please try again in a moment.",
            retry_after=5,
        )


class ConnectionLost(DatabaseUnavailable):
    """The connection was lost within the session: its commit may have been done or not."""


class Database:
    """A connection pool for one Lambda environment: as many connections as there were sessions at once.

    `secret` returns the JSON of a Secrets Manager secret as RDS writes it:
    `{"host", "port", "dbname", "username", "password"}`, or with `sslmode`. It is cached until a login fails, so a
    rotated password needs no restart. While a rotation runs, Postgres has the new password before the secret does:
    `pending_secret` returns the version that is going to replace it. Both raise botocore's errors.

    `proxy_host` is the host of an RDS Proxy to connect to, in place of the secret's; empty for none.
    """

    def __init__(
        self, secret: Callable[[], str], pending_secret: Callable[[], str] | None = None, proxy_host: str = ""
    ) -> None:
        self._secret = secret
        self._pending_secret = pending_secret
        self._proxy_host = proxy_host
        self._valid = ""  # what the last login was made with
        # Idle connections with the time of their last use, the latest at the end. A deque's ends are thread-safe.
        self._idle: deque[tuple[Connection, float]] = deque()

    @contextmanager
    def session(self, user_id: UUID, deadline: Deadline) -> Iterator[Connection]:
        """Run a transaction that reads and writes only this user's rows.

        Statements are pipelined: they are sent together until a result is read. Each may take what is left of the
        deadline now. Commits at the end, rolls back on any exception. Raises `DatabaseUnavailable` when Postgres
        can't be reached or a statement, or the deadline itself, has timed out; `ConnectionLost` when that happens after
        the connection was made.
        """
        if deadline.left_s == 0:
            raise DatabaseUnavailable
        connection: Connection | None = None
        try:
            connection = self._acquire()
            with connection.pipeline():
                connection.execute("begin")
                connection.execute(_BEGIN, (user_id, _statement_timeout_ms(deadline)))
                yield connection
                connection.execute("commit")
        except psycopg.errors.QueryCanceled as timed_out:
            self._release_after_error(connection)
            raise DatabaseUnavailable from timed_out
        except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
            _drop(connection)
            self.close()
            raise (DatabaseUnavailable if connection is None else ConnectionLost) from lost
        except BaseException:
            self._release_after_error(connection)
            raise
        self._release(connection)

    def _acquire(self) -> Connection:
        """Return an idle connection that the server hasn't closed, or a new one."""
        while True:
            try:
                connection, used_at = self._idle.pop()
            except IndexError:
                return self._connect()
            # Nothing is sent over an idle connection but the server's closing of it.
            idle = select.poll()  # `select` refuses descriptors above 1023
            idle.register(connection.pgconn.socket, select.POLLIN)
            if time.monotonic() - used_at <= _MAX_IDLE_S and not idle.poll(0):
                return connection
            _drop(connection)

    def _release(self, connection: Connection) -> None:
        self._idle.append((connection, time.monotonic()))

    def _release_after_error(self, connection: Connection | None) -> None:
        if connection is not None and _rolled_back(connection):
            self._release(connection)

    def _connect(self) -> Connection:
        """Log in with what was valid last; where that fails, with what the secret is now, or is about to be."""
        tried: dict[str, psycopg.OperationalError] = {}
        for text in self._versions(tried):
            if text in tried:
                continue
            try:
                connection = _log_in(json.loads(text), self._proxy_host)
            except psycopg.OperationalError as error:
                tried[text] = error
            else:
                self._valid = text
                return connection
        raise list(tried.values())[-1]

    def _versions(self, tried: Mapping[str, psycopg.OperationalError]) -> Iterator[str]:
        """Yield the cached secret, the current one, and the pending one if a password was refused.

        Raises `DatabaseUnavailable` where none can be read.
        """
        if self._valid:
            yield self._valid
        try:
            yield self._secret()
            # libpq has no code for a refused login: it says whether the server asked for the password.
            if self._pending_secret and any(error.pgconn and error.pgconn.used_password for error in tried.values()):
                yield self._pending_secret()
        except (BotoCoreError, ClientError) as error:
            if not tried:
                raise DatabaseUnavailable from error

    def close(self) -> None:
        """Close the idle connections; the next session opens a new one."""
        while self._idle:
            _drop(self._idle.pop()[0])


def _log_in(fields: Mapping[str, Any], proxy_host: str) -> Connection:
    """Return a connection with the fields of a secret. Raises psycopg's errors."""
    return psycopg.connect(
        host=proxy_host or fields["host"],
        port=fields["port"],
        dbname=fields["dbname"],
        user=fields["username"],
        password=fields["password"],
        connect_timeout=_CONNECT_TIMEOUT_S,
        tcp_user_timeout=5000,
        application_name="pam",
        **(proxy_tls_options() if proxy_host else tls_options(fields)),
        prepare_threshold=None if proxy_host else _PREPARE_THRESHOLD,
        autocommit=True,
        row_factory=dict_row,
    )


def _statement_timeout_ms(deadline: Deadline) -> int:
    """Return what is left of the deadline in whole milliseconds, at least 1: 0 would mean no limit."""
    return max(1, int(min(MAX_STATEMENT_TIMEOUT_S, deadline.left_s) * 1000))


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
