"""Posts and direct messages: shown before they go out, to the right people, and not too many."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pam.community.friendships import accept_friendship, request_friendship
from pam.community.messages import find_recipient, send_message
from pam.community.profiles import WhoMayWrite, save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from pam.tools.catalog.community import create_post, message_friend
from pam.tools.engine.definition import Tool, WriteContext
from pam.tools.engine.parsing import parse_arguments
from pam.users.profile import read_profile
from tests.functional.tools.conftest import Caller


@pytest.fixture
def surname() -> str:
    """Names are one person's in the whole database: this one is this test's."""
    return "T" + uuid.uuid4().hex[:12]


@pytest.fixture
def befriended(new_caller: Callable[..., Caller], database: Database) -> Callable[..., Caller]:
    """Gives names to two travellers and makes them friends; returns the second, who may be new."""

    def make(one: Caller, name: str, who: WhoMayWrite = WhoMayWrite.FRIENDS, *, accepted: bool = True) -> Caller:
        other = new_caller()
        show(database, other, name, who)
        with database.session(one.id, Deadline(5)) as connection:
            request_friendship(connection, one.id, other.id)
        if accepted:
            with database.session(other.id, Deadline(5)) as connection:
                assert accept_friendship(connection, other.id, one.id, utc_now())
        return other

    return make


@pytest.fixture
def sender(caller: Caller, database: Database, surname: str) -> Caller:
    """Somebody with a name that others see."""
    show(database, caller, f"Sender {surname}")
    return caller


def show(database: Database, caller: Caller, name: str, who: WhoMayWrite = WhoMayWrite.FRIENDS) -> None:
    with database.session(caller.id, Deadline(5)) as connection:
        save_public_profile(connection, caller.id, name, who)


def preview(database: Database, caller: Caller, tool: Tool[Any], raw: str) -> str:
    """What the confirmation would show."""
    assert tool.preview is not None
    with database.session(caller.id, Deadline(5)) as connection:
        writing = WriteContext(connection, read_profile(connection, caller.id), caller.call.dependencies.clock())
        return tool.preview(writing, parse_arguments(tool, raw))


def writes(caller: Caller, to: str, message: str = "Hello") -> str:
    return caller.does(message_friend, f'{{"recipient": "{to}", "message": "{message}"}}').text


def refusal(caller: Caller, to: str, message: str = "Hello") -> PamError:
    with pytest.raises(PamError) as refused:
        writes(caller, to, message)
    return refused.value


def inbox(database: Database, caller: Caller) -> list[tuple[uuid.UUID, str]]:
    """What somebody was sent, as they see it."""
    with database.session(caller.id, Deadline(5)) as connection:
        rows = connection.execute(
            "select sender_id, body from direct_messages where recipient_id = %s order by sent_at", (caller.id,)
        )
        return [(row["sender_id"], row["body"]) for row in rows]


def test_both_wait_for_a_confirmation() -> None:
    """Others see them: neither is done at once, and neither can be undone."""
    assert create_post.effect.requires_approval and message_friend.effect.requires_approval
    assert not any(tool.operation and tool.operation.undo for tool in (create_post, message_friend))


def test_a_message_reaches_the_friend_who_is_meant(
    sender: Caller, befriended: Callable[..., Caller], database: Database, surname: str
) -> None:
    """By part of the name; the confirmation names them in full and shows every word."""
    dan = befriended(sender, f"Dan {surname}")
    befriended(sender, f"Maria {surname}")
    raw = '{"recipient": "dan", "message": "  Campfire at 7?\\nBring wood \U0001f525 "}'
    assert preview(database, sender, message_friend, raw) == (
        f"Send this message to Dan {surname}:\nCampfire at 7?\nBring wood \U0001f525"
    )
    assert inbox(database, dan) == []
    told = sender.does(message_friend, raw)
    assert told.text == f"Your message to Dan {surname} is sent."
    assert told.effect is not None and told.effect.undo_until is None
    assert inbox(database, dan) == [(sender.id, "Campfire at 7?\nBring wood \U0001f525")]


def test_a_name_that_several_have_is_asked_about(
    sender: Caller, befriended: Callable[..., Caller], database: Database, surname: str
) -> None:
    """The choices are named; a whole name decides, also where it is part of another."""
    short = befriended(sender, f"Dan {surname}")
    befriended(sender, f"Dan {surname} Miller")
    befriended(sender, f"Maria {surname}")
    refused = refusal(sender, "Dan")
    assert refused.error.code == "ambiguous_recipient"
    assert refused.message == f"Which “Dan” do you mean: Dan {surname}; Dan {surname} Miller?"
    writes(sender, f"dan {surname}")
    assert len(inbox(database, short)) == 1


def test_a_name_that_nobody_has_is_told_with_the_friends(
    sender: Caller, befriended: Callable[..., Caller], surname: str
) -> None:
    """Also for part of a word: “Da” is nobody's name. Who has only been asked, or has only asked, is no friend."""
    assert refusal(sender, "Dan").message == "Nobody called “Dan” is your friend in PAM. You have no friends here yet."
    befriended(sender, f"Maria {surname}")
    waiting = befriended(sender, f"Dan {surname}", accepted=False)
    for name in ("Dan", "Mar", "!!!"):
        refused = refusal(sender, name)
        assert (refused.error.code, refused.field) == ("unknown_recipient", "recipient")
        assert refused.message.endswith(f"Your friends here are Maria {surname}.")
    assert refusal(waiting, f"Sender {surname}").error.code == "recipient_not_allowed"


