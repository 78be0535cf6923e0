"""Answers that are a person's own, kept in DynamoDB, and never stale after a write.

Each traveller has one item `version` and one item for each answer. An answer is good only under the
version that it was read under. A write takes two steps around its commit:

1. `fence`, before: moves the version and leaves a mark, so that nobody trusts or keeps an answer meanwhile;
2. `lift`, after the commit and before the writer's own answer: removes the mark and moves the version again.

A writer that dies in between leaves a mark that ends by itself after `_FENCE_S`, longer than any function
runs; the version has moved, so what was kept before stays untrusted. Decision record 0003 has the argument.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.clock import Clock
from pam.platform.errors import STORE_UNAVAILABLE, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger

FRESH_FOR = timedelta(minutes=5)

# Past its five minutes an answer is kept for the day on which the database is down.
_KEPT_FOR = timedelta(days=7)
_FENCE_S = 30

_VERSION = "version"


@dataclass(frozen=True)
class CachedAnswer:
    """An answer out of the cache: its JSON, and the instant it was read at."""

    body: dict[str, Any]
    as_of: datetime


@dataclass(frozen=True)
class CacheLookup:
    """What one look into the cache found: the version to keep a new answer under (None: don't), the
    answer to use, and the last answer known, good only when nothing better is to be had."""

    version: int | None = None
    usable: CachedAnswer | None = None
    last: CachedAnswer | None = None


class UserCache:
    """The table of answers. Out of reach it is a miss to a reader, and a refusal to a writer."""

    def __init__(self, dynamodb: Any, table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def look(self, user_id: UUID, key: str) -> CacheLookup:
        """Reads version and answer in one consistent request."""
        wanted = [_key(user_id, _VERSION), _key(user_id, key)]
        try:
            found = self._dynamodb.batch_get_item(RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}})
        except (BotoCoreError, ClientError):
            self._unavailable("look")
            return CacheLookup()
        if found.get("UnprocessedKeys"):  # throttled in part: half a look is none
            return CacheLookup()
        items = {item["item"]: item for item in map(_plain, found["Responses"][self._table])}
        now = self._clock()
        version = items.get(_VERSION, {})
        fenced = any(int(mark.split()[0]) > now.timestamp() for mark in version.get("marks", ()))
        number = None if fenced else int(version.get("number", 0))
        kept = items.get(key)
        if kept is None or kept["ttl"] <= now.timestamp():  # DynamoDB may be days late in deleting
            return CacheLookup(version=number)
        answer = CachedAnswer(json.loads(kept["body"]), datetime.fromisoformat(kept["as_of"]))
        good = number is not None and kept["version"] == number and kept["fresh_until"] > now.timestamp()
        return CacheLookup(version=number, usable=answer if good else None, last=answer)

    def keep(self, user_id: UUID, key: str, look: CacheLookup, answer: CachedAnswer, fresh_until: datetime) -> None:
        """Keeps an answer under the version of the look that missed it; nothing where that was fenced."""
        if look.version is None:
            return
        item = {
            "version": look.version,
            "body": json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")),
            "as_of": answer.as_of.isoformat(),
            "fresh_until": int(fresh_until.timestamp()),
            "ttl": int((answer.as_of + _KEPT_FOR).timestamp()),
        }
        try:
            self._dynamodb.put_item(TableName=self._table, Item=_typed(item) | _key(user_id, key))
        except (BotoCoreError, ClientError):
            self._unavailable("keep")

    @contextmanager
    def writing(self, user_id: UUID) -> Iterator[None]:
        """Around a write's transaction: after it, no reader is answered from before it.

        Raises `PamError` (`store_unavailable`) when the mark can't be set: then nothing has been written.
        """
        mark = f"{int(self._clock().timestamp()) + _FENCE_S} {uuid4().hex}"
        try:
            self._move_version(user_id, "ADD #number :one, marks :mark", mark)
        except (BotoCoreError, ClientError) as fault:
            self._unavailable("fence")
            raise PamError(
                STORE_UNAVAILABLE,
                "PAM can't save safely right now, so nothing was changed. Please try again in a moment.",
                retry_after=5,
            ) from fault
        try:
            yield
        finally:
            try:
                self._move_version(user_id, "ADD #number :one DELETE marks :mark", mark)
            except (BotoCoreError, ClientError):
                # The mark ends by itself; until then readers go to the database.
                self._unavailable("lift")

    def _move_version(self, user_id: UUID, expression: str, mark: str) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(user_id, _VERSION),
            UpdateExpression=expression,
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues=_typed({":one": 1, ":mark": {mark}}),
        )

    def _unavailable(self, step: str) -> None:
        count(Metric.CACHE_UNAVAILABLE)
        logger.warning("cache unavailable", step=step, exc_info=True)


_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def _key(user_id: UUID, item: str) -> dict[str, Any]:
    return _typed({"traveller": str(user_id), "item": item})


def _typed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(value) for name, value in item.items()}


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
