"""Ends a migration between two of its statements."""

import time

import psycopg

from pam.migrations.execution import Progress


class Killer:
    """Ends the runner's backend at one point, as an operator or a failing server does, and notes all points."""

    def __init__(self, conninfo: str) -> None:
        self._other = psycopg.connect(conninfo, autocommit=True)
        self.at: tuple[int, bool] | None = None
        self.points: list[tuple[int, bool]] = []

    def __call__(self, progress: Progress) -> None:
        point = progress.statements_done, progress.is_recorded
        self.points.append(point)
        if point == self.at:
            pid = [progress.connection.info.backend_pid]
            self._other.execute("select pg_terminate_backend(%s)", pid)
            while self._other.execute("select from pg_stat_activity where pid = %s", pid).fetchone() is not None:
                time.sleep(0.002)

    def close(self) -> None:
        self._other.close()
