"""Responses of Claude that are late, malformed or missing. Retries are limited, and the conversation continues."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local.stand_ins.claude.cache import Usage
from local.stand_ins.claude.replies import TextPart, ToolCallPart, make_reply
from local.stand_ins.claude.server import CLAUDE_KEY
from local.stand_ins.claude.stream import Event, events
from pam.sources.api_key import ApiKey
from pam.sources.claude.client import ClaudeClient
from pam.sources.source import Source
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT_START,
    READ,
    SHORT_ANSWER,
    SHORT_TEXT,
    WRITE,
    failing_reply,
)
from tests.functional.chat.fault_proxies import RecordedResponse, ReplayServer
from tests.functional.chat.frames import streamed_text, tool_states
from tests.functional.chat.in_process_backend import make_claude
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def recorded_stream(*parts: Any, until: str = "message_stop", error: str | None = None) -> RecordedResponse:
    """Return a streamed reply up to the first event of a kind, followed by an error event of a type."""
    body = b""
    for event in events("msg_01simulated", "claude-haiku-5-5", Usage(0, 0, 0, 100), make_reply(*parts)):
        body += event.encode()
        if event.kind == until:
            break
    if error:
        body += Event("error", {"type": "error", "error": {"type": error, "message": "x"}}).encode()
    return stream_response(body)


def error_response(status: int, kind: str, **headers: str) -> RecordedResponse:
    """Return an error of the API."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": "x"}}).encode()
    return RecordedResponse(status, body, {"content-type": "application/json"} | with_hyphens(headers))


def stream_response(body: bytes, **headers: str) -> RecordedResponse:
    """Return an event stream of these bytes."""
    return RecordedResponse(200, body, {"content-type": "text/event-stream"} | with_hyphens(headers))


