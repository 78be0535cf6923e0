"""What the conversation rests on fails: tools, the budget, workers, DynamoDB, Postgres."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from pam.chat.limits import Limits
from pam.chat.parts import Workers
from pam.chat.switch import Switch
from pam.chat.turns import CALLED_FOR, Turns
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.errors import PamError
from pam.tools.arguments import Arguments
from pam.tools.catalogue import TOOLS
from pam.tools.tool import Effect, Result, Tool, Written
from tests.functional.chat.acts import Act, Programme, Stage, name_of
from tests.functional.chat.backstage import LARGEST_CAPS, Backstage
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.scenes import (
    ADDED,
    ANSWER,
    LOOK,
    PAY,
    PAY_AND_MORE,
    TALK,
    Scene,
    gathered,
    lines,
    said,
    until,
    whole,
)

act = Programme()


@act
def a_source_that_hangs_and_one_that_is_down(stage: Stage) -> None:
    """Open-Meteo doesn't answer, then Mapbox refuses: Claude hears so in time, and tells what it knows instead."""
    scene = stage.scene()
    upstreams = stage.stack.upstreams
    spot = {"latitude": 35 + scene.id.int % 997 / 100, "longitude": -110 + scene.id.int // 997 % 997 / 100}
    for source, url, orders, tool in (
        ("Open-Meteo", upstreams.open_meteo_url, {"mode": "slow", "seconds": 30}, use("get_weather_forecast")),
        ("Mapbox", upstreams.mapbox_url, {"mode": "503"}, use("find_rv_parks", place="here")),
    ):
        scene.claude.says(tool, ANSWER)
        try:
            httpx.put(f"{url}/_control", json=orders).raise_for_status()
            frames = scene.ask(context={"location": spot})
            assert httpx.get(f"{url}/_journal").json()["asked"] > 0
        finally:
            httpx.delete(f"{url}/_journal").raise_for_status()
            # So that others may ask it again at once.
            shared = stage.stack.environment_of("chat")["SHARED_TABLE"]
            aws.client("dynamodb").delete_item(TableName=shared, Key={"key": {"S": f"breaker|{source}"}})
        assert frames[-1]["text"] == "Here you are.", frames[-1]
        assert lines(frames) == [(tool["name"], "failed")]
        assert fault_of(results(scene)[0]) == "upstream_unavailable"
    scene.goes_on()


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


# Tools


class _Nothing(Arguments):
    """No arguments."""


def reader(name: str, read: Callable[[], Result], timeout_s: float = 0.5) -> Tool[Any]:
    return Tool(name, "x", _Nothing, Effect.READ, lambda _: "Having a LOOK", lambda *_: read(), timeout_s=timeout_s)


def writer(name: str, write: Callable[[], Written], timeout_s: float = 0.5) -> Tool[Any]:
    return Tool(
        name, "x", _Nothing, Effect.OWN, lambda _: "Writing it down", write=lambda *_: write(), timeout_s=timeout_s
    )


def await_beats(behind: Backstage) -> None:
    """Waits until the worker has looked twice what is asked of it: what was asked before is known to it."""
    seen = threading.Semaphore(0)

    def see(operation: str, request: Mapping[str, Any]) -> bool:
        if operation == "UpdateItem" and "#alive_until" in request["UpdateExpression"]:
            seen.release()
        return False

    behind.dynamodb.refuses = see
    for _ in range(2):
        assert seen.acquire(timeout=30)


def nothing_found() -> Result:
    return Result("Nothing there.", {}, "A test", "2026-11-22T10:00:00+00:00")


def results(scene: Scene) -> list[dict[str, Any]]:
    """The newest tool results that Claude was sent."""
    blocks: list[dict[str, Any]] = scene.claude.asked()[-1]["body"]["messages"][-1]["content"]
    return blocks


def fault_of(block: Mapping[str, Any]) -> str | None:
    """The code of a failed result."""
    code = json.loads(block["content"]).get("error", {}).get("code")
    assert (code is not None) is block.get("is_error", False)
    return code


@act
def a_tool_that_hangs_is_left_behind(stage: Stage) -> None:
    """Its neighbour's result is used; Claude hears that there is none from it."""
    scene, behind = stage.scene(), stage.behind

    def hang() -> Result:
        behind.released.wait(60)
        return nothing_found()

    behind.tools = TOOLS | {"hang": reader("hang", hang)}
    scene.claude.says(step(use("hang"), LOOK), ANSWER)
    frames = behind.ask(scene)
    behind.released.set()
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("hang", "failed"), ("get_spending_summary", "done")]
    assert [fault_of(block) for block in results(scene)] == ["tool_timed_out", None]
    scene.goes_on()


