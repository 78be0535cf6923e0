"""A cache of answers that are the same for all users, in DynamoDB: one fetch for concurrent callers, stale if it fails.

An item holds the last answer under its key, and during a fetch the *lease* of the caller that fetches a newer
one: the others wait for its result. Keys and answers contain nothing about users. Decision record 0008 has the
reasons.
"""

import json
import math
import random
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pam.cache.circuit_breaker import CLOSED, BreakerState, CircuitBreaker, CircuitOpen
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.dynamodb import ConditionFailed, DynamoTable, DynamoUnavailable, Item, Owner
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind

LEASE_TIMEOUT_S = 1.2
"""Time in seconds for which one caller alone fetches an answer. If it dies, the others wait no longer than this."""

# Less than the lease, so that the answer is stored before the lease ends.
_FETCH_TIMEOUT_S = LEASE_TIMEOUT_S - 0.1
# With less time left, a request would only time out.
_MIN_FETCH_S = 0.3
# After a failure nobody fetches the same key for this time: the waiting callers get the failure, too.
_ERROR_TTL_S = 1.0
_MIN_PAUSE_S = 0.04
_MAX_PAUSE_S = 0.25
# Not the module's functions: environments restored from one snapshot would draw the same jitter.
_jitter = random.SystemRandom()
# Of an item without an answer.
_LEASE_ITEM_TTL = timedelta(minutes=1)
# A DynamoDB item has at most 400 KB.
_MAX_ITEM_BYTES = 350 * 1024


@dataclass(frozen=True)
class Lifetime:
    """How long an answer is fresh, how long one without results is, and how long it may be served when stale."""

    fresh_for: timedelta
    empty_fresh_for: timedelta
    stale_for: timedelta


@dataclass(frozen=True)
class SharedAnswer:
    """An answer of a source as JSON. `as_of` is aware, the instant of its fetch; `age_s` is set where it is stale."""

    value: Any
    source: str
    simulated: bool
    as_of: datetime
    cached: bool
    age_s: int | None = None


@dataclass(frozen=True)
class _Entry:
    """What the table contains for a key. Instants are Unix times in seconds, 0 for never."""

    answer: SharedAnswer | None = None
    fresh_until: float = 0.0
    lease_until: float = 0.0
    error: SourceError | None = None
    breaker: BreakerState = CLOSED
    available: bool = True


