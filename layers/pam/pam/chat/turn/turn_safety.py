"""The safety of one turn: the check of its question, the policy of its tools, the scan of its text, their record."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pam.chat.lifecycle.disabled_tools import DisabledTools
from pam.chat.lifecycle.limits import ChatLimits
from pam.chat.lifecycle.turn import Turn
from pam.chat.turn.conversation import Conversation, StoredMessage
from pam.chat.turn.prompt import SYSTEM, question_text
from pam.chat.turn.question_check import CheckedQuestion, Judge, QuestionCheck, message_refused
from pam.chat.turn.runner import TurnResult
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.safety.events import EventKind, SecurityEvent, SecurityEvents
from pam.safety.outcome import Outcome
from pam.safety.output_scan import Instructions, OutputScan
from pam.safety.text_hash import TextHasher
from pam.tools.engine.policy import TurnPolicy

_INSTRUCTIONS = Instructions(SYSTEM)


@dataclass(frozen=True)
class SafetyDependencies:
    """The services of the safety checks."""

    judge: Judge
    hasher: TextHasher
    events: SecurityEvents
    disabled_tools: DisabledTools


class TurnSafety:
    """The safety of one turn. Where its question is flagged, `send` holds frames until the check has an outcome."""

    def __init__(
        self,
        dependencies: SafetyDependencies,
        limits: ChatLimits,
        clock: Clock,
        turn: Turn,
        send: Callable[..., None],
        stop: threading.Event,
    ) -> None:
        """`stop` is set where the question is blocked."""
        self._dependencies = dependencies
        self._limits = limits
        self._clock = clock
        self._turn = turn
        self._text = str(turn.request["text"])
        self._check = QuestionCheck(self._text, send, stop.set)
        self._policy: TurnPolicy | None = None
        self._scan: OutputScan | None = None
        self.send = self._check.send

    def start(self, threads: Executor, deadline: Deadline) -> None:
        """Have the question judged beside the turn, where it is flagged."""
        self._check.start(self._dependencies.judge, lambda text: self._is_allowed(text, deadline), threads, deadline)

    @property
    def is_flagged(self) -> bool:
        """Whether the question waits for an outcome, or has waited for one."""
        return self._check.is_flagged

    def policy(self, conversation: Conversation) -> TurnPolicy:
        """Return the policy for the tools of a turn in this conversation."""
        self._policy = TurnPolicy(
            [*_user_texts(conversation.messages), self._text],
            is_tainted=conversation.has_others_text,
            has_recalled=bool(conversation.context.get("memory")) or _has_recalled(conversation.messages),
            is_restricted=self._check.is_restricted,
            check_enabled=self._dependencies.disabled_tools.check,
        )
        return self._policy

    def scan(self, messages: Sequence[StoredMessage]) -> OutputScan:
        """Return the scan for the turn's text. `messages` are those before the question."""
        self._scan = OutputScan(_INSTRUCTIONS, [*_user_texts(messages), self._text])
        return self._scan

    def finish(self, result: TurnResult) -> None:
        """Wait for the question's outcome; a blocked one ends the turn with an error, outside of later prompts."""
        if self._check.wait().outcome is Outcome.BLOCK:
            result.error = message_refused()
            result.is_refused = True
            result.text = ""

    def record(self, deadline: Deadline) -> None:
        """Record what the checks found, and count a failed one against the user."""
        events = []
        if self._check.is_flagged:
            checked = self._check.wait()
            events.append(self._message_event(checked))
            if checked.is_failed:
                self._record_failed_check()
        if self._scan is not None and self._scan.findings:
            count(Metric.ANSWERS_CLEANED)
            outcome = "withheld" if self._scan.is_leaked else "removed"
            events.append(_event(EventKind.ANSWER, tuple(self._scan.findings), outcome))
        if self._policy is not None and self._policy.refusals:
            measure(Metric.WRITES_REFUSED, len(self._policy.refusals))
            events.append(_event(EventKind.TOOL, tuple(dict.fromkeys(self._policy.refusals)), "refused"))
        self._dependencies.events.try_add(self._turn.user_id, self._turn.message_id, self._clock(), events, deadline)

    def _record_failed_check(self) -> None:
        try:
            self._limits.record_failed_check(self._turn.user_id)
        except PamError:
            logger.warning("failed check not counted", exc_info=True)

    def _message_event(self, checked: CheckedQuestion) -> SecurityEvent:
        judgement = checked.judgement
        return SecurityEvent(
            kind=EventKind.MESSAGE,
            text_hash=self._dependencies.hasher.digest(self._text),
            score=checked.screening.score,
            rules=checked.screening.reasons,
            verdict=None if judgement is None else str(judgement.reason or judgement.verdict),
            outcome=checked.outcome.value,
            latency_ms=None if judgement is None else round(judgement.latency_ms),
        )

    def _is_allowed(self, text: str, deadline: Deadline) -> bool:
        digest = self._dependencies.hasher.digest(text)
        return digest is not None and self._dependencies.events.is_allowed(
            self._turn.user_id, digest, self._clock(), deadline
        )


def _event(kind: EventKind, rules: Sequence[str], outcome: str) -> SecurityEvent:
    return SecurityEvent(kind, None, None, rules, None, outcome, None)


def _user_texts(messages: Sequence[StoredMessage]) -> Iterator[str]:
    """Yield what the traveller wrote."""
    for message in messages:
        if (text := question_text(message.body)) is not None:
            yield text


def _has_recalled(messages: Sequence[StoredMessage]) -> bool:
    """Return whether the context of an earlier question has recalled messages; a `<` in data is escaped."""
    return any("<memory>" in block.get("text", "") for message in messages for block in message.body["content"][:1])
