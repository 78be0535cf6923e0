"""DynamoDB is throttled, Postgres is gone: before the turn, in its middle, and at its end."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.acts import Act, Programme, Stage, name_of
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.made_up_tools import fault_of, nothing_found, reader, results
from tests.functional.chat.scenes import ADDED, ANSWER, LOOK, PAY, TALK, lines, said

act = Programme()


@act
def backstage(stage: Stage) -> None:
    """Whole lines: an answer like everybody's, kept, and the conversation goes on in the stack's own functions."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(step(LOOK, PAY), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done", frames[-1]
    assert lines(frames) == [("get_spending_summary", "done"), ("create_expense", "done")]
    assert scene.resume(frames[0]["message_id"]) == frames
    assert "What now?" in said(scene.goes_on())


# DynamoDB


@act
def dynamodb_is_away_before_anything(stage: Stage) -> None:
    """Told without a number, since nothing is kept; the same message is answered once when it comes again."""
    scene, behind = stage.scene(), stage.behind
    behind.dynamodb.refuses = lambda *_: True
    message_id = str(uuid4())
    behind.send(scene, "chat", message_id=message_id, text=f"What now? {scene.claude.word}")
    refusal = scene.line.next()
    assert (refusal["type"], refusal["code"], refusal["retry_after"]) == ("error", "store_unavailable", 5)
    assert refusal["message_id"] == message_id
    assert "seq" not in refusal
    behind.dynamodb.refuses = None
    scene.claude.says(ANSWER)
    assert behind.ask(scene, message_id=message_id)[-1]["type"] == "done"
    scene.goes_on()


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

    def __call__(self, stage: Stage) -> None:
        scene, behind = stage.scene(), stage.behind
        behind.dynamodb.refuses = lambda _, request: f'"{self.key}' in json.dumps(request)
        behind.send(scene, "chat", message_id=str(uuid4()), text=f"What now? {scene.claude.word}")
        last = scene.line.until("error")[-1]
        assert (last["code"], last["retry_after"]) == ("store_unavailable", 5)
        behind.dynamodb.refuses = None
        scene.claude.says(ANSWER)
        assert behind.ask(scene)[-1]["type"] == "done"
        scene.goes_on()


for key in ("rate#", "conversation#", "spend#"):
    act(Refusal(key))


@act
def frames_that_were_not_kept_are_kept_later(stage: Stage) -> None:
    """Told all the same; who resumes afterwards gets them all, without a gap."""
    scene, behind = stage.scene(), stage.behind
    behind.dynamodb.refuses = times(2, of("PutItem", "turn#", "frames#00000002"))
    scene.claude.says(step(TALK, LOOK), ANSWER)
    frames = behind.ask(scene)
    assert behind.dynamodb.refused == 2
    assert frames[-1]["type"] == "done"
    behind.wait()
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


