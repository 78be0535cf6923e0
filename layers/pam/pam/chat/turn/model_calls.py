"""Model calls with retries: a failed call is repeated as long as nothing of it was sent and time is left."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pam.platform.deadline import Deadline
from pam.platform.errors import (
    CONVERSATION_TOO_LONG,
    MODEL_BUSY,
    MODEL_INTERRUPTED,
    MODEL_UNAVAILABLE,
    TURN_TIMED_OUT,
    PamError,
)
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.sources.claude.client import ClaudeClient
from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelError, ModelErrorKind, ModelReply, TextDelta, ToolUse
from pam.tools.engine.executor import ToolExecutor

_MAX_ATTEMPTS = 3
_BACKOFF_S = 0.4
_MAX_WAIT_S = 8.0
_MIN_TIME_S = 1.0
# `random.random` would be the same in all environments that are restored from one snapshot.
_jitter = random.SystemRandom().random

_RETRYABLE = {
    ModelErrorKind.BUSY,
    ModelErrorKind.UNAVAILABLE,
    ModelErrorKind.CUT,
    ModelErrorKind.SILENT,
    ModelErrorKind.TIMED_OUT,
    ModelErrorKind.CONFLICT,
}
_SALVAGEABLE = {ModelErrorKind.CUT, ModelErrorKind.SILENT, ModelErrorKind.BUSY}


class ModelCaller:
    """Makes the model calls of one turn: passes on text and tool uses as they arrive."""

    def __init__(
        self,
        claude: ClaudeClient,
        tools: ToolExecutor,
        deadline: Deadline,
        stop: threading.Event,
        on_text: Callable[[str], None],
        on_usage: Callable[[TokenUsage], None],
    ) -> None:
        self._claude = claude
        self._tools = tools
        self._deadline = deadline
        self._stop = stop
        self._on_text = on_text
        self._on_usage = on_usage
        self._has_sent_text = False

    def call(self, request: dict[str, Any]) -> ModelReply | None:
        """Return the complete reply, or None once the turn is stopped. Raises `PamError`."""
        self._has_sent_text = False
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                return self._stream(request)
            except ModelError as error:
                count(Metric.MODEL_ERROR, {"kind": str(error.kind)})
                logger.warning("model call failed", kind=error.kind, detail=str(error))
                self._on_usage(error.partial.usage)
                salvaged = self._salvage(error)
                if salvaged is not None:
                    return salvaged
                self._tools.discard()
                wait = self._wait_before_retry(error, attempt)
                if wait is None:
                    raise self._pam_error(error) from error
                if self._stop.wait(wait):
                    return None
        raise AssertionError("the last attempt returns or raises")

    def _stream(self, request: dict[str, Any]) -> ModelReply | None:
        for event in self._claude.stream(request, (), self._deadline, self._stop):
            match event:
                case TextDelta(text):
                    # Blank text alone is no answer, so nothing is shown of it.
                    text = text if self._has_sent_text else text.lstrip()
                    if text:
                        self._has_sent_text = True
                        self._on_text(text)
                case ToolUse():
                    self._tools.submit(event.id, event.name, event.arguments)
                case ModelReply():
                    self._on_usage(event.usage)
                    return event
        return None

    def _salvage(self, error: ModelError) -> ModelReply | None:
        """Return a reply that broke off as one with its readers only: their results aren't requested again.

        Writes haven't started yet, so they are left out: Claude requests them again, or doesn't.
        """
        harmless = self._tools.harmless_ids
        if error.kind not in _SALVAGEABLE or not harmless:
            return None
        others = [use.id for use in error.partial.tools if use.id not in harmless]
        if others:
            self._tools.discard(*others)
        kept = [use for use in error.partial.tools if use.id in harmless]
        return replace(error.partial, tools=kept, stop_reason="tool_use")

    def _wait_before_retry(self, error: ModelError, attempt: int) -> float | None:
        """Return the seconds until another attempt, or None where there is none."""
        if self._has_sent_text or error.kind not in _RETRYABLE or attempt == _MAX_ATTEMPTS:
            return None
        if error.kind is ModelErrorKind.SILENT and attempt > 1:
            return None
        wait = error.retry_after
        if wait is None:
            wait = _BACKOFF_S * 2 ** (attempt - 1) * (0.5 + _jitter())
        return wait if wait <= min(_MAX_WAIT_S, self._deadline.left_s - 2 * _MIN_TIME_S) else None

    def _pam_error(self, error: ModelError) -> PamError:
        if self._deadline.left_s < _MIN_TIME_S:
            return turn_timed_out()
        if self._has_sent_text:
            return PamError(MODEL_INTERRUPTED, "The answer broke off in the middle. Please ask again.")
        match error.kind:
            case ModelErrorKind.BUSY:
                wait = None if error.retry_after is None else max(1, round(error.retry_after))
                return PamError(
                    MODEL_BUSY, "Claude is very busy right now. Please try again in a moment.", retry_after=wait or 20
                )
            case ModelErrorKind.SPENT:
                return PamError(
                    MODEL_UNAVAILABLE,
                    "PAM's conversation has reached its spending limit. Quick questions about spending, fuel, weather "
                    "and distances still work.",
                )
            case ModelErrorKind.TOO_LONG:
                return PamError(
                    CONVERSATION_TOO_LONG,
                    "This conversation has become too long for Claude. Please start a new one.",
                )
            case ModelErrorKind.TIMED_OUT:
                return PamError(
                    MODEL_UNAVAILABLE, "Claude took too long to answer. Please try again in a moment.", retry_after=10
                )
            case ModelErrorKind.CONFLICT:
                return PamError(
                    MODEL_UNAVAILABLE, "Claude couldn't take the question just now. Please try again.", retry_after=5
                )
            case ModelErrorKind.REFUSED:
                return PamError(
                    MODEL_UNAVAILABLE, "PAM's connection to Claude isn't set up right. Quick questions still work."
                )
        return PamError(
            MODEL_UNAVAILABLE, "PAM can't reach Claude right now. Please try again in a moment.", retry_after=10
        )


def turn_timed_out() -> PamError:
    """Return the error of a turn that has reached its deadline."""
    return PamError(TURN_TIMED_OUT, "This took longer than one question may. Ask for less at once.")
