"""Circuit breakers of sources, shared by all Lambda environments through one DynamoDB item each.

It opens after `MAX_CONSECUTIVE_FAILURES`, and no request is sent while it is open. When `OPEN_DURATION_S` is over, one
caller sends a probe: its success closes the breaker, its failure opens it again. A 429 with `Retry-After` opens
it at once for that time. The state is read together with the cached answer and written only when it changes.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, DynamoUnavailable, Item, Owner
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.sources.source import Source, SourceError, SourceErrorKind

MAX_CONSECUTIVE_FAILURES = 5
OPEN_DURATION_S = 10.0

_MAX_OPEN_DURATION_S = 300.0
# A probe without a result after this time has died: another may follow.
_PROBE_TIMEOUT_S = 2.0
# Failures that are further apart than this aren't consecutive.
_STATE_TTL_S = 600.0

# Failures of the source itself. The other kinds are the fault of the request.
_FAILURES = {SourceErrorKind.DOWN, SourceErrorKind.SLOW, SourceErrorKind.LIMITED, SourceErrorKind.MALFORMED}
# The source responded, so it is up.
_RESPONSES = {SourceErrorKind.UNAUTHORISED, SourceErrorKind.NOT_FOUND, SourceErrorKind.REFUSED}


class CircuitOpen(SourceError):
    """No request was sent to the source, because its circuit breaker is open."""

    def __init__(self, source: Source, retry_after: float) -> None:
        super().__init__(source, SourceErrorKind.DOWN, "circuit open", retry_after=retry_after)


@dataclass(frozen=True)
class BreakerState:
    """The state of a breaker when it was read. Instants are Unix times in seconds, 0 for never."""

    failures: int = 0
    open_until: float = 0.0
    probe_until: float = 0.0

    def is_open(self, now: float) -> bool:
        """Whether no request may be sent: the breaker is open, or another caller is probing."""
        return now < max(self.open_until, self.probe_until)


CLOSED = BreakerState()


class CircuitBreaker:
    """The breaker of one source, or of one purpose of it. Its item has the key `breaker|` and the source."""

    def __init__(self, table: DynamoTable, source: Source, clock: Clock, purpose: str = "") -> None:
        """A `purpose` has a breaker of its own: one model of a source fails while its others work."""
        self._table = table
        self._clock = clock
        self.source = source
        self.key = f"breaker|{source} {purpose}".rstrip()

    def parse(self, item: Item | None) -> BreakerState:
        """Return the state in the breaker's item; closed where there is none or it has expired."""
        if item is None or item["ttl"] <= self._now():
            return CLOSED
        return BreakerState(int(item["failures"]), float(item.get("open_until", 0)), float(item.get("probe_until", 0)))

    def allows_request(self, state: BreakerState) -> bool:
        """Return whether this caller may send a request. After an open period it is true for one caller: the probe."""
        now = self._now()
        if state.is_open(now):
            return False
        if state.open_until == 0:
            return True
        try:
            self._update(
                "set #probe_until = :until",
                {"until": now + _PROBE_TIMEOUT_S, "now": now},
                "attribute_exists(#key) and (attribute_not_exists(#probe_until) or #probe_until <= :now)",
            )
        except ConditionFailed:
            return False
        except DynamoUnavailable:
            _log_unavailable()
            return False
        return True

    def record_success(self, state: BreakerState) -> None:
        """Close the breaker and forget earlier failures."""
        if state == CLOSED:
            return
        try:
            self._table.delete(self.key)
        except DynamoUnavailable:
            _log_unavailable()
        if state.open_until:
            logger.info("circuit breaker closed", source=str(self.source))

    def record_failure(self, state: BreakerState, error: SourceError) -> None:
        """Count a failure of the source, and open the breaker after too many. A response about the request is none."""
        if error.kind in _RESPONSES:
            self.record_success(state)
        if error.kind not in _FAILURES:
            return
        retry_after = error.retry_after if error.kind is SourceErrorKind.LIMITED else None
        try:
            if self._count_failure() >= MAX_CONSECUTIVE_FAILURES or retry_after:
                self._open(min(max(OPEN_DURATION_S, retry_after or 0.0), _MAX_OPEN_DURATION_S), error)
        except DynamoUnavailable:
            _log_unavailable()

    def _count_failure(self) -> int:
        """Return the number of consecutive failures with this one."""
        now = self._now()
        values = {"ttl": now + _STATE_TTL_S, "one": 1}
        try:
            # The repetition of a write whose response was lost finds its own token, and isn't counted twice.
            item = self._update(
                "set #ttl = :ttl add #failures :one", values | {"now": now}, "#ttl > :now and #writer <> :writer"
            )
        except ConditionFailed:
            item = self._update("set #ttl = :ttl, #failures = :one remove #open_until, #probe_until", values)
        return int(item["failures"])

    def _open(self, duration_s: float, error: SourceError) -> None:
        until = self._now() + duration_s
        self._update(
            "set #open_until = :until, #ttl = :ttl remove #probe_until", {"until": until, "ttl": until + _STATE_TTL_S}
        )
        logger.warning("circuit breaker open", source=str(self.source), kind=str(error.kind), seconds=round(duration_s))

    def _update(self, expression: str, values: dict[str, Any], condition: str | None = None) -> Item:
        owner = Owner("writer", uuid4().hex)
        return self._table.update((self.key,), expression, values, condition=condition, owner=owner)

    def _now(self) -> float:
        return self._clock().timestamp()


def _log_unavailable() -> None:
    count(Metric.CACHE_UNAVAILABLE)
    logger.warning("cache unavailable", step="circuit breaker", exc_info=True)
