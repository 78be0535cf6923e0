"""Links to files: clients get them in frames, and Claude is never sent one."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import text, use
from tests.functional.chat.frames import Frames, decision_on
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def downloads_of(frames: Frames) -> list[dict[str, str]]:
    return [frame["download"] for frame in frames if "download" in frame]


def requests_to_claude(user: ChatUser) -> str:
    return json.dumps([request["body"] for request in user.claude.requests()])


@scenario
def report_of_a_tool_has_its_link_in_the_tool_frame(context: ScenarioContext) -> None:
    """The link works without a token. Claude reads that there is one; neither it nor memory has it."""
    user = context.new_user()
    user.claude.script({"content": [use("export_budget_report", format="json")]}, text("It is below."))
    [download] = downloads_of(user.ask())
    assert download.keys() == {"href", "name", "expires_at"} and download["name"].endswith(".json")
    assert httpx.get(download["href"]).json()["expenses"] == []
    sent = requests_to_claude(user)
    assert "The link works until" in sent and "X-Amz-Signature" not in sent
    assert "X-Amz-Signature" not in json.dumps(user.rows("messages"), default=str)


@scenario
def confirmed_export_has_its_link_in_the_confirmed_frame(context: ScenarioContext) -> None:
    """Nothing is exported before; a repeated decision gets the same link."""
    user = context.new_user()
    user.claude.script({"content": [use("export_data")]}, text("Please confirm."))
    asked = user.ask()
    assert downloads_of(asked) == []
    yes = decision_on(asked)
    outcomes: list[Any] = []
    for _ in range(2):
        user.socket.send("confirm", **yes)
        outcomes.append(user.socket.receive_until("confirmed")[-1])
    assert outcomes[0]["download"] == outcomes[1]["download"]
    assert httpx.get(outcomes[0]["download"]["href"]).content.startswith(b"PK")
    user.claude.script(text("Fine."))
    user.ask()
    assert "Everything PAM has about you" in requests_to_claude(user)
    assert "X-Amz-Signature" not in requests_to_claude(user)
    assert len(user.rows("effects")) == 1


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
