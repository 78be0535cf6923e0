"""Tools that hang, break or find too much; what a turn may cost; and workers that come late, twice or not at all."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from pam.chat.limits import ChatLimits
from pam.chat.parts import Workers
from pam.chat.switch import Switch
from pam.chat.turns import CALLED_FOR, Turns
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.errors import PamError
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.definition import ToolResult, WriteResult
from tests.functional.chat.acts import Act, Programme, Stage, name_of
from tests.functional.chat.backstage import LARGEST_CAPS
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.made_up_tools import fault_of, nothing_found, reader, results, writer
from tests.functional.chat.scenes import (
    ADDED,
    ANSWER,
    LONG,
    LOOK,
    PAY,
    PAY_AND_MORE,
    TALK,
    gathered,
    lines,
    said,
    told,
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
            shared = stage.stack.environment_of("chat")["SHARED_CACHE_TABLE"]
            aws.client("dynamodb").delete_item(TableName=shared, Key={"key": {"S": f"breaker|{source}"}})
        assert frames[-1]["text"] == "Here you are.", frames[-1]
        assert lines(frames) == [(tool["name"], "failed")]
        assert fault_of(results(scene)[0]) == "source_unavailable"
    scene.goes_on()


@act
def a_tool_that_hangs_is_left_behind(stage: Stage) -> None:
    """Its neighbour's result is used; Claude hears that there is none from it."""
    scene, behind = stage.scene(), stage.behind

    def hang() -> ToolResult:
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

    def hang() -> WriteResult:
        behind.released.wait(60)
        return WriteResult("Written.", {}, "A test", {})

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
    big = ToolResult("Much.", {"rows": "x" * 5_000_000}, "A test", "2026-11-22T10:00:00+00:00")
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

    def fail() -> ToolResult:
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

    def fail_once() -> WriteResult:
        fault = next(tries)
        if fault is not None:
            raise fault
        return WriteResult("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"fail": writer("fail", fail_once, timeout_s=30)}
    scene.claude.says(use("fail"), use("fail"))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Written."
    assert lines(frames) == [("fail", "failed"), ("fail", "done")]
    assert len(scene.rows("effects")) == 1
    scene.goes_on()


@act
def cancel_while_a_tool_reads(stage: Stage) -> None:
    """The tool is abandoned and Claude isn't asked again; the next question knows that both were stopped."""
    scene, behind = stage.scene(), stage.behind
    message_id = str(uuid4())

    def cancel() -> ToolResult:
        behind.send(scene, "cancel", message_id=message_id)
        behind.released.wait(60)
        return nothing_found()

    behind.tools = TOOLS | {"cancel": reader("cancel", cancel, timeout_s=30)}
    scene.claude.says(use("cancel"), ANSWER)
    frames = behind.ask(scene, message_id=message_id)
    last = frames[-1]
    assert (last["type"], last["text"], last["truncated"]) == ("done", "", True)
    assert lines(frames) == [("cancel", "failed")]
    assert len(scene.claude.asked()) == 1
    following = said(scene.goes_on())
    assert "The traveller stopped this" in following and "Stopped by the traveller" in following


@act
def cancel_while_a_tool_writes(stage: Stage) -> None:
    """What is done by then is done, told and known."""
    scene, behind = stage.scene(), stage.behind
    message_id = str(uuid4())

    def cancel() -> WriteResult:
        behind.send(scene, "cancel", message_id=message_id)
        behind.await_beats()
        return WriteResult("Written.", {}, "A test", {})

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
    """The tool has run, its result is kept, and no further call is made. What it did can be undone."""
    scene, behind = stage.scene(), stage.behind
    limits = ChatLimits(behind.chat.table, replace(LARGEST_CAPS, turn=Decimal("0.000001")), utc_now)
    behind.chat = replace(behind.chat, limits=limits)
    scene.claude.says(PAY_AND_MORE, ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "cost_exceeded"
    assert lines(frames) == [("create_expense", "done")]
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == 1
    assert ADDED in said(scene.goes_on())
    (undo,) = frames[-1]["undo"]
    assert undo["text"].startswith(ADDED)
    assert scene.http.delete(undo["href"]).status_code == 200
    assert all(row["undone_at"] for row in scene.rows("expenses"))


@act
def the_day_of_all_travellers_is_used_up(stage: Stage) -> None:
    """Told with the time until tomorrow; quick questions still work, and Claude isn't asked."""
    scene, behind = stage.scene(), stage.behind
    limits = ChatLimits(behind.chat.table, replace(LARGEST_CAPS, stage_day=Decimal(0)), utc_now)
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
    assert (last["code"], last["retry_after"]) == ("chat_disabled", 300)
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
    turn = behind.chat.turns.get(scene.id, UUID(frames[0]["message_id"]))
    assert turn is not None
    behind.start(turn)
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

    def hang() -> ToolResult:
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
    behind.wait()
    behind.released.set()
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


@act
def claude_pauses_for_its_own_search(stage: Stage) -> None:
    """What there is goes back as it is, and the answer goes on after it."""
    scene, behind = stage.scene(), stage.behind
    behind.chat = replace(behind.chat, tool_mode="deferred")
    search = {"type": "tool_search", "query": "posts", "found": ["create_post"]}
    scene.claude.says(step(TALK, search, stop_reason="pause_turn"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done", frames[-1]
    assert told(frames) == f"{LONG}\n\nHere you are."
    first, second = (entry["body"]["messages"] for entry in scene.claude.asked())
    assert [message["role"] for message in second[len(first) :]] == ["assistant"]
    assert LONG in said(scene.goes_on())


for fault in (
    Deferred("cut_in_text", "model_interrupted", 1),
    Deferred("refusal", "model_refused", 1),
    Deferred("max_tokens_in_tool", "done", 2),
    Deferred("529", "done", 2),
):
    act(fault)


@pytest.mark.parametrize("act", act, ids=name_of)
def test_fault(act: Act, playing: Callable[[Act], None]) -> None:
    """As the act's own sentence says."""
    playing(act)
