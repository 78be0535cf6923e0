"""A cache of a user's own answers in DynamoDB, never stale after a write.

Each user has one item `version` and one item per answer. An answer is fresh only under the version that it was
computed under. A write changes the version twice, around its transaction:

1. before it, the version is incremented and a *fence* added: no answer is read or stored while there is a fence;
2. after the commit and before the writer's own answer, the fence is removed and the version incremented again.

The first write also gives the versions an *epoch*, by which the deletion of an account makes every earlier answer
unusable, also one that a reader stores after it, and also as the last one while the database is down.

The fence of a writer that dies in between expires after `_FENCE_TIMEOUT_S`, longer than any function runs; earlier
answers stay invalid, since the version has changed. Decision record 0003 gives the reasons.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pam.platform.clock import Clock
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.errors import STORE_UNAVAILABLE, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger

FRESH_FOR = timedelta(minutes=5)

# An answer that is no longer fresh is used when the database is down.
_STALE_FOR = timedelta(days=7)
_FENCE_TIMEOUT_S = 30

_VERSION = "version"


@dataclass(frozen=True)
class CachedAnswer:
    """A cached answer: its JSON, and the instant of its data."""

    body: dict[str, Any]
    as_of: datetime


@dataclass(frozen=True)
class CacheLookup:
    """What the cache has for a key: the fresh answer, if any; the last answer, fresh or stale; and the version and its
    epoch under which a new answer may be stored, None where it may not."""

    version: int | None = None
    epoch: str | None = None
    fresh: CachedAnswer | None = None
    last: CachedAnswer | None = None


class UserCache:
    """The table of users' answers. Without DynamoDB every lookup misses, and writes are refused."""

    def __init__(self, dynamodb: Any, table: str, clock: Clock) -> None:
        self._table = DynamoTable(dynamodb, table, key=("user_id", "item"))
        self._clock = clock

    def get(self, user_id: UUID, key: str) -> CacheLookup:
        """Read the version and the answer in one consistent request."""
        try:
            version, stored = self._table.get_many((str(user_id), _VERSION), (str(user_id), key))
        except DynamoUnavailable:
            _log_unavailable("get")
            return CacheLookup()
        now = self._clock().timestamp()
        version = version or {}
        fenced = any(int(fence.split()[0]) > now for fence in version.get("fences", ()))
        current, epoch = int(version.get("number", 0)), version.get("epoch")
        number = None if fenced else current
        if stored is not None and not _is_of_account(stored, current, epoch):
            stored = None
        if stored is None or stored["ttl"] <= now:  # DynamoDB may delete an item days after its ttl
            return CacheLookup(version=number, epoch=epoch)
        answer = CachedAnswer(json.loads(stored["body"]), datetime.fromisoformat(stored["as_of"]))
        is_fresh = number is not None and stored["version"] == number and stored["fresh_until"] > now
        return CacheLookup(version=number, epoch=epoch, fresh=answer if is_fresh else None, last=answer)

    def put(self, user_id: UUID, key: str, lookup: CacheLookup, answer: CachedAnswer, fresh_until: datetime) -> None:
        """Store an answer under the version of the lookup that missed it; does nothing where that was fenced."""
        if lookup.version is None:
            return
        fields = {
            "version": lookup.version,
            "body": json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")),
            "as_of": answer.as_of.isoformat(),
            "fresh_until": int(fresh_until.timestamp()),
        } | ({"epoch": lookup.epoch} if lookup.epoch else {})
        try:
            self._table.put((str(user_id), key), fields, answer.as_of + _STALE_FOR)
        except DynamoUnavailable:
            _log_unavailable("put")

    def delete_all(self, user_id: UUID) -> None:
        """Delete all items of a user. Raises `DynamoUnavailable`."""
        for item in self._table.query(str(user_id)):
            self._table.delete(item["user_id"], item["item"])

    @contextmanager
    def write_fence(self, user_id: UUID, *, is_deletion: bool = False) -> Iterator[None]:
        """Enclose the transaction of a write: after it, no reader gets an answer from before it.

        `is_deletion`: of the account, after which an answer from before it isn't even used while the database is down.

        Raises `PamError` (`store_unavailable`) when the fence can't be set: then nothing has been written.
        """
        fence = f"{int(self._clock().timestamp()) + _FENCE_TIMEOUT_S} {uuid4().hex}"
        epoch = "set #epoch = :epoch" if is_deletion else "set #epoch = if_not_exists(#epoch, :epoch)"
        try:
            self._update_version(
                user_id, f"{epoch} add #number :one, #fences :fence", {"fence": {fence}, "epoch": uuid4().hex}
            )
        except DynamoUnavailable as error:
            _log_unavailable("set fence")
            raise PamError(
                STORE_UNAVAILABLE,
                "PAM can't save safely right now, so nothing was changed. Please try again in a moment.",
                retry_after=5,
            ) from error
        try:
            yield
        finally:
            try:
                self._update_version(user_id, "add #number :one delete #fences :fence", {"fence": {fence}})
            except DynamoUnavailable:
                # The fence expires by itself; until then readers use the database.
                _log_unavailable("remove fence")

    def _update_version(self, user_id: UUID, expression: str, values: dict[str, Any]) -> None:
        self._table.update((str(user_id), _VERSION), expression, {"one": 1} | values)


def _is_of_account(stored: Mapping[str, Any], version: int, epoch: str | None) -> bool:
    """Return whether an answer is of the account that has this version, not of one that was deleted before it.

    Version 0 is that of an account that has written nothing yet.
    """
    return stored["version"] == 0 or (stored["version"] <= version and stored.get("epoch") == epoch)


def _log_unavailable(step: str) -> None:
    count(Metric.CACHE_UNAVAILABLE)
    logger.warning("cache unavailable", step=step, exc_info=True)
