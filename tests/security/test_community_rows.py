"""Row security of the tables of community and travel, tested with the app role and arbitrary queries."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from pam.community.friendships import accept_friendship, request_friendship
from pam.community.profiles import WhoMayWrite, save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from tests.security.user_sessions import UserSessions

Denied = psycopg.errors.InsufficientPrivilege
SEND = "insert into direct_messages (sender_id, recipient_id, body) values (%s, %s, 'Hello')"


@dataclass(frozen=True)
class People(UserSessions):
    """Three users with public profiles: Ann and Bob are friends; Eve requested Ann's friendship."""

    ann: uuid.UUID
    bob: uuid.UUID
    eve: uuid.UUID

    def friendships_of_ann(self) -> list[tuple[uuid.UUID, uuid.UUID, bool]]:
        """Return requester, addressee and acceptance of the friendships that Ann sees."""
        rows = self.select(
            self.ann, "select requester, addressee, accepted_at is not null as accepted from friendships"
        )
        return [(row["requester"], row["addressee"], row["accepted"]) for row in rows]


@pytest.fixture
def people(database: Database) -> People:
    """Three new users with the relations of `People`; Ann has sent Bob a message."""
    people = People(database, uuid.uuid4(), uuid.uuid4(), uuid.uuid4())
    for user_id in (people.ann, people.bob, people.eve):
        with database.session(user_id, Deadline(5)) as connection:
            save_public_profile(connection, user_id, f"P {user_id}")
    for user_id in (people.bob, people.eve):
        with database.session(user_id, Deadline(5)) as connection:
            request_friendship(connection, user_id, people.ann)
    with database.session(people.ann, Deadline(5)) as connection:
        assert accept_friendship(connection, people.ann, people.bob, utc_now())
    people.execute(people.ann, SEND, people.ann, people.bob)
    return people


def test_message_is_visible_to_sender_and_recipient_only(people: People) -> None:
    """This also applies to queries that name the two, join their profiles, or count."""
    assert len(people.select(people.ann, "select body from direct_messages")) == 1
    assert len(people.select(people.bob, "select body from direct_messages")) == 1
    assert people.select(people.eve, "select body from direct_messages") == []
    by_ids = "select body from direct_messages where sender_id = %s or recipient_id = %s"
    assert people.select(people.eve, by_ids, people.ann, people.bob) == []
    joined = "select count(*) from public_profiles p join direct_messages m on m.sender_id = p.user_id"
    assert people.select(people.eve, joined) == [{"count": 0}]


@pytest.mark.parametrize("sender", ["ann", "eve"])
def test_message_in_another_user_s_name_is_rejected(people: People, sender: str) -> None:
    """Neither in a friend's name nor in a stranger's."""
    with pytest.raises(Denied):
        people.execute(people.bob, SEND, getattr(people, sender), people.bob)


@pytest.mark.parametrize("statement", ["update direct_messages set body = 'x'", "delete from direct_messages"])
def test_sent_message_cannot_be_changed_or_deleted(people: People, statement: str) -> None:
    """Neither the sender nor the recipient can do so."""
    for user_id in (people.ann, people.bob):
        with pytest.raises(Denied):
            people.execute(user_id, statement)


def test_message_needs_the_permission_of_the_recipient(people: People) -> None:
    """Friends may write by default, requesters may not; NOBODY excludes friends, EVERYBODY includes strangers."""
    people.execute(people.bob, SEND, people.bob, people.ann)
    for recipient in (people.ann, people.bob, uuid.uuid4()):
        with pytest.raises(Denied):
            people.execute(people.eve, SEND, people.eve, recipient)
    change = "update public_profiles set who_may_write = %s where user_id = %s"
    people.execute(people.ann, change, WhoMayWrite.NOBODY, people.ann)
    with pytest.raises(Denied):
        people.execute(people.bob, SEND, people.bob, people.ann)
    people.execute(people.ann, change, WhoMayWrite.EVERYBODY, people.ann)
    people.execute(people.eve, SEND, people.eve, people.ann)
    with pytest.raises(psycopg.errors.CheckViolation):
        people.execute(people.ann, SEND, people.ann, people.ann)


def test_ended_friendship_permits_no_messages(people: People, owner: psycopg.Connection) -> None:
    """Neither user can write to the other."""
    owner.execute("delete from friendships where requester = %s", (people.bob,))
    with pytest.raises(Denied):
        people.execute(people.bob, SEND, people.bob, people.ann)
    with pytest.raises(Denied):
        people.execute(people.ann, SEND, people.ann, people.bob)


def test_requester_cannot_accept_the_friendship(people: People) -> None:
    """Neither with an update, nor in the insert, nor with a request in the other user's name."""
    before = people.friendships_of_ann()
    with people.database.session(people.eve, Deadline(5)) as connection:
        assert not accept_friendship(connection, people.eve, people.ann, utc_now())
    assert people.select(people.eve, "update friendships set accepted_at = now() returning requester") == []
    with pytest.raises(Denied):
        people.execute(
            people.eve,
            "insert into friendships (requester, addressee, accepted_at) values (%s, %s, now())",
            people.eve,
            people.bob,
        )
    with pytest.raises(Denied):
        people.execute(people.eve, "insert into friendships values (%s, %s)", people.bob, people.eve)
    assert people.friendships_of_ann() == before


def test_addressee_cannot_change_the_users_of_a_request(people: People) -> None:
    """Ann can't turn Eve's request into one from or to another user."""
    for column in ("requester", "addressee"):
        with pytest.raises(Denied):
            people.execute(people.ann, f"update friendships set {column} = %s", uuid.uuid4())


