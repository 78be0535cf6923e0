"""The turn: Claude is asked, its tools are run, and so on until there is an answer, a limit, or a fault.

Whatever happens, three things hold at the end: what was done is told, what was told is kept, and the conversation is
one that Claude can be sent again.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pam.chat import prompt
from pam.chat.frames import Delta
from pam.chat.history import Log, Overtaken
from pam.chat.limits import ChatLimits
from pam.chat.tool_choice import Selection
from pam.platform.deadline import Deadline
from pam.platform.errors import (
    COST_EXCEEDED,
    MODEL_BUSY,
    MODEL_INTERRUPTED,
    MODEL_REFUSED,
    MODEL_UNAVAILABLE,
    TURN_TIMED_OUT,
    PamError,
)
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import DatabaseUnavailable
from pam.sources.claude import ClaudeClient, ModelError, ModelErrorKind, ModelReply, TextDelta, ToolUse
from pam.sources.claude_pricing import TokenUsage
from pam.tools.engine.call import ToolOutcome
from pam.tools.engine.executor import ToolExecutor

MOST_STEPS = 8
"""Model calls of one turn. The last of them has to answer without tools."""

_TRIES = 3
_BACKOFF_S = 0.4
_LONGEST_WAIT_S = 8.0
# Environments restored from one snapshot would all wait equally long by `random.random`.
_CHANCE = random.SystemRandom().random

_MAY_PASS = {ModelErrorKind.BUSY, ModelErrorKind.UNAVAILABLE, ModelErrorKind.CUT, ModelErrorKind.SILENT}

STOPPED = "(Stopped by the traveller.)"


@dataclass
class Answer:
    """What a turn has come to: its text, what it rests on, what it did, and what it cost."""

    text: str = ""
    usage: TokenUsage = field(default_factory=TokenUsage)
    outcomes: list[ToolOutcome] = field(default_factory=list)
    truncated: bool = False
    simulated: bool = False
    """A stand-in spoke in Claude's place."""
    fault: PamError | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Who says so, each once."""
        return tuple(dict.fromkeys(each.result.source for each in self.outcomes if each.result))

    @property
    def as_of(self) -> str | None:
        """The oldest fact's."""
        return min((each.result.as_of for each in self.outcomes if each.result), default=None)


