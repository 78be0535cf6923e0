"""The execution of a turn's tools: their timeouts, their threads, and how they are stopped."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest

from pam.ledger.operation import WriteOperation, WriteResult
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.call import ToolOutcome
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult
from pam.tools.engine.events import Approval, ApprovalRequested, ToolEvent, ToolFinished, ToolStarted
from pam.tools.engine.executor import ABANDON_AFTER_S, ToolExecutor, ToolThreads
from pam.tools.engine.policy import TurnPolicy
from tests.functional.tools.conftest import Caller
from tests.policies import turn_policy

TIMEOUT_S = 0.5
TOLERANCE_S = 0.45
"""What a busy machine may add to a duration."""

FOUND = ToolResult("Found.", {"rows": 1}, "A test", "2026-11-22T10:00:00+00:00")
WRITTEN = WriteResult("Written.", {}, "A test", {})


class NoArguments(ToolArguments):
    """A tool without arguments."""


def reader(name: str, read: Callable[[ToolContext], ToolResult], timeout_s: float = TIMEOUT_S) -> Tool[Any]:
    return Tool(name, "-", NoArguments, EffectKind.READ, lambda _: "Reading", lambda c, _: read(c), timeout_s=timeout_s)


def writer(
    name: str,
    write: Callable[[], WriteResult],
    prepare: Callable[[], None] = lambda: None,
    timeout_s: float = TIMEOUT_S,
) -> Tool[Any]:
    return Tool(
        name,
        "-",
        NoArguments,
        EffectKind.OWN,
        lambda _: "Writing",
        operation=WriteOperation(name, lambda *_: write()),
        prepare=lambda *_: prepare(),
        timeout_s=timeout_s,
    )


@dataclass
class Turn:
    """An executor with made-up tools, some of which hang until `released` is set."""

    caller: Caller
    threads: ToolThreads = field(default_factory=ToolThreads)
    events: list[ToolEvent] = field(default_factory=list)
    tools: dict[str, Tool[Any]] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    policy: TurnPolicy = field(default_factory=turn_policy)

    def executor(self, seconds: float = 30.0) -> ToolExecutor:
        context = replace(self.caller.context, key=str(uuid4()), deadline=Deadline(seconds))

        def request_approval(*_: str) -> Approval:
            return Approval(uuid4(), "digest", utc_now())

        return ToolExecutor(self.tools, self.threads, context, self.policy, request_approval, self.events.append)

    def hang(self, _: ToolContext | None = None) -> ToolResult:
        self.released.wait(60)
        return FOUND

    def add(self, *tools: Tool[Any]) -> None:
        self.tools.update({tool.name: tool for tool in tools})

    def run(self, *names: str, seconds: float = 30.0) -> list[ToolOutcome]:
        executor = self.executor(seconds)
        for number, name in enumerate(names):
            executor.submit(f"call_{number}", name, "{}")
        return executor.gather(self.stop)


@pytest.fixture
def turn(caller: Caller) -> Iterator[Turn]:
    turn = Turn(caller)
    yield turn
    turn.released.set()
    turn.threads.readers.shutdown()
    turn.threads.effects.shutdown()


def error_of(outcome: ToolOutcome) -> str | None:
    error = json.loads(outcome.content).get("error")
    assert outcome.is_error is (error is not None)
    return None if error is None else error["code"]


def seconds_of(work: Callable[[], object]) -> float:
    started_at = time.monotonic()
    work()
    return time.monotonic() - started_at


def test_unusual_more_to_do_is_read_before_the_write(turn: Turn) -> None:
    """A number of 5,000 digits is no more than true, and nothing fails once the write is done."""
    turn.add(writer("write", lambda: WRITTEN, timeout_s=30))
    executor = turn.executor()
    executor.submit("call", "write", f'{{"more_to_do": {"1" * 5000}}}')
    (outcome,) = executor.gather(turn.stop)
    assert (error_of(outcome), outcome.final_text) == (None, None)


def test_tools_that_hang_cost_one_timeout_in_total(turn: Turn) -> None:
    """A step with twelve hung readers ends after one timeout, with the results of the others."""
    turn.add(reader("hang", turn.hang), reader("find", lambda _: FOUND))
    outcomes: list[ToolOutcome] = []
    took_s = seconds_of(lambda: outcomes.extend(turn.run(*["hang"] * 12, "find")))
    assert [error_of(outcome) for outcome in outcomes] == ["tool_timed_out"] * 12 + [None]
    assert TIMEOUT_S <= took_s < TIMEOUT_S + ABANDON_AFTER_S + TOLERANCE_S


def test_timeout_begins_when_the_tool_starts(turn: Turn) -> None:
    """A tool that waited for a thread has its whole time; one that started long before it is gathered has not."""

    def sleep(_: ToolContext) -> ToolResult:
        time.sleep(TIMEOUT_S * 0.7)
        return FOUND

    turn.add(reader("sleep", sleep), reader("hang", turn.hang))
    outcomes = turn.run(*["sleep"] * (ToolThreads.MAX_READERS + 1))
    assert {error_of(outcome) for outcome in outcomes} == {None}

    executor = turn.executor()
    executor.submit("early", "hang", "{}")
    time.sleep(TIMEOUT_S + ABANDON_AFTER_S)
    assert seconds_of(lambda: executor.gather(turn.stop)) < TOLERANCE_S


def test_write_is_done_while_all_readers_hang(turn: Turn) -> None:
    """Writes have threads of their own, also in a later turn of the same environment."""
    turn.add(reader("hang", turn.hang, timeout_s=30), writer("write", lambda: WRITTEN))
    hung = turn.executor()
    for number in range(ToolThreads.MAX_READERS + 4):
        hung.submit(f"hang_{number}", "hang", "{}")
    (outcome,) = turn.run("write")
    assert outcome.final_text == "Written."
    hung.discard()


def test_hung_readers_delay_no_write_of_their_step(turn: Turn) -> None:
    """The write's end is reported before the readers' timeouts."""
    turn.add(reader("hang", turn.hang), writer("write", lambda: WRITTEN))
    outcomes = turn.run("hang", "write", "hang")
    assert [error_of(outcome) for outcome in outcomes] == ["tool_timed_out", None, "tool_timed_out"]
    ends = [(event.name, event.state) for event in turn.events if isinstance(event, ToolFinished)]
    assert ends == [("write", "done"), ("hang", "failed"), ("hang", "failed")]


def test_stop_abandons_running_readers_at_once(turn: Turn) -> None:
    """Within half a second of the cancellation the step has ended, and what has ended before keeps its result."""
    turn.add(reader("hang", turn.hang, timeout_s=30), reader("find", lambda _: FOUND), writer("write", lambda: WRITTEN))
    stopped_at: list[float] = []

    def stop() -> None:
        stopped_at.append(time.monotonic())
        turn.stop.set()

    threading.Timer(0.3, stop).start()
    outcomes = turn.run("hang", "find", "hang")
    assert time.monotonic() - stopped_at[0] < 0.5
    assert [error_of(outcome) for outcome in outcomes] == ["stopped", None, "stopped"]
    assert turn.events[-1] == ToolFinished("call_2", "hang", "failed", "Stopped.")
    assert error_of(turn.run("write")[0]) == "stopped"


def test_stop_waits_for_a_write_that_has_begun(turn: Turn) -> None:
    """Its result is reported; the effects after it don't start."""
    begun = threading.Event()

    def write() -> WriteResult:
        begun.set()
        turn.released.wait(60)
        return WRITTEN

    def stop_and_release() -> None:
        begun.wait(60)
        turn.stop.set()
        time.sleep(0.3)
        turn.released.set()

    turn.add(writer("write", write, timeout_s=30), writer("other", lambda: WRITTEN))
    threading.Thread(target=stop_and_release).start()
    outcomes = turn.run("write", "other")
    assert [error_of(outcome) for outcome in outcomes] == [None, "stopped"]
    assert outcomes[0].final_text == "Written."


