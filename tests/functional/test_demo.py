"""The demo traveller has company: friends to write to, marked as made up, and posts to read."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from local import demo
from local.stack import LocalStack
from pam.community.friendships import read_friends, read_friendships
from pam.community.messages import find_recipient
from pam.community.own_profile import read_own_profile
from pam.memory.recall import Query, fetch_hits, send_recall_query
from pam.memory.recalled_text import select_passages
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database


@pytest.fixture
def loaded(stack: LocalStack) -> None:
    """The demo data, however often it is loaded."""
    demo.load(stack.postgres.owner)
    assert demo.load(stack.postgres.owner) == 0


@pytest.mark.usefixtures("loaded")
def test_the_friends_say_that_they_are_made_up(database: Database, owner: psycopg.Connection) -> None:
    """By name, so that a confirmation shows it, and in their settings; one takes messages, one doesn't."""
    with database.session(demo.USER_ID, Deadline(5)) as connection:
        friends = read_friends(connection, demo.USER_ID)
        assert len(friends) == 3 and all(friend.name.endswith("(simulated)") for friend in friends)
        assert find_recipient(connection, demo.USER_ID, "Dan").name == "Dan Reyes (simulated)"
        with pytest.raises(PamError, match=r"Walt Okafor \(simulated\) takes no messages"):
            find_recipient(connection, demo.USER_ID, "Walt")
    ids = [friend.id for friend in friends]
    assert owner.execute("select bool_and(simulated) from users where id = any(%s)", (ids,)).fetchone() == (True,)


@pytest.mark.usefixtures("loaded")
def test_the_year_s_conversations_are_remembered(database: Database) -> None:
    """Once, with their days: what was said about the water pump is found by its words before anything is embedded."""
    query = Query("what did we say about the water pump?", None, "")
    with database.session(demo.USER_ID, Deadline(5)) as connection:
        passages = select_passages(fetch_hits(send_recall_query(connection, demo.USER_ID, query)), 400)
    [said] = [each for each in passages if each.text.startswith("The water pump failed near Moab.")]
    assert len(passages) < 20, "what has none of the words is left out"
    assert (said.role, (datetime.now(UTC) - said.at) // timedelta(days=1)) == ("user", 247)


@pytest.mark.usefixtures("loaded")
def test_the_posts_are_there_once(database: Database) -> None:
    """Each of a friend, in the past."""
    with database.session(demo.USER_ID, Deadline(5)) as connection:
        ids = [friend.id for friend in read_friends(connection, demo.USER_ID)]
        posts = connection.execute(
            "select author_id from posts where author_id = any(%s) and created_at < now()", (ids,)
        ).fetchall()
    assert sorted(post["author_id"] for post in posts) == sorted(ids)


@pytest.mark.usefixtures("loaded")
def test_other_demo_travellers_have_profiles_and_relations(database: Database) -> None:
    """One is a friend, whose profile the demo traveller sees; the other isn't, and is followed."""
    dan, nora = demo.OTHERS
    with database.session(demo.USER_ID, Deadline(5)) as connection:
        seen = {each.user_id: each for each in read_friendships(connection, demo.USER_ID)}
        assert (seen[dan.id].name, seen[dan.id].bio) == (dan.name, dan.profile["bio"])
        assert nora.id not in seen
        followed = connection.execute("select followed from follows where follower = %s", (demo.USER_ID,)).fetchall()
    assert [row["followed"] for row in followed] == [nora.id]
    with database.session(nora.id, Deadline(5)) as connection:
        own = read_own_profile(connection, nora.id)
        assert (own.name, own.rig_year, own.who_sees_activity) == (nora.name, 2021, "followers")
        assert len(connection.execute("select from posts where author_id = %s", (nora.id,)).fetchall()) == 1
