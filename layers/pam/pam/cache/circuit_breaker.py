"""A circuit breaker for each source, shared by all Lambda environments: what one has learnt, spares the others.

After `MOST_FAULTS` faults in a row it opens, and nobody asks. When the cool-off is over, one caller probes;
its success closes the breaker, its fault opens it again. A source that says when to come back (429 with
`Retry-After`) is believed at once. The state is one item, read together with the answers and written only
when it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.clock import Clock
from pam.platform.dynamodb_items import CONDITION_FAILED, plain, typed
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.sources.source import Source, SourceError, SourceErrorKind

MAX_CONSECUTIVE_FAILURES = 5
OPEN_DURATION_S = 10.0

_LONGEST_OPEN_S = 300.0
# A probe that never reports back has died: another may follow.
_PROBE_S = 2.0
# Faults that are further apart than this aren't in a row.
_REMEMBERED_S = 600.0

# The source's own failures. What it refuses or doesn't have is our question's fault, and shows that it's alive.
_COUNTED = {SourceErrorKind.DOWN, SourceErrorKind.SLOW, SourceErrorKind.LIMITED, SourceErrorKind.MALFORMED}


@dataclass(frozen=True)
class BreakerState:
    """How a source stood when it was last looked at. Instants are Unix times in seconds, 0 for never."""

    faults: int = 0
    open_until: float = 0.0
    probe_until: float = 0.0

    def spares(self, now: float) -> bool:
        """Whether nobody should ask: it is open, or another caller is probing."""
        return now < max(self.open_until, self.probe_until)


CLOSED = BreakerState()


class CircuitBreaker:
    """The breaker of one source. `table` has the hash key `key`; the item's is `breaker|` and the source."""

    def __init__(self, dynamodb: Any, table: str, source: Source, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self.source = source
        self.key = f"breaker|{source}"

    def standing(self, item: Mapping[str, Any] | None) -> BreakerState:
        """What a breaker's item, as `plain` gives it, says; without one, or past its time: closed."""
        if item is None or item["ttl"] <= self._clock().timestamp():
            return CLOSED
        return BreakerState(int(item["faults"]), item.get("open_until", 0.0), item.get("probe_until", 0.0))

    def admits(self, standing: BreakerState) -> bool:
        """Whether this caller may ask. Of many who come after a cool-off, it admits one: the probe."""
        now = self._clock().timestamp()
        if standing.spares(now):
            return False
        if standing.open_until == 0:
            return True
        free = "attribute_exists(#key) AND (attribute_not_exists(#probe_until) OR #probe_until <= :now)"
        return self._update("SET #probe_until = :until", free, now=now, until=now + _PROBE_S) is not None

    def answered(self, standing: BreakerState) -> None:
        """After an answer, also one that refuses: closes the breaker, and forgets the faults before."""
        if standing == CLOSED:
            return
        try:
            self._dynamodb.delete_item(TableName=self._table, Key=typed({"key": self.key}))
        except (BotoCoreError, ClientError):
            self._unavailable()
        if standing.open_until:
            logger.info("breaker closed", source=str(self.source))

    def failed(self, fault: SourceError) -> None:
        """After a fault: counts it, and opens the breaker when there have been too many."""
        if fault.kind not in _COUNTED:
            return
        now = self._clock().timestamp()
        ttl = now + _REMEMBERED_S
        state = self._update("SET #ttl = :ttl ADD #faults :one", "#ttl > :now", now=now, ttl=ttl, one=1)
        if state is None:
            state = self._update("SET #ttl = :ttl, #faults = :one REMOVE #open_until, #probe_until", ttl=ttl, one=1)
        if state is None:  # DynamoDB is out of reach
            return
        named = fault.retry_after if fault.kind is SourceErrorKind.LIMITED else None
        if state["faults"] < MAX_CONSECUTIVE_FAILURES and not named:
            return
        until = now + min(max(OPEN_DURATION_S, named or 0.0), _LONGEST_OPEN_S)
        ttl = until + _REMEMBERED_S
        self._update("SET #open_until = :until, #ttl = :ttl REMOVE #probe_until", until=until, ttl=ttl)
        logger.warning("breaker open", source=str(self.source), kind=str(fault.kind), seconds=round(until - now))

    def _update(self, expression: str, condition: str | None = None, **values: float) -> dict[str, Any] | None:
        """The item after the update; None where the condition doesn't hold or DynamoDB doesn't answer."""
        text = f"{expression} {condition or ''}"
        names = {name: name[1:] for name in ("#key", "#ttl", "#faults", "#open_until", "#probe_until") if name in text}
        options = {"ConditionExpression": condition} if condition else {}
        try:
            done = self._dynamodb.update_item(
                TableName=self._table,
                Key=typed({"key": self.key}),
                UpdateExpression=expression,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=typed({f":{name}": value for name, value in values.items()}),
                ReturnValues="ALL_NEW",
                **options,
            )
        except (BotoCoreError, ClientError) as fault:
            if not (isinstance(fault, ClientError) and fault.response["Error"]["Code"] == CONDITION_FAILED):
                self._unavailable()
            return None
        return plain(done["Attributes"])

    def _unavailable(self) -> None:
        count(Metric.CACHE_UNAVAILABLE)
        logger.warning("cache unavailable", step="breaker", exc_info=True)