class Answering:
    """One turn at work. `messages` is the conversation up to and including the question."""

    def __init__(
        self,
        claude: ClaudeClient,
        model: str,
        selection: Selection,
        about: str,
        messages: Sequence[dict[str, Any]],
        tools: ToolExecutor,
        log: Log,
        saving: Executor,
        limits: ChatLimits,
        say: Callable[[Delta], None],
        charge: Callable[[Decimal], None],
        deadline: Deadline,
        stop: threading.Event,
    ) -> None:
        self._claude = claude
        self._model = model
        self._selection = selection
        self._about = about
        self._messages = list(messages)
        self._tools = tools
        self._log = log
        self._saving = saving
        self._limits = limits
        self._say = say
        self._charge = charge
        self._deadline = deadline
        self._stop = stop
        self._answer = Answer()
        self._step_text = ""
        self._saved: list[Future[None]] = []

    def run(self) -> Answer:
        """The answer, whatever became of it: a fault is in it, not raised."""
        self._save()
        try:
            for step in range(1, MOST_STEPS + 1):
                if self._step(last=step == MOST_STEPS):
                    break
            else:
                raise _too_long()
        except PamError as fault:
            self._answer.fault = fault
            self._end_with(f"(PAM couldn't finish this: {fault.message})")
        except Exception:
            logger.exception("unforeseen fault in a turn")
            self._answer.fault = PamError(
                MODEL_UNAVAILABLE, "Something went wrong on PAM's side in the middle of this. Please try again."
            )
            self._end_with("(PAM couldn't finish this.)")
        for saved in self._saved:
            saved.result()
        return self._answer

    def _step(self, *, last: bool) -> bool:
        """One model call with its tools. True where the turn has ended with it."""
        self._step_text = ""
        reply = None if self._stop.is_set() else self._reply(last=last)
        if self._stop.is_set():
            self._answer.truncated = True
            self._end_with(STOPPED)
            return True
        assert reply is not None
        if reply.stop_reason == "refusal":
            raise PamError(MODEL_REFUSED, "PAM can't help with that. Try asking in another way.")
        outcomes = self._tools.gather(self._stop)
        if not outcomes:
            return self._answered(reply)
        self._answer.outcomes += outcomes
        context = reply.usage.prompt + reply.usage.output
        step = [
            {"role": "assistant", "content": _sendable(reply)},
            prompt.tool_results(outcomes),
        ]
        self._messages += step
        self._log.add(*step, tokens=context)
        told = [outcome.final_text for outcome in outcomes]
        if all(told):
            self._told_by_template("\n\n".join(text for text in told if text), context)
            return True
        self._save()
        self._within_limits()
        return False

    def _answered(self, reply: ModelReply) -> bool:
        """A reply without tools: the end, but for one that waits for its own server's tools."""
        context = reply.usage.prompt + reply.usage.output
        if reply.stop_reason == "pause_turn":
            # Sent back as it is, with nothing after it: a search may be without its result yet.
            so_far = {"role": "assistant", "content": _sendable(reply)}
            self._messages.append(so_far)
            self._log.add(so_far, tokens=context)
            self._save()
            self._within_limits()
            return False
        self._answer.truncated = reply.stop_reason in ("max_tokens", "model_context_window_exceeded")
        if not reply.text.strip():
            raise PamError(MODEL_INTERRUPTED, "Claude gave no answer to that. Please try again.")
        self._log.add({"role": "assistant", "content": _sendable(reply)}, tokens=context)
        return True

    def _told_by_template(self, text: str, context: int) -> None:
        """What writing tools say of themselves is the answer: no further model call is needed to say it again."""
        self._log.add({"role": "assistant", "content": [{"type": "text", "text": text}]}, tokens=context)
        self._tell(text, apart=True)

    def _reply(self, *, last: bool) -> ModelReply | None:
        """Claude's reply to what there is so far; None once the traveller has stopped it. Raises `PamError`."""
        for tries in range(1, _TRIES + 1):
            try:
                return self._stream(last=last)
            except ModelError as fault:
                count(Metric.MODEL_ERROR)
                logger.warning("no reply of the model", kind=fault.kind, detail=str(fault))
                self._account(fault.partial.usage)
                salvaged = self._salvage(fault)
                if salvaged is not None:
                    return salvaged
                self._tools.discard()
                wait = self._pause(fault, tries)
                if wait is None and self._deadline.left_s < 1:
                    raise _too_long() from fault
                if wait is None:
                    raise _told(fault, interrupted=bool(self._step_text)) from fault
                if self._stop.wait(wait):
                    return None
        raise AssertionError("the last try returns or raises")

    def _stream(self, *, last: bool) -> ModelReply | None:
        body = prompt.request(self._model, self._selection, self._about, self._messages, tools_allowed=not last)
        betas = prompt.BETAS if self._selection.mode == "deferred" else ()
        for piece in self._claude.stream(body, betas, self._deadline, self._stop):
            match piece:
                case TextDelta(text):
                    self._tell(text)
                case ToolUse():
                    self._tools.submit(piece.id, piece.name, piece.arguments)
                case ModelReply():
                    self._account(piece.usage)
                    self._answer.simulated |= piece.simulated
                    return piece
        return None

    def _tell(self, text: str, *, apart: bool = False) -> None:
        if self._answer.text and (apart or not self._step_text):
            text = "\n\n" + text
        self._step_text += text
        self._answer.text += text
        self._say(Delta(text))

    def _account(self, usage: TokenUsage) -> None:
        if not usage.prompt:
            return
        self._answer.usage += usage
        self._charge(usage.cost(self._model))

    def _salvage(self, fault: ModelError) -> ModelReply | None:
        """A reply that broke off after tools were begun goes on with these: what they found isn't asked for again.

        Writes weren't begun yet, so they are left out: Claude writes them again, or doesn't.
        """
        if fault.kind not in (ModelErrorKind.CUT, ModelErrorKind.SILENT, ModelErrorKind.BUSY):
            return None
        harmless = self._tools.harmless_ids
        if not harmless:
            return None
        partial = fault.partial
        others = [use.id for use in partial.tools if use.id not in harmless]
        if others:
            self._tools.discard(*others)
        kept = [use for use in partial.tools if use.id in harmless]
        return replace(fault.partial, tools=kept, stop_reason="tool_use")

    def _pause(self, fault: ModelError, tries: int) -> float | None:
        """Seconds until another try; None where there is none: something was told already, or it can't help."""
        if self._step_text or fault.kind not in _MAY_PASS or tries == _TRIES:
            return None
        if fault.kind is ModelErrorKind.SILENT and tries > 1:
            return None
        wait = fault.retry_after if fault.retry_after is not None else _BACKOFF_S * 2 ** (tries - 1) * (0.5 + _CHANCE())
        return wait if wait <= min(_LONGEST_WAIT_S, self._deadline.left_s - 2) else None

    def _within_limits(self) -> None:
        if self._answer.usage.cost(self._model) >= self._limits.caps.turn:
            raise PamError(COST_EXCEEDED, "This took more of Claude than one question may. Ask for less at once.")
        if self._deadline.left_s < 1:
            raise _too_long()

    def _end_with(self, remark: str) -> None:
        """Keeps what was told of a step that didn't end, with a remark, so that the next question finds it."""
        self._tools.discard()
        text = f"{self._step_text.strip()}\n{remark}".strip()
        self._log.add({"role": "assistant", "content": [{"type": "text", "text": text}]})

    def _save(self) -> None:
        """Saves the log beside the next model call. What can't be saved now is tried again at the end."""

        def save() -> None:
            try:
                self._log.save()
            except DatabaseUnavailable:
                logger.warning("the conversation isn't saved yet", exc_info=True)
            except Overtaken:
                self._stop.set()

        self._saved.append(self._saving.submit(save))


