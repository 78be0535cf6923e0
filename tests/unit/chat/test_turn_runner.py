"""The agent loop on streamed replies: what it asks for, how it ends, and the conversation that it leaves."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from anthropic._models import construct_type
from anthropic.types import RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from local.stand_ins.claude import request_rules
from local.stand_ins.claude.request import MessagesRequest, parse
from pam.chat.turn.prompt import SYSTEM, model_request
from pam.chat.turn.runner import MAX_STEPS, TurnResult, TurnRunner
from pam.platform.deadline import Deadline
from pam.safety.output_scan import Instructions, OutputScan
from pam.sources.claude.events import read_events
from pam.sources.claude.reply import ModelError, ModelErrorKind, ModelReply, TextDelta, ToolUse
from pam.tools.engine.call import ToolOutcome

MODEL = "claude-haiku-5-5"
QUESTION = {"role": "user", "content": [{"type": "text", "text": "How much is left for fuel?"}]}
PROFILE = "Traveller: Ada"
SAVER = ThreadPoolExecutor(1)

_ids = count(1)


@dataclass(frozen=True)
class Reply:
    """Content blocks, and the stop reason, the error after `events` events, or None where the user stops the turn."""

    blocks: tuple[Mapping[str, Any], ...]
    end: str | ModelErrorKind | None = "end_turn"
    events: int = 1000

    def stream(self) -> Iterator[dict[str, Any]]:
        message = {"id": "msg_1", "role": "assistant", "content": [], "usage": {"input_tokens": 900}}
        yield {"type": "message_start", "message": message}
        for index, block in enumerate(self.blocks):
            yield from _block_events(index, block)
        if isinstance(self.end, str) and not isinstance(self.end, ModelErrorKind):
            yield {"type": "message_delta", "delta": {"stop_reason": self.end}, "usage": {"output_tokens": 20}}
            yield {"type": "message_stop"}


def _block_events(index: int, block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    start, deltas = dict(block), []
    if block["type"] == "text":
        start["text"], deltas = "", [{"type": "text_delta", "text": block["text"]}]
    elif block["type"] == "thinking":
        start["signature"], deltas = "", [{"type": "signature_delta", "signature": block["signature"]}]
    elif "input" in block:
        start |= {"id": f"{block['id']}{next(_ids)}", "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": block["input"]}]
    yield {"type": "content_block_start", "index": index, "content_block": start}
    yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
    yield {"type": "content_block_stop", "index": index}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_", "name": name, "input": arguments}


THOUGHT = {"type": "thinking", "thinking": "", "signature": "EqoB"}
ANSWER = Reply((text("$247 left."),))
READ = Reply((call("read"),), "tool_use")
EMPTY = Reply(())


class FakeClaude:
    """Streams the replies in their order, then `ANSWER`, and checks each request by the stand-in's rules."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = list(replies)
        self.requests: list[dict[str, Any]] = []

    def stream(
        self, request: dict[str, Any], betas: tuple[str, ...], deadline: Deadline, stop: threading.Event
    ) -> Iterator[TextDelta | ToolUse | ModelReply]:
        check(request)
        self.requests.append(request)
        script = self._replies.pop(0) if self._replies else ANSWER
        events = list(script.stream())[: script.events]
        reply = ModelReply()
        yield from read_events((construct_type(type_=RawMessageStreamEvent, value=each) for each in events), reply)  # type: ignore[misc]
        if script.end is None:
            stop.set()
            return
        if isinstance(script.end, ModelErrorKind) or reply.stop_reason is None:
            kind = script.end if isinstance(script.end, ModelErrorKind) else ModelErrorKind.CUT
            error = ModelError(kind, "x", retry_after=0.0)
            error.partial = reply
            raise error
        yield reply


class FakeTools:
    """Runs `read` and `write`; a write reports its own result. Any other tool is unknown."""

    def __init__(self) -> None:
        self._step: dict[str, str] = {}

    def submit(self, tool_use_id: str, name: str, arguments: str) -> None:
        self._step[tool_use_id] = name

    @property
    def harmless_ids(self) -> frozenset[str]:
        return frozenset(id for id, name in self._step.items() if name != "write")

    def gather(self, stop: threading.Event) -> list[ToolOutcome]:
        outcomes = [
            ToolOutcome(
                id, "{}", is_error=name not in ("read", "write"), final_text="Added." if name == "write" else None
            )
            for id, name in self._step.items()
        ]
        self._step.clear()
        return outcomes

    def discard(self, *ids: str) -> None:
        for id in ids or tuple(self._step):
            self._step.pop(id)


@dataclass
class FakeTranscript:
    """The messages that the turn appended."""

    messages: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, *messages: Mapping[str, Any], tokens: int | None = None) -> None:
        self.messages += messages

    def save(self, deadline: Deadline) -> None:
        pass


@dataclass(frozen=True)
class Turn:
    """A turn that has ended."""

    result: TurnResult
    requests: list[dict[str, Any]]
    appended: list[Mapping[str, Any]]
    sent: str

    @property
    def error(self) -> str | None:
        return self.result.error.error.code if self.result.error else None


