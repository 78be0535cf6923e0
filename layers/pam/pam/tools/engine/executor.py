"""Runs the tools of a turn: readers as soon as the model has written them, effects once its reply is complete.

A refusal comes at the end of a reply, and must find nothing done. Effects of a step run one after another, in the
model's order. What requires approval isn't done, but stored as a request for approval.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from pam.platform.dimensions import ToolCallOutcome
from pam.platform.envelope import encode
from pam.platform.errors import (
    INTERNAL_ERROR,
    TOOL_DISABLED,
    TOOL_RESULT_TOO_LARGE,
    TOOL_TIMED_OUT,
    UNKNOWN_TOOL,
    PamError,
)
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.safety.redaction import redact_json_text
from pam.tools.engine.call import ToolCall, ToolOutcome
from pam.tools.engine.definition import Tool, ToolContext, ToolResult
from pam.tools.engine.events import ApprovalRequested, RequestApproval, ToolEvent, ToolFinished, ToolStarted
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.policy import TurnPolicy
from pam.tools.engine.repeated_writes import RepeatedWrites
from pam.tools.engine.results import DOWNLOAD, result_json

MAX_RESULT_CHARS = 24_000
"""What the model is sent of one tool at most: about 9,600 tokens."""

ABANDON_AFTER_S = 0.25
"""How long after its deadline a tool is abandoned: most end by their deadline, with an error of their own."""

STOP_POLL_INTERVAL_S = 0.05

_STOPPED = {"error": {"code": "stopped", "message": "The traveller stopped this before it ended."}}


class ToolThreads:
    """The threads that tools run in, shared by the turns of a Lambda environment and started on demand.

    Effects have threads of their own: readers that hang can't hold them up.
    """

    MAX_READERS = 32
    MAX_EFFECTS = 8

    def __init__(self) -> None:
        self.readers = ThreadPoolExecutor(self.MAX_READERS, "tool-reader")
        self.effects = ThreadPoolExecutor(self.MAX_EFFECTS, "tool-effect")


class ToolExecutor:
    """Executes one turn's tools, step by step: `submit` each call, then `gather` all, or `discard`.

    Events are emitted in the thread that calls these.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool[Any]],
        threads: ToolThreads,
        turn: ToolContext,
        policy: TurnPolicy,
        request_approval: RequestApproval,
        emit: Callable[[ToolEvent], None],
    ) -> None:
        """`turn` has the turn's deadline, and a key that is the same whenever the same turn is run."""
        self._tools = tools
        self._threads = threads
        self._turn = turn
        self._policy = policy
        self._request_approval = request_approval
        self._emit = emit
        self._step: dict[str, ToolCall[Any] | ToolOutcome] = {}
        self._counts: dict[str, int] = {}
        self._repeated = RepeatedWrites(turn)

    def submit(self, tool_use_id: str, name: str, arguments: str) -> None:
        """Take on a call of the present step, and start it if it only reads. `arguments` is JSON text.

        It is redacted before anything, so neither a write nor a request for approval has a secret.
        """
        tool = self._tools.get(name)
        arguments = redact_json_text(arguments)
        try:
            if tool is None:
                raise PamError(UNKNOWN_TOOL, f"There is no tool {name[:64]}.")
            self._policy.check_enabled(name)
            parsed = parse_arguments(tool, arguments)
            key = self._repeated.key(tool, parsed, self._key(tool, parsed))
        except PamError as fault:
            if fault.error == TOOL_DISABLED:
                # Calls with errors of the model's own aren't shown: it makes them again.
                self._emit(ToolFinished(tool_use_id, name, "failed", fault.message))
            count(
                Metric.TOOL_CALLS, {"tool": "unknown" if tool is None else tool.name, "outcome": ToolCallOutcome.FAILED}
            )
            self._step[tool_use_id] = _failure(tool_use_id, fault)
            return
        context = replace(self._turn, key=key, call_id=tool_use_id)
        # As of now: what this step's readers return isn't yet in the prompt of the call.
        requires_approval = partial(self._policy.requires_approval, tool, parsed, is_tainted=self._policy.is_tainted)
        call = ToolCall(tool_use_id, tool, parsed, arguments, context, requires_approval)
        self._step[tool_use_id] = call
        if not call.is_effect:
            self._start(call)

    @property
    def harmless_ids(self) -> frozenset[str]:
        """The ids of this step's calls that change nothing: readers, and calls that were refused."""
        return frozenset(id for id, call in self._step.items() if isinstance(call, ToolOutcome) or not call.is_effect)

    def gather(self, stop: threading.Event) -> list[ToolOutcome]:
        """Run the step's effects, and return the outcomes of all its calls in the order of their submission.

        Calls time out independently of each other. Once `stop` is set, no further effect starts and what runs is
        abandoned; only a write that has begun is waited for, within its timeout, so that its result isn't lost.
        """
        calls = [call for call in self._step.values() if isinstance(call, ToolCall)]
        while any(call.outcome is None for call in calls):
            # Read once: a stop that is set now must not count as one that the calls were settled with.
            is_stopped = stop.is_set()
            for call in calls:
                if call.outcome is None:
                    self._settle(call, is_stopped=is_stopped)
            self._start_next_effect([call for call in calls if call.is_effect])
            _wait_for_one([call for call in calls if call.is_running], is_stopped=is_stopped)
        outcomes = [call.outcome if isinstance(call, ToolCall) else call for call in self._step.values()]
        if any(isinstance(call, ToolCall) and call.has_others_text for call in self._step.values()):
            self._policy.taint()
        self._step.clear()
        self._counts.clear()
        return [outcome for outcome in outcomes if outcome is not None]

    def discard(self, *ids: str) -> None:
        """Forget calls of this step, all of them by default; those that run are abandoned."""
        for id in ids or tuple(self._step):
            call = self._step.pop(id, None)
            if isinstance(call, ToolCall) and call.is_running:
                call.abandon()
                self._emit(ToolFinished(id, call.tool.name, "failed", "Stopped."))
        if not ids:
            self._counts.clear()

    def _start(self, call: ToolCall[Any]) -> None:
        if not call.tool.effect.requires_approval:
            self._emit(ToolStarted(call.id, call.tool.name, call.summary))
        call.start(self._threads.effects if call.is_effect else self._threads.readers, self._request_approval)

    def _start_next_effect(self, effects: Sequence[ToolCall[Any]]) -> None:
        """Start the next effect unless one is running. None starts after one that may still happen: order matters."""
        waiting = [call for call in effects if call.outcome is None]
        if not waiting or waiting[0].is_running:
            return
        if not any(call.is_uncertain for call in effects):
            self._start(waiting[0])
            return
        for call in waiting:
            fault = PamError(TOOL_TIMED_OUT, "This wasn't done, since the one before it took too long.")
            call.record(ToolCallOutcome.FAILED)
            call.outcome = _failure(call.id, fault)

    def _settle(self, call: ToolCall[Any], *, is_stopped: bool) -> None:
        """Give a call its outcome if it has ended, is stopped or has taken too long."""
        if call.future is not None and call.future.done():
            self._settle_ended(call, call.future)
        elif is_stopped and call.abandon():
            if call.future is not None:
                self._emit(ToolFinished(call.id, call.tool.name, "failed", "Stopped."))
            call.record(ToolCallOutcome.STOPPED)
            call.outcome = ToolOutcome(call.id, encode(_STOPPED), is_error=True)
        elif call.future is not None and time.monotonic() >= call.ends_at + ABANDON_AFTER_S:
            call.is_uncertain = not call.abandon()
            self._settle_fault(call, PamError(TOOL_TIMED_OUT, _too_late(call)))

    def _settle_ended(self, call: ToolCall[Any], ended: "Future[ToolResult | ApprovalRequested]") -> None:
        try:
            result = ended.result()
            if isinstance(result, ApprovalRequested):
                self._emit(result)
                call.record(ToolCallOutcome.WAITING)
                call.outcome = _waiting(call, result.preview.text)
                return
            content = result_json(result)
            if len(content) > MAX_RESULT_CHARS:
                raise PamError(
                    TOOL_RESULT_TOO_LARGE, "That found more than can be read at once. Ask for less: fewer days or rows."
                )
        except PamError as fault:
            self._settle_fault(call, fault)
        except Exception:
            logger.exception("a tool failed", tool=call.tool.name)
            self._settle_fault(call, PamError(INTERNAL_ERROR, "This didn't work, for a reason on PAM's side."))
        else:
            call.record(ToolCallOutcome.DONE)
            download = result.data.get(DOWNLOAD)
            self._emit(ToolFinished(call.id, call.tool.name, "done", result.text, result.source, download))
            final_text = result.text if call.is_effect and not call.more_to_do else None
            call.outcome = ToolOutcome(call.id, content, result=result, final_text=final_text)

    def _settle_fault(self, call: ToolCall[Any], fault: PamError) -> None:
        self._emit(ToolFinished(call.id, call.tool.name, "failed", fault.message))
        call.record(ToolCallOutcome.FAILED)
        call.outcome = _failure(call.id, fault)

    def _key(self, tool: Tool[Any], arguments: BaseModel) -> str:
        """The same for the same call of the same turn, however often it is made; a second one in a step differs."""
        text = json.dumps([self._turn.key, tool.name, arguments.model_dump_json()])
        nth = self._counts[text] = self._counts.get(text, 0) + 1
        return hashlib.sha256(f"{text} {nth}".encode()).hexdigest()


