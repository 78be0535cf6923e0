"""Stage 2: a model judges the messages that stage 1 flagged, through a cache of verdicts and a circuit breaker."""

import time
from datetime import timedelta
from typing import Any

from pam.cache.circuit_breaker import CLOSED, BreakerState, CircuitBreaker
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.safety.judge import (
    AttackCategory,
    Classification,
    Judgement,
    JudgementSource,
    JudgeModel,
    UnsureReason,
    Verdict,
)
from pam.safety.text_hash import TextHasher
from pam.sources.source import Source, SourceError, SourceErrorKind

JUDGE_TIMEOUT_S = 1.5
"""Time in seconds for a verdict, with the time to read the cache."""

VERDICT_TTL = timedelta(hours=1)
"""How long a verdict is reused for the same text."""

# With less time left, a request would only time out, and count as a failure of the model.
_MIN_REQUEST_S = 0.3

_REASONS = {
    SourceErrorKind.MISSING_KEY: UnsureReason.MISSING_KEY,
    SourceErrorKind.UNAUTHORISED: UnsureReason.REFUSED,
    SourceErrorKind.NOT_FOUND: UnsureReason.REFUSED,
    SourceErrorKind.REFUSED: UnsureReason.REFUSED,
    SourceErrorKind.LIMITED: UnsureReason.LIMITED,
    SourceErrorKind.DOWN: UnsureReason.DOWN,
    SourceErrorKind.SLOW: UnsureReason.LATE,
    SourceErrorKind.MALFORMED: UnsureReason.DOWN,
}


class MessageJudge:
    """Judges flagged messages. Thread-safe; never raises. Neither the cache nor a log contains a message."""

    def __init__(
        self, model: JudgeModel, hasher: TextHasher, table: DynamoTable, breaker: CircuitBreaker, clock: Clock
    ) -> None:
        """`table` has the partition key `key`, and contains the breaker's item, too."""
        self._model = model
        self._hasher = hasher
        self._table = table
        self._breaker = breaker
        self._clock = clock
        self._scope = f"verdict|{model.version}"

    def judge(self, text: str, deadline: Deadline) -> Judgement:
        """Return the verdict on a message: from the cache, or of the model in at most `JUDGE_TIMEOUT_S`.

        Whatever prevents a verdict makes it `unsure`, with the reason. A verdict is returned after it is stored, which
        takes up to a second longer where DynamoDB is slow: a caller that can't wait has to limit its own wait.
        """
        began = time.monotonic()
        try:
            classification, source = self._judge(text, deadline.at_most(JUDGE_TIMEOUT_S))
        except Exception:
            # A fault here must not end the turn, and must not release its text either.
            logger.exception("message not judged")
            classification, source = _unsure(UnsureReason.FAILED)
        latency_ms = (time.monotonic() - began) * 1000
        count(Metric.MESSAGES_JUDGED, {"verdict": str(classification.verdict)})
        if classification.verdict is Verdict.UNSURE:
            count(Metric.JUDGE_UNSURE)
        logger.info(
            "message judged",
            verdict=str(classification.verdict),
            category=str(classification.category),
            reason=str(classification.reason or ""),
            verdict_source=str(source),
            model_version=classification.model,
            latency_ms=round(latency_ms),
        )
        return Judgement(classification.verdict, classification.category, classification.reason, source, latency_ms)

    def _judge(self, text: str, deadline: Deadline) -> tuple[Classification, JudgementSource]:
        digest = self._hasher.digest(text, self._scope)
        key = f"verdict|{digest}" if digest else ""
        cached, state = self._get(key)
        if cached is not None:
            return cached, JudgementSource.CACHE
        if deadline.left_s < _MIN_REQUEST_S:
            return _unsure(UnsureReason.LATE)
        if not self._breaker.allows_request(state):
            count(Metric.CIRCUIT_OPEN, {"source": str(Source.GEMINI)})
            return _unsure(UnsureReason.CIRCUIT_OPEN)
        try:
            classification = self._model.classify(text, deadline)
        except SourceError as error:
            count(Metric.SOURCE_ERROR, {"source": str(error.source), "kind": str(error.kind)})
            logger.warning("judge failed", source=str(error.source), kind=str(error.kind), exc_info=True)
            self._breaker.record_failure(state, error)
            return _unsure(_REASONS[error.kind])
        # Also a blocked or invalid reply is one: no sender can open the breaker by the content of messages.
        self._breaker.record_success(state)
        if key and classification.verdict is not Verdict.UNSURE:
            self._put(key, classification)
        return classification, JudgementSource.MODEL

    def _get(self, key: str) -> tuple[Classification | None, BreakerState]:
        """Read the verdict and the breaker in one consistent request. Without DynamoDB the breaker is closed."""
        keys = [(self._breaker.key,), *([(key,)] if key else [])]
        try:
            breaker, *found = self._table.get_many(*keys)
        except DynamoUnavailable:
            _log_unavailable("get")
            return None, CLOSED
        item = next(iter(found), None)
        verdict = None
        if item is not None and item["ttl"] > self._clock().timestamp():  # DynamoDB may delete an item days after it
            verdict = _parse(item)
        return verdict, self._breaker.parse(breaker)

    def _put(self, key: str, classification: Classification) -> None:
        fields = {
            "verdict": str(classification.verdict),
            "category": str(classification.category),
            "model": classification.model,
        }
        try:
            self._table.put((key,), fields, self._clock() + VERDICT_TTL)
        except DynamoUnavailable:
            _log_unavailable("put")


def _parse(item: dict[str, Any]) -> Classification:
    return Classification(Verdict(item["verdict"]), AttackCategory(item["category"]), model=item["model"])


def _unsure(reason: UnsureReason) -> tuple[Classification, JudgementSource]:
    return Classification(Verdict.UNSURE, reason=reason), JudgementSource.NONE


def _log_unavailable(step: str) -> None:
    count(Metric.CACHE_UNAVAILABLE)
    logger.warning("cache unavailable", step=f"verdict {step}", exc_info=True)
