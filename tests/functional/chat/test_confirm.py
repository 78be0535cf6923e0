"""Confirmations: decided once, by the user of the turn, about exactly what was shown."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import LONG_ANSWER, POST, pausing_reply, use
from tests.functional.chat.frames import check_frames, decision_on
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def request_post(user: ChatUser) -> dict[str, Any]:
    """Ask for a post, and return the fields of the `confirm` frame that approves it."""
    user.claude.script(POST)
    return decision_on(user.ask())


def expire(context: ScenarioContext, user: ChatUser, confirmation: dict[str, Any]) -> None:
    """Let the ten minutes of a confirmation be over."""
    context.table.update(
        (f"confirmation#{user.id}", confirmation["confirmation_id"]),
        "set #expires_at = :past",
        {"past": int(time.time()) - 1},
        condition="attribute_exists(#expires_at)",
    )


def set_name(context: ScenarioContext, user: ChatUser, name: str) -> None:
    """Give a user a public profile with a name."""
    context.owner.execute("insert into users (id) values (%s) on conflict do nothing", (user.id,))
    context.owner.execute("insert into public_profiles (user_id, display_name) values (%s, %s)", (user.id, name))


def befriend(context: ScenarioContext, user: ChatUser, friend: ChatUser) -> str:
    """Give both users a name and make them friends; return the friend's name."""
    set_name(context, user, f"Writer {user.id}")
    set_name(context, friend, f"Friend {friend.id}")
    context.owner.execute("insert into friendships values (%s, %s, now())", (user.id, friend.id))
    return f"Friend {friend.id}"


def posts(user: ChatUser) -> list[dict[str, Any]]:
    """Return the user's published posts."""
    return user.rows("posts", "author_id")


@scenario
def yes_from_three_connections_is_performed_once(context: ScenarioContext) -> None:
    """All connections receive the same outcome, and the next prompt mentions it once."""
    user = context.new_user()
    yes = request_post(user)
    sockets = [user.socket, user.connect_socket(), user.connect_socket()]
    for socket in sockets:
        socket.send("confirm", **yes)
    outcomes = [socket.receive_until("confirmed")[-1] for socket in sockets]
    assert {each["decision"] for each in outcomes} == {"yes"}
    assert len({each["seq"] for each in outcomes}) == 1
    assert len(posts(user)) == len(user.rows("effects")) == 1
    assert user.ask_follow_up().count("is published") == 1


@scenario
def expired_confirmation_is_rejected(context: ScenarioContext) -> None:
    """Nothing is published; a new request for the same post can be confirmed."""
    user = context.new_user()
    yes = request_post(user)
    expire(context, user, yes)
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.receive()["code"] == "confirmation_expired"
    assert posts(user) == []
    user.ask_follow_up()
    user.socket.send("confirm", **request_post(user))
    assert user.socket.receive()["type"] == "confirmed"
    assert len(posts(user)) == 1


@scenario
def yes_after_no_is_rejected(context: ScenarioContext) -> None:
    """Nothing is published, and the next prompt has the first decision."""
    user = context.new_user()
    yes = request_post(user)
    user.socket.send("confirm", **(yes | {"decision": "no"}))
    assert user.socket.receive()["decision"] == "no"
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.receive()["code"] == "confirmation_used"
    assert posts(user) == user.rows("effects") == []
    assert "the traveller said no" in user.ask_follow_up()


@scenario
def no_after_yes_is_rejected(context: ScenarioContext) -> None:
    """The post stays published."""
    user = context.new_user()
    yes = request_post(user)
    user.socket.send("confirm", **yes)
    assert user.socket.receive()["decision"] == "yes"
    user.socket.send("confirm", **(yes | {"decision": "no"}))
    assert user.socket.receive()["code"] == "confirmation_used"
    assert len(posts(user)) == 1
    user.ask_follow_up()


@scenario
def yes_of_another_user_or_with_another_digest_is_rejected(context: ScenarioContext) -> None:
    """Afterwards the user's own decision with the right digest is performed."""
    user, other = context.new_user(), context.new_user()
    yes = request_post(user)
    other.socket.send("confirm", **yes)
    assert other.socket.receive()["code"] == "confirmation_not_found"
    user.socket.send("confirm", **(yes | {"digest": "f" * 64}))
    assert user.socket.receive()["code"] == "confirmation_mismatch"
    assert posts(user) == []
    user.socket.send("confirm", **yes)
    assert user.socket.receive()["type"] == "confirmed"
    user.ask_follow_up()


@scenario
def yes_during_the_turn_is_performed_at_once(context: ScenarioContext) -> None:
    """The worker numbers and sends the outcome among its own frames."""
    user = context.new_user()
    user.claude.script(use("create_post", content="Quiet.", more_to_do=True), pausing_reply(LONG_ANSWER, seconds=1.5))
    user.send()
    frames = user.receive_until_pause()
    user.socket.send("confirm", **decision_on(frames))
    frames = check_frames(frames + user.socket.receive_until("done", "error"))
    assert [frame["type"] for frame in frames].count("confirmed") == 1
    assert frames[-1]["type"] == "done"
    assert len(posts(user)) == 1
    assert user.resume(frames[0]["message_id"]) == frames
    assert "is published" in user.ask_follow_up()


