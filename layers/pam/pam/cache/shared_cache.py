"""Answers that are the same for everybody, kept in DynamoDB: fetched once however many ask, and told when old.

An item holds the last answer under its key, and for a moment the *lease* of whoever fetches a newer one: one
caller fetches, the others wait for what it keeps. Keys and answers hold nothing about who asks. Decision record
0008 has the argument.
"""

import json
import math
import random
import re
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from pam.cache.circuit_breaker import CLOSED, BreakerState, CircuitBreaker
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.dynamodb_items import CONDITION_FAILED, Field, plain, typed
from pam.platform.errors import SOURCE_NOT_CONFIGURED, SOURCE_UNAVAILABLE, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.sources.source import Source, SourceError, SourceErrorKind

Body = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True)
class Lifetime:
    """How long an answer is told as it is, how long the answer that there is nothing, and how long, with its age,
    when the source gives no newer one."""

    fresh_for: timedelta
    nothing_fresh_for: timedelta
    kept_for: timedelta


def says_nothing(body: Body) -> bool:
    """Whether an answer is that there is nothing: its `value` is null or an empty list."""
    return body.get("value", body) in (None, [])


@dataclass(frozen=True)
class SharedAnswer:
    """What is told. `as_of` is aware, the instant it was fetched;
    `age_s` is there only where the answer is older than it should be."""

    body: Body
    as_of: datetime
    cached: bool
    age_s: int | None = None


class SourceUnavailable(PamError):
    """A source gives no answer, and no earlier one is known."""

    def __init__(self, fault: SourceError) -> None:
        not_set_up = fault.kind in {SourceErrorKind.MISSING_KEY, SourceErrorKind.UNAUTHORISED}
        super().__init__(
            SOURCE_NOT_CONFIGURED if not_set_up else SOURCE_UNAVAILABLE,
            _SENTENCES[fault.kind].format(fault.source),
            retry_after=None if fault.kind in _LASTING else max(1, math.ceil(fault.retry_after or _RETRY_AFTER_S)),
        )
        self.source = fault.source
        self.kind = fault.kind


_SENTENCES = {
    SourceErrorKind.MISSING_KEY: "PAM has no key for {} here, so it can't ask. Whoever runs it can set one.",
    SourceErrorKind.UNAUTHORISED: "{} refuses PAM's key, so PAM can't ask. Whoever runs it can replace it.",
    SourceErrorKind.NOT_FOUND: "{} doesn't have what PAM asked for.",
    SourceErrorKind.REFUSED: "{} refused the question as PAM put it.",
    SourceErrorKind.LIMITED: "PAM has asked {} too often. Please try again in a moment.",
    SourceErrorKind.DOWN: "PAM can't reach {} right now. Please try again in a moment.",
    SourceErrorKind.SLOW: "{} took too long to answer. Please try again in a moment.",
    SourceErrorKind.MALFORMED: "{} answered with something that PAM can't read. Please try again in a moment.",
}
# The source answered all the same.
_ALIVE = {SourceErrorKind.UNAUTHORISED, SourceErrorKind.NOT_FOUND, SourceErrorKind.REFUSED}
# Waiting doesn't mend these.
_LASTING = {SourceErrorKind.MISSING_KEY, *_ALIVE}
_RETRY_AFTER_S = 5

LEASE_S = 1.2
"""How long a caller has alone to fetch an answer. One that dies costs the others no more than this."""

# The source has a little less, so that the answer is kept before the lease ends.
_FETCH_S = LEASE_S - 0.1
# With less than this left, asking a source would only end in its being called slow.
_LEAST_S = 0.3
# After a fault nobody asks for the same thing again for so long: those who wait are told, and don't queue up to fail.
_FAULT_S = 1.0
_FIRST_PAUSE_S = 0.04
_LONGEST_PAUSE_S = 0.25
# Not the module's own functions: environments restored from one snapshot would all pause equally long.
_CHANCE = random.SystemRandom()
# An item that never got an answer.
_LEFTOVER_S = 60
# DynamoDB takes 400 KB an item.
_LARGEST_KEPT_BYTES = 350 * 1024


