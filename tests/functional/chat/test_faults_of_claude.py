"""What comes from Claude's place is not what it should be: nothing, too late, or no reply of the API's."""

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
from tests.functional.chat.chat_user import ANSWER, PIECES, READ, TALK, WRITE, lines, said, told
from tests.functional.chat.conftest import step
from tests.functional.chat.fault_proxies import Replay, ReplayServer
from tests.functional.chat.in_process_backend import make_claude
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

scenario = ScenarioList()


def recited(*parts: Any, until: str = "message_stop", error: str | None = None) -> Replay:
    """A streamed reply up to the first event of that kind, with an error backend it."""
    body = b""
    for event in events("msg_01simulated", "claude-haiku-5-5", Usage(0, 0, 0, 100), make_reply(*parts)):
        body += event.encode()
        if event.kind == until:
            break
    if error:
        body += Event("error", {"type": "error", "error": {"type": error, "message": "x"}}).encode()
    return Replay(200, body, {"content-type": "text/event-stream"})


def refused(status: int, kind: str, **headers: str) -> Replay:
    """A refusal of the API's."""
    told = {"type": "error", "error": {"type": kind, "message": "x"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Replay(status, json.dumps(told).encode(), {"content-type": "application/json"} | named)


def stream(body: bytes, **headers: str) -> Replay:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Replay(200, body, {"content-type": "text/event-stream"} | named)


_STOP = {"type": "content_block_stop", "index": 0}
WHOLE = recited(TextPart("Here you are."))
CALL = ToolCallPart("create_expense", {"amount": 45, "category": "fuel"})


@dataclass(frozen=True)
class Case:
    """What comes from Claude's place, and what the traveller is told.

    Asked no more often than may help, nothing written, and the conversation goes on.
    """

    name: str
    recitals: tuple[Replay, ...]
    requests: int
    ends: str = "done"
    says: str = "Here you are."
    retry_after: int | None = None

    def __call__(self, context: ScenarioContext) -> None:
        user, backend = context.new_user(), context.backend
        reciter = ReplayServer(*self.recitals)
        backend.replace(claude=make_claude(reciter.url))
        last = backend.ask(user)[-1]
        reciter.close()
        if self.ends == "done":
            assert (last["type"], last.get("text")) == ("done", self.says), last
        else:
            assert last.get("code") == self.ends, last
            assert self.says in last["message"]
            assert last.get("retry_after") == self.retry_after
        assert reciter.asked == self.requests
        assert user.rows("expenses") == []
        assert "What now?" in said(user.ask_follow_up())


AWAY = "can't reach Claude"
BUSY = "Claude is very busy"

for case in (
    Case("400", (refused(400, "invalid_request_error"),), 1, "model_unavailable", "isn't set up right"),
    Case("413", (refused(413, "request_too_large"),), 1, "conversation_too_long", "has become too long"),
    Case("overloaded before anything", (recited(until="", error="overloaded_error"), WHOLE), 2),
    Case("overloaded before a block", (recited(until="message_start", error="overloaded_error"), WHOLE), 2),
    Case("an error of the API's before a block", (recited(until="message_start", error="api_error"), WHOLE), 2),
    *(
        Case(f"a wait of {wait}", (refused(429, "rate_limit_error", retry_after=wait),), 3, "model_busy", BUSY, 20)
        for wait in ("Fri, 31 Dec 2049 23:59:59 GMT", "nan", "inf", "-5", "soon")
    ),
    Case("no end in a tool's input", (recited(CALL, until="input_json_delta"), WHOLE), 2),
    Case("no end after a tool", (recited(CALL, until="content_block_stop"), WHOLE), 2),
    Case("no end before anything", (stream(b""), WHOLE), 2),
    Case("an event that is no JSON", (stream(b'event: message_start\ndata: {"type": \n\n'), WHOLE), 2),
    Case("an event out of order", (stream(Event("content_block_stop", _STOP).encode()), WHOLE), 2),
    Case("JSON in place of a stream", (Replay(200, b"{}", {"content-type": "application/json"}), WHOLE), 2),
    Case("a broken encoding", (stream(b"no gzip", content_encoding="gzip"), WHOLE), 2),
):
    scenario(case)


@scenario
def silence_before_the_reply_is_waited_for_once_more(context: ScenarioContext) -> None:
    """The second try answers."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, silence_s=0.5))
    user.claude.script(step(ANSWER, fault={"mode": "silence", "times": 1}))
    assert backend.ask(user)[-1]["text"] == "Here you are."
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def silence_is_not_waited_for_a_third_time(context: ScenarioContext) -> None:
    """Two tries, then a word about it."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, silence_s=0.3))
    user.claude.script(step(ANSWER, fault="silence"))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def silence_in_text_is_told_and_the_text_stays(context: ScenarioContext) -> None:
    """What was said is not said again; the next question has it."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, silence_s=0.5))
    user.claude.script(step(TALK, fault="silence_in_text"))
    frames = backend.ask(user)
    assert frames[-1]["code"] == "model_interrupted"
    assert told(frames).strip() == PIECES
    assert len(user.claude.requests()) == 1
    assert PIECES in said(user.ask_follow_up())


@scenario
def silence_after_a_tool_leaves_its_result(context: ScenarioContext) -> None:
    """The tool isn't run again."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, silence_s=0.5))
    user.claude.script(step(READ, fault={"mode": "silence_in_text", "times": 1}), ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("get_spending_summary", "done")]
    assert len(user.claude.requests()) == 2
    user.ask_follow_up()


@scenario
def silence_after_a_write_does_not_write(context: ScenarioContext) -> None:
    """Written once, by the second reply."""
    user, backend = context.new_user(), context.backend
    backend.replace(claude=make_claude(backend.stack.claude.url, silence_s=0.5))
    user.claude.script(step(WRITE, fault={"mode": "silence_in_text", "times": 1}))
    assert backend.ask(user)[-1]["type"] == "done"
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1
    user.ask_follow_up()


@scenario
def nobody_listens_in_claudes_place(context: ScenarioContext) -> None:
    """Connections that are refused."""
    user, backend = context.new_user(), context.backend
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    backend.replace(claude=make_claude(url))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    user.ask_follow_up()


@scenario
def nobody_answers_in_claudes_place(context: ScenarioContext) -> None:
    """Connections that are taken, and not a byte."""
    user, backend = context.new_user(), context.backend
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        backend.replace(claude=make_claude(f"http://127.0.0.1:{deaf.getsockname()[1]}", silence_s=0.2))
        last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    user.ask_follow_up()


@scenario
def a_new_key_is_found_after_the_old_one_was_refused(context: ScenarioContext) -> None:
    """One question fails, the next one reads the secret again."""
    user, backend = context.new_user(), context.backend
    keys = ["sk-ant-old", CLAUDE_KEY]
    secret = ApiKey(Source.CLAUDE, lambda: json.dumps({"key": keys.pop(0)}))
    backend.replace(claude=ClaudeClient(backend.stack.claude.url, secret))
    user.claude.script(ANSWER)
    assert backend.ask(user)[-1]["code"] == "model_unavailable"
    assert backend.ask(user)[-1]["type"] == "done"
    user.ask_follow_up()


@scenario
def no_key_is_told_like_a_refused_one(context: ScenarioContext) -> None:
    """The secret is empty: nothing is asked."""
    user, backend = context.new_user(), context.backend
    backend.replace(
        claude=ClaudeClient(backend.stack.claude.url, ApiKey(Source.CLAUDE, lambda: json.dumps({"key": ""})))
    )
    assert backend.ask(user)[-1]["code"] == "model_unavailable"
    assert user.claude.requests() == []
    user.ask_follow_up()


@scenario
def a_worker_whose_time_is_over_says_so(context: ScenarioContext) -> None:
    """Claude is slow beyond the function's own timeout: the traveller hears of it before the function is killed."""
    user, backend = context.new_user(), context.backend
    backend.remaining_s = 9.5
    user.claude.script(step(TALK, fault="silence_in_text"))
    frames = backend.ask(user)
    assert frames[-1]["code"] == "turn_timed_out"
    assert PIECES in said(user.ask_follow_up())


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, run_scenarios: Callable[[Scenario], None]) -> None:
    """As the scenario's own sentence says."""
    run_scenarios(scenario)
