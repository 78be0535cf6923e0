"""Texts of third parties in a turn: what they ask for isn't done by itself, what the traveller asks for is.

The model does whatever such a text says here, and no message is flagged: the policy alone stops it.
"""

import json
from collections.abc import Callable

import pytest

from tests.functional.chat.claude_scripts import SHORT_ANSWER, step, use
from tests.functional.chat.frames import tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.security.tool_calls import ATTACKERS_CALLS

PARKS = use("find_rv_parks", place="Moab, Utah")
WRITTEN_TABLES = {
    "expenses": "user_id", "budgets": "user_id", "trips": "user_id", "favorite_spots": "user_id", "posts": "author_id",
    "direct_messages": "sender_id", "facts": "user_id", "effects": "user_id", "comments": "author_id",
    "post_likes": "user_id", "follows": "follower", "shared_places": "user_id", "events": "host_id",
}  # fmt: skip

scenario = ScenarioList()


def write_of_a_foreign_text_is_not_performed(tool: str) -> Scenario:
    def run(context: ScenarioContext) -> None:
        """In the step after the text was read, and in the next question: it waits, or is refused."""
        user, backend = context.new_user(), context.backend
        call = {"type": "tool_use", "name": tool, "input": json.loads(ATTACKERS_CALLS[tool])}
        user.claude.script(step(PARKS), step(call), SHORT_ANSWER)
        frames = backend.ask(user, f"Which parks are near Moab? {user.claude.marker}")
        states = dict(tool_states(frames))
        assert states["find_rv_parks"] == "done"
        assert states[tool] in ("waiting", "failed")
        user.claude.script(step(call), SHORT_ANSWER)
        assert dict(tool_states(backend.ask(user, f"Thanks! {user.claude.marker}")))[tool] in ("waiting", "failed")
        assert all(user.rows(table, column) == [] for table, column in WRITTEN_TABLES.items())

    run.name = f"{tool} of a foreign text is not performed"  # type: ignore[attr-defined]
    return run


for name in ATTACKERS_CALLS:
    scenario(write_of_a_foreign_text_is_not_performed(name))


@scenario
def note_of_a_fast_answer_counts_as_a_foreign_text(context: ScenarioContext) -> None:
    """It has the parks' names, as the tool's result has; also in the questions after the one that has the note."""
    user, backend = context.new_user(), context.backend
    assert backend.ask(user, "campgrounds near Moab, Utah")[-1]["tier"] == 2
    attack = use("create_expense", amount=666, category="camping", description="deposit for evil")
    for question in ("Thanks!", "Great."):
        user.claude.script(step(attack), SHORT_ANSWER)
        states = tool_states(backend.ask(user, f"{question} {user.claude.marker}"))
        assert states == [("create_expense", "waiting")]
    assert user.rows("expenses") == []


@scenario
def foreign_text_counts_after_its_messages_are_cut(context: ScenarioContext) -> None:
    """Later messages may quote it."""
    user, backend = context.new_user(), context.backend
    user.claude.script(step(PARKS), SHORT_ANSWER)
    backend.ask(user, f"Which parks are near Moab? {user.claude.marker}")
    cut = "update conversations set cut_before = %s where user_id = %s"
    context.owner.execute(cut, (len(user.messages()), user.id))
    user.claude.script(step(use("create_expense", amount=666, category="camping")), SHORT_ANSWER)
    assert tool_states(backend.ask(user, f"Thanks! {user.claude.marker}")) == [("create_expense", "waiting")]


@scenario
def write_in_the_travellers_words_is_performed(context: ScenarioContext) -> None:
    """Texts of third parties in the conversation make no difference to it."""
    user, backend = context.new_user(), context.backend
    user.claude.script(step(PARKS), step(use("create_expense", amount=45, category="camping")))
    frames = backend.ask(user, f"Which parks are near Moab? And note $45 for camping. {user.claude.marker}")
    assert tool_states(frames) == [("find_rv_parks", "done"), ("create_expense", "done")]
    assert len(user.rows("expenses")) == 1


@scenario
def write_of_the_step_that_reads_the_text_is_performed(context: ScenarioContext) -> None:
    """The model wrote it before it could read the text."""
    user, backend = context.new_user(), context.backend
    user.claude.script(step(PARKS, use("create_expense", amount=12, category="laundry")), SHORT_ANSWER)
    states = tool_states(backend.ask(user, f"Parks near Moab, and the usual laundry. {user.claude.marker}"))
    assert ("create_expense", "done") in states


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