@act
def the_end_is_kept_though_dynamodb_hesitates(stage: Stage) -> None:
    """The state's last write fails at first: the answer is told once, and the next question needn't wait."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(ANSWER)
    behind.dynamodb.refuses = times(2, ends)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done"
    behind.wait()
    assert behind.dynamodb.refused == 2
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


def ends(operation: str, request: Mapping[str, Any]) -> bool:
    values = request.get("ExpressionAttributeValues", {})
    return operation == "UpdateItem" and {"S": "ended"} in values.values()


@act
def a_cost_that_was_not_counted_costs_no_answer(stage: Stage) -> None:
    """Logged, and told as always."""
    scene, behind = stage.scene(), stage.behind
    behind.dynamodb.refuses = of("UpdateItem", "spend#")
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["type"] == "done"
    behind.wait()
    assert behind.dynamodb.refused > 0
    scene.goes_on()


# Postgres


@act
def postgres_is_gone_before_the_turn(stage: Stage) -> None:
    """Told, nothing asked; the next question is answered."""
    scene, behind = stage.scene(), stage.behind
    behind.postgres.pull()
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("database_unavailable", 5)
    assert scene.claude.asked() == []
    behind.postgres.put_back()
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


@act
def postgres_goes_in_the_middle(stage: Stage) -> None:
    """Tools fail and Claude hears why; what was said is kept elsewhere, and the next question has it all."""
    scene, behind = stage.scene(), stage.behind

    def pull() -> ToolResult:
        behind.postgres.pull()
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), step(LOOK, PAY), text("The books are closed."))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "The books are closed."
    assert lines(frames)[1:] == [("get_spending_summary", "failed"), ("create_expense", "failed")]
    assert [fault_of(block) for block in results(scene)] == ["database_unavailable"] * 2
    behind.wait()
    assert scene.rows("expenses") == scene.rows("effects") == []
    behind.postgres.put_back()
    following = said(scene.goes_on())
    assert "What now?" in following and "The books are closed." in following and "Nothing there." in following
    assert [row["role"] for row in scene.messages()] == ["user", "assistant"] * 4


@act
def postgres_goes_at_the_end(stage: Stage) -> None:
    """The answer is told; the next question's worker saves it first."""
    scene, behind = stage.scene(), stage.behind

    def pull() -> ToolResult:
        behind.postgres.pull()
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    behind.wait()
    assert len(scene.messages()) < 4
    behind.postgres.put_back()
    assert "Here you are." in said(scene.goes_on())
    assert len(scene.messages()) == 6


@act
def an_unheard_commit_is_not_done_again(stage: Stage) -> None:
    """The line broke before Postgres could say that it was done: Claude asks again, and is told what was done."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(PAY, PAY)
    behind.postgres.lose_commit_of(b"insert into effects")
    frames = behind.ask(scene)
    assert behind.postgres.lost.is_set()
    assert frames[-1]["text"].startswith(ADDED)
    assert lines(frames) == [("create_expense", "failed"), ("create_expense", "done")]
    assert len(scene.rows("expenses")) == len(scene.rows("effects")) == 1
    scene.goes_on()


@act
def an_unheard_save_is_not_saved_twice(stage: Stage) -> None:
    """The messages are there, though nobody heard so: the answer is told, and they are there once."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(LOOK, ANSWER)
    behind.postgres.lose_commit_of(b"insert into messages")
    frames = behind.ask(scene)
    assert behind.postgres.lost.is_set()
    assert frames[-1]["type"] == "done", frames[-1]
    behind.wait()
    assert len(scene.messages()) == 4
    scene.goes_on()


@act
def postgres_and_dynamodb_are_both_gone_at_the_end(stage: Stage) -> None:
    """The answer is told; the next question doesn't know it, and is answered all the same."""
    scene, behind = stage.scene(), stage.behind

    def pull() -> ToolResult:
        behind.postgres.pull()
        behind.dynamodb.refuses = of("PutItem", "conversation#")
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), ANSWER)
    assert behind.ask(scene)[-1]["text"] == "Here you are."
    behind.wait()
    behind.postgres.put_back()
    behind.dynamodb.refuses = None
    assert "What now?" in said(scene.goes_on())


@act
def a_confirmation_without_postgres_is_done_when_it_comes_again(stage: Stage) -> None:
    """The yes holds; it is done once."""
    scene, behind = stage.scene(), stage.behind
    scene.claude.says(use("create_post", content="Quiet at Goblin Valley."))
    frames = behind.ask(scene)
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    yes = {"confirmation_id": asked["confirmation_id"], "decision": "yes", "digest": asked["digest"]}
    behind.wait()
    behind.postgres.pull()
    behind.send(scene, "confirm", **yes)
    refusal = scene.line.next()
    assert (refusal["code"], refusal["retry_after"]) == ("database_unavailable", 5)
    behind.postgres.put_back()
    behind.send(scene, "confirm", **yes)
    assert scene.line.next()["type"] == "confirmed"
    assert len(scene.rows("posts", "author_id")) == 1
    assert "is published" in said(scene.goes_on())


@pytest.mark.parametrize("act", act, ids=name_of)
def test_fault(act: Act, playing: Callable[[Act], None]) -> None:
    """As the act's own sentence says."""
    playing(act)