def test_stop_prevents_a_write_that_is_being_prepared(turn: Turn) -> None:
    """It isn't done later either."""
    written = threading.Event()
    prepared = threading.Event()

    def prepare() -> None:
        prepared.set()
        turn.released.wait(60)

    def write() -> WriteResult:
        written.set()
        return WRITTEN

    turn.add(writer("write", write, prepare, timeout_s=30))
    threading.Thread(target=lambda: prepared.wait(60) and turn.stop.set()).start()
    (outcome,) = turn.run("write")
    assert error_of(outcome) == "stopped"
    turn.released.set()
    turn.threads.effects.shutdown()
    assert not written.is_set()


class StopAfterFirstCheck(threading.Event):
    """A stop that is set just after it was checked."""

    def is_set(self) -> bool:
        was_set = super().is_set()
        self.set()
        return was_set


def test_stop_between_two_checks_is_noticed(turn: Turn) -> None:
    """The tool isn't waited for until its timeout."""
    turn.stop = StopAfterFirstCheck()
    prepared = threading.Event()

    def prepare() -> None:
        prepared.set()
        turn.released.wait(60)

    turn.add(writer("write", lambda: WRITTEN, prepare, timeout_s=30))
    began = time.monotonic()
    (outcome,) = turn.run("write")
    assert error_of(outcome) == "stopped"
    assert time.monotonic() - began < 10
    turn.released.set()