@act
def a_write_that_hangs_is_neither_promised_nor_denied(stage: Stage) -> None:
    """It may still happen, and does, once."""
    scene, behind = stage.scene(), stage.behind

    def hang() -> Written:
        behind.released.wait(60)
        return Written("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"hang": writer("hang", hang)}
    scene.claude.says(use("hang"), text("I can't say whether that was done."))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "I can't say whether that was done."
    assert "can't say whether it was done" in results(scene)[0]["content"]
    assert scene.rows("effects") == []
    behind.released.set()
    until(lambda: len(scene.rows("effects")) == 1)
    scene.goes_on()


@act
def a_result_of_five_megabytes_is_not_sent(stage: Stage) -> None:
    """Claude is told to ask for less."""
    scene, behind = stage.scene(), stage.behind
    big = Result("Much.", {"rows": "x" * 5_000_000}, "A test", "2026-11-22T10:00:00+00:00")
    behind.tools = TOOLS | {"all": reader("all", lambda: big, timeout_s=30)}
    scene.claude.says(use("all"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("all", "failed")]
    assert [fault_of(block) for block in results(scene)] == ["tool_result_too_large"]
    scene.goes_on()


@act
def a_tool_that_breaks_tells_nothing_of_its_insides(stage: Stage) -> None:
    """Neither the traveller nor Claude reads the exception."""
    scene, behind = stage.scene(), stage.behind

    def fail() -> Result:
        raise RuntimeError("password=hunter2")

    behind.tools = TOOLS | {"fail": reader("fail", fail)}
    scene.claude.says(use("fail"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert [fault_of(block) for block in results(scene)] == ["internal_error"]
    assert "hunter2" not in json.dumps(frames) + said(scene.goes_on())


@act
def a_write_that_breaks_is_not_half_done(stage: Stage) -> None:
    """The ledger's row goes with it, so that the same call may come again."""
    scene, behind = stage.scene(), stage.behind
    tries = iter([RuntimeError("x"), None])

    def fail_once() -> Written:
        fault = next(tries)
        if fault is not None:
            raise fault
        return Written("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"fail": writer("fail", fail_once, timeout_s=30)}
    scene.claude.says(use("fail"), use("fail"))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Written."
    assert lines(frames) == [("fail", "failed"), ("fail", "done")]
    assert len(scene.rows("effects")) == 1
    scene.goes_on()


@act
def cancel_while_a_tool_reads(stage: Stage) -> None:
    """Claude isn't asked again: the turn ends with what there is, and the next question knows that it was stopped."""
    scene, behind = stage.scene(), stage.behind
    message_id = str(uuid4())

    def cancel() -> Result:
        behind.send(scene, "cancel", message_id=message_id)
        await_beats(behind)
        return nothing_found()

    behind.tools = TOOLS | {"cancel": reader("cancel", cancel, timeout_s=30)}
    scene.claude.says(use("cancel"), ANSWER)
    last = behind.ask(scene, message_id=message_id)[-1]
    assert (last["type"], last["text"], last["truncated"]) == ("done", "", True)
    assert len(scene.claude.asked()) == 1
    following = said(scene.goes_on())
    assert "Nothing there." in following and "Stopped by the traveller" in following


@act
def cancel_while_a_tool_writes(stage: Stage) -> None:
    """What is done by then is done, told and known."""
    scene, behind = stage.scene(), stage.behind
    message_id = str(uuid4())

    def cancel() -> Written:
        behind.send(scene, "cancel", message_id=message_id)
        await_beats(behind)
        return Written("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"cancel": writer("cancel", cancel, timeout_s=30)}
    scene.claude.says(use("cancel"))
    frames = behind.ask(scene, message_id=message_id)
    assert (frames[-1]["type"], frames[-1]["text"]) == ("done", "Written.")
    assert lines(frames) == [("cancel", "done")]
    assert len(scene.rows("effects")) == 1
    assert "Written." in said(scene.goes_on())


# What it may cost, and whether it is on


@act
def a_turn_that_is_too_dear_ends_after_what_it_did(stage: Stage) -> None:
    """The tool has run, its result is kept, and no further call is made."""
    scene, behind = stage.scene(), stage.behind
    limits = Limits(behind.chat.table, replace(LARGEST_CAPS, turn=Decimal("0.000001")), utc_now)
    behind.chat = replace(behind.chat, limits=limits)
    scene.claude.says(PAY_AND_MORE, ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "turn_too_dear"
    assert lines(frames) == [("create_expense", "done")]
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == 1
    assert ADDED in said(scene.goes_on())


@act
def the_day_of_all_travellers_is_used_up(stage: Stage) -> None:
    """Told with the time until tomorrow; quick questions still work, and Claude isn't asked."""
    scene, behind = stage.scene(), stage.behind
    limits = Limits(behind.chat.table, replace(LARGEST_CAPS, stage_day=Decimal(0)), utc_now)
    behind.chat = replace(behind.chat, limits=limits)
    last = behind.ask(scene)[-1]
    assert last["code"] == "daily_limit_reached"
    assert 0 < last["retry_after"] <= 86_400
    assert scene.claude.asked() == []
    assert behind.ask(scene, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    scene.goes_on()


@act
def the_conversation_is_switched_off_and_on(stage: Stage) -> None:
    """Off: told so, quick questions still work. On again: answered. A switch that can't be read is on."""
    scene, behind = stage.scene(), stage.behind
    name = f"/test/{scene.id}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=name, Value="off", Type="String")
    behind.chat = replace(behind.chat, switch=Switch(ssm, name))
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("chat_switched_off", 300)
    assert scene.claude.asked() == []
    assert behind.ask(scene, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    scene.claude.says(ANSWER)
    ssm.put_parameter(Name=name, Value="on", Type="String", Overwrite=True)
    for switch in (Switch(ssm, name), Switch(ssm, "/test/nothing-there")):
        behind.chat = replace(behind.chat, switch=switch)
        assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


# Workers


@act
def an_invocation_that_comes_twice_answers_once(stage: Stage) -> None:
    """At the same instant, and once more afterwards."""
    scene, behind = stage.scene(), stage.behind
    behind.delivered = 2
    scene.claude.says(PAY)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done"
    behind.start(scene.id, UUID(frames[0]["message_id"]))
    behind.wait()
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


@act
def no_worker_can_be_had(stage: Stage) -> None:
    """Told at once, and the line of the conversation is free again."""
    scene, behind = stage.scene(), stage.behind
    behind.workers = Workers(aws.client("lambda"), "nobody:live")
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 5)
    scene.goes_on()


@act
def a_worker_that_never_came(stage: Stage) -> None:
    """It couldn't take the turn: after so long, whoever asks hears that nobody comes, and the next question goes on."""
    scene, behind = stage.scene(), stage.behind
    behind.dynamodb.refuses = lambda _, request: (
        request.get("ConditionExpression") == "#state = :queued" and ":running" in request["ExpressionAttributeValues"]
    )
    message_id = str(uuid4())
    behind.send(scene, "chat", message_id=message_id, text=f"What now? {scene.claude.word}")
    scene.conversation = scene.line.until("ack")[0]["conversation_id"]
    with pytest.raises(PamError, match="can't hold the conversation"):
        behind.wait()
    behind.dynamodb.refuses = None
    later = utc_now() + CALLED_FOR + timedelta(minutes=1)
    behind.chat = replace(behind.chat, turns=Turns(behind.chat.table, lambda: later))
    behind.send(scene, "resume", message_id=message_id, after=0)
    frames = whole(scene.line.until("done", "error"))
    assert frames[-1]["code"] == "turn_lost"
    assert scene.claude.asked() == []
    scene.goes_on()


@act
def a_worker_that_was_taken_for_dead_speaks_no_more(stage: Stage) -> None:
    """It was frozen longer than its lease: the traveller was told, and hears nothing else of it."""
    scene, behind = stage.scene(), stage.behind
    begun = threading.Event()

    def hang() -> Result:
        begun.set()
        behind.released.wait(60)
        return nothing_found()

    behind.tools = TOOLS | {"hang": reader("hang", hang, timeout_s=60)}
    scene.claude.says(step(use("hang"), PAY), ANSWER)
    message_id = str(uuid4())
    behind.send(scene, "chat", message_id=message_id, text=f"What now? {scene.claude.word}")
    assert begun.wait(30)
    later = Turns(behind.chat.table, lambda: utc_now() + timedelta(minutes=1))
    present, behind.chat = behind.chat, replace(behind.chat, turns=later)
    behind.send(scene, "resume", message_id=message_id, after=0)
    behind.chat = present
    frames = gathered(scene.line)
    assert frames[-1]["code"] == "turn_lost"
    await_beats(behind)
    behind.released.set()
    behind.wait()
    assert scene.resume(message_id) == frames
    scene.conversation = frames[0]["conversation_id"]
    scene.goes_on()
    scene.messages()


@dataclass(frozen=True)
class Deferred:
    """A fault where Claude has only the usual tools at hand: what was added to the conversation stays in its place."""

    mode: str
    ends: str
    requests: int

    @property
    def name(self) -> str:
        return f"deferred tools, {self.mode}"

    def __call__(self, stage: Stage) -> None:
        scene, behind = stage.scene(), stage.behind
        behind.chat = replace(behind.chat, tool_mode="deferred")
        scene.claude.says(step(TALK, PAY, fault={"mode": self.mode, "times": 1}), ANSWER)
        last = behind.ask(scene, "Save this favorite spot, and post about it.")[-1]
        assert last.get("code", last["type"]) == self.ends, last
        assert len(scene.claude.asked()) == self.requests
        body = scene.goes_on()
        assert [each["role"] for each in body["messages"]].count("system") == 1
        assert "tool_addition" in said(body)


for fault in (
    Deferred("cut_in_text", "model_interrupted", 1),
    Deferred("refusal", "model_refused", 1),
    Deferred("max_tokens_in_tool", "done", 2),
    Deferred("529", "done", 2),
):
    act(fault)


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
    assert "message_id" not in refusal
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

    def pull() -> Result:
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

    def pull() -> Result:
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

    def pull() -> Result:
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
