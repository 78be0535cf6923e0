"""The agent loop of a turn: Claude is called, its tools are run, until there is an answer, a limit or an error.

Whatever happens, at the end every write has been reported, all text that was sent is in the transcript, and the
transcript is one that can be sent to Claude again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pam.chat.frames import Delta
from pam.chat.turn import prompt
from pam.chat.turn.model_calls import ModelCaller, turn_timed_out
from pam.chat.turn.transcript import ConversationAdvanced, Transcript
from pam.platform.deadline import Deadline
from pam.platform.envelope import clean
from pam.platform.errors import COST_EXCEEDED, MODEL_REFUSED, MODEL_UNAVAILABLE, NO_ANSWER, PamError
from pam.platform.observability import logger
from pam.platform.postgres import DatabaseUnavailable
from pam.safety.output_scan import InstructionLeak, OutputScan
from pam.safety.redaction import redact_json
from pam.sources.claude.client import ClaudeClient
from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelReply
from pam.tools.engine.call import ToolOutcome
from pam.tools.engine.executor import ToolExecutor

MAX_STEPS = 8
"""Model calls of one turn. The last one must answer without tools."""

_MIN_TIME_S = 1.0

_STOPPED = "(Stopped by the traveller.)"


@dataclass
class TurnResult:
    """The outcome of a turn: its text, tool outcomes, token usage, and the error that ended it, if any."""

    text: str = ""
    usage: TokenUsage = field(default_factory=TokenUsage)
    outcomes: list[ToolOutcome] = field(default_factory=list)
    is_truncated: bool = False
    model_is_simulated: bool = False
    """Whether a stand-in answered in Claude's place."""
    is_refused: bool = False
    error: PamError | None = None
    memory: tuple[str, ...] = ()
    """What was recalled for the question, a line each."""
    report: str = ""
    """The end of the text that is PAM's own report of writes."""
    unverified: tuple[Mapping[str, Any], ...] = ()
    """The figures that nothing covers, `{start, end, text}`."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of all tool results, each once."""
        return tuple(dict.fromkeys(each.result.source for each in self.outcomes if each.result))

    @property
    def is_simulated(self) -> bool:
        """Whether the model or a source of a tool result is simulated."""
        return self.model_is_simulated or any(each.result.simulated for each in self.outcomes if each.result)

    @property
    def as_of(self) -> str | None:
        """The instant of the oldest tool result."""
        return min((each.result.as_of for each in self.outcomes if each.result), default=None)


