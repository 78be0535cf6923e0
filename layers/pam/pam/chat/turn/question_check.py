"""The check of a turn's question: it runs beside the turn, whose text and writes wait for its outcome."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Protocol

from pam.chat.frames import ServerFrame
from pam.platform.deadline import Deadline
from pam.platform.errors import MESSAGE_REFUSED, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.safety.judge import Judgement, UnsureReason
from pam.safety.outcome import Outcome, decide
from pam.safety.screen import Screening, screen

MAX_WAIT_S = 2.0
"""How long text and writes wait: the judge's timeout, and the time to look for a verdict that is known."""


class Judge(Protocol):
    """Stage 2: see `pam.safety.message_judge`."""

    def judge(self, text: str, deadline: Deadline) -> Judgement: ...


@dataclass(frozen=True)
class CheckedQuestion:
    """A question's check at its end. `judgement` is None where none was needed, or none came in time."""

    screening: Screening
    judgement: Judgement | None
    outcome: Outcome

    @property
    def is_failed(self) -> bool:
        """Whether it counts against the user: blocked, or matched by a strict rule and not found safe by the judge."""
        is_unsure = self.judgement is not None and self.judgement.reason is UnsureReason.MODEL_UNSURE
        return self.outcome is Outcome.BLOCK or (self.screening.strict and is_unsure)


class QuestionCheck:
    """The check of one question. Thread-safe."""

    def __init__(self, text: str, send: Callable[..., None], on_block: Callable[[], None]) -> None:
        """`send` sends frames; `on_block` is called once where the question is blocked."""
        self.screening = screen(text)
        self._text = text
        self._send = send
        self._on_block = on_block
        self._lock = threading.Lock()
        self._held: list[ServerFrame] = []
        self._decided: Future[CheckedQuestion] = Future()
        count(Metric.MESSAGES_SCREENED)
        if not self.screening.flagged:
            self._decided.set_result(CheckedQuestion(self.screening, None, Outcome.ALLOW))

    def start(self, judge: Judge, is_allowed: Callable[[str], bool], threads: Executor, deadline: Deadline) -> None:
        """Have a flagged question judged, unless `is_allowed` knows it as reviewed."""
        if self.screening.flagged:
            count(Metric.MESSAGES_FLAGGED)
            threads.submit(self._judge, judge, is_allowed, deadline)

    @property
    def is_flagged(self) -> bool:
        """Whether stage 1 flagged the question."""
        return self.screening.flagged

    def send(self, *frames: ServerFrame) -> None:
        """Send frames, or hold them until the outcome is known; those of a blocked question are dropped."""
        with self._lock:
            if not self._decided.done():
                self._held += frames
                return
        # What a blocked turn still produces while it stops isn't sent.
        if self._decided.result().outcome is not Outcome.BLOCK:
            self._send(*frames)

    def wait(self) -> CheckedQuestion:
        """Wait for the outcome and release what was held. After `MAX_WAIT_S` the question counts as undecided."""
        try:
            return self._decided.result(MAX_WAIT_S)
        except FutureTimeout:
            self._decide(None)
            return self._decided.result()

    def is_restricted(self) -> bool:
        """Wait for the outcome; return whether writes need approval. Raises `PamError` for a blocked question."""
        outcome = self.wait().outcome
        if outcome is Outcome.BLOCK:
            raise message_refused()
        return outcome is Outcome.RESTRICT

    def _judge(self, judge: Judge, is_allowed: Callable[[str], bool], deadline: Deadline) -> None:
        try:
            if is_allowed(self._text):
                self._decide(None, Outcome.ALLOW)
                return
            judgement = judge.judge(self._text, deadline)
        except Exception:
            logger.exception("question not judged")
            self._decide(None)
        else:
            measure(Metric.JUDGE_TIME, judgement.latency_ms)
            self._decide(judgement)

    def _decide(self, judgement: Judgement | None, outcome: Outcome | None = None) -> None:
        decided = CheckedQuestion(self.screening, judgement, outcome or decide(self.screening, judgement))
        with self._lock:
            if self._decided.done():
                return
            held, self._held = self._held, []
            if decided.outcome is not Outcome.BLOCK and held:
                self._send(*held)
            self._decided.set_result(decided)
        if decided.outcome is Outcome.BLOCK:
            count(Metric.MESSAGES_BLOCKED)
            self._on_block()
        elif decided.outcome is Outcome.RESTRICT:
            count(Metric.MESSAGES_RESTRICTED)


def message_refused() -> PamError:
    """Return the error for a blocked question."""
    return PamError(
        MESSAGE_REFUSED,
        "PAM didn't answer that, since it reads like an attempt to change what PAM may do. Nothing was done. If you "
        "meant something else, please say it in other words.",
    )