def test_write_that_hangs_prevents_the_writes_after_it(turn: Turn) -> None:
    """Nobody knows whether the first was done, so the second isn't, now or later."""
    written: list[str] = []

    def hang() -> WriteResult:
        turn.released.wait(60)
        written.append("first")
        return WRITTEN

    def write() -> WriteResult:
        written.append("second")
        return WRITTEN

    turn.add(writer("hang", hang), writer("write", write))
    first, second = turn.run("hang", "write")
    assert "can't say whether it was done" in first.content
    assert "wasn't done" in second.content
    turn.released.set()
    turn.threads.effects.shutdown()
    assert written == ["first"]


def test_write_whose_preparation_hangs_is_known_not_to_be_done(turn: Turn) -> None:
    """So the writes after it are done."""
    turn.add(writer("hang", lambda: WRITTEN, turn.hang), writer("write", lambda: WRITTEN))  # type: ignore[arg-type]
    first, second = turn.run("hang", "write")
    assert error_of(first) == "tool_timed_out"
    assert "so it wasn't done" in first.content
    assert second.final_text == "Written."


def test_deadline_of_the_turn_ends_tools_before_their_timeout(turn: Turn) -> None:
    """Every tool sees the earlier of the two."""
    left: list[float] = []

    def read(context: ToolContext) -> ToolResult:
        left.append(context.deadline.left_s)
        return turn.hang()

    turn.add(reader("hang", read, timeout_s=30), reader("quick", read, timeout_s=0.1))
    took_s = seconds_of(lambda: turn.run("hang", "quick", seconds=0.5))
    assert took_s < 0.5 + ABANDON_AFTER_S + TOLERANCE_S
    assert max(left) <= 0.5
    assert min(left) <= 0.1


def test_threads_are_used_again_by_the_next_turn(turn: Turn) -> None:
    """A turn whose tools end starts no thread anew."""
    names: set[str] = set()

    def read(_: ToolContext) -> ToolResult:
        names.add(threading.current_thread().name)
        return FOUND

    turn.add(reader("find", read))
    for _ in range(5):
        turn.run("find")
    assert len(names) == 1


def test_effects_run_in_order_after_the_reply(turn: Turn) -> None:
    """Readers start when they are submitted, effects when they are gathered, one after another."""
    order: list[str] = []

    def write(name: str) -> WriteResult:
        order.append(f"{name} begins")
        time.sleep(0.05)
        order.append(f"{name} ends")
        return WRITTEN

    turn.add(writer("first", lambda: write("first")), writer("second", lambda: write("second")))
    executor = turn.executor()
    executor.submit("1", "first", "{}")
    executor.submit("2", "second", '{"more_to_do": true}')
    assert (order, turn.events, executor.harmless_ids) == ([], [], frozenset())
    outcomes = executor.gather(turn.stop)
    assert order == ["first begins", "first ends", "second begins", "second ends"]
    assert [outcome.final_text for outcome in outcomes] == ["Written.", None]


def test_approval_is_requested_instead_of_an_effect(turn: Turn) -> None:
    """The model learns that nothing is done yet; the user is shown the preview."""
    tool = writer("publish", lambda: pytest.fail("was done without approval"))
    turn.add(replace(tool, effect=EffectKind.OUTWARD, preview=lambda *_: "Publish it."))
    (outcome,) = turn.run("publish")
    (event,) = turn.events
    assert isinstance(event, ApprovalRequested)
    assert (event.preview.text, event.summary) == ("Publish it.", "Writing")
    assert "nothing is done yet" in outcome.content
    assert outcome.final_text == "Publish it. Please confirm."


def test_discarded_calls_leave_no_outcome(turn: Turn) -> None:
    """What was reported as running is reported as stopped; refused calls and readers are harmless."""
    turn.add(reader("hang", turn.hang), writer("write", lambda: WRITTEN))
    executor = turn.executor()
    for id, name in (("1", "hang"), ("2", "write"), ("3", "no_such_tool"), ("4", "hang")):
        executor.submit(id, name, "{}")
    assert executor.harmless_ids == {"1", "3", "4"}
    executor.discard("1", "2")
    assert turn.events[-1] == ToolFinished("1", "hang", "failed", "Stopped.")
    executor.discard()
    assert executor.gather(turn.stop) == []


def test_unknown_tools_and_invalid_arguments_are_reported_to_the_model(turn: Turn) -> None:
    """The user sees nothing of them."""
    turn.add(reader("find", lambda _: FOUND))
    executor = turn.executor()
    executor.submit("1", "no_such_tool", "{}")
    executor.submit("2", "find", '{"where": "here"}')
    executor.submit("3", "find", "")
    outcomes = executor.gather(turn.stop)
    assert [error_of(outcome) for outcome in outcomes] == ["unknown_tool", "invalid_request", None]
    assert [type(event) for event in turn.events] == [ToolStarted, ToolFinished]
