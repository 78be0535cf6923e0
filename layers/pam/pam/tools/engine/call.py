"""One tool call: started in a thread, abandoned where it takes too long, ended with an outcome."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from pam.platform.dimensions import ToolCallOutcome
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult
from pam.tools.engine.events import ApprovalRequested, RequestApproval
from pam.tools.engine.execution import execute, preview
from pam.tools.engine.parsing import parse_more_to_do

A = TypeVar("A", bound=BaseModel)


class CallAbandoned(Exception):
    """The call was abandoned before its write began, so the write doesn't happen."""


@dataclass(frozen=True)
class ToolOutcome:
    """The end of one tool call: JSON for the model, and the result where there is one."""

    tool_use_id: str
    content: str
    is_error: bool = False
    result: ToolResult | None = None
    final_text: str | None = None
    """What an effect came to, as an answer for the user; None where the model has to go on."""


class ToolCall(Generic[A]):
    """A call of a tool with valid arguments. `context` has the turn's deadline and the call's own key."""

    def __init__(
        self,
        id: str,
        tool: Tool[A],
        arguments: A,
        raw_arguments: str,
        context: ToolContext,
        requires_approval: Callable[[], bool],
    ) -> None:
        """`requires_approval` is asked in the tool's thread, may wait, and may raise `PamError`."""
        self.id = id
        self.tool = tool
        self.arguments = arguments
        self.raw_arguments = raw_arguments
        self.more_to_do = parse_more_to_do(raw_arguments)
        """Whether the model has to go on after this effect."""
        self.context = context
        self._requires_approval = requires_approval
        self.future: Future[ToolResult | ApprovalRequested] | None = None
        """The running tool; None until the call is started."""
        self.ends_at = time.monotonic() + context.deadline.left_s
        """When the call has to have ended, by `time.monotonic`: the turn's end, then its own timeout's."""
        self.outcome: ToolOutcome | None = None
        self.is_uncertain = False
        """Whether it took too long in the middle of its write, so that it may have been done or not."""
        self._started_at: float | None = None
        self._lock = threading.Lock()
        self._is_abandoned = False
        self._is_writing = False

    @property
    def is_effect(self) -> bool:
        """Whether the tool changes something."""
        return self.tool.effect is not EffectKind.READ

    @property
    def has_others_text(self) -> bool:
        """Whether it has a result that may have texts of third parties."""
        return self.tool.returns_others_text and self.outcome is not None and self.outcome.result is not None

    @property
    def is_running(self) -> bool:
        """Whether the call was started and has no outcome yet."""
        return self.future is not None and self.outcome is None

    @property
    def summary(self) -> str:
        """What the tool is doing, in a few words."""
        return self.tool.summary(self.arguments)

    def start(self, threads: Executor, request_approval: RequestApproval) -> None:
        """Run the tool in a thread. Its timeout begins when the thread does."""

        def run() -> ToolResult | ApprovalRequested:
            deadline = self.context.deadline.at_most(self.tool.timeout_s)
            self._started_at = time.monotonic()
            self.ends_at = self._started_at + deadline.left_s
            context = replace(self.context, deadline=deadline)
            if not self._requires_approval():
                return execute(context, self.tool, self.arguments, before_write=self._begin_write)
            previewed = preview(context, self.tool, self.arguments)
            return ApprovalRequested(
                id=self.id,
                name=self.tool.name,
                summary=self.summary,
                preview=previewed,
                arguments=self.arguments.model_dump(mode="json", exclude_none=True),
                approval=request_approval(self.tool.name, self.raw_arguments, previewed),
            )

        self.future = threads.submit(run)

    def record(self, outcome: ToolCallOutcome) -> None:
        """Log and count the call, and the time since it was started. A tool's name is one of the catalogue's."""
        logger.info("tool call", tool=self.tool.name, outcome=outcome.value)
        count(Metric.TOOL_CALLS, {"tool": self.tool.name, "outcome": outcome})
        if self._started_at is not None:
            measure(Metric.TOOL_DURATION, time.monotonic() - self._started_at, {"gen_ai.tool.name": self.tool.name})

    def abandon(self) -> bool:
        """Stop waiting for the call; False where its write has begun and may still be done."""
        with self._lock:
            self._is_abandoned = not self._is_writing
            if self._is_abandoned and self.future is not None:
                self.future.cancel()
            return self._is_abandoned

    def _begin_write(self) -> None:
        with self._lock:
            if self._is_abandoned:
                raise CallAbandoned
            self._is_writing = True
