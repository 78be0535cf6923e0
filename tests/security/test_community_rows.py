"""What travellers show each other, and what they don't: row security as the app's role meets it, whatever the query."""

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

Denied = psycopg.errors.InsufficientPrivilege
SEND = "insert into direct_messages (sender_id, recipient_id, body, sent_at) values (%s, %s, 'Hello', now())"


@dataclass(frozen=True)
class People:
    """Ann and Bob are friends; Eve is nobody's, though she asked Ann. All show a name."""

    database: Database
    ann: uuid.UUID
    bob: uuid.UUID
    eve: uuid.UUID

    def runs(self, who: uuid.UUID, statement: str, *values: Any) -> None:
        """Runs a statement in a session of this person."""
        with self.database.session(who, Deadline(5)) as connection:
            connection.execute(statement, values)

    def sees(self, who: uuid.UUID, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The rows that it gives."""
        with self.database.session(who, Deadline(5)) as connection:
            return connection.execute(statement, values).fetchall()

    def friends(self) -> list[tuple[uuid.UUID, uuid.UUID, bool]]:
        rows = self.sees(self.ann, "select requester, addressee, accepted_at is not null as yes from friendships")
        return [(row["requester"], row["addressee"], row["yes"]) for row in rows]


@pytest.fixture
def people(database: Database) -> People:
    """Three travellers whom nobody else knows."""
    people = People(database, uuid.uuid4(), uuid.uuid4(), uuid.uuid4())
    for who in (people.ann, people.bob, people.eve):
        with database.session(who, Deadline(5)) as connection:
            save_public_profile(connection, who, f"P {who}")
    for who in (people.bob, people.eve):
        with database.session(who, Deadline(5)) as connection:
            request_friendship(connection, who, people.ann)
    with database.session(people.ann, Deadline(5)) as connection:
        assert accept_friendship(connection, people.ann, people.bob, utc_now())
    people.runs(people.ann, SEND, people.ann, people.bob)
    return people


def test_a_message_is_read_by_its_two_and_by_nobody_else(people: People) -> None:
    """Also with a query that names the others, joins them, or counts."""
    assert len(people.sees(people.ann, "select body from direct_messages")) == 1
    assert len(people.sees(people.bob, "select body from direct_messages")) == 1
    assert people.sees(people.eve, "select body from direct_messages") == []
    named = "select body from direct_messages where sender_id = %s or recipient_id = %s"
    assert people.sees(people.eve, named, people.ann, people.bob) == []
    joined = "select count(*) from public_profiles p join direct_messages m on m.sender_id = p.user_id"
    assert people.sees(people.eve, joined) == [{"count": 0}]


@pytest.mark.parametrize("as_whom", ["ann", "eve"])
def test_nobody_sends_as_somebody_else(people: People, as_whom: str) -> None:
    """Not in a friend's name, not in a stranger's, not to oneself in another's."""
    with pytest.raises(Denied):
        people.runs(people.bob, SEND, getattr(people, as_whom), people.bob)


@pytest.mark.parametrize("statement", ["update direct_messages set body = 'x'", "delete from direct_messages"])
def test_what_was_sent_stays_as_it_was_sent(people: People, statement: str) -> None:
    """Neither sender nor recipient can change or take away a message."""
    for who in (people.ann, people.bob):
        with pytest.raises(Denied):
            people.runs(who, statement)


def test_the_recipient_s_wish_holds_whatever_the_query(people: People) -> None:
    """Friends may by default; a request is no friendship; nobody means nobody, everybody also strangers."""
    people.runs(people.bob, SEND, people.bob, people.ann)
    for recipient in (people.ann, people.bob, uuid.uuid4()):
        with pytest.raises(Denied):
            people.runs(people.eve, SEND, people.eve, recipient)
    wish = "update public_profiles set who_may_write = %s where user_id = %s"
    people.runs(people.ann, wish, WhoMayWrite.NOBODY, people.ann)
    with pytest.raises(Denied):
        people.runs(people.bob, SEND, people.bob, people.ann)
    people.runs(people.ann, wish, WhoMayWrite.EVERYBODY, people.ann)
    people.runs(people.eve, SEND, people.eve, people.ann)
    with pytest.raises(psycopg.errors.CheckViolation):
        people.runs(people.ann, SEND, people.ann, people.ann)


def test_a_friendship_that_ended_is_none(people: People) -> None:
    """Either may end it; then neither writes."""
    people.runs(people.bob, "delete from friendships where requester = %s", people.bob)
    with pytest.raises(Denied):
        people.runs(people.bob, SEND, people.bob, people.ann)
    with pytest.raises(Denied):
        people.runs(people.ann, SEND, people.ann, people.bob)


def test_who_asked_can_not_say_yes(people: People) -> None:
    """Not with an update, not in the same breath, not by asking in the other's name."""
    before = people.friends()
    with people.database.session(people.eve, Deadline(5)) as connection:
        assert not accept_friendship(connection, people.eve, people.ann, utc_now())
    assert people.sees(people.eve, "update friendships set accepted_at = now() returning requester") == []
    with pytest.raises(Denied):
        people.runs(
            people.eve,
            "insert into friendships (requester, addressee, accepted_at) values (%s, %s, now())",
            people.eve,
            people.bob,
        )
    with pytest.raises(Denied):
        people.runs(people.eve, "insert into friendships values (%s, %s)", people.bob, people.eve)
    assert people.friends() == before


def test_who_says_yes_can_not_put_another_in_the_asker_s_place(people: People) -> None:
    """Ann has a request of Eve's: it can't become one of somebody else's."""
    for column in ("requester", "addressee"):
        with pytest.raises(Denied):
            people.runs(people.ann, f"update friendships set {column} = %s", uuid.uuid4())


def test_a_friendship_is_seen_by_its_two(people: People) -> None:
    """Who knows whom is nobody else's business; two requests of the same two are one."""
    assert len(people.friends()) == 2
    assert people.sees(people.bob, "select requester from friendships where addressee <> %s", people.ann) == []
    assert len(people.sees(people.eve, "select requester from friendships")) == 1
    with people.database.session(people.ann, Deadline(5)) as connection:
        request_friendship(connection, people.ann, people.bob)
        request_friendship(connection, people.ann, people.eve)
    assert len(people.friends()) == 2


def test_a_name_is_seen_by_all_and_changed_by_its_own(people: People) -> None:
    """What else is known of somebody, `users`, is not seen."""
    assert len(people.sees(people.eve, "select display_name from public_profiles where user_id = %s", people.ann)) == 1
    assert people.sees(people.eve, "select id from users where id = %s", people.ann) == []
    change = "update public_profiles set display_name = 'Eve was here' where user_id = %s returning user_id"
    assert people.sees(people.eve, change, people.ann) == []
    with pytest.raises(Denied):
        people.runs(people.eve, "update public_profiles set user_id = %s where user_id = %s", uuid.uuid4(), people.eve)
    with pytest.raises(Denied):
        people.runs(people.eve, "insert into public_profiles (user_id, display_name) values (%s, 'x')", uuid.uuid4())
    with pytest.raises(Denied):
        people.runs(people.ann, "delete from public_profiles")


def test_a_post_is_read_by_all_and_written_by_its_own(people: People) -> None:
    """Nobody publishes in another's name, and nobody changes what was published."""
    post = "insert into posts (author_id, content, created_at) values (%s, 'Hello', now())"
    people.runs(people.ann, post, people.ann)
    assert len(people.sees(people.eve, "select content from posts where author_id = %s", people.ann)) == 1
    with pytest.raises(Denied):
        people.runs(people.eve, post, people.ann)
    for statement in ("update posts set content = 'x'", "delete from posts"):
        with pytest.raises(Denied):
            people.runs(people.ann, statement)


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
def test_trips_and_spots_are_their_own_s(people: People, table: str, statement: str) -> None:
    """Neither read, written nor deleted by another."""
    people.runs(people.ann, statement, people.ann)
    assert people.sees(people.bob, f"select id from {table}") == []
    assert people.sees(people.bob, f"delete from {table} where user_id = %s returning id", people.ann) == []
    with pytest.raises(Denied):
        people.runs(people.bob, statement, people.ann)
    assert len(people.sees(people.ann, f"select id from {table}")) == 1


@pytest.fixture
def without_a_traveller(stack: Any) -> Callable[[str], list[Any]]:
    """Runs a query on a connection that doesn't say for whom it asks."""

    def run(query: str) -> list[Any]:
        app = stack.postgres.app
        with psycopg.connect(
            host=app["host"], port=app["port"], dbname=app["dbname"], user=app["username"], password=app["password"]
        ) as connection:
            return connection.execute(query).fetchall()

    return run


@pytest.mark.parametrize("table", ["public_profiles", "friendships", "direct_messages", "posts", "trips"])
def test_who_is_nobody_sees_nothing(
    people: People, without_a_traveller: Callable[[str], list[Any]], table: str
) -> None:
    """Not even what everybody who is signed in may read."""
    people.runs(people.ann, "insert into posts (author_id, content, created_at) values (%s, 'Hi', now())", people.ann)
    assert without_a_traveller(f"select * from {table}") == []
