"""Two users: neither sees or changes what belongs to the other."""

from collections.abc import Callable

import pytest

from tests.functional.chat.claude_scripts import POST, SHORT_ANSWER, text, use
from tests.functional.chat.frames import decision_on
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


@scenario
def messages_and_confirmations_of_another_user_are_not_found(context: ScenarioContext) -> None:
    """The other user can't resume, cancel or confirm, and receives no frames of them."""
    user, other = context.new_user(), context.new_user()
    user.claude.script(POST, SHORT_ANSWER)
    frames = user.ask()
    message_id = frames[0]["message_id"]
    other.socket.send("resume", message_id=message_id, after=0)
    assert other.socket.receive()["code"] == "message_not_found"
    other.socket.send("cancel", message_id=message_id)
    assert other.socket.receive()["code"] == "message_not_found"
    other.socket.send("confirm", **decision_on(frames))
    assert other.socket.receive()["code"] == "confirmation_not_found"
    assert user.rows("posts", "author_id") == []
    assert user.resume(message_id) == frames
    user.ask_follow_up()
    other.socket.send("ping")
    assert other.socket.receive() == {"type": "pong"}


@scenario
def same_ids_of_two_users_are_different_messages(context: ScenarioContext) -> None:
    """Message and conversation ids that another user has used are answered independently."""
    user, other = context.new_user(), context.new_user()
    for each in (user, other):
        each.claude.script(text(f"To {each.id.hex}."))
    frames = user.ask("My secret is Zion.")
    message_id, conversation_id = frames[0]["message_id"], frames[0]["conversation_id"]
    answer = other.ask(message_id=message_id, conversation_id=conversation_id)
    assert answer[-1]["text"] == f"To {other.id.hex}."
    assert "Zion" not in other.ask_follow_up()
    assert user.resume(message_id) == frames
    assert str(other.id) not in user.ask_follow_up()


@scenario
def concurrent_users_receive_their_own_answers(context: ScenarioContext) -> None:
    """Both are answered at the same time, each over their own connection."""
    users = (context.new_user(), context.new_user())
    for each in users:
        each.claude.script(use("get_spending_summary"), text(f"To {each.id.hex}."))
    sent = [each.send() for each in users]
    for each, message_id in zip(users, sent, strict=True):
        frames = each.socket.receive_until("done", "error")
        assert {frame["message_id"] for frame in frames} == {message_id}
        assert frames[-1]["text"] == f"To {each.id.hex}."


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
