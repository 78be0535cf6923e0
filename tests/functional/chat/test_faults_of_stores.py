"""DynamoDB is throttled, Postgres is gone: before the turn, in its middle, and at its end."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.chat_user import ADDED, ANSWER, READ, TALK, WRITE, lines, said
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.fake_tools import fault_of, nothing_found, reader, results
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


@scenario
def in_process_backend(context: ScenarioContext) -> None:
    """Whole lines: an answer like everybody's, kept, and the conversation goes on in the stack's own functions."""
    user, backend = context.new_user(), context.backend
    user.claude.script(step(READ, WRITE), ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done", frames[-1]
    assert lines(frames) == [("get_spending_summary", "done"), ("create_expense", "done")]
    assert user.resume(frames[0]["message_id"]) == frames
    assert "What now?" in said(user.ask_follow_up())


# DynamoDB


@scenario
def dynamodb_is_away_before_anything(context: ScenarioContext) -> None:
    """Told without a number, since nothing is kept; the same message is answered once when it comes again."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.refuses = lambda *_: True
    message_id = str(uuid4())
    backend.send(user, "chat", message_id=message_id, text=f"What now? {user.claude.marker}")
    refusal = user.socket.next()
    assert (refusal["type"], refusal["code"], refusal["retry_after"]) == ("error", "store_unavailable", 5)
    assert refusal["message_id"] == message_id
    assert "seq" not in refusal
    backend.dynamodb.refuses = None
    user.claude.script(ANSWER)
    assert backend.ask(user, message_id=message_id)[-1]["type"] == "done"
    user.ask_follow_up()


def of(operation: str, key: str, item: str = "") -> Callable[[str, Mapping[str, Any]], bool]:
    """Operations of this name on items whose key begins so, and whose name does."""

    def fits(asked: str, request: Mapping[str, Any]) -> bool:
        found = request.get("Key") or request.get("Item") or {}
        return (
            asked == operation
            and found.get("key", {}).get("S", "").startswith(key)
            and found.get("item", {}).get("S", "").startswith(item)
        )

    return fits


def times(count: int, refuses: Callable[[str, Mapping[str, Any]], bool]) -> Callable[[str, Mapping[str, Any]], bool]:
    """The first `count` of these."""
    left = count

    def fits(asked: str, request: Mapping[str, Any]) -> bool:
        nonlocal left
        if left and refuses(asked, request):
            left -= 1
            return True
        return False

    return fits


@dataclass(frozen=True)
class Refusal:
    """DynamoDB refuses all that has to do with keys that begin so, on a question's way in.

    Told, nothing asked; afterwards the conversation goes on.
    """

    key: str

    @property
    def name(self) -> str:
        return f"dynamodb refuses {self.key}"

    def __call__(self, context: ScenarioContext) -> None:
        user, backend = context.new_user(), context.backend
        backend.dynamodb.refuses = lambda _, request: f'"{self.key}' in json.dumps(request)
        backend.send(user, "chat", message_id=str(uuid4()), text=f"What now? {user.claude.marker}")
        last = user.socket.until("error")[-1]
        assert (last["code"], last["retry_after"]) == ("store_unavailable", 5)
        backend.dynamodb.refuses = None
        user.claude.script(ANSWER)
        assert backend.ask(user)[-1]["type"] == "done"
        user.ask_follow_up()


for key in ("rate#", "conversation#", "spend#"):
    scenario(Refusal(key))


@scenario
def frames_that_were_not_kept_are_kept_later(context: ScenarioContext) -> None:
    """Told all the same; who resumes afterwards gets them all, without a gap."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.refuses = times(2, of("PutItem", "turn#", "frames#00000002"))
    user.claude.script(step(TALK, READ), ANSWER)
    frames = backend.ask(user)
    assert backend.dynamodb.refused == 2
    assert frames[-1]["type"] == "done"
    backend.wait()
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def the_end_is_kept_though_dynamodb_hesitates(context: ScenarioContext) -> None:
    """The state's last write fails at first: the answer is told once, and the next question needn't wait."""
    user, backend = context.new_user(), context.backend
    user.claude.script(ANSWER)
    backend.dynamodb.refuses = times(2, ends)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done"
    backend.wait()
    assert backend.dynamodb.refused == 2
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


def ends(operation: str, request: Mapping[str, Any]) -> bool:
    values = request.get("ExpressionAttributeValues", {})
    return operation == "UpdateItem" and {"S": "ended"} in values.values()


@scenario
def a_cost_that_cannot_be_settled_costs_no_answer(context: ScenarioContext) -> None:
    """The answer is sent; the reservation stays in the day's sum."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.refuses = lambda _, request: "remove #turn" in request.get("UpdateExpression", "")
    user.claude.script(ANSWER)
    assert backend.ask(user)[-1]["type"] == "done"
    backend.wait()
    assert backend.dynamodb.refused > 0
    user.ask_follow_up()


# Postgres