def _wait_for_one(running: Sequence[ToolCall[Any]], *, is_stopped: bool) -> None:
    """Wait until a call ends or is to be abandoned; return soon, to look for a stop, unless there was one."""
    if not running:
        return
    left_s = max(0.0, min(call.ends_at for call in running) + ABANDON_AFTER_S - time.monotonic())
    timeout_s = left_s if is_stopped else min(left_s, STOP_POLL_INTERVAL_S)
    wait([call.future for call in running if call.future is not None], timeout_s, FIRST_COMPLETED)


def _failure(tool_use_id: str, fault: PamError) -> ToolOutcome:
    return ToolOutcome(tool_use_id, encode({"error": fault.body()}), is_error=True)


def _waiting(call: ToolCall[Any], shown: str) -> ToolOutcome:
    content = {"status": "waits for the traveller's confirmation; nothing is done yet", "summary": shown}
    final_text = None if call.more_to_do else f"{shown} Please confirm."
    return ToolOutcome(call.id, encode(content), final_text=final_text)


def _too_late(call: ToolCall[Any]) -> str:
    if not call.is_effect:
        return "This took too long, so there is no answer from it."
    if not call.is_uncertain:
        return "This took too long, so it wasn't done."
    return "This took too long, and PAM can't say whether it was done. Look before trying again."