def with_hyphens(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


COMPLETE = recorded_stream(TextPart(SHORT_TEXT))
EMPTY = recorded_stream()
READ_CALL = recorded_stream(ToolCallPart("get_spending_summary", {"period": "this_month"}))
TOOL_CALL = ToolCallPart("create_expense", {"amount": 45, "category": "fuel"})
BLOCK_STOP = Event("content_block_stop", {"type": "content_block_stop", "index": 0})


@dataclass(frozen=True)
class ResponseCase:
    """Recorded responses, the number of requests, and the end of the turn. Nothing is written."""

    name: str
    responses: tuple[RecordedResponse, ...]
    requests: int
    outcome: str = "done"
    """`done`, or the code of the error."""
    text: str = SHORT_TEXT
    """The whole text of an answer, or a part of an error's message."""
    retry_after: int | None = None

    def __call__(self, context: ScenarioContext) -> None:
        user, backend = context.new_user(), context.backend
        server = ReplayServer(*self.responses)
        backend.replace(claude=make_claude(server.url))
        last = backend.ask(user)[-1]
        server.close()
        if self.outcome == "done":
            assert (last["type"], last.get("text")) == ("done", self.text), last
        else:
            assert last.get("code") == self.outcome, last
            assert self.text in last["message"]
            assert last.get("retry_after") == self.retry_after
        assert server.request_count == self.requests
        assert user.rows("expenses") == []
        assert "What now?" in user.ask_follow_up()


NOT_SET_UP = "isn't set up right"
BUSY = "Claude is very busy"

for case in (
    ResponseCase(
        "invalid_request_error_is_not_retried",
        (error_response(400, "invalid_request_error"),),
        1,
        "model_unavailable",
        NOT_SET_UP,
    ),
    ResponseCase(
        "too_large_request_is_not_retried",
        (error_response(413, "request_too_large"),),
        1,
        "conversation_too_long",
        "has become too long",
    ),
    ResponseCase(
        "overload_as_the_first_event_is_retried", (recorded_stream(until="", error="overloaded_error"), COMPLETE), 2
    ),
    ResponseCase(
        "overload_before_content_is_retried",
        (recorded_stream(until="message_start", error="overloaded_error"), COMPLETE),
        2,
    ),
    ResponseCase(
        "api_error_before_content_is_retried", (recorded_stream(until="message_start", error="api_error"), COMPLETE), 2
    ),
    *(
        ResponseCase(
            f"rate_limit_with_{kind}_retry_after_is_retried_with_backoff",
            (error_response(429, "rate_limit_error", retry_after=value),),
            3,
            "model_busy",
            BUSY,
            20,
        )
        for kind, value in (
            ("dated", "Fri, 31 Dec 2049 23:59:59 GMT"),
            ("nan", "nan"),
            ("infinite", "inf"),
            ("negative", "-5"),
            ("textual", "soon"),
        )
    ),
    ResponseCase(
        "stream_that_ends_in_a_tool_input_is_retried",
        (recorded_stream(TOOL_CALL, until="input_json_delta"), COMPLETE),
        2,
    ),
    ResponseCase(
        "stream_that_ends_after_a_write_call_is_retried",
        (recorded_stream(TOOL_CALL, until="content_block_stop"), COMPLETE),
        2,
    ),
    ResponseCase("reply_without_content_is_continued", (EMPTY, COMPLETE), 2),
    ResponseCase("reply_without_content_after_a_tool_is_continued", (READ_CALL, EMPTY, COMPLETE), 3),
    ResponseCase("two_replies_without_content_are_no_answer", (EMPTY,), 2, "no_answer", "ended without an answer"),
    ResponseCase("empty_stream_is_retried", (stream_response(b""), COMPLETE), 2),
    ResponseCase(
        "event_of_malformed_json_is_retried",
        (stream_response(b'event: message_start\ndata: {"type": \n\n'), COMPLETE),
        2,
    ),
    ResponseCase("event_out_of_order_is_retried", (stream_response(BLOCK_STOP.encode()), COMPLETE), 2),
    ResponseCase(
        "json_in_place_of_a_stream_is_retried",
        (RecordedResponse(200, b"{}", {"content-type": "application/json"}), COMPLETE),
        2,
    ),
    ResponseCase(
        "invalid_content_encoding_is_retried", (stream_response(b"no gzip", content_encoding="gzip"), COMPLETE), 2
    ),
):
    scenario(case)


@scenario
def reply_silent_before_its_content_is_retried_once(context: ScenarioContext) -> None:
    """The second attempt answers."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, idle_timeout_s=0.5))
    user.claude.script(failing_reply("silence", SHORT_ANSWER))
    assert backend.ask(user)[-1]["text"] == SHORT_TEXT
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def reply_silent_in_both_attempts_is_unavailable(context: ScenarioContext) -> None:
    """There is no third attempt."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, idle_timeout_s=0.3))
    user.claude.script(failing_reply("silence", SHORT_ANSWER, times=None))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def reply_silent_in_its_text_is_interrupted(context: ScenarioContext) -> None:
    """The text that was sent isn't requested again, and the next prompt has it."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, idle_timeout_s=0.5))
    user.claude.script(failing_reply("silence_in_text", LONG_ANSWER, times=None))
    frames = backend.ask(user)
    assert frames[-1]["code"] == "model_interrupted"
    assert streamed_text(frames).strip() == LONG_TEXT_START
    assert len(user.claude.requests()) == 1
    assert LONG_TEXT_START in user.ask_follow_up()


@scenario
def reply_silent_after_a_reader_keeps_its_result(context: ScenarioContext) -> None:
    """The tool isn't run again."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, idle_timeout_s=0.5))
    user.claude.script(failing_reply("silence_in_text", READ), SHORT_ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == SHORT_TEXT
    assert tool_states(frames) == [("get_spending_summary", "done")]
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def reply_silent_after_a_write_call_writes_nothing(context: ScenarioContext) -> None:
    """The second reply's call is performed, once."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, idle_timeout_s=0.5))
    user.claude.script(failing_reply("silence_in_text", WRITE))
    assert backend.ask(user)[-1]["type"] == "done"
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1
    user.ask_follow_up()


@scenario
def refused_connection_is_unavailable(context: ScenarioContext) -> None:
    """Nothing listens at Claude's address."""
    user, backend = context.new_user(), context.backend
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    backend.replace(claude=make_claude(url))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    user.ask_follow_up()


@scenario
def connection_without_response_is_unavailable(context: ScenarioContext) -> None:
    """Connections to Claude's address are accepted, and no byte is sent."""
    user, backend = context.new_user(), context.backend
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        backend.replace(claude=make_claude(url, idle_timeout_s=0.2))
        last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    user.ask_follow_up()


@scenario
def replaced_key_is_read_after_the_old_one_was_rejected(context: ScenarioContext) -> None:
    """The request is repeated with the new one, so that no question fails."""
    user, backend = context.new_user(), context.backend
    keys = ["sk-ant-old", CLAUDE_KEY]
    secret = ApiKey(Source.CLAUDE, lambda: json.dumps({"key": keys.pop(0)}))
    backend.replace(claude=ClaudeClient(backend.stack.claude.url, secret))
    user.claude.script(SHORT_ANSWER)
    assert backend.ask(user)[-1]["type"] == "done"
    assert keys == []
    user.ask_follow_up()


@scenario
def missing_key_is_unavailable_without_a_request(context: ScenarioContext) -> None:
    """The secret has an empty key."""
    user, backend = context.new_user(), context.backend
    secret = ApiKey(Source.CLAUDE, lambda: json.dumps({"key": ""}))
    backend.replace(claude=ClaudeClient(backend.stack.claude.url, secret))
    assert backend.ask(user)[-1]["code"] == "model_unavailable"
    assert user.claude.requests() == []
    user.ask_follow_up()


@scenario
def turn_at_the_end_of_its_invocation_times_out(context: ScenarioContext) -> None:
    """The error is sent before the function's own timeout, and the text that was sent is in the next prompt."""
    user, backend = context.new_user(), context.backend
    backend.remaining_s = 9.5
    user.claude.script(failing_reply("silence_in_text", LONG_ANSWER, times=None))
    frames = backend.ask(user)
    assert frames[-1]["code"] == "turn_timed_out"
    assert LONG_TEXT_START in user.ask_follow_up()


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