@scenario
def postgres_is_gone_before_the_turn(context: ScenarioContext) -> None:
    """Told, nothing asked; the next question is answered."""
    user, backend = context.new_user(), context.backend
    backend.postgres.cut()
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("database_unavailable", 5)
    assert user.claude.requests() == []
    backend.postgres.restore()
    user.claude.script(ANSWER)
    assert backend.ask(user)[-1]["type"] == "done"
    user.ask_follow_up()


@scenario
def postgres_goes_in_the_middle(context: ScenarioContext) -> None:
    """Tools fail and Claude hears why; what was said is kept elsewhere, and the next question has it all."""
    user, backend = context.new_user(), context.backend

    def cut() -> ToolResult:
        backend.postgres.cut()
        return nothing_found()

    backend.replace(tools={**TOOLS, "pull": reader("pull", cut, timeout_s=30)})
    user.claude.script(use("pull"), step(READ, WRITE), text("The books are closed."))
    frames = backend.ask(user)
    assert frames[-1]["text"] == "The books are closed."
    assert lines(frames)[1:] == [("get_spending_summary", "failed"), ("create_expense", "failed")]
    assert [fault_of(block) for block in results(user)] == ["database_unavailable"] * 2
    backend.wait()
    assert user.rows("expenses") == user.rows("effects") == []
    backend.postgres.restore()
    following = said(user.ask_follow_up())
    assert "What now?" in following and "The books are closed." in following and "Nothing there." in following
    assert [row["role"] for row in user.messages()] == ["user", "assistant"] * 4


@scenario
def postgres_goes_at_the_end(context: ScenarioContext) -> None:
    """The answer is told; the next question's worker saves it first."""
    user, backend = context.new_user(), context.backend

    def cut() -> ToolResult:
        backend.postgres.cut()
        return nothing_found()

    backend.replace(tools={**TOOLS, "pull": reader("pull", cut, timeout_s=30)})
    user.claude.script(use("pull"), ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Here you are."
    backend.wait()
    assert len(user.messages()) < 4
    backend.postgres.restore()
    assert "Here you are." in said(user.ask_follow_up())
    assert len(user.messages()) == 6


@scenario
def an_unheard_commit_is_not_done_again(context: ScenarioContext) -> None:
    """The socket broke before Postgres could say that it was done: Claude asks again, and is told what was done."""
    user, backend = context.new_user(), context.backend
    user.claude.script(WRITE, WRITE)
    backend.postgres.lose_commit_of(b"insert into effects")
    frames = backend.ask(user)
    assert backend.postgres.lost.is_set()
    assert frames[-1]["text"].startswith(ADDED)
    assert lines(frames) == [("create_expense", "failed"), ("create_expense", "done")]
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1
    user.ask_follow_up()


@scenario
def an_unheard_save_is_not_saved_twice(context: ScenarioContext) -> None:
    """The messages are there, though nobody heard so: the answer is told, and they are there once."""
    user, backend = context.new_user(), context.backend
    user.claude.script(READ, ANSWER)
    backend.postgres.lose_commit_of(b"insert into messages")
    frames = backend.ask(user)
    assert backend.postgres.lost.is_set()
    assert frames[-1]["type"] == "done", frames[-1]
    backend.wait()
    assert len(user.messages()) == 4
    user.ask_follow_up()


@scenario
def postgres_and_dynamodb_are_both_gone_at_the_end(context: ScenarioContext) -> None:
    """The answer is told; the next question doesn't know it, and is answered all the same."""
    user, backend = context.new_user(), context.backend

    def cut() -> ToolResult:
        backend.postgres.cut()
        backend.dynamodb.refuses = of("PutItem", "conversation#")
        return nothing_found()

    backend.replace(tools={**TOOLS, "pull": reader("pull", cut, timeout_s=30)})
    user.claude.script(use("pull"), ANSWER)
    assert backend.ask(user)[-1]["text"] == "Here you are."
    backend.wait()
    backend.postgres.restore()
    backend.dynamodb.refuses = None
    assert "What now?" in said(user.ask_follow_up())


@scenario
def a_confirmation_without_postgres_is_done_when_it_comes_again(context: ScenarioContext) -> None:
    """The yes holds; it is done once."""
    user, backend = context.new_user(), context.backend
    user.claude.script(use("create_post", content="Quiet at Goblin Valley."))
    frames = backend.ask(user)
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    yes = {"confirmation_id": asked["confirmation_id"], "decision": "yes", "digest": asked["digest"]}
    backend.wait()
    backend.postgres.cut()
    backend.send(user, "confirm", **yes)
    refusal = user.socket.next()
    assert (refusal["code"], refusal["retry_after"]) == ("database_unavailable", 5)
    backend.postgres.restore()
    backend.send(user, "confirm", **yes)
    assert user.socket.next()["type"] == "confirmed"
    assert len(user.rows("posts", "author_id")) == 1
    assert "is published" in said(user.ask_follow_up())


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, run_scenarios: Callable[[Scenario], None]) -> None:
    """As the scenario's own sentence says."""
    run_scenarios(scenario)
