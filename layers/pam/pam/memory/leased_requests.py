"""Requests for background work in Postgres: due at a time, leased to one caller, tried again, at last quarantined.

A request that ends the run at every attempt is quarantined, and the others go on. Each kind of request has a table and
functions of its own in the schema, since the app's role sees only the rows of one user.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from pam.platform.deadline import Deadline
from pam.platform.postgres import Database

MAX_ATTEMPTS = 5

_NO_USER = UUID(int=0)


@dataclass(frozen=True)
class LeasedRequest:
    """A request that is leased to one caller. `attempts` includes this one."""

    user_id: UUID
    lease: UUID
    attempts: int
    requested_at: datetime


R = TypeVar("R", bound=LeasedRequest)


@dataclass(frozen=True)
class RequestStatements:
    """The SQL of a kind of request.

    `claim` takes `lease` (a duration) and `attempts`, and returns the fields of a request; `quarantine` takes
    `attempts` and returns `requests`; `release` takes `user`, `lease` (its id), `attempts` and `delay`.
    """

    claim: str
    quarantine: str
    release: str


class LeasedRequests(Generic[R]):
    """The requests of all users, of one kind. Methods raise `DatabaseUnavailable`."""

    def __init__(
        self, database: Database, statements: RequestStatements, request: Callable[..., R], lease: timedelta
    ) -> None:
        """`request` makes a request from the columns of its row; `lease` is how long it belongs to a caller."""
        self._database = database
        self._statements = statements
        self._request = request
        self._lease = lease

    def claim(self, deadline: Deadline) -> R | None:
        """Lease the request that is due longest to the caller; None if none is due."""
        values: dict[str, Any] = {"lease": self._lease, "attempts": MAX_ATTEMPTS}
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(self._statements.claim, values).fetchone()
        return None if row is None else self._request(**row)

    def quarantine(self, deadline: Deadline) -> int:
        """Set requests aside that have failed at every attempt; return how many."""
        with self._database.session(_NO_USER, deadline) as connection:
            row = connection.execute(self._statements.quarantine, {"attempts": MAX_ATTEMPTS}).fetchone()
        assert row is not None
        return int(row["requests"])

    def postpone(self, request: R, delay: timedelta, deadline: Deadline) -> None:
        """Return a request that isn't done, by no fault of its own."""
        self._release(request, request.attempts - 1, delay, deadline)

    def fail(self, request: R, delay: timedelta, deadline: Deadline) -> None:
        """Return a request that isn't done by a fault of its own: its attempt counts."""
        self._release(request, request.attempts, delay, deadline)

    def _release(self, request: R, attempts: int, delay: timedelta, deadline: Deadline) -> None:
        values = {"user": request.user_id, "lease": request.lease, "attempts": attempts, "delay": delay}
        with self._database.session(request.user_id, deadline) as connection:
            connection.execute(self._statements.release, values)