def test_friendship_is_visible_to_its_two_users_only(people: People) -> None:
    """A second request between the same users, in either direction, adds none."""
    assert len(people.friendships_of_ann()) == 2
    assert people.select(people.bob, "select requester from friendships where addressee <> %s", people.ann) == []
    assert len(people.select(people.eve, "select requester from friendships")) == 1
    with people.database.session(people.ann, Deadline(5)) as connection:
        request_friendship(connection, people.ann, people.bob)
        request_friendship(connection, people.ann, people.eve)
    assert len(people.friendships_of_ann()) == 2


def test_public_profile_is_visible_to_all_and_changed_by_its_user_only(people: People) -> None:
    """The private settings in `users` stay invisible."""
    assert (
        len(people.select(people.eve, "select display_name from public_profiles where user_id = %s", people.ann)) == 1
    )
    assert people.select(people.eve, "select id from users where id = %s", people.ann) == []
    change = "update public_profiles set display_name = 'Eve was here' where user_id = %s returning user_id"
    assert people.select(people.eve, change, people.ann) == []
    with pytest.raises(Denied):
        people.execute(
            people.eve, "update public_profiles set user_id = %s where user_id = %s", uuid.uuid4(), people.eve
        )
    with pytest.raises(Denied):
        people.execute(people.eve, "insert into public_profiles (user_id, display_name) values (%s, 'x')", uuid.uuid4())
    people.execute(people.eve, "delete from public_profiles")
    left = people.select(people.ann, "select user_id from public_profiles")
    assert {row["user_id"] for row in left} >= {people.ann, people.bob}
    assert people.eve not in {row["user_id"] for row in left}


def test_friendship_is_ended_by_one_of_the_two_only(people: People) -> None:
    """A request, too: by the one who asks or the one who was asked."""
    people.execute(people.eve, "delete from friendships where requester = %s", people.bob)
    assert len(people.friendships_of_ann()) == 2
    people.execute(people.ann, "delete from friendships where requester = %s", people.bob)
    people.execute(people.eve, "delete from friendships")
    assert people.friendships_of_ann() == []


@pytest.mark.parametrize(
    ("audience", "seen_by"), [("everybody", "ann bob eve"), ("friends", "ann bob"), ("nobody", "ann")]
)
def test_profile_details_are_visible_to_their_audience_only(people: People, audience: str, seen_by: str) -> None:
    """A request makes no friend. Nobody else writes them; without a user, there are none."""
    insert = "insert into profile_details (user_id, bio) values (%s, 'Hello')"
    people.execute(
        people.ann, "update public_profiles set who_sees_profile = %s where user_id = %s", audience, people.ann
    )
    people.execute(people.ann, insert, people.ann)
    for name in ("ann", "bob", "eve"):
        seen = people.select(getattr(people, name), "select bio from profile_details where user_id = %s", people.ann)
        assert bool(seen) == (name in seen_by.split()), name
    for statement in (
        "update profile_details set bio = 'x' where user_id = %s",
        "delete from profile_details where user_id = %s",
    ):
        people.execute(people.bob, statement, people.ann)
    left = people.select(people.ann, "select bio from profile_details where user_id = %s", people.ann)
    assert left == [{"bio": "Hello"}]
    with pytest.raises(Denied):
        people.execute(people.bob, insert, people.eve)


def test_post_is_visible_to_all_and_written_by_its_author_only(people: People) -> None:
    """A published post can't be changed or deleted, not even by its author."""
    post = "insert into posts (author_id, content, created_at) values (%s, 'Hello', now())"
    people.execute(people.ann, post, people.ann)
    assert len(people.select(people.eve, "select content from posts where author_id = %s", people.ann)) == 1
    with pytest.raises(Denied):
        people.execute(people.eve, post, people.ann)
    for statement in ("update posts set content = 'x'", "delete from posts"):
        with pytest.raises(Denied):
            people.execute(people.ann, statement)


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        (
            "trips",
            "insert into trips"
            " (user_id, origin, destination, nights, distance_m, driving_s, currency, plan, created_at)"
            " values (%s, 'a', 'b', 0, 1, 1, 'USD', '{}', now())",
        ),
        (
            "favorite_spots",
            "insert into favorite_spots (user_id, name, place, latitude, longitude, kind, created_at)"
            " values (%s, 'a', 'b', 1, 1, 'other', now())",
        ),
    ],
)
def test_trips_and_spots_are_visible_to_their_user_only(people: People, table: str, statement: str) -> None:
    """Another user can't read, insert or delete them."""
    people.execute(people.ann, statement, people.ann)
    assert people.select(people.bob, f"select id from {table}") == []
    assert people.select(people.bob, f"delete from {table} where user_id = %s returning id", people.ann) == []
    with pytest.raises(Denied):
        people.execute(people.bob, statement, people.ann)
    assert len(people.select(people.ann, f"select id from {table}")) == 1


@pytest.fixture
def query_without_user(stack: Any) -> Callable[[str], list[Any]]:
    """Run a query on a connection without app.user_id."""

    def run(query: str) -> list[Any]:
        app = stack.postgres.app
        with psycopg.connect(
            host=app["host"], port=app["port"], dbname=app["dbname"], user=app["username"], password=app["password"]
        ) as connection:
            return connection.execute(query).fetchall()

    return run


@pytest.mark.parametrize("table", ["public_profiles", "friendships", "direct_messages", "posts", "trips"])
def test_connection_without_a_user_sees_no_shared_rows(
    people: People, query_without_user: Callable[[str], list[Any]], table: str
) -> None:
    """Not even rows that every signed-in user may read."""
    people.execute(
        people.ann, "insert into posts (author_id, content, created_at) values (%s, 'Hi', now())", people.ann
    )
    assert query_without_user(f"select * from {table}") == []
