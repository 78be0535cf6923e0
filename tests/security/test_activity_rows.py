"""Row security of posts, comments, likes, shared places and events, with the app role and arbitrary queries."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from pam.community.events import NewEvent, create_event, join_event
from pam.community.friendships import accept_friendship, request_friendship
from pam.community.profiles import save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from tests.security.user_sessions import UserSessions

Denied = psycopg.errors.InsufficientPrivilege

POST = "insert into posts (author_id, content, created_at) values (%s, 'Hello', now()) returning id"
COMMENT = "insert into comments (post_id, author_id, body, created_at) values (%s, %s, 'Hi', now())"
LIKE = "insert into post_likes (post_id, user_id, created_at) values (%s, %s, now())"
SHARE = (
    "insert into shared_places (user_id, place, latitude, longitude, audience, expires_at)"
    " values (%s, 'Moab', 38.5, -109.5, %s, now() + interval '1 hour')"
)
JOIN = "insert into event_attendees (event_id, user_id, seat, joined_at) values (%s, %s, %s, now())"


@dataclass(frozen=True)
class Neighbours(UserSessions):
    """Four users with public profiles: Bob is a friend of Ann, Cleo follows her, Eve doesn't know her."""

    owner: psycopg.Connection
    ann: uuid.UUID
    bob: uuid.UUID
    cleo: uuid.UUID
    eve: uuid.UUID

    def seers(self, statement: str, *values: Any) -> set[str]:
        """Return who gets rows of a statement."""
        names = ("ann", "bob", "cleo", "eve")
        return {name for name in names if self.select(getattr(self, name), statement, *values)}

    def set(self, column: str, audience: str) -> None:
        """Change a setting of Ann."""
        self.execute(self.ann, f"update public_profiles set {column} = %s where user_id = %s", audience, self.ann)

    def post(self) -> uuid.UUID:
        """Publish a post of Ann."""
        post_id: uuid.UUID = self.select(self.ann, POST, self.ann)[0]["id"]
        return post_id

    def event(self, places: int | None = None) -> uuid.UUID:
        """Publish an event of Ann, tomorrow."""
        event = NewEvent("Meetup", utc_now() + timedelta(days=1), "Moab", max_attendees=places)
        with self.database.session(self.ann, Deadline(5)) as connection:
            return create_event(connection, self.ann, event, utc_now())


@pytest.fixture
def neighbours(database: Database, owner: psycopg.Connection) -> Neighbours:
    """Four new users."""
    found = Neighbours(database, owner, *(uuid.uuid4() for _ in range(4)))
    for user_id in (found.ann, found.bob, found.cleo, found.eve):
        with database.session(user_id, Deadline(5)) as connection:
            save_public_profile(connection, user_id, f"N {user_id}")
    with database.session(found.bob, Deadline(5)) as connection:
        request_friendship(connection, found.bob, found.ann)
    with database.session(found.ann, Deadline(5)) as connection:
        assert accept_friendship(connection, found.ann, found.bob, utc_now())
    found.execute(found.cleo, "insert into follows (follower, followed) values (%s, %s)", found.cleo, found.ann)
    return found


AUDIENCES = [
    ("everybody", {"ann", "bob", "cleo", "eve"}),
    ("followers", {"ann", "bob", "cleo"}),
    ("friends", {"ann", "bob"}),
    ("nobody", {"ann"}),
]


@pytest.mark.parametrize("profile", ["everybody", "nobody"])
@pytest.mark.parametrize(("audience", "seers"), AUDIENCES)
def test_activity_is_visible_to_its_audience(
    neighbours: Neighbours, audience: str, seers: set[str], profile: str
) -> None:
    """Posts with their comments and likes, and events with their attendees; whoever sees the profile."""
    post_id, event_id = neighbours.post(), neighbours.event()
    neighbours.execute(neighbours.ann, COMMENT, post_id, neighbours.ann)
    neighbours.execute(neighbours.ann, LIKE, post_id, neighbours.ann)
    neighbours.execute(neighbours.ann, JOIN, event_id, neighbours.ann, 1)
    neighbours.set("who_sees_activity", audience)
    neighbours.set("who_sees_profile", profile)
    assert neighbours.seers("select id from posts where id = %s", post_id) == seers
    assert neighbours.seers("select id from comments where post_id = %s", post_id) == seers
    assert neighbours.seers("select user_id from post_likes where post_id = %s", post_id) == seers
    assert neighbours.seers("select id from events where id = %s", event_id) == seers
    assert neighbours.seers("select seat from event_attendees where event_id = %s", event_id) == seers


def test_hidden_post_and_event_can_not_be_reacted_to(neighbours: Neighbours) -> None:
    """No row says that they exist."""
    post_id, event_id = neighbours.post(), neighbours.event()
    neighbours.set("who_sees_activity", "nobody")
    for statement in (COMMENT, LIKE):
        with pytest.raises(Denied):
            neighbours.execute(neighbours.eve, statement, post_id, neighbours.eve)
    with pytest.raises(Denied):
        neighbours.execute(neighbours.eve, JOIN, event_id, neighbours.eve, 1)
    for unknown in (event_id, uuid.uuid4()):
        with pytest.raises(PamError) as error, neighbours.database.session(neighbours.eve, Deadline(5)) as connection:
            join_event(connection, neighbours.eve, unknown, utc_now())
        assert error.value.error.code == "event_not_found"