@scenario
def message_goes_to_the_user_who_was_shown_in_the_request(context: ScenarioContext) -> None:
    """The request shows id and name; another user who takes the name before the confirmation gets nothing."""
    user, friend, other = context.new_user(), context.new_user(), context.new_user()
    name = befriend(context, user, friend)
    user.claude.script(use("message_friend", recipient=name, message="Still on for Saturday?"))
    frames = user.ask()
    request = next(frame for frame in frames if frame["type"] == "confirm_request")
    assert request["identities"] == {"recipient": {"id": str(friend.id), "name": name}}
    context.owner.execute(
        "update public_profiles set display_name = %s where user_id = %s", (f"Renamed {friend.id}", friend.id)
    )
    set_name(context, other, name)
    context.owner.execute("insert into friendships values (%s, %s, now())", (user.id, other.id))
    user.socket.send("confirm", **decision_on(frames))
    assert "is sent" in user.socket.receive()["text"]
    assert len(friend.rows("direct_messages", "recipient_id")) == 1
    assert other.rows("direct_messages", "recipient_id") == []


@scenario
def yes_to_a_message_whose_recipient_is_gone_is_rejected(context: ScenarioContext) -> None:
    """No message is stored, and the conversation continues."""
    user, friend = context.new_user(), context.new_user()
    name = befriend(context, user, friend)
    user.claude.script(use("message_friend", recipient=name, message="Still on for Saturday?"))
    yes = decision_on(user.ask())
    context.owner.execute("delete from public_profiles where user_id = %s", (friend.id,))
    for _ in range(2):
        user.socket.send("confirm", **yes)
        assert user.socket.receive()["code"] == "unknown_recipient"
    assert user.rows("direct_messages", "sender_id") == user.rows("effects") == []
    user.ask_follow_up()


@scenario
def yes_while_postgres_is_down_is_performed_when_repeated(context: ScenarioContext) -> None:
    """The decision is stored, the post is published once."""
    user, backend = context.new_user(), context.backend
    user.claude.script(POST)
    yes = decision_on(backend.ask(user))
    backend.wait()
    backend.postgres.disconnect()
    backend.send(user, "confirm", **yes)
    error = user.socket.receive()
    assert (error["code"], error["retry_after"]) == ("database_unavailable", 5)
    backend.postgres.reconnect()
    backend.send(user, "confirm", **yes)
    assert user.socket.receive()["type"] == "confirmed"
    assert len(posts(user)) == 1
    assert "is published" in user.ask_follow_up()


@scenario
def yes_that_failed_is_rejected_once_it_has_expired(context: ScenarioContext) -> None:
    """Of a decision that couldn't be performed in time nothing is done later, however often it is repeated."""
    user, backend = context.new_user(), context.backend
    user.claude.script(POST)
    yes = decision_on(backend.ask(user))
    backend.wait()
    backend.postgres.disconnect()
    backend.send(user, "confirm", **yes)
    assert user.socket.receive()["code"] == "database_unavailable"
    backend.postgres.reconnect()
    expire(context, user, yes)
    for _ in range(2):
        backend.send(user, "confirm", **yes)
        assert user.socket.receive()["code"] == "confirmation_expired"
    assert posts(user) == user.rows("effects") == []
    user.ask_follow_up()


@scenario
def yes_that_was_refused_is_rejected_once_it_has_expired(context: ScenarioContext) -> None:
    """Also where what prevented it is gone: the user's name is shown again as in the preview."""
    user = context.new_user()
    name = f"Poster {user.id}"
    set_name(context, user, name)
    yes = request_post(user)
    rename = "update public_profiles set display_name = %s where user_id = %s"
    context.owner.execute(rename, (f"Other {user.id}", user.id))
    user.socket.send("confirm", **yes)
    assert user.socket.receive()["code"] == "confirmation_mismatch"
    context.owner.execute(rename, (name, user.id))
    expire(context, user, yes)
    user.socket.send("confirm", **yes)
    assert user.socket.receive()["code"] == "confirmation_expired"
    assert posts(user) == user.rows("effects") == []


@scenario
def performed_yes_is_reported_also_after_its_expiry(context: ScenarioContext) -> None:
    """Whether it was reported before, or its report has failed; it is performed once."""
    user, backend = context.new_user(), context.backend
    reported = request_post(user)
    user.socket.send("confirm", **reported)
    first = user.socket.receive()
    expire(context, user, reported)
    user.socket.send("confirm", **reported)
    assert user.socket.receive() == first
    assert len(posts(user)) == 1
    user.claude = user.claude.with_new_marker()
    user.claude.script(POST)
    unreported = decision_on(backend.ask(user))
    backend.wait()
    backend.dynamodb.should_throttle = lambda _, request: "reported_by" in str(request)
    backend.send(user, "confirm", **unreported)
    assert user.socket.receive()["code"] == "store_unavailable"
    assert len(posts(user)) == 2
    backend.dynamodb.should_throttle = None
    expire(context, user, unreported)
    backend.send(user, "confirm", **unreported)
    assert user.socket.receive()["type"] == "confirmed"
    assert len(posts(user)) == 2


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
