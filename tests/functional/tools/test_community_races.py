"""Many users on the same rows at the same instant: likes, places of an event, follows."""

import os
import random
import uuid
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from pam.community.events import NewEvent, create_event, join_event, leave_event
from pam.community.follows import follow, unfollow
from pam.community.posts import create_post
from pam.community.profiles import save_public_profile
from pam.community.reactions import count_likes, like, unlike
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Connection, Database
from tests.functional.chat.test_races import at_once

ROUNDS = min(1000, int(os.environ.get("PAM_CASES", "20")))
"""Rounds of each race; `make soak` has a thousand."""

USERS = 6

pytestmark = pytest.mark.soak


@pytest.fixture
def users(database: Database) -> list[uuid.UUID]:
    """Users with public profiles."""
    ids = [uuid.uuid4() for _ in range(USERS)]
    for user_id in ids:
        with database.session(user_id, Deadline(10)) as connection:
            save_public_profile(connection, user_id, f"P {user_id}")
    return ids


def run(database: Database, user_id: uuid.UUID, act: Callable[[Connection], object]) -> str:
    """Act in a transaction of a user; return the code of the error, or "done"."""
    try:
        with database.session(user_id, Deadline(30)) as connection:
            act(connection)
    except PamError as error:
        return error.error.code
    return "done"


def test_likes_at_once_are_counted_exactly(database: Database, users: list[uuid.UUID]) -> None:
    """Each user twice at the same time: the count is that of the users whose likes stayed."""
    chance = random.Random(7)
    with database.session(users[0], Deadline(10)) as connection:
        post_id = create_post(connection, users[0], title="", content="Hi", place="", tags=(), now=utc_now())
    liking = dict.fromkeys(users, False)
    for _ in range(ROUNDS):
        wanted = {user_id: chance.random() < 0.6 for user_id in users}

        def act(number: int, wanted: dict[uuid.UUID, bool] = wanted) -> str:
            user_id = users[number % USERS]
            if wanted[user_id]:
                return run(database, user_id, lambda connection: like(connection, user_id, post_id, utc_now()))
            return run(database, user_id, lambda connection: unlike(connection, user_id, post_id))

        assert set(at_once(2 * USERS, act)) == {"done"}
        liking = wanted
        with database.session(users[-1], Deadline(10)) as connection:
            assert count_likes(connection, post_id) == sum(liking.values())


def test_event_is_never_overbooked(database: Database, users: list[uuid.UUID], owner: psycopg.Connection) -> None:
    """All join at once, each twice: as many as there are places come in, once each, and the others are told."""
    chance = random.Random(8)
    for _ in range(ROUNDS):
        places = chance.randint(1, USERS + 1)
        event = NewEvent("Meetup", utc_now() + timedelta(days=1), "Moab", max_attendees=places)
        with database.session(users[0], Deadline(10)) as connection:
            event_id = create_event(connection, users[0], event, utc_now())

        new: list[uuid.UUID] = []

        def act(number: int, event_id: uuid.UUID = event_id, new: list[uuid.UUID] = new) -> str:
            user_id = users[number % USERS]

            def join(connection: Connection) -> None:
                if join_event(connection, user_id, event_id, utc_now()).is_new:
                    new.append(user_id)

            return run(database, user_id, join)

        outcomes = at_once(2 * USERS, act)
        joined = {users[number % USERS] for number, outcome in enumerate(outcomes) if outcome == "done"}
        taken = min(places, USERS)
        assert len(joined) == taken and set(outcomes) <= {"done", "event_full"}
        assert outcomes.count("done") == 2 * taken
        assert sorted(new) == sorted(joined)
        rows = owner.execute("select user_id, seat from event_attendees where event_id = %s", (event_id,)).fetchall()
        assert {user_id for user_id, _ in rows} == joined
        assert sorted(seat for _, seat in rows) == list(range(1, taken + 1))


def test_places_that_are_left_are_taken_once(
    database: Database, users: list[uuid.UUID], owner: psycopg.Connection
) -> None:
    """Who has joined leaves while the others join: each place is one user's, and who was let in is there."""
    chance = random.Random(9)
    event = NewEvent("Meetup", utc_now() + timedelta(days=1), "Moab", max_attendees=3)
    with database.session(users[0], Deadline(10)) as connection:
        event_id = create_event(connection, users[0], event, utc_now())
    joined: set[uuid.UUID] = set()
    for _ in range(ROUNDS):
        leaving = {user_id for user_id in joined if chance.random() < 0.7}
        acting = [*leaving, *(set(users) - joined)]

        def act(
            number: int, acting: list[uuid.UUID] = acting, leaving: set[uuid.UUID] = leaving
        ) -> tuple[uuid.UUID, str]:
            user_id = acting[number]
            if user_id in leaving:
                return user_id, run(database, user_id, lambda connection: leave_event(connection, user_id, event_id))
            outcome = run(database, user_id, lambda connection: join_event(connection, user_id, event_id, utc_now()))
            return user_id, outcome

        outcomes = dict(at_once(len(acting), act))
        assert set(outcomes.values()) <= {"done", "event_full"}
        assert {outcomes[user_id] for user_id in leaving} <= {"done"}
        came = {user_id for user_id, outcome in outcomes.items() if outcome == "done"} - leaving
        joined = (joined - leaving) | came
        rows = owner.execute("select user_id, seat from event_attendees where event_id = %s", (event_id,)).fetchall()
        assert {user_id for user_id, _ in rows} == joined
        assert len({seat for _, seat in rows}) == len(rows) <= 3
        assert all(1 <= seat <= 3 for _, seat in rows)


def test_follows_at_once_are_stored_once(database: Database, users: list[uuid.UUID], owner: psycopg.Connection) -> None:
    """Of each other, each twice: one row for each pair, and none after all have ended them; nobody waits for ever."""
    pairs = [(one, other) for one in users[:4] for other in users[:4] if one != other]
    for round_ in range(ROUNDS):
        ends = bool(round_ % 2)

        def act(number: int, ends: bool = ends) -> str:
            one, other = pairs[number % len(pairs)]
            if ends:
                return run(database, one, lambda connection: unfollow(connection, one, other))
            return run(database, one, lambda connection: follow(connection, one, other, utc_now()))

        assert set(at_once(2 * len(pairs), act)) == {"done"}
        stored = owner.execute("select follower, followed from follows where follower = any (%s)", (users,)).fetchall()
        assert sorted(stored) == ([] if ends else sorted(pairs))
