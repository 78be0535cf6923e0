"""A live database for the patterns: a table in use by old and new code while it is migrated."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pam.migrations.runner import Runner
from tests.migrations.database import give_to_owner, new_database

PATTERNS = Path(__file__).parent
USER_ID = uuid.uuid4()

Connection = psycopg.Connection[Any]
Work = Callable[[Connection, str], object]
"""What code does in one request; the text is another one in each request."""


class LiveDatabase:
    """A database of an owner who is no superuser, as on Aurora, and clients with the app's role."""

    def __init__(self, conninfo: str, owner: str, pattern: str) -> None:
        self.admin = conninfo
        """The conninfo of a role that no row security applies to."""
        self.runner = Runner(owner, PATTERNS / pattern)

    def app(self, user_id: uuid.UUID = USER_ID) -> Connection:
        """Connect as the app does for a user."""
        connection: Connection = psycopg.connect(self.admin, autocommit=True)
        connection.execute("set role pam_app")
        connection.execute("select set_config('app.user_id', %s, false)", (str(user_id),))
        return connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The result of a query that sees all rows."""
        with psycopg.connect(self.admin) as connection:
            return connection.execute(sql.SQL(query)).fetchall()

    @contextmanager
    def in_use(self, *codes: Work) -> Iterator[list[str]]:
        """Run each code in two clients until the block ends; yield the texts of requests that succeeded.

        Raises the first error of a client: no request fails during a migration.
        """
        stop = threading.Event()
        done: list[str] = []
        errors: list[Exception] = []

        def serve(code: Work) -> None:
            with self.app() as connection:
                while not stop.is_set():
                    text = f"{code.__name__} {uuid.uuid4()}"
                    try:
                        code(connection, text)
                    except Exception as error:
                        errors.append(error)
                        return
                    done.append(text)
                    time.sleep(0.001)

        threads = [threading.Thread(target=serve, args=(code,)) for code in codes for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            self._wait_for_progress(done, errors, codes)
            yield done
            self._wait_for_progress(done, errors, codes)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        for error in errors:
            raise error

    @staticmethod
    def _wait_for_progress(done: list[str], errors: list[Exception], codes: tuple[Work, ...]) -> None:
        """Wait until each code has had some more requests."""
        start, deadline = len(done), time.monotonic() + 30
        while not errors and any(sum(text.startswith(code.__name__) for text in done[start:]) < 3 for code in codes):
            assert time.monotonic() < deadline, "a client makes no progress"
            time.sleep(0.005)


@contextmanager
def live_database(server: str, pattern: str) -> Iterator[LiveDatabase]:
    """Create the database of one pattern, with its table."""
    with new_database(server) as conninfo:
        live = LiveDatabase(conninfo, give_to_owner(conninfo), pattern)
        live.runner.up(to=1)
        yield live