class TurnRunner:
    """Runs one turn. `messages` is the conversation up to and including the question."""

    def __init__(
        self,
        claude: ClaudeClient,
        model: str,
        profile_block: str,
        messages: Sequence[dict[str, Any]],
        tools: ToolExecutor,
        transcript: Transcript,
        scan: OutputScan,
        saver: Executor,
        cost_cap: Decimal,
        send: Callable[[Delta], None],
        deadline: Deadline,
        stop: threading.Event,
    ) -> None:
        """`saver` saves the transcript beside the model calls, in order; `stop` is set where the user cancels."""
        self._model = model
        self._profile_block = profile_block
        self._messages = list(messages)
        self._tools = tools
        self._transcript = transcript
        self._scan = scan
        self._saver = saver
        self._cost_cap = cost_cap
        self._send = send
        self._deadline = deadline
        self._stop = stop
        self._caller = ModelCaller(claude, tools, deadline, stop, self._scan_text, self._add_usage)
        self._result = TurnResult()
        self._step_text = ""
        self._asked_to_continue = False
        self._saved: list[Future[None]] = []

    @property
    def messages(self) -> Sequence[dict[str, Any]]:
        """The conversation with what this turn appended."""
        return self._messages

    def run(self) -> TurnResult:
        """Run the turn; an error is in the result, not raised."""
        self._save()
        try:
            # One step more where the last one ended without an answer.
            for step in range(1, MAX_STEPS + 2):
                if self._run_step(is_last=step >= MAX_STEPS):
                    break
            else:
                raise turn_timed_out()
        except PamError as error:
            self._result.error = error
            self._close_step(f"(PAM couldn't finish this: {error.message})")
        except Exception:
            logger.exception("unexpected error in a turn")
            self._result.error = PamError(
                MODEL_UNAVAILABLE, "Something went wrong on PAM's side in the middle of this. Please try again."
            )
            self._close_step("(PAM couldn't finish this.)")
        for saved in self._saved:
            saved.result()
        return self._result

    def _run_step(self, *, is_last: bool) -> bool:
        """Make one model call and run its tools. Return True where the turn has ended."""
        self._step_text = ""
        request = prompt.model_request(self._model, self._profile_block, self._messages, tools_allowed=not is_last)
        reply = None if self._stop.is_set() else self._caller.call(request)
        self._add_text(self._scan.flush())
        if reply is None or self._stop.is_set():
            self._result.is_truncated = True
            self._close_step(_STOPPED)
            return True
        self._result.model_is_simulated = self._result.model_is_simulated or reply.simulated
        if reply.stop_reason == "refusal":
            self._result.is_refused = True
            raise PamError(MODEL_REFUSED, "PAM can't help with that. Try asking in another way.")
        outcomes = self._tools.gather(self._stop)
        if not outcomes:
            return self._finish_reply(reply)
        self._result.outcomes += outcomes
        self._append(
            {"role": "assistant", "content": self._sendable(reply)}, prompt.tool_results(outcomes), reply=reply
        )
        texts = [outcome.final_text for outcome in outcomes]
        if all(texts):
            # Writes report their own result, so no further model call is needed.
            text = self._scan.clean("\n\n".join(text for text in texts if text))
            self._append(prompt.report_message(text), reply=reply)
            self._add_text(text, is_new_paragraph=True)
            self._result.report = text
            return True
        self._save()
        self._check_limits()
        return False

    def _finish_reply(self, reply: ModelReply) -> bool:
        """Handle a reply without tools, which ends the turn; one without text is asked for once more."""
        self._result.is_truncated = reply.stop_reason in ("max_tokens", "model_context_window_exceeded")
        if not reply.text.strip():
            if self._asked_to_continue:
                raise PamError(NO_ANSWER, "Claude ended without an answer to that. Please ask in other words.")
            self._asked_to_continue = True
            self._append(prompt.continue_message(), reply=reply)
            return False
        self._append({"role": "assistant", "content": self._sendable(reply)}, reply=reply)
        return True

    def _append(self, *messages: dict[str, Any], reply: ModelReply) -> None:
        self._messages += messages
        tokens = reply.usage.prompt + reply.usage.output if reply.usage.prompt else None
        self._transcript.add(*messages, tokens=tokens)

    def _scan_text(self, text: str) -> None:
        self._add_text(self._scan.feed(text))

    def _add_text(self, text: str, *, is_new_paragraph: bool = False) -> None:
        if not text:
            return
        if self._result.text and (is_new_paragraph or not self._step_text):
            text = "\n\n" + text
        self._step_text += text
        self._result.text += text
        self._send(Delta(text))

    def _add_usage(self, usage: TokenUsage) -> None:
        self._result.usage += usage

    def _check_limits(self) -> None:
        if self._result.usage.cost(self._model) >= self._cost_cap:
            raise PamError(COST_EXCEEDED, "This took more of Claude than one question may. Ask for less at once.")
        if self._deadline.left_s < _MIN_TIME_S:
            raise turn_timed_out()

    def _close_step(self, remark: str) -> None:
        """Keep the text that was sent of an incomplete step, with a remark, for the next question's prompt."""
        self._tools.discard()
        with suppress(InstructionLeak):
            self._add_text(self._scan.flush())  # what was held back when the text broke off
        self._transcript.add(prompt.assistant_message(f"{self._step_text.strip()}\n{remark}".strip()))

    def _save(self) -> None:
        """Save the transcript beside the next model call. What can't be saved is tried again at the end."""

        def save() -> None:
            try:
                self._transcript.save(self._deadline)
            except DatabaseUnavailable:
                logger.warning("transcript not saved yet", exc_info=True)
            except ConversationAdvanced:
                self._stop.set()

        self._saved.append(self._saver.submit(save))

    def _sendable(self, reply: ModelReply) -> list[dict[str, Any]]:
        """Return the blocks that can be sent again.

        Without empty text, an incomplete tool use or thinking, and thinking at the end.
        """
        complete = {use.id for use in reply.tools}
        blocks = [
            block
            for block in map(self._cleaned, reply.content)
            if (block["type"] == "text" and block["text"].strip())
            or (block["type"] == "tool_use" and block["id"] in complete)
            or (block["type"] == "thinking" and block["signature"])
            or block["type"] == "redacted_thinking"
        ]
        while blocks and blocks[-1]["type"] in ("thinking", "redacted_thinking"):
            blocks.pop()
        return blocks

    def _cleaned(self, block: dict[str, Any]) -> dict[str, Any]:
        """Return a block as it is stored and sent again: as the traveller was shown it, except for thinking."""
        if block["type"] == "text":
            return block | {"text": clean(self._scan.clean(block["text"]))}
        return block | {"input": clean(redact_json(block["input"]))} if block["type"] == "tool_use" else block
