"""Users who know each other, for tests of the community's tools."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from pam.community.friendships import accept_friendship, request_friendship
from pam.community.profiles import save_public_profile
from pam.platform.clock import Clock, utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.tools.catalog.community import create_post
from tests.functional.tools.conftest import Caller


@dataclass(frozen=True)
class Community:
    """Makes users with a name of this test alone: names are unique in the database."""

    new_caller: Callable[..., Caller]
    database: Database
    owner: psycopg.Connection
    surname: str

    def join(self, first_name: str, clock: Clock = utc_now, **settings: str) -> Caller:
        """Make a user with a public profile; `settings` are its columns."""
        user = self.new_caller(clock)
        with self.database.session(user.id, Deadline(5)) as connection:
            save_public_profile(connection, user.id, self.name(first_name))
        self.set(user, **settings)
        return user

    def set(self, user: Caller, **settings: str) -> None:
        """Change columns of a user's public profile."""
        for column, value in settings.items():
            self.owner.execute(f"update public_profiles set {column} = %s where user_id = %s", (value, user.id))

    def name(self, first_name: str) -> str:
        return f"{first_name} {self.surname}"

    def befriend(self, one: Caller, other: Caller) -> None:
        with self.database.session(one.id, Deadline(5)) as connection:
            request_friendship(connection, one.id, other.id)
        with self.database.session(other.id, Deadline(5)) as connection:
            assert accept_friendship(connection, other.id, one.id, utc_now())

    def rows(self, table: str, column: str, user_id: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a table whose column has this id."""
        return self.owner.execute(f"select * from {table} where {column} = %s", (user_id,)).fetchall()


def post(author: Caller, content: str, more: str = "") -> str:
    """Publish a post; return its id."""
    return str(author.call(create_post, f'{{"content": "{content}"{more}}}').data["post_id"])
