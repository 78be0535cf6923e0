"""A token bucket in DynamoDB, for limits that hold over all environments: the generic cell rate algorithm (GCRA).

Only one time is stored, at which the bucket is full again; each token taken moves it by the time that a token takes to
come back. So nothing has to refill it, and taking a token is one conditional write.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item

_BUCKET_TTL = timedelta(hours=1)

_MAX_TAKERS = 60
"""Ids of takers in an item. Beyond, all are forgotten, and a repeated one takes another token."""

_MAX_HINTS = 10_000

_FROM_FULL = "attribute_not_exists(#full_at) or #full_at <= :now"
_FROM_USED = "#full_at > :now and #full_at <= :latest"
_UNKNOWN = " and (attribute_not_exists(#takers) or not contains(#takers, :taker))"


@dataclass(frozen=True)
class Rate:
    """A bucket's size, and the seconds in which one token comes back."""

    burst: int
    refill_s: float


class TokenBucket:
    """Buckets of one rate, by key. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, rate: Rate, clock: Clock) -> None:
        self._table = table
        self._rate = rate
        self._clock = clock
        self._full_at: dict[tuple[str, ...], float] = {}
        """When buckets are full again, as far as this environment knows: it decides which write is tried first."""

    def take(self, key: tuple[str, ...], taker: str | None = None) -> int:
        """Take a token; return 0, or the seconds until there is one.

        The same `taker` takes one token, however often it comes. Without one, a write whose response is lost may take
        two.
        """
        is_full = self._full_at.get(key, 0.0) <= self._clock().timestamp()
        takers = 0
        while True:
            now = self._clock().timestamp()
            # A token is left as long as the bucket is full again within this time.
            latest = now + (self._rate.burst - 1) * self._rate.refill_s
            try:
                item = self._take_from_full(key, now, taker) if is_full else self._take(key, now, latest, taker, takers)
                self._remember(key, item)
                return 0
            except ConditionFailed as failure:
                item = failure.item or {}
            self._remember(key, item)
            known = item.get("takers", ())
            if taker in known:
                return 0
            full_at, takers = float(item.get("full_at", 0)), len(known)
            if full_at > latest:
                return max(1, ceil(round(full_at - latest, 3)))  # DynamoDB has milliseconds
            is_full = full_at <= now

    def _take_from_full(self, key: tuple[str, ...], now: float, taker: str | None) -> Item:
        values: dict[str, Any] = {"now": now, "next": now + self._rate.refill_s, "ttl": self._ttl(now)}
        if taker is None:
            return self._table.update(key, "set #full_at = :next, #ttl = :ttl", values, condition=_FROM_FULL)
        values["takers"] = {taker}
        expression = "set #full_at = :next, #ttl = :ttl, #takers = :takers"
        return self._table.update(key, expression, values, condition=_FROM_FULL)

    def _take(self, key: tuple[str, ...], now: float, latest: float, taker: str | None, takers: int) -> Item:
        expression = "set #full_at = #full_at + :refill, #ttl = :ttl"
        values: dict[str, Any] = {"now": now, "latest": latest, "refill": self._rate.refill_s, "ttl": self._ttl(now)}
        if taker is None:
            return self._table.update(key, expression, values, condition=_FROM_USED)
        expression += ", #takers = :takers" if takers >= _MAX_TAKERS else " add #takers :takers"
        values |= {"takers": {taker}, "taker": taker}
        return self._table.update(key, expression, values, condition=_FROM_USED + _UNKNOWN)

    def _remember(self, key: tuple[str, ...], item: Item) -> None:
        if len(self._full_at) >= _MAX_HINTS:
            self._full_at.clear()
        self._full_at[key] = float(item.get("full_at", 0))

    def _ttl(self, now: float) -> int:
        return int(now + _BUCKET_TTL.total_seconds())