class SharedCache:
    """The table of shared answers, with the partition key `key`. Every method is thread-safe.

    Without DynamoDB each caller fetches for itself.
    """

    def __init__(self, dynamodb: Any, table: str, clock: Clock) -> None:
        self._table = DynamoTable(dynamodb, table, key=("key",))
        self._clock = clock
        self._breakers = {source: CircuitBreaker(self._table, source, clock) for source in Source}

    def fetch(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        fetch: Callable[[Deadline], Fetched[Any]],
        deadline: Deadline,
    ) -> SharedAnswer:
        """Return the answer under `key`: the cached one while it is fresh, else that of `fetch`, which calls `source`.

        One of all concurrent callers in all environments runs `fetch`; it returns a JSON value and raises
        `SourceError`. After a failure, or while the source's circuit breaker is open, the stale answer is returned
        with its age. Raises `SourceUnavailable` where there is none. Takes no longer than `deadline` and one
        request to DynamoDB.
        """
        pause_s = _MIN_PAUSE_S
        while True:
            entry = self._get(key, source)
            now = self._now()
            if entry.answer is not None and entry.fresh_until > now:
                count(Metric.SHARED_ANSWER_CACHED)
                return entry.answer
            if entry.error is not None:
                return self._stale(entry, entry.error)
            if entry.breaker.is_open(now):
                return self._circuit_open(entry, source)
            if deadline.left_s < _MIN_FETCH_S:
                return self._stale(entry, SourceError(source, SourceErrorKind.SLOW, "no time left"))
            lease = self._acquire(key, entry)
            if lease is not None:
                return self._fetch(key, source, lifetime, fetch, deadline, entry, lease)
            time.sleep(_jitter.uniform(pause_s / 2, pause_s))
            pause_s = min(pause_s * 1.5, _MAX_PAUSE_S)

    def _fetch(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        fetch: Callable[[Deadline], Fetched[Any]],
        deadline: Deadline,
        entry: _Entry,
        lease: str,
    ) -> SharedAnswer:
        """Run `fetch`, store its result, and release the lease in any case."""
        breaker = self._breakers[source]
        if not breaker.allows_request(entry.breaker):
            self._release(key, lease)
            return self._circuit_open(entry, source)
        try:
            fetched = fetch(deadline.at_most(_FETCH_TIMEOUT_S))
        except SourceError as error:
            count(Metric.SOURCE_ERROR, {"source": str(source), "kind": str(error.kind)})
            logger.warning("source error", source=str(source), kind=str(error.kind), exc_info=True)
            self._release(key, lease, error)
            breaker.record_failure(entry.breaker, error)
            return self._stale(entry, error)
        except BaseException:
            self._release(key, lease)
            raise
        count(Metric.SHARED_ANSWER_FETCHED)
        answer = SharedAnswer(fetched.value, fetched.source, fetched.simulated, self._clock(), cached=False)
        self._put(key, lifetime, answer, lease)
        breaker.record_success(entry.breaker)
        return answer

    def _circuit_open(self, entry: _Entry, source: Source) -> SharedAnswer:
        count(Metric.CIRCUIT_OPEN, {"source": str(source)})
        return self._stale(entry, CircuitOpen(source, max(entry.breaker.open_until - self._now(), 1.0)))

    def _stale(self, entry: _Entry, error: SourceError) -> SharedAnswer:
        if entry.answer is None:
            raise SourceUnavailable(error) from error
        count(Metric.SHARED_ANSWER_STALE)
        age_s = int((self._clock() - entry.answer.as_of).total_seconds())
        return replace(entry.answer, age_s=max(0, age_s))

    def _get(self, key: str, source: Source) -> _Entry:
        """Read the answer and the breaker in one consistent request."""
        breaker = self._breakers[source]
        try:
            found, breaker_item = self._table.get_many((key,), (breaker.key,))
        except DynamoUnavailable:
            _log_unavailable("get")
            return _Entry(available=False)
        item = found or {}
        now = self._now()
        error = None
        if item.get("error_until", 0) > now:
            retry_after = item.get("retry_after")
            error = SourceError(
                source,
                SourceErrorKind(item["error"]),
                "a moment ago",
                retry_after=None if retry_after is None else float(retry_after),
            )
        return _Entry(
            answer=_parse_answer(item, now),
            fresh_until=float(item.get("fresh_until", 0)),
            lease_until=float(item.get("lease_until", 0)),
            error=error,
            breaker=breaker.parse(breaker_item),
        )

    def _acquire(self, key: str, entry: _Entry) -> str | None:
        """Return the token of this caller's lease, or None where another has it. Empty: DynamoDB is unavailable."""
        now = self._now()
        if not entry.available:
            return ""
        if entry.lease_until > now:
            return None
        token = uuid4().hex
        values = {
            "until": now + LEASE_TIMEOUT_S,
            "now": now,
            "ttl": math.ceil(now + _LEASE_ITEM_TTL.total_seconds()),
        }
        condition = " and ".join(
            f"(attribute_not_exists(#{until}) or #{until} <= :now)"
            for until in ("lease_until", "fresh_until", "error_until")
        )
        try:
            self._table.update(
                (key,),
                "set #lease_until = :until, #ttl = if_not_exists(#ttl, :ttl)",
                values,
                condition=condition,
                owner=Owner("lease", token),
            )
        except ConditionFailed:
            return None
        except DynamoUnavailable:
            # The write may have succeeded: the token is kept to release the lease.
            _log_unavailable("acquire")
        return token

    def _release(self, key: str, lease: str, error: SourceError | None = None) -> None:
        """End the lease, and store the error for the callers that wait."""
        if not lease:
            return
        values: dict[str, Any] = {"lease": lease}
        removed = ["#lease", "#lease_until"]
        expression = ""
        if error is not None:
            expression = "set #error = :error, #error_until = :until"
            values |= {"error": str(error.kind), "until": self._now() + _ERROR_TTL_S}
            if error.retry_after is None:
                removed.append("#retry_after")
            else:
                expression += ", #retry_after = :retry_after"
                values["retry_after"] = error.retry_after
        try:
            # The condition fails where the lease has expired, or an attempt whose response was lost has released it.
            with suppress(ConditionFailed):
                self._table.update(
                    (key,), f"{expression} remove {', '.join(removed)}", values, condition="#lease = :lease"
                )
        except DynamoUnavailable:
            _log_unavailable("release")

    def _put(self, key: str, lifetime: Lifetime, answer: SharedAnswer, lease: str) -> None:
        """Replace the item, and with it the lease."""
        body = zlib.compress(json.dumps(answer.value, ensure_ascii=False, separators=(",", ":")).encode(), 1)
        if len(body) > _MAX_ITEM_BYTES:
            logger.warning("answer too large for the cache", source=answer.source, bytes=len(body))
            self._release(key, lease)
            return
        empty = answer.value in (None, [])
        fresh_until = answer.as_of + (lifetime.empty_fresh_for if empty else lifetime.fresh_for)
        # That there was nothing some time ago doesn't mean that there is nothing now.
        usable_until = fresh_until + (timedelta() if empty else lifetime.stale_for)
        fields = {
            "body": body,
            "source": answer.source,
            "simulated": answer.simulated,
            "as_of": answer.as_of.isoformat(),
            "fresh_until": fresh_until.timestamp(),
            "usable_until": usable_until.timestamp(),
        }
        try:
            self._table.put((key,), fields, usable_until)
        except DynamoUnavailable:
            _log_unavailable("put")

    def _now(self) -> float:
        return self._clock().timestamp()


def _parse_answer(item: Item, now: float) -> SharedAnswer | None:
    if item.get("usable_until", 0) <= now:  # DynamoDB may delete an item days after its ttl
        return None
    value = json.loads(zlib.decompress(item["body"]))
    as_of = datetime.fromisoformat(item["as_of"])
    return SharedAnswer(value, item["source"], item["simulated"], as_of, cached=True)


def _log_unavailable(step: str) -> None:
    count(Metric.CACHE_UNAVAILABLE)
    logger.warning("cache unavailable", step=step, exc_info=True)
