"""Posts and direct messages: preview before they go out, to the right people, and not too many."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

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
from pam.tools.engine.definition import Identity
from tests.functional.tools.conftest import Caller, error_of
from tests.words import new_word


@pytest.fixture
def surname() -> str:
    """Return a surname of this test alone: names are unique in the database."""
    return "T" + uuid.uuid4().hex[:12]


@pytest.fixture
def new_friend(new_caller: Callable[..., Caller], database: Database) -> Callable[..., Caller]:
    """Make users with a name who are friends of another one, or have only been asked."""

    def make(one: Caller, name: str, who: WhoMayWrite = WhoMayWrite.FRIENDS, *, accepted: bool = True) -> Caller:
        other = new_caller()
        set_profile(database, other, name, who)
        with database.session(one.id, Deadline(5)) as connection:
            request_friendship(connection, one.id, other.id)
        if accepted:
            with database.session(other.id, Deadline(5)) as connection:
                assert accept_friendship(connection, other.id, one.id, utc_now())
        return other

    return make


@pytest.fixture
def sender(caller: Caller, database: Database, surname: str) -> Caller:
    """A user with a public name."""
    set_profile(database, caller, f"Sender {surname}")
    return caller


def set_profile(database: Database, caller: Caller, name: str, who: WhoMayWrite = WhoMayWrite.FRIENDS) -> None:
    with database.session(caller.id, Deadline(5)) as connection:
        save_public_profile(connection, caller.id, name, who)


def send(caller: Caller, to: str, message: str = "Hello") -> str:
    return caller.call(message_friend, f'{{"recipient": "{to}", "message": "{message}"}}').text


def send_error(caller: Caller, to: str, message: str = "Hello") -> PamError:
    return error_of(lambda: send(caller, to, message))


def read_inbox(database: Database, caller: Caller) -> list[tuple[uuid.UUID, str]]:
    """Return the messages that a user was sent, as the user reads them."""
    with database.session(caller.id, Deadline(5)) as connection:
        rows = connection.execute(
            "select sender_id, body from direct_messages where recipient_id = %s order by sent_at", (caller.id,)
        )
        return [(row["sender_id"], row["body"]) for row in rows]


def test_community_tools_require_approval() -> None:
    """Neither can be undone."""
    assert create_post.effect.requires_approval and message_friend.effect.requires_approval
    assert not any(tool.operation and tool.operation.undo for tool in (create_post, message_friend))


def test_message_is_sent_to_the_friend_named(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, surname: str
) -> None:
    """By a part of the name; the preview has the full name and every word."""
    dan = new_friend(sender, f"Dan {surname}")
    new_friend(sender, f"Maria {surname}")
    raw = '{"recipient": "dan", "message": "  Campfire at 7?\\nBring wood \U0001f525 "}'
    assert sender.preview(message_friend, raw) == (
        f"Send this message to Dan {surname}:\nCampfire at 7?\nBring wood \U0001f525"
    )
    assert read_inbox(database, dan) == []
    result = sender.call(message_friend, raw)
    assert result.text == f"Your message to Dan {surname} is sent."
    assert result.effect is not None and result.effect.undo_until is None
    assert read_inbox(database, dan) == [(sender.id, "Campfire at 7?\nBring wood \U0001f525")]


def test_ambiguous_recipient_is_rejected_with_the_choices(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, surname: str
) -> None:
    """A whole name is unambiguous, also where it is part of another."""
    short = new_friend(sender, f"Dan {surname}")
    new_friend(sender, f"Dan {surname} Miller")
    new_friend(sender, f"Maria {surname}")
    error = send_error(sender, "Dan")
    assert error.error.code == "ambiguous_recipient"
    assert error.message == f"Which “Dan” do you mean: Dan {surname}; Dan {surname} Miller?"
    send(sender, f"dan {surname}")
    assert len(read_inbox(database, short)) == 1


def test_unknown_recipient_is_rejected_with_the_friends(
    sender: Caller, new_friend: Callable[..., Caller], surname: str
) -> None:
    """Also for part of a word. A user who was only asked, or only asks, is not a friend."""
    assert (
        send_error(sender, "Dan").message == "Nobody called “Dan” is your friend in PAM. You have no friends here yet."
    )
    new_friend(sender, f"Maria {surname}")
    waiting = new_friend(sender, f"Dan {surname}", accepted=False)
    for name in ("Dan", "Mar", "!!!"):
        error = send_error(sender, name)
        assert (error.error.code, error.field) == ("unknown_recipient", "recipient")
        assert error.message.endswith(f"Your friends here are Maria {surname}.")
    assert send_error(waiting, f"Sender {surname}").error.code == "recipient_not_allowed"


def test_recipient_decides_who_may_write(
    new_caller: Callable[..., Caller],
    sender: Caller,
    new_friend: Callable[..., Caller],
    database: Database,
    surname: str,
) -> None:
    """Nobody: not even friends. Everybody: strangers too, by the whole name. A changed setting applies at once."""
    silent = new_friend(sender, f"Walt {surname}", WhoMayWrite.NOBODY)
    open_to_all, stranger = new_caller(), new_caller()
    set_profile(database, open_to_all, f"Olga {surname}", WhoMayWrite.EVERYBODY)
    set_profile(database, stranger, f"Sven {surname}")
    assert send_error(sender, "Walt").error.code == "recipient_not_allowed"
    assert send_error(sender, f"Sven {surname}").error.code == "recipient_not_allowed"
    assert send_error(sender, "Olga").error.code == "unknown_recipient"
    assert send(sender, f"olga {surname}") == f"Your message to Olga {surname} is sent."
    set_profile(database, open_to_all, f"Olga {surname}", WhoMayWrite.NOBODY)
    assert send_error(sender, f"Olga {surname}").error.code == "recipient_not_allowed"
    assert read_inbox(database, silent) == [] and len(read_inbox(database, open_to_all)) == 1


def test_sender_needs_a_name_and_another_recipient(
    new_caller: Callable[..., Caller], sender: Caller, database: Database, surname: str
) -> None:
    """A user without a public name, or who writes to oneself, is rejected."""
    set_profile(database, sender, f"Sender {surname}", WhoMayWrite.EVERYBODY)
    assert send_error(sender, f"Sender {surname}").error.code == "recipient_not_allowed"
    assert send_error(new_caller(), f"Sender {surname}").error.code == "recipient_not_allowed"
    assert read_inbox(database, sender) == []


def test_message_is_sent_to_the_user_who_was_approved(
    sender: Caller,
    new_caller: Callable[..., Caller],
    new_friend: Callable[..., Caller],
    database: Database,
    surname: str,
) -> None:
    """Also once that user is called otherwise, and another one, even a friend, has taken the name."""
    maria = new_friend(sender, f"Maria {surname}")
    raw = f'{{"recipient": "Maria {surname}", "message": "Meet at 7?"}}'
    approved = sender.approve(message_friend, raw)
    assert approved.preview.identities == {"recipient": Identity(maria.id, f"Maria {surname}")}
    set_profile(database, maria, f"Marie {surname}")
    impostor = new_caller()
    set_profile(database, impostor, f"Maria {surname}", WhoMayWrite.EVERYBODY)
    friend = new_friend(sender, f"Maria Anna {surname}")
    result = sender.call_approved(message_friend, raw, approved)
    assert result.text == f"Your message to Maria {surname}, now called “Marie {surname}”, is sent."
    assert read_inbox(database, maria) == [(sender.id, "Meet at 7?")]
    assert read_inbox(database, impostor) == read_inbox(database, friend) == []


@pytest.mark.parametrize("who", [WhoMayWrite.FRIENDS, WhoMayWrite.NOBODY])
def test_approved_message_follows_the_recipients_setting(
    sender: Caller, new_caller: Callable[..., Caller], database: Database, surname: str, who: WhoMayWrite
) -> None:
    """A user who takes no more messages from strangers gets none, although the sender was shown another setting."""
    olga = new_caller()
    set_profile(database, olga, f"Olga {surname}", WhoMayWrite.EVERYBODY)
    raw = f'{{"recipient": "Olga {surname}", "message": "Hello"}}'
    approved = sender.approve(message_friend, raw)
    set_profile(database, olga, f"Olga {surname}", who)
    refused = error_of(lambda: sender.call_approved(message_friend, raw, approved))
    assert refused.error.code == "recipient_not_allowed"
    assert read_inbox(database, olga) == []


@pytest.mark.parametrize("name", ["Mаria", "ＭＡＲＩＡ", "ma\u034fria", "𝐌aria"])
def test_recipient_is_found_by_a_name_that_looks_alike(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, surname: str, name: str
) -> None:
    """By a word of the name, and by the whole name."""
    maria = new_friend(sender, f"Maria {surname}")
    new_friend(sender, f"Marla {surname}")
    for recipient in (name, f"{name}  {surname}"):
        assert send(sender, recipient) == f"Your message to Maria {surname} is sent."
    assert len(read_inbox(database, maria)) == 2


def test_name_that_looks_like_two_users_is_ambiguous(
    sender: Caller, new_caller: Callable[..., Caller], database: Database, surname: str
) -> None:
    """With a capital I it may be either; as each is written it is one."""
    for name in ("Maria", "Marla"):
        set_profile(database, new_caller(), f"{name} {surname}", WhoMayWrite.EVERYBODY)
    error = send_error(sender, f"MarIa {surname}")
    assert error.error.code == "ambiguous_recipient"
    assert send(sender, f"Marla {surname}") == f"Your message to Marla {surname} is sent."


def test_concurrent_messages_keep_the_hourly_limit(
    sender: Caller, new_friend: Callable[..., Caller], database: Database
) -> None:
    """Ten of twelve are sent; the others get the time until the next one."""
    dan = new_friend(sender, f"Dan {new_word()}")

    def try_to_send(number: int) -> PamError | None:
        try:
            send(sender, "Dan", f"Message {number}")
        except PamError as error:
            return error
        return None

    with ThreadPoolExecutor(12) as threads:
        errors = [error for error in threads.map(try_to_send, range(12)) if error is not None]
    assert len(read_inbox(database, dan)) == 10
    assert [error.error.code for error in errors] == ["message_limit_reached"] * 2
    assert all(3500 < (error.retry_after or 0) <= 3600 for error in errors)
    raw = '{"recipient": "Dan", "message": "One more"}'
    assert error_of(lambda: sender.preview(message_friend, raw)).error.code == "message_limit_reached"


def test_uncommitted_message_counts_for_the_limit(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, owner: psycopg.Connection
) -> None:
    """The eleventh waits for the tenth, and is rejected once that is committed."""
    dan = new_friend(sender, f"Dan {new_word()}")
    for _ in range(9):
        send(sender, "Dan")
    with ThreadPoolExecutor(1) as threads:
        with database.session(sender.id, Deadline(5)) as connection:
            send_message(connection, sender.id, find_recipient(connection, sender.id, "Dan"), "Tenth")
            connection.execute("select 1").fetchone()  # the pipeline's end: it has been sent
            eleventh = threads.submit(send_error, sender, "Dan")
            waiting = "select from pg_stat_activity where wait_event_type = 'Lock'"
            until = time.monotonic() + 2
            while not owner.execute(waiting).fetchall() and not eleventh.done() and time.monotonic() < until:
                time.sleep(0.01)
        assert eleventh.result().error.code == "message_limit_reached"
    assert len(read_inbox(database, dan)) == 10


def test_hourly_limit_is_a_sliding_window(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, owner: psycopg.Connection, surname: str
) -> None:
    """The eleventh can be sent when the first is an hour old, and not before; `retry_after` is rounded up."""
    dan = new_friend(sender, f"Dan {surname}")
    for minutes in range(10, 0, -1):
        send(sender, "Dan", str(minutes))
        move = (
            "update direct_messages set sent_at = now() - make_interval(mins => %s) where sender_id = %s and body = %s"
        )
        owner.execute(move, (minutes, sender.id, str(minutes)))
    wait_s = send_error(sender, "Dan").retry_after or 0
    assert 50 * 60 - 10 <= wait_s <= 50 * 60
    age = "update direct_messages set sent_at = sent_at - make_interval(secs => %s) where sender_id = %s"
    owner.execute(age, (wait_s - 30, sender.id))
    assert 10 < (send_error(sender, "Dan").retry_after or 0) <= 30
    owner.execute(age, (30, sender.id))
    send(sender, "Dan")
    assert 50 <= (send_error(sender, "Dan").retry_after or 0) <= 60
    assert len(read_inbox(database, dan)) == 11


def test_hourly_limit_follows_no_clock_but_the_databases(
    new_caller: Callable[..., Caller], new_friend: Callable[..., Caller], database: Database, surname: str
) -> None:
    """A function whose clock is hours ahead or behind sends ten as well."""
    times = iter(utc_now() + timedelta(hours=hours) for hours in range(-50, 50, 2))
    sender = new_caller(lambda: next(times))
    set_profile(database, sender, f"Sender {surname}")
    dan = new_friend(sender, f"Dan {surname}")
    with database.session(sender.id, Deadline(5)) as connection:
        for number in range(10):
            send_message(connection, sender.id, find_recipient(connection, sender.id, "Dan"), str(number))
    assert send_error(sender, "Dan").error.code == "message_limit_reached"
    assert len(read_inbox(database, dan)) == 10


def test_users_who_write_to_each_other_do_not_deadlock(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, surname: str
) -> None:
    """Ten messages each way at the same time all arrive."""
    dan = new_friend(sender, f"Dan {surname}")
    with ThreadPoolExecutor(10) as threads:
        ways = [(sender, f"Dan {surname}"), (dan, f"Sender {surname}")] * 10
        list(threads.map(lambda way: send(*way), ways))
    assert len(read_inbox(database, dan)) == len(read_inbox(database, sender)) == 10


def test_repeated_key_sends_once(
    sender: Caller, new_friend: Callable[..., Caller], database: Database, surname: str
) -> None:
    """A confirmation that arrives twice, or at two workers at once, is one message and one post."""
    dan = new_friend(sender, f"Dan {surname}")
    raw = '{"recipient": "Dan", "message": "Once"}'
    with ThreadPoolExecutor(6) as threads:
        result = set(threads.map(lambda _: sender.call(message_friend, raw, key="k1").text, range(6)))
        posted = {one.data["post_id"] for one in threads.map(
            lambda _: sender.call(create_post, '{"content": "Once"}', key="k2"), range(6)
        )}  # fmt: skip
    assert result == {f"Your message to Dan {surname} is sent."} and len(posted) == 1
    assert len(read_inbox(database, dan)) == 1


@pytest.mark.parametrize("message", ["", " \\n ", "x" * 2001, "bell\\u0007", "turned\\u202eround", "half\\ud83d"])
def test_invalid_message_is_rejected(sender: Caller, message: str) -> None:
    """Empty, too long, or with control characters."""
    assert send_error(sender, "Dan", message).error.code == "invalid_text"


def test_post_is_published_as_previewed_and_readable_for_all(
    sender: Caller, new_caller: Callable[..., Caller], database: Database, surname: str
) -> None:
    """The preview has audience, name and every word; tags are unique and in lower case."""
    raw = (
        '{"content": "Free water at the ranger station.", "title": "Water", "place": "Moab, Utah",'
        ' "tags": ["#Water", "water", "Free  Stuff"]}'
    )
    assert sender.preview(create_post, raw) == (
        f"Publish this as “Sender {surname}”, for everybody who is signed in to PAM to read:\n"
        "Title: Water\nFree water at the ranger station.\nPlace: Moab, Utah\nTags: water, free stuff"
    )
    result = sender.call(create_post, raw)
    assert result.text == "Your post “Water” is published."
    reader = new_caller()
    with database.session(reader.id, Deadline(5)) as connection:
        post = connection.execute("select * from posts where id = %s", (result.data["post_id"],)).fetchone()
    assert post is not None
    assert (post["author_id"], post["title"], post["place"]) == (sender.id, "Water", "Moab, Utah")
    assert (post["content"], post["tags"]) == ("Free water at the ranger station.", ["water", "free stuff"])


def test_preview_of_a_post_without_a_name_mentions_it(caller: Caller, database: Database) -> None:
    """Before it is published."""
    preview = caller.preview(create_post, '{"content": "Hello"}')
    assert preview.startswith("Publish this without a name, since you show none to others, for everybody")
    assert caller.call(create_post, '{"content": "Hello"}').text == "Your post is published."


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
def test_invalid_post_is_rejected(caller: Caller, owner: psycopg.Connection, raw: str) -> None:
    """Nothing is published."""
    assert error_of(lambda: caller.call(create_post, raw)).error.code == "invalid_text"
    assert owner.execute("select count(*) from posts where author_id = %s", (caller.id,)).fetchone() == (0,)


def test_name_of_another_user_is_rejected(
    new_caller: Callable[..., Caller], sender: Caller, database: Database, surname: str
) -> None:
    """In any case and with any spaces; one's own name can be written in another way."""
    other = new_caller()
    assert error_of(lambda: set_profile(database, other, f"sender   {surname.upper()}")).error.code == "name_taken"
    set_profile(database, sender, f"SENDER {surname}", WhoMayWrite.NOBODY)