@dataclass(frozen=True)
class _Look:
    """What one look into the table found. Instants are Unix times in seconds, 0 for never."""

    answer: SharedAnswer | None = None
    fresh_until: float = 0.0
    lease_until: float = 0.0
    fault: SourceError | None = None
    standing: BreakerState = CLOSED
    reachable: bool = True


class SharedCache:
    """The table of shared answers, with the hash key `key`. Out of reach it is a miss: each caller asks the source."""

    def __init__(self, dynamodb: Any, table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._breakers = {source: CircuitBreaker(dynamodb, table, source, clock) for source in Source}

    def fetch(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        fetch: Callable[[Deadline], Body],
        deadline: Deadline,
    ) -> SharedAnswer:
        """The answer under `key`, from the cache while it is fresh, else from `fetch`, which asks `source`.

        However many ask at once, in however many environments, one runs `fetch`; it returns a JSON object
        (see `says_nothing`), and raises `UpstreamFault`. After a fault, or while the source's breaker
        is open, the answer from before is told with its age. Raises `UpstreamUnavailable` where there is none.
        Takes no longer than `deadline`, and what a request to DynamoDB takes.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            look = self._look(key, source)
            now = self._now()
            if look.answer is not None and look.fresh_until > now:
                count(Metric.SHARED_ANSWER_CACHED)
                return look.answer
            if look.fault is not None:
                return self._from_before(look, look.fault)
            if look.standing.spares(now):
                return self._spared(look, source)
            if deadline.left_s < _LEAST_S:
                return self._from_before(look, SourceError(source, SourceErrorKind.SLOW, "no time left"))
            lease = self._lease(key, look)
            if lease is not None:
                return self._ask(key, source, lifetime, fetch, deadline, look, lease)
            time.sleep(_CHANCE.uniform(pause_s / 2, pause_s))
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def _ask(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        fetch: Callable[[Deadline], Body],
        deadline: Deadline,
        look: _Look,
        lease: str,
    ) -> SharedAnswer:
        """Runs `fetch`, keeps what it gives, and gives the lease back whatever happens."""
        breaker = self._breakers[source]
        if not breaker.admits(look.standing):
            self._give_back(key, lease)
            return self._spared(look, source)
        try:
            body = fetch(deadline.at_most(_FETCH_S))
        except SourceError as fault:
            count(Metric.UPSTREAM_FAULT)
            logger.warning("upstream fault", source=str(source), kind=str(fault.kind), exc_info=True)
            self._give_back(key, lease, fault)
            breaker.failed(fault)
            if fault.kind in _ALIVE:
                breaker.answered(look.standing)
            return self._from_before(look, fault)
        except BaseException:
            self._give_back(key, lease)
            raise
        count(Metric.SHARED_ANSWER_FETCHED)
        answer = SharedAnswer(body, self._clock(), cached=False)
        self._keep(key, lifetime, answer, lease)
        breaker.answered(look.standing)
        return answer

    def _spared(self, look: _Look, source: Source) -> SharedAnswer:
        count(Metric.UPSTREAM_SPARED)
        opens_in_s = max(look.standing.open_until - self._now(), 1.0)
        return self._from_before(look, SourceError(source, SourceErrorKind.DOWN, "spared", retry_after=opens_in_s))

    def _from_before(self, look: _Look, fault: SourceError) -> SharedAnswer:
        if look.answer is None:
            raise SourceUnavailable(fault) from fault
        count(Metric.SHARED_ANSWER_STALE)
        age_s = int((self._clock() - look.answer.as_of).total_seconds())
        return SharedAnswer(look.answer.body, look.answer.as_of, cached=True, age_s=max(0, age_s))

    def _look(self, key: str, source: Source) -> _Look:
        """Reads answer and breaker in one consistent request."""
        breaker = self._breakers[source]
        keys = [typed({"key": key}), typed({"key": breaker.key})]
        try:
            found = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
        except (BotoCoreError, ClientError):
            self._unavailable("look")
            return _Look(reachable=False)
        if found.get("UnprocessedKeys"):  # throttled in part: half a look is none
            return _Look(reachable=False)
        items = {item["key"]: item for item in map(plain, found["Responses"][self._table])}
        standing = breaker.standing(items.get(breaker.key))
        item = items.get(key, {})
        now = self._now()
        fault = None
        if item.get("fault_until", 0.0) > now:
            fault = SourceError(
                source, SourceErrorKind(item["fault"]), "a moment ago", retry_after=item.get("retry_after")
            )
        return _Look(
            answer=_answer(item, now),
            fresh_until=item.get("fresh_until", 0.0),
            lease_until=item.get("lease_until", 0.0),
            fault=fault,
            standing=standing,
        )

    def _lease(self, key: str, look: _Look) -> str | None:
        """The name of this caller's lease, or None where another has it. Empty: without a cache there is none."""
        now = self._now()
        if not look.reachable:
            return ""
        if look.lease_until > now:
            return None
        lease = uuid4().hex
        passed = " AND ".join(
            f"(attribute_not_exists(#{until}) OR #{until} <= :now)"
            for until in ("lease_until", "fresh_until", "fault_until")
        )
        taken = self._update(
            key,
            "SET #lease = :lease, #lease_until = :until, #ttl = if_not_exists(#ttl, :soon)",
            passed,
            {"lease": lease, "until": now + LEASE_S, "now": now, "soon": math.ceil(now) + _LEFTOVER_S},
        )
        if taken is None:
            self._unavailable("lease")
            return ""
        return lease if taken else None

    def _give_back(self, key: str, lease: str, fault: SourceError | None = None) -> None:
        """Ends the lease, and tells those who wait what went wrong."""
        if not lease:
            return
        if fault is None:
            values: dict[str, Field] = {"lease": lease}
            done = self._update(key, "REMOVE #lease, #lease_until", "#lease = :lease", values)
        else:
            values = {"lease": lease, "kind": str(fault.kind), "until": self._now() + _FAULT_S}
            marks = "SET #fault = :kind, #fault_until = :until"
            if fault.retry_after is not None:
                marks += ", #retry_after = :wait"
                values["wait"] = fault.retry_after
            gone = "#lease, #lease_until" if fault.retry_after is not None else "#lease, #lease_until, #retry_after"
            done = self._update(key, f"{marks} REMOVE {gone}", "#lease = :lease", values)
        if done is None:
            self._unavailable("give back")

    def _keep(self, key: str, lifetime: Lifetime, answer: SharedAnswer, lease: str) -> None:
        """Replaces the item, and with it the lease."""
        body = zlib.compress(json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode(), 1)
        if len(body) > _LARGEST_KEPT_BYTES:
            logger.warning("answer too large to keep", key=key, bytes=len(body))
            self._give_back(key, lease)
            return
        nothing = says_nothing(answer.body)
        fresh_for = lifetime.nothing_fresh_for if nothing else lifetime.fresh_for
        fresh_until = (answer.as_of + fresh_for).timestamp()
        # That there was nothing some time ago says nothing about now.
        kept_until = fresh_until + (0.0 if nothing else lifetime.kept_for.total_seconds())
        item: dict[str, Field] = {
            "key": key,
            "body": body,
            "as_of": answer.as_of.isoformat(),
            "fresh_until": fresh_until,
            "kept_until": kept_until,
            "ttl": math.ceil(kept_until),
        }
        try:
            self._dynamodb.put_item(TableName=self._table, Item=typed(item))
        except (BotoCoreError, ClientError):
            self._unavailable("keep")

    def _update(self, key: str, expression: str, condition: str, values: Mapping[str, Field]) -> bool | None:
        """Whether the condition held; None where DynamoDB doesn't answer."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=typed({"key": key}),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", expression + condition)},
                ExpressionAttributeValues=typed({f":{name}": value for name, value in values.items()}),
            )
        except (BotoCoreError, ClientError) as fault:
            refused = isinstance(fault, ClientError) and fault.response["Error"]["Code"] == CONDITION_FAILED
            return False if refused else None
        return True

    def _now(self) -> float:
        return self._clock().timestamp()

    def _unavailable(self, step: str) -> None:
        count(Metric.CACHE_UNAVAILABLE)
        logger.warning("cache unavailable", step=step, exc_info=True)


def _answer(item: dict[str, Any], now: float) -> SharedAnswer | None:
    if item.get("kept_until", 0.0) <= now:  # DynamoDB may be days late in deleting
        return None
    body = json.loads(zlib.decompress(item["body"]))
    return SharedAnswer(body, datetime.fromisoformat(item["as_of"]), cached=True)
