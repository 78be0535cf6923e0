"""Arbitrary statements in the sessions of users, with the app's role."""

import uuid
from dataclasses import dataclass
from typing import Any

from pam.platform.deadline import Deadline
from pam.platform.postgres import Database


@dataclass(frozen=True)
class UserSessions:
    """The sessions of all users."""

    database: Database

    def execute(self, user_id: uuid.UUID, statement: str, *values: Any) -> None:
        """Execute a statement in a session of a user."""
        with self.database.session(user_id, Deadline(5)) as connection:
            connection.execute(statement, values)

    def select(self, user_id: uuid.UUID, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a statement in a session of a user."""
        with self.database.session(user_id, Deadline(5)) as connection:
            return connection.execute(statement, values).fetchall()
