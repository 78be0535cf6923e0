"""What comes from Claude's place is not what it should be: nothing, too late, or no reply of the API's."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local.stand_ins.claude.cache import Usage
from local.stand_ins.claude.replies import Call, Say
from local.stand_ins.claude.replies import said as reply_of
from local.stand_ins.claude.server import CLAUDE_KEY
from local.stand_ins.claude.stream import Event, events
from pam.sources.api_key import ApiKey
from pam.sources.claude import ClaudeClient
from pam.sources.source import Source
from tests.functional.chat.acts import Act, Programme, Stage, name_of
from tests.functional.chat.backstage import make_claude
from tests.functional.chat.conftest import step
from tests.functional.chat.faulty import Recital, Reciter
from tests.functional.chat.scenes import ANSWER, LOOK, PAY, PIECES, TALK, lines, said, told

act = Programme()


def recited(*parts: Any, until: str = "message_stop", error: str | None = None) -> Recital:
    """A streamed reply up to the first event of that kind, with an error behind it."""
    body = b""
    for event in events("msg_01simulated", "claude-haiku-5-5", Usage(0, 0, 0, 100), reply_of(*parts)):
        body += event.encode()
        if event.kind == until:
            break
    if error:
        body += Event("error", {"type": "error", "error": {"type": error, "message": "x"}}).encode()
    return Recital(200, body, {"content-type": "text/event-stream"})


def refused(status: int, kind: str, **headers: str) -> Recital:
    """A refusal of the API's."""
    told = {"type": "error", "error": {"type": kind, "message": "x"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Recital(status, json.dumps(told).encode(), {"content-type": "application/json"} | named)


def stream(body: bytes, **headers: str) -> Recital:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Recital(200, body, {"content-type": "text/event-stream"} | named)


_STOP = {"type": "content_block_stop", "index": 0}
WHOLE = recited(Say("Here you are."))
CALL = Call("create_expense", {"amount": 45, "category": "fuel"})


@dataclass(frozen=True)
class Case:
    """What comes from Claude's place, and what the traveller is told.

    Asked no more often than may help, nothing written, and the conversation goes on.
    """

    name: str
    recitals: tuple[Recital, ...]
    requests: int
    ends: str = "done"
    says: str = "Here you are."
    retry_after: int | None = None

    def __call__(self, stage: Stage) -> None:
        scene, behind = stage.scene(), stage.behind
        reciter = Reciter(*self.recitals)
        behind.claude = make_claude(reciter.url)
        last = behind.ask(scene)[-1]
        reciter.close()
        if self.ends == "done":
            assert (last["type"], last.get("text")) == ("done", self.says), last
        else:
            assert last.get("code") == self.ends, last
            assert self.says in last["message"]
            assert last.get("retry_after") == self.retry_after
        assert reciter.asked == self.requests
        assert scene.rows("expenses") == []
        assert "What now?" in said(scene.goes_on())


AWAY = "can't reach Claude"
BUSY = "ClaudeClient is very busy"

for case in (
    Case("400", (refused(400, "invalid_request_error"),), 1, "model_unavailable", "isn't set up right"),
    Case("413", (refused(413, "request_too_large"),), 1, "model_unavailable", "isn't set up right"),
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
    Case("JSON in place of a stream", (Recital(200, b"{}", {"content-type": "application/json"}), WHOLE), 2),
    Case("a broken encoding", (stream(b"no gzip", content_encoding="gzip"), WHOLE), 2),
):
    act(case)


@act
def silence_before_the_reply_is_waited_for_once_more(stage: Stage) -> None:
    """The second try answers."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(ANSWER, fault={"mode": "silence", "times": 1}))
    assert behind.ask(scene)[-1]["text"] == "Here you are."
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


@act
def silence_is_not_waited_for_a_third_time(stage: Stage) -> None:
    """Two tries, then a word about it."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.3)
    scene.claude.says(step(ANSWER, fault="silence"))
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


@act
def silence_in_text_is_told_and_the_text_stays(stage: Stage) -> None:
    """What was said is not said again; the next question has it."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(TALK, fault="silence_in_text"))
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "model_interrupted"
    assert told(frames).strip() == PIECES
    assert len(scene.claude.asked()) == 1
    assert PIECES in said(scene.goes_on())


@act
def silence_after_a_tool_leaves_its_result(stage: Stage) -> None:
    """The tool isn't run again."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(LOOK, fault={"mode": "silence_in_text", "times": 1}), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("get_spending_summary", "done")]
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


@act
def silence_after_a_write_does_not_write(stage: Stage) -> None:
    """Written once, by the second reply."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(PAY, fault={"mode": "silence_in_text", "times": 1}))
    assert behind.ask(scene)[-1]["type"] == "done"
    assert len(scene.rows("expenses")) == len(scene.rows("effects")) == 1
    scene.goes_on()


@act
def nobody_listens_in_claudes_place(stage: Stage) -> None:
    """Connections that are refused."""
    scene, behind = stage.scene(), stage.behind
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    behind.claude = make_claude(url)
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    scene.goes_on()


@act
def nobody_answers_in_claudes_place(stage: Stage) -> None:
    """Connections that are taken, and not a byte."""
    scene, behind = stage.scene(), stage.behind
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        behind.claude = make_claude(f"http://127.0.0.1:{deaf.getsockname()[1]}", silence_s=0.2)
        last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    scene.goes_on()


@act
def a_new_key_is_found_after_the_old_one_was_refused(stage: Stage) -> None:
    """One question fails, the next one reads the secret again."""
    scene, behind = stage.scene(), stage.behind
    keys = ["sk-ant-old", CLAUDE_KEY]
    secret = ApiKey(Source.CLAUDE, lambda: json.dumps({"key": keys.pop(0)}))
    behind.claude = ClaudeClient(behind.stack.claude.url, secret)
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["code"] == "model_unavailable"
    assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


@act
def no_key_is_told_like_a_refused_one(stage: Stage) -> None:
    """The secret is empty: nothing is asked."""
    scene, behind = stage.scene(), stage.behind
    behind.claude = ClaudeClient(behind.stack.claude.url, ApiKey(Source.CLAUDE, lambda: json.dumps({"key": ""})))
    assert behind.ask(scene)[-1]["code"] == "model_unavailable"
    assert scene.claude.asked() == []
    scene.goes_on()


@act
def a_worker_whose_time_is_over_says_so(stage: Stage) -> None:
    """Claude is slow beyond the function's own timeout: the traveller hears of it before the function is killed."""
    scene, behind = stage.scene(), stage.behind
    behind.seconds = 9.5
    scene.claude.says(step(TALK, fault="silence_in_text"))
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "turn_timed_out"
    assert PIECES in said(scene.goes_on())


@pytest.mark.parametrize("act", act, ids=name_of)
def test_fault(act: Act, playing: Callable[[Act], None]) -> None:
    """As the act's own sentence says."""
    playing(act)