def run(*replies: Reply, cost_cap: str = "1", history: Sequence[Mapping[str, Any]] = ()) -> Turn:
    """Run a turn on these replies."""
    claude, transcript, sent = FakeClaude(replies), FakeTranscript(), []
    stop = threading.Event()
    services: dict[str, Any] = {"claude": claude, "tools": FakeTools(), "transcript": transcript, "saver": SAVER}
    runner = TurnRunner(
        **services,
        model=MODEL,
        profile_block=PROFILE,
        messages=[*history, QUESTION],
        scan=OutputScan(Instructions(SYSTEM), []),
        cost_cap=Decimal(cost_cap),
        send=lambda delta: sent.append(delta.text),
        deadline=Deadline(60),
        stop=stop,
    )
    return Turn(runner.run(), claude.requests, transcript.messages, "".join(sent))


def check(body: Mapping[str, Any]) -> None:
    """Raise where the API would reject the request."""
    request = parse(json.dumps(body).encode(), MessagesRequest)
    request_rules.check(request, request_rules.VERSION, frozenset())


def last_text(request: Mapping[str, Any]) -> str:
    return str(request["messages"][-1]["content"][-1].get("text"))


@pytest.mark.parametrize("empty", [EMPTY, Reply((text("\n\n"),)), Reply((THOUGHT,)), Reply((), "max_tokens")])
def test_empty_answer_after_a_tool_result_is_asked_for_once(empty: Reply) -> None:
    """A reply without text that ends normally is followed by one request to continue."""
    turn = run(READ, empty)
    assert (turn.error, turn.result.text, turn.sent) == (None, "$247 left.", "$247 left.")
    assert [last_text(request) for request in turn.requests[1:]] == ["None", "Please continue."]


@pytest.mark.parametrize("replies", [(EMPTY, EMPTY), (READ, EMPTY, EMPTY), (EMPTY, READ, EMPTY)])
def test_second_empty_answer_is_no_answer(replies: tuple[Reply, ...]) -> None:
    """A model that ended normally was not interrupted."""
    turn = run(*replies)
    assert turn.error == "no_answer"
    assert len(turn.requests) == len(replies)
    assert turn.sent == ""


def test_empty_answer_in_the_last_step_is_asked_for_once() -> None:
    """Where no tool may be called any more, the request to continue allows none either."""
    steps = [READ] * (MAX_STEPS - 1)
    turn = run(*steps, EMPTY)
    assert (turn.error, turn.result.text) == (None, "$247 left.")
    assert len(turn.requests) == MAX_STEPS + 1
    assert [request.get("tool_choice") for request in turn.requests[-3:]] == [None, {"type": "none"}, {"type": "none"}]
    assert run(*steps, EMPTY, EMPTY).error == "no_answer"


def test_thinking_is_sent_back_before_its_call_and_without_signature_dropped() -> None:
    """A thinking block without its signature, or at the end of a message, is rejected by the API."""
    cut = Reply((THOUGHT | {"signature": ""}, call("read")), ModelErrorKind.CUT)
    turn = run(Reply((THOUGHT, call("read")), "tool_use"), cut, Reply((text("Dry."), THOUGHT)))
    kinds = [[block["type"] for block in message["content"]] for message in turn.appended]
    assert kinds == [["thinking", "tool_use"], ["tool_result"], ["tool_use"], ["tool_result"], ["text"]]
    assert turn.appended[0]["content"][0] == THOUGHT


def test_refusal_is_marked_and_ends_the_turn() -> None:
    """The worker leaves the turn out of later prompts."""
    turn = run(Reply((text("Well,"),), "refusal"))
    assert (turn.error, turn.result.is_refused, len(turn.requests)) == ("model_refused", True, 1)


def test_missing_usage_is_counted_as_a_call() -> None:
    """Every message that began is a call."""
    assert run(READ).result.usage.calls == 2


blocks = st.sampled_from(
    [
        text("Dry."),
        text("  "),
        THOUGHT,
        THOUGHT | {"signature": ""},
        {"type": "redacted_thinking", "data": "Ab+/"},
        call("read"),
        call("read", '{"place": "Mo'),
        call("read", '{"days": 1e400}'),
        call("read", '{"days": -Infinity, "place": NaN}'),
        call("read", '{"place": "Mo\\ud800\\u202eab"}'),
        call("read", '{"place": ' + "[" * 3000 + "]" * 3000 + "}"),
        call("write"),
        call("unknown"),
        {"type": "server_tool_use", "id": "srvtoolu_", "name": "tool_search_tool_bm25", "input": "{}"},
        {"type": "hologram", "x": 1},
    ]
)
stop_reasons = ["end_turn", "tool_use", "max_tokens", "pause_turn", "model_context_window_exceeded", "refusal"]
replies = st.builds(
    Reply,
    st.lists(blocks, max_size=4).map(tuple),
    st.sampled_from([*stop_reasons, *stop_reasons, *ModelErrorKind, None]),
    st.one_of(st.just(1000), st.integers(0, 12)),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.lists(replies, max_size=9), st.sampled_from(["1", "0.0002"])), min_size=1, max_size=3))
def test_history_is_valid_however_its_turns_ended(turns: list[tuple[list[Reply], str]]) -> None:
    """Whatever the replies are and wherever they break off, the next question's request is accepted."""
    history: list[Mapping[str, Any]] = []
    for scripted, cost_cap in turns:
        turn = run(*scripted, cost_cap=cost_cap, history=history)
        assert turn.result.error is None or "Something went wrong" not in turn.result.error.message
        if not turn.result.is_refused:
            history += [QUESTION, *turn.appended]
            assert history[-1]["role"] == "assistant"
        json.dumps(history, ensure_ascii=False, allow_nan=False).encode()
        check(model_request(MODEL, PROFILE, [*history, QUESTION]))
