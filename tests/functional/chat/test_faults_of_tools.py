"""Tools that hang, break or find too much; what a turn may cost; and workers that come late, twice or not at all."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from pam.chat.lifecycle.kill_switch import KillSwitch
from pam.chat.lifecycle.turns import START_TIMEOUT, TurnStore
from pam.chat.lifecycle.workers import WorkerInvoker
from pam.ledger.operation import WriteResult
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.errors import PamError
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.chat_user import (
    ADDED,
    ANSWER,
    READ,
    WRITE,
    WRITE_WITH_MORE,
    check_frames,
    collect_frames,
    lines,
    said,
    until,
)
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.fake_tools import fault_of, nothing_found, reader, results, writer
from tests.functional.chat.in_process_backend import MAX_CAPS
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


@scenario
def a_source_that_hangs_and_one_that_is_down(context: ScenarioContext) -> None:
    """Open-Meteo doesn't answer, then Mapbox refuses: Claude hears so in time, and tells what it knows instead."""
    user = context.new_user()
    upstreams = context.stack.travel_sources
    spot = {"latitude": 35 + user.id.int % 997 / 100, "longitude": -110 + user.id.int // 997 % 997 / 100}
    for source, url, orders, tool in (
        ("Open-Meteo", upstreams.open_meteo_url, {"mode": "slow", "seconds": 30}, use("get_weather_forecast")),
        ("Mapbox", upstreams.mapbox_url, {"mode": "503"}, use("find_rv_parks", place="here")),
    ):
        user.claude.script(tool, ANSWER)
        try:
            httpx.put(f"{url}/_control", json=orders).raise_for_status()
            frames = user.ask(context={"location": spot})
            assert httpx.get(f"{url}/_journal").json()["requests"] > 0
        finally:
            httpx.delete(f"{url}/_journal").raise_for_status()
            # So that others may ask it again at once.
            shared = context.stack.environment_of("chat")["SHARED_CACHE_TABLE"]
            aws.client("dynamodb").delete_item(TableName=shared, Key={"key": {"S": f"breaker|{source}"}})
        assert frames[-1]["text"] == "Here you are.", frames[-1]
        assert lines(frames) == [(tool["name"], "failed")]
        assert fault_of(results(user)[0]) == "source_unavailable"
    user.ask_follow_up()


@scenario
def a_tool_that_hangs_is_left_behind(context: ScenarioContext) -> None:
    """Its neighbour's result is used; Claude hears that there is none from it."""
    user, backend = context.new_user(), context.backend

    def hang() -> ToolResult:
        backend.released.wait(60)
        return nothing_found()

    backend.replace(tools={**TOOLS, "hang": reader("hang", hang)})
    user.claude.script(step(use("hang"), READ), ANSWER)
    frames = backend.ask(user)
    backend.released.set()
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("hang", "failed"), ("get_spending_summary", "done")]
    assert [fault_of(block) for block in results(user)] == ["tool_timed_out", None]
    user.ask_follow_up()


@scenario
def a_write_that_hangs_is_neither_promised_nor_denied(context: ScenarioContext) -> None:
    """It may still happen, and does, once."""
    user, backend = context.new_user(), context.backend

    def hang() -> WriteResult:
        backend.released.wait(60)
        return WriteResult("Written.", {}, "A test", {})

    backend.replace(tools={**TOOLS, "hang": writer("hang", hang)})
    user.claude.script(use("hang"), text("I can't say whether that was done."))
    frames = backend.ask(user)
    assert frames[-1]["text"] == "I can't say whether that was done."
    assert "can't say whether it was done" in results(user)[0]["content"]
    assert user.rows("effects") == []
    backend.released.set()
    until(lambda: len(user.rows("effects")) == 1)
    user.ask_follow_up()


@scenario
def a_result_of_five_megabytes_is_not_sent(context: ScenarioContext) -> None:
    """Claude is told to ask for less."""
    user, backend = context.new_user(), context.backend
    big = ToolResult("Much.", {"rows": "x" * 5_000_000}, "A test", "2026-11-22T10:00:00+00:00")
    backend.replace(tools={**TOOLS, "all": reader("all", lambda: big, timeout_s=30)})
    user.claude.script(use("all"), ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("all", "failed")]
    assert [fault_of(block) for block in results(user)] == ["tool_result_too_large"]
    user.ask_follow_up()