def test_rows_in_another_users_name_are_rejected(neighbours: Neighbours) -> None:
    """Neither a friend's nor a stranger's, and nobody else's can be removed or changed."""
    post_id, event_id = neighbours.post(), neighbours.event()
    neighbours.execute(neighbours.ann, LIKE, post_id, neighbours.ann)
    neighbours.execute(neighbours.ann, SHARE, neighbours.ann, "everybody")
    neighbours.set("who_sees_place", "everybody")
    for statement in (COMMENT, LIKE):
        with pytest.raises(Denied):
            neighbours.execute(neighbours.bob, statement, post_id, neighbours.eve)
    with pytest.raises(Denied):
        neighbours.execute(neighbours.bob, JOIN, event_id, neighbours.eve, 1)
    with pytest.raises(Denied):
        neighbours.execute(neighbours.bob, SHARE, neighbours.eve, "everybody")
    neighbours.execute(neighbours.ann, JOIN, event_id, neighbours.ann, 1)
    for statement in (
        "delete from post_likes returning post_id",
        "delete from event_attendees returning event_id",
        "delete from shared_places where latitude = 38.5 returning user_id",
        "update shared_places set place = 'x' where latitude = 38.5 returning user_id",
        "delete from follows where current_traveller() not in (follower, followed) returning follower",
    ):
        assert neighbours.select(neighbours.bob, statement) == []
    for statement in (
        "update comments set body = 'x'",
        "delete from comments",
        "update post_likes set created_at = now()",
        "update events set title = 'x'",
        "delete from events",
        "update event_attendees set seat = 1",
        "update follows set created_at = now()",
    ):
        with pytest.raises(Denied):
            neighbours.execute(neighbours.ann, statement)


@pytest.mark.parametrize(("audience", "seers"), AUDIENCES[:3])
@pytest.mark.parametrize(("setting", "allowed"), AUDIENCES)
def test_shared_place_is_visible_to_both_audiences(
    neighbours: Neighbours, audience: str, seers: set[str], setting: str, allowed: set[str]
) -> None:
    """That of the place and that of the settings; to nobody but its user once its time is over."""
    neighbours.execute(neighbours.ann, SHARE, neighbours.ann, audience)
    neighbours.set("who_sees_place", setting)
    select = "select place from shared_places where user_id = %s"
    assert neighbours.seers(select, neighbours.ann) == seers & allowed
    neighbours.owner.execute(
        "update shared_places set shared_at = now() - interval '1 hour', expires_at = now() where user_id = %s",
        (neighbours.ann,),
    )
    assert neighbours.seers(select, neighbours.ann) == {"ann"}


def test_place_can_not_be_shared_for_more_than_a_week(neighbours: Neighbours) -> None:
    statement = SHARE.replace("interval '1 hour'", "interval '168 hours 1 second'")
    with pytest.raises(psycopg.errors.CheckViolation):
        neighbours.execute(neighbours.ann, statement, neighbours.ann, "friends")
    with pytest.raises(Denied):
        neighbours.execute(neighbours.ann, "update shared_places set user_id = %s", neighbours.bob)


def test_event_has_no_more_seats_than_places(neighbours: Neighbours) -> None:
    """Whatever a query says; a seat is one user's, and a user has one."""
    event_id = neighbours.event(places=2)
    with pytest.raises(Denied):
        neighbours.execute(neighbours.eve, JOIN, event_id, neighbours.eve, 3)
    with pytest.raises(psycopg.errors.CheckViolation):
        neighbours.execute(neighbours.eve, JOIN, event_id, neighbours.eve, 0)
    neighbours.execute(neighbours.eve, JOIN, event_id, neighbours.eve, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        neighbours.execute(neighbours.bob, JOIN, event_id, neighbours.bob, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        neighbours.execute(neighbours.eve, JOIN, event_id, neighbours.eve, 1)


def test_seat_of_a_deleted_account_is_free_again(neighbours: Neighbours, owner: psycopg.Connection) -> None:
    """And what the account published, liked, followed and shared is gone; others' rows stay."""
    event_id, post_id = neighbours.event(places=2), neighbours.post()
    with neighbours.database.session(neighbours.bob, Deadline(5)) as connection:
        assert join_event(connection, neighbours.bob, event_id, utc_now()).attendees == 1
    with neighbours.database.session(neighbours.cleo, Deadline(5)) as connection:
        assert join_event(connection, neighbours.cleo, event_id, utc_now()).attendees == 2
    neighbours.execute(neighbours.bob, LIKE, post_id, neighbours.bob)
    neighbours.execute(neighbours.bob, COMMENT, post_id, neighbours.bob)
    neighbours.execute(neighbours.bob, SHARE, neighbours.bob, "friends")
    owner.execute("delete from users where id = %s", (neighbours.bob,))
    for table in ("comments", "post_likes", "shared_places", "event_attendees"):
        column = "author_id" if table == "comments" else "user_id"
        assert owner.execute(f"select 1 from {table} where {column} = %s", (neighbours.bob,)).fetchall() == []
    with neighbours.database.session(neighbours.eve, Deadline(5)) as connection:
        assert join_event(connection, neighbours.eve, event_id, utc_now()).attendees == 2
    seats = owner.execute("select seat from event_attendees where event_id = %s order by 1", (event_id,)).fetchall()
    assert seats == [(1,), (2,)]
    owner.execute("delete from users where id = %s", (neighbours.ann,))
    assert owner.execute("select 1 from event_attendees where event_id = %s", (event_id,)).fetchall() == []
    assert owner.execute("select 1 from posts where id = %s", (post_id,)).fetchall() == []


def test_event_that_has_begun_is_not_joined(neighbours: Neighbours) -> None:
    event_id = neighbours.event()
    later = utc_now() + timedelta(days=2)
    with pytest.raises(PamError) as error, neighbours.database.session(neighbours.bob, Deadline(5)) as connection:
        join_event(connection, neighbours.bob, event_id, later)
    assert error.value.error.code == "date_in_past"