def test_who_takes_messages_is_the_recipient_s_wish(
    new_caller: Callable[..., Caller],
    sender: Caller,
    befriended: Callable[..., Caller],
    database: Database,
    surname: str,
) -> None:
    """Nobody: not even friends. Everybody: strangers too, by the whole name. A change of mind counts at once."""
    silent = befriended(sender, f"Walt {surname}", WhoMayWrite.NOBODY)
    open_to_all, stranger = new_caller(), new_caller()
    show(database, open_to_all, f"Olga {surname}", WhoMayWrite.EVERYBODY)
    show(database, stranger, f"Sven {surname}")
    assert refusal(sender, "Walt").error.code == "recipient_not_allowed"
    assert refusal(sender, f"Sven {surname}").error.code == "recipient_not_allowed"
    assert refusal(sender, "Olga").error.code == "unknown_recipient"
    assert writes(sender, f"olga {surname}") == f"Your message to Olga {surname} is sent."
    show(database, open_to_all, f"Olga {surname}", WhoMayWrite.NOBODY)
    assert refusal(sender, f"Olga {surname}").error.code == "recipient_not_allowed"
    assert inbox(database, silent) == [] and len(inbox(database, open_to_all)) == 1


def test_a_message_goes_to_somebody_else_and_from_somebody(
    new_caller: Callable[..., Caller], sender: Caller, database: Database, surname: str
) -> None:
    """Not to oneself; and who shows no name to others can't write to them."""
    show(database, sender, f"Sender {surname}", WhoMayWrite.EVERYBODY)
    assert refusal(sender, f"Sender {surname}").error.code == "recipient_not_allowed"
    assert refusal(new_caller(), f"Sender {surname}").error.code == "recipient_not_allowed"
    assert inbox(database, sender) == []


def test_of_twelve_messages_at_once_exactly_ten_go_out(
    sender: Caller, befriended: Callable[..., Caller], database: Database
) -> None:
    """The others are told when the next may go."""
    dan = befriended(sender, f"Dan {uuid.uuid4().hex}")

    def send(number: int) -> PamError | None:
        try:
            writes(sender, "Dan", f"Message {number}")
        except PamError as refused:
            return refused
        return None

    with ThreadPoolExecutor(12) as threads:
        refused = [one for one in threads.map(send, range(12)) if one is not None]
    assert len(inbox(database, dan)) == 10
    assert [one.error.code for one in refused] == ["message_limit_reached"] * 2
    assert all(3500 < (one.retry_after or 0) <= 3600 for one in refused)
    with pytest.raises(PamError, match="in an hour"):
        preview(database, sender, message_friend, '{"recipient": "Dan", "message": "One more"}')


def test_a_message_that_is_not_yet_committed_counts(
    sender: Caller, befriended: Callable[..., Caller], database: Database, owner: psycopg.Connection
) -> None:
    """The eleventh waits for the tenth, and is refused once that one has gone out."""
    dan = befriended(sender, f"Dan {uuid.uuid4().hex}")
    for _ in range(9):
        writes(sender, "Dan")
    with ThreadPoolExecutor(1) as threads:
        with database.session(sender.id, Deadline(5)) as connection:
            send_message(connection, sender.id, find_recipient(connection, sender.id, "Dan"), "Tenth", utc_now())
            connection.execute("select 1").fetchone()  # the pipeline's end: it has been sent
            eleventh = threads.submit(refusal, sender, "Dan")
            waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%no key update%'"
            until = time.monotonic() + 2
            while not owner.execute(waiting).fetchall() and not eleventh.done() and time.monotonic() < until:
                time.sleep(0.01)
        assert eleventh.result().error.code == "message_limit_reached"
    assert len(inbox(database, dan)) == 10


def test_the_hour_of_ten_messages_slides(
    new_caller: Callable[..., Caller], befriended: Callable[..., Caller], database: Database, surname: str
) -> None:
    """The eleventh may go when the first is an hour old, and not a second before; what it says then is true."""
    now = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)  # clocks go back in the traveller's zone: an hour stays an hour
    sender = new_caller(lambda: now)
    show(database, sender, f"Sender {surname}")
    dan = befriended(sender, f"Dan {surname}")
    for _ in range(10):
        writes(sender, "Dan")
        now += timedelta(minutes=1)
    wait_s = refusal(sender, "Dan").retry_after
    assert wait_s == 50 * 60
    now += timedelta(seconds=wait_s - 1)
    assert refusal(sender, "Dan").retry_after == 1
    now += timedelta(seconds=1)
    writes(sender, "Dan")
    assert refusal(sender, "Dan").retry_after == 60
    assert len(inbox(database, dan)) == 11