@scenario
def a_tool_that_breaks_tells_nothing_of_its_insides(context: ScenarioContext) -> None:
    """Neither the traveller nor Claude reads the exception."""
    user, backend = context.new_user(), context.backend

    def fail() -> ToolResult:
        raise RuntimeError("password=hunter2")

    backend.replace(tools={**TOOLS, "fail": reader("fail", fail)})
    user.claude.script(use("fail"), ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Here you are."
    assert [fault_of(block) for block in results(user)] == ["internal_error"]
    assert "hunter2" not in json.dumps(frames) + said(user.ask_follow_up())


@scenario
def a_write_that_breaks_is_not_half_done(context: ScenarioContext) -> None:
    """The ledger's row goes with it, so that the same call may come again."""
    user, backend = context.new_user(), context.backend
    tries = iter([RuntimeError("x"), None])

    def fail_once() -> WriteResult:
        fault = next(tries)
        if fault is not None:
            raise fault
        return WriteResult("Written.", {}, "A test", {})

    backend.replace(tools={**TOOLS, "fail": writer("fail", fail_once, timeout_s=30)})
    user.claude.script(use("fail"), use("fail"))
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Written."
    assert lines(frames) == [("fail", "failed"), ("fail", "done")]
    assert len(user.rows("effects")) == 1
    user.ask_follow_up()


@scenario
def cancel_while_a_tool_reads(context: ScenarioContext) -> None:
    """The tool is abandoned and Claude isn't asked again; the next question knows that both were stopped."""
    user, backend = context.new_user(), context.backend
    message_id = str(uuid4())

    def cancel() -> ToolResult:
        backend.send(user, "cancel", message_id=message_id)
        backend.released.wait(60)
        return nothing_found()

    backend.replace(tools={**TOOLS, "cancel": reader("cancel", cancel, timeout_s=30)})
    user.claude.script(use("cancel"), ANSWER)
    frames = backend.ask(user, message_id=message_id)
    last = frames[-1]
    assert (last["type"], last["text"], last["truncated"]) == ("done", "", True)
    assert lines(frames) == [("cancel", "failed")]
    assert len(user.claude.requests()) == 1
    following = said(user.ask_follow_up())
    assert "The traveller stopped this" in following and "Stopped by the traveller" in following


@scenario
def cancel_while_a_tool_writes(context: ScenarioContext) -> None:
    """What is done by then is done, told and known."""
    user, backend = context.new_user(), context.backend
    message_id = str(uuid4())

    def cancel() -> WriteResult:
        backend.send(user, "cancel", message_id=message_id)
        backend.await_control_polls()
        return WriteResult("Written.", {}, "A test", {})

    backend.replace(tools={**TOOLS, "cancel": writer("cancel", cancel, timeout_s=30)})
    user.claude.script(use("cancel"))
    frames = backend.ask(user, message_id=message_id)
    assert (frames[-1]["type"], frames[-1]["text"]) == ("done", "Written.")
    assert lines(frames) == [("cancel", "done")]
    assert len(user.rows("effects")) == 1
    assert "Written." in said(user.ask_follow_up())


# What it may cost, and whether it is on


@scenario
def a_turn_that_is_too_dear_ends_after_what_it_did(context: ScenarioContext) -> None:
    """The tool has run, its result is kept, and no further call is made. What it did can be undone."""
    user, backend = context.new_user(), context.backend
    backend.replace(cost_caps=replace(MAX_CAPS, turn=Decimal("0.000001")))
    user.claude.script(WRITE_WITH_MORE, ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["code"] == "cost_exceeded"
    assert lines(frames) == [("create_expense", "done")]
    assert len(user.claude.requests()) == len(user.rows("expenses")) == 1
    assert ADDED in said(user.ask_follow_up())
    (undo,) = frames[-1]["undo"]
    assert undo["text"].startswith(ADDED)
    assert user.http.delete(undo["href"]).status_code == 200
    assert all(row["undone_at"] for row in user.rows("expenses"))


@scenario
def the_day_of_all_travellers_is_used_up(context: ScenarioContext) -> None:
    """Told with the time until tomorrow; quick questions still work, and Claude isn't asked."""
    user, backend = context.new_user(), context.backend
    backend.replace(cost_caps=replace(MAX_CAPS, stage_day=Decimal(0)))
    last = backend.ask(user)[-1]
    assert last["code"] == "daily_limit_reached"
    assert 0 < last["retry_after"] <= 86_400
    assert user.claude.requests() == []
    assert backend.ask(user, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    user.ask_follow_up()


@scenario
def the_conversation_is_switched_off_and_on(context: ScenarioContext) -> None:
    """Off: told so, quick questions still work. On again: answered. A switch that can't be read is on."""
    user, backend = context.new_user(), context.backend
    name = f"/test/{user.id}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=name, Value="off", Type="String")
    backend.replace(kill_switch=KillSwitch(ssm, name))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("chat_disabled", 300)
    assert user.claude.requests() == []
    assert backend.ask(user, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    user.claude.script(ANSWER)
    ssm.put_parameter(Name=name, Value="on", Type="String", Overwrite=True)
    for switch in (KillSwitch(ssm, name), KillSwitch(ssm, "/test/nothing-there")):
        backend.replace(kill_switch=switch)
        assert backend.ask(user)[-1]["type"] == "done"
    user.ask_follow_up()


# Workers


@scenario
def an_invocation_that_comes_twice_answers_once(context: ScenarioContext) -> None:
    """At the same instant, and once more afterwards."""
    user, backend = context.new_user(), context.backend
    backend.deliveries = 2
    user.claude.script(WRITE)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done"
    turn = backend.chat.turns.get(user.id, UUID(frames[0]["message_id"]))
    assert turn is not None
    backend.invoke(turn)
    backend.wait()
    assert len(user.claude.requests()) == len(user.rows("expenses")) == len(user.rows("turns")) == 1
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def no_worker_can_be_had(context: ScenarioContext) -> None:
    """Told at once, and the socket of the conversation is free again."""
    user, backend = context.new_user(), context.backend
    backend.replace(worker_invoker=WorkerInvoker(aws.client("lambda"), "nobody:live"))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 5)
    user.ask_follow_up()


@scenario
def a_worker_that_never_came(context: ScenarioContext) -> None:
    """It couldn't take the turn: after so long, whoever asks hears that nobody comes, and the next question goes on."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.refuses = lambda _, request: (
        request.get("ConditionExpression") == "#state = :queued" and ":running" in request["ExpressionAttributeValues"]
    )
    message_id = str(uuid4())
    backend.send(user, "chat", message_id=message_id, text=f"What now? {user.claude.marker}")
    user.conversation = user.socket.until("ack")[0]["conversation_id"]
    with pytest.raises(PamError, match="can't reach its storage"):
        backend.wait()
    backend.dynamodb.refuses = None
    later = utc_now() + START_TIMEOUT + timedelta(minutes=1)
    backend.replace(turns=TurnStore(backend.table, lambda: later))
    backend.send(user, "resume", message_id=message_id, after=0)
    frames = check_frames(user.socket.until("done", "error"))
    assert frames[-1]["code"] == "turn_lost"
    assert user.claude.requests() == []
    user.ask_follow_up()


@scenario
def a_worker_that_was_taken_for_dead_speaks_no_more(context: ScenarioContext) -> None:
    """It was frozen longer than its lease: the traveller was told, and hears nothing else of it."""
    user, backend = context.new_user(), context.backend
    begun = threading.Event()

    def hang() -> ToolResult:
        begun.set()
        backend.released.wait(60)
        return nothing_found()

    backend.replace(tools={**TOOLS, "hang": reader("hang", hang, timeout_s=60)})
    user.claude.script(step(use("hang"), WRITE), ANSWER)
    message_id = str(uuid4())
    backend.send(user, "chat", message_id=message_id, text=f"What now? {user.claude.marker}")
    assert begun.wait(30)
    present = backend.chat.turns
    backend.replace(turns=TurnStore(backend.table, lambda: utc_now() + timedelta(minutes=1)))
    backend.send(user, "resume", message_id=message_id, after=0)
    backend.replace(turns=present)
    frames = collect_frames(user.socket)
    assert frames[-1]["code"] == "turn_lost"
    backend.wait()
    backend.released.set()
    assert user.resume(message_id) == frames
    user.conversation = frames[0]["conversation_id"]
    user.ask_follow_up()
    user.messages()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, run_scenarios: Callable[[Scenario], None]) -> None:
    """As the scenario's own sentence says."""
    run_scenarios(scenario)