def _sendable(reply: ModelReply) -> list[dict[str, Any]]:
    """The blocks that can be sent again: no empty text, and no tool without its end."""
    whole = {use.id for use in reply.tools}
    return [
        block
        for block in reply.content
        if (block["type"] == "text" and block["text"].strip())
        or (block["type"] == "tool_use" and block["id"] in whole)
        or block["type"] not in ("text", "tool_use")
    ]


def _too_long() -> PamError:
    return PamError(TURN_TIMED_OUT, "This took longer than one question may. Ask for less at once.")


def _told(fault: ModelError, *, interrupted: bool) -> PamError:
    if interrupted:
        return PamError(MODEL_INTERRUPTED, "The answer broke off in the middle. Please ask again.")
    if fault.kind is ModelErrorKind.BUSY:
        wait = None if fault.retry_after is None else max(1, round(fault.retry_after))
        return PamError(
            MODEL_BUSY, "Claude is very busy right now. Please try again in a moment.", retry_after=wait or 20
        )
    if fault.kind is ModelErrorKind.SPENT:
        return PamError(
            MODEL_UNAVAILABLE,
            "PAM's conversation has reached its spending limit. Quick questions about spending, fuel, weather and "
            "distances still work.",
        )
    if fault.kind is ModelErrorKind.REFUSED:
        return PamError(MODEL_UNAVAILABLE, "PAM's connection to Claude isn't set up right. Quick questions still work.")
    return PamError(
        MODEL_UNAVAILABLE, "PAM can't reach Claude right now. Please try again in a moment.", retry_after=10
    )