def test_two_who_write_to_each_other_at_once_do_not_block_each_other(
    sender: Caller, befriended: Callable[..., Caller], database: Database, surname: str
) -> None:
    """Ten each way, all at the same time: every one arrives."""
    dan = befriended(sender, f"Dan {surname}")
    with ThreadPoolExecutor(10) as threads:
        ways = [(sender, f"Dan {surname}"), (dan, f"Sender {surname}")] * 10
        list(threads.map(lambda way: writes(*way), ways))
    assert len(inbox(database, dan)) == len(inbox(database, sender)) == 10


def test_the_same_call_again_sends_nothing_more(
    sender: Caller, befriended: Callable[..., Caller], database: Database, surname: str
) -> None:
    """A confirmation that arrives twice, or at two workers at once, is one message and one post."""
    dan = befriended(sender, f"Dan {surname}")
    raw = '{"recipient": "Dan", "message": "Once"}'
    with ThreadPoolExecutor(6) as threads:
        told = set(threads.map(lambda _: sender.does(message_friend, raw, key="k1").text, range(6)))
        posted = {one.data["post_id"] for one in threads.map(
            lambda _: sender.does(create_post, '{"content": "Once"}', key="k2"), range(6)
        )}  # fmt: skip
    assert told == {f"Your message to Dan {surname} is sent."} and len(posted) == 1
    assert len(inbox(database, dan)) == 1


@pytest.mark.parametrize("message", ["", " \\n ", "x" * 2001, "bell\\u0007", "turned\\u202eround", "half\\ud83d"])
def test_what_is_no_message_is_refused(sender: Caller, message: str) -> None:
    """Empty, too long, or with characters that steer what shows it."""
    assert refusal(sender, "Dan", message).error.code == "invalid_text"


def test_a_post_is_shown_before_it_is_published_and_then_read_by_all(
    sender: Caller, new_caller: Callable[..., Caller], database: Database, surname: str
) -> None:
    """The confirmation says to whom, under which name, and every word; tags are kept once, in lower case."""
    raw = (
        '{"content": "Free water at the ranger station.", "title": "Water", "place": "Moab, Utah",'
        ' "tags": ["#Water", "water", "Free  Stuff"]}'
    )
    assert preview(database, sender, create_post, raw) == (
        f"Publish this as “Sender {surname}”, for everybody who is signed in to PAM to read:\n"
        "Title: Water\nFree water at the ranger station.\nPlace: Moab, Utah\nTags: water, free stuff"
    )
    told = sender.does(create_post, raw)
    assert told.text == "Your post “Water” is published."
    reader = new_caller()
    with database.session(reader.id, Deadline(5)) as connection:
        post = connection.execute("select * from posts where id = %s", (told.data["post_id"],)).fetchone()
    assert post is not None
    assert (post["author_id"], post["title"], post["place"]) == (sender.id, "Water", "Moab, Utah")
    assert (post["content"], post["tags"]) == ("Free water at the ranger station.", ["water", "free stuff"])


def test_a_post_of_somebody_without_a_name_says_so(caller: Caller, database: Database) -> None:
    """Before it is published."""
    shown = preview(database, caller, create_post, '{"content": "Hello"}')
    assert shown.startswith("Publish this without a name, since you show none to others, for everybody")
    assert caller.does(create_post, '{"content": "Hello"}').text == "Your post is published."


@pytest.mark.parametrize(
    "raw",
    [
        '{"content": " "}',
        '{"content": "' + "x" * 5001 + '"}',
        '{"content": "x\\u0000"}',
        '{"content": "x", "title": "' + "x" * 201 + '"}',
        '{"content": "x", "tags": [' + ", ".join(f'"{n}"' for n in range(21)) + "]}",
        '{"content": "x", "tags": ["#"]}',
        '{"content": "x", "tags": ["' + "x" * 51 + '"]}',
        '{"content": "x", "tags": "water"}',
        '{"content": "x", "tags": [1]}',
        '{"content": "x", "place": "\\u0007"}',
    ],
)
def test_what_is_no_post_is_refused(caller: Caller, owner: psycopg.Connection, raw: str) -> None:
    """And nothing is published."""
    with pytest.raises(PamError) as refused:
        caller.does(create_post, raw)
    assert refused.value.error.code == "invalid_text"
    assert owner.execute("select count(*) from posts where author_id = %s", (caller.id,)).fetchone() == (0,)


def test_a_name_is_one_person_s(
    new_caller: Callable[..., Caller], sender: Caller, database: Database, surname: str
) -> None:
    """Whatever its case and its spaces: nobody passes for somebody else."""
    with pytest.raises(PamError) as refused:
        show(database, new_caller(), f"sender   {surname.upper()}")
    assert refused.value.error.code == "name_taken"
    show(database, sender, f"SENDER {surname}", WhoMayWrite.NOBODY)  # one's own, written otherwise
