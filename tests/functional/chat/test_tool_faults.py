"""Tools that hang, fail, or return too much, and sources that are down."""

import json
from collections.abc import Callable

import httpx
import pytest

from pam.ledger.operation import WriteResult
from pam.platform import aws
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.claude_scripts import READ, SHORT_ANSWER, SHORT_TEXT, step, text, use
from tests.functional.chat.fake_tools import (
    empty_result,
    empty_write,
    error_code,
    fake_reader,
    fake_writer,
    newest_results,
)
from tests.functional.chat.frames import tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until

scenario = ScenarioList()


@scenario
def source_that_is_slow_or_down_fails_its_tool(context: ScenarioContext) -> None:
    """Claude gets the error in time, and answers without the source."""
    user = context.new_user()
    sources = context.stack.travel_sources
    # A place of this user, so that nothing is cached.
    location = {"latitude": 35 + user.id.int % 997 / 100, "longitude": -110 + user.id.int // 997 % 997 / 100}
    for source, url, fault, tool in (
        ("Open-Meteo", sources.open_meteo_url, {"mode": "slow", "seconds": 30}, use("get_weather_forecast")),
        ("Mapbox", sources.mapbox_url, {"mode": "503"}, use("find_rv_parks", place="here")),
    ):
        user.claude.script(tool, SHORT_ANSWER)
        try:
            httpx.put(f"{url}/_control", json=fault).raise_for_status()
            frames = user.ask(context={"location": location})
            assert httpx.get(f"{url}/_journal").json()["requests"] > 0
        finally:
            httpx.delete(f"{url}/_journal").raise_for_status()
            # Close the circuit breaker for other tests.
            shared_cache = context.stack.environment_of("chat")["SHARED_CACHE_TABLE"]
            aws.client("dynamodb").delete_item(TableName=shared_cache, Key={"key": {"S": f"breaker|{source}"}})
        assert frames[-1]["text"] == SHORT_TEXT, frames[-1]
        assert tool_states(frames) == [(tool["name"], "failed")]
        assert error_code(newest_results(user)[0]) == "source_unavailable"
    user.ask_follow_up()


@scenario
def hanging_reader_times_out_without_its_neighbour(context: ScenarioContext) -> None:
    """Claude gets the error of the one and the result of the other."""
    user, backend = context.new_user(), context.backend

    def hang() -> ToolResult:
        backend.released.wait(60)
        return empty_result()

    backend.add_tools(fake_reader("hang", hang))
    user.claude.script(step(use("hang"), READ), SHORT_ANSWER)
    frames = backend.ask(user)
    backend.released.set()
    assert frames[-1]["text"] == SHORT_TEXT
    assert tool_states(frames) == [("hang", "failed"), ("get_spending_summary", "done")]
    assert [error_code(result) for result in newest_results(user)] == ["tool_timed_out", None]
    user.ask_follow_up()


@scenario
def hanging_write_is_reported_as_uncertain(context: ScenarioContext) -> None:
    """It may still be completed after the answer, once."""
    user, backend = context.new_user(), context.backend

    def hang() -> WriteResult:
        backend.released.wait(60)
        return empty_write()

    answer = "I can't say whether that was done."
    backend.add_tools(fake_writer("hang", hang))
    user.claude.script(use("hang"), text(answer))
    assert backend.ask(user)[-1]["text"] == answer
    assert "can't say whether it was done" in newest_results(user)[0]["content"]
    assert user.rows("effects") == []
    backend.released.set()
    wait_until(lambda: len(user.rows("effects")) == 1)
    user.ask_follow_up()


@scenario
def result_of_five_megabytes_is_replaced_by_an_error(context: ScenarioContext) -> None:
    """Claude gets a message that suggests a smaller request."""
    user, backend = context.new_user(), context.backend
    large = ToolResult("Much.", {"rows": "x" * 5_000_000}, "A test", "2026-11-22T10:00:00+00:00")
    backend.add_tools(fake_reader("all", lambda: large, timeout_s=30))
    user.claude.script(use("all"), SHORT_ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == SHORT_TEXT
    assert tool_states(frames) == [("all", "failed")]
    assert [error_code(result) for result in newest_results(user)] == ["tool_result_too_large"]
    user.ask_follow_up()


@scenario
def exception_of_a_reader_is_not_disclosed(context: ScenarioContext) -> None:
    """Neither the frames nor the prompts contain its text."""
    user, backend = context.new_user(), context.backend

    def fail() -> ToolResult:
        raise RuntimeError("password=hunter2")

    backend.add_tools(fake_reader("fail", fail))
    user.claude.script(use("fail"), SHORT_ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == SHORT_TEXT
    assert [error_code(result) for result in newest_results(user)] == ["internal_error"]
    assert "hunter2" not in json.dumps(frames) + user.ask_follow_up()


@scenario
def failed_write_is_rolled_back_and_can_be_repeated(context: ScenarioContext) -> None:
    """The failed attempt leaves no effect, so that the same call is performed."""
    user, backend = context.new_user(), context.backend
    errors = iter([RuntimeError("x"), None])

    def fail_once() -> WriteResult:
        error = next(errors)
        if error is not None:
            raise error
        return empty_write()

    backend.add_tools(fake_writer("fail", fail_once, timeout_s=30))
    user.claude.script(use("fail"), use("fail"))
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Written."
    assert tool_states(frames) == [("fail", "failed"), ("fail", "done")]
    assert len(user.rows("effects")) == 1
    user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
