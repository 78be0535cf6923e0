"""Messages that are delivered long after they were typed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from tests.functional.chat.claude_scripts import SHORT_ANSWER, messages_text, use
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()

ZONE = ZoneInfo("Australia/Sydney")


def typed(ago: timedelta) -> tuple[datetime, dict[str, Any]]:
    """Return an instant in Sydney, and the context of a message that was typed then."""
    typed_at = datetime.now(ZONE) - ago
    return typed_at, {"timezone": ZONE.key, "typed_at": typed_at.astimezone(UTC).isoformat()}


@scenario
def claude_is_told_when_a_late_message_was_typed(context: ScenarioContext) -> None:
    """Its "now" is the time of typing; an expense without a date is of that day."""
    user = context.new_user()
    user.claude.script({"content": [use("create_expense", amount=30, category="fuel", more_to_do=True)]}, SHORT_ANSWER)
    typed_at, device = typed(timedelta(days=20))
    assert user.ask(context=device)[-1]["type"] == "done"
    prompt = messages_text(user.claude.requests()[0]["body"])
    assert f"Now: {typed_at:%A, %Y-%m-%d %H:%M} ({ZONE.key})" in prompt
    assert f"Delivered late, on {datetime.now(ZONE):%A, %Y-%m-%d}" in prompt
    (expense,) = user.rows("expenses")
    assert expense["spent_at"].astimezone(ZONE).date() == typed_at.date()


@scenario
def claude_is_told_nothing_of_a_message_that_arrives_at_once(context: ScenarioContext) -> None:
    """The seconds of its transport aren't worth a line."""
    user = context.new_user()
    user.claude.script(SHORT_ANSWER)
    user.ask(context=typed(timedelta(seconds=3))[1])
    assert "Delivered late" not in messages_text(user.claude.requests()[0]["body"])


@scenario
def late_expense_is_dated_when_it_was_typed_and_repeated_once(context: ScenarioContext) -> None:
    """A repetition under the same message id, from another zone, returns the same frames."""
    user = context.new_user()
    typed_at, device = typed(timedelta(days=20))
    message_id = str(uuid4())
    first = user.socket.send_question("add $45 for gas yesterday", message_id=message_id, context=device)
    done = user.socket.receive_until("done", "error")[-1]
    assert done["answer"]["expense"]["date"] == str(typed_at.date() - timedelta(days=1))
    repeated = device | {"timezone": "America/Denver"}
    assert user.socket.send_question("add $45 for gas yesterday", message_id=message_id, context=repeated) == first
    assert user.socket.receive_until("done", "error")[-1] == done
    assert len(user.rows("expenses")) == 1


@scenario
def message_from_the_future_or_too_long_ago_ends_with_an_error(context: ScenarioContext) -> None:
    """Nothing is written, and Claude isn't asked."""
    user = context.new_user()
    for ago, code in ((timedelta(minutes=-10), "invalid_typed_at"), (timedelta(days=32), "entry_too_old")):
        frames = user.ask("add $45 for gas", context=typed(ago)[1])
        assert (frames[-1]["type"], frames[-1]["code"]) == ("error", code)
    assert user.rows("expenses") == user.claude.requests() == []


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
